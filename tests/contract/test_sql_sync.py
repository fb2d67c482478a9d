"""Push, pull and versions in SQL, on real servers: the interleavings that lose changes elsewhere."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from uuid import uuid4

import psycopg
import pytest

from devots_desktop.remote.postgres.schema import HEAD
from tests.servers.managed import DESKTOP, Managed, Person, pull, push


@pytest.fixture
def ada(managed: Managed) -> Person:
    return managed.add_person("ada")


@pytest.fixture
def connection(managed: Managed, ada: Person) -> Iterator[psycopg.Connection]:
    """Ada's connection in autocommit."""
    with managed.signed_in(ada) as signed_in:
        yield signed_in


@pytest.fixture
def web(managed: Managed) -> Iterator[psycopg.Connection]:
    """A portal's server: the owner, in autocommit, knowing nothing of sync."""
    with managed.owner() as owner:
        yield owner


def mutation(kind: str, client_id: str, **fields: object) -> dict[str, object]:
    return {"mutation_id": str(uuid4()), "client_id": client_id, "kind": kind, "set": fields}


def add(connection: psycopg.Connection, text: str = "a todo") -> str:
    """A new todo; answers its client_id."""
    client_id = str(uuid4())
    (answer,) = push(connection, mutation("create", client_id, text=text))
    assert answer["state"] == "applied"
    return client_id


def texts(page: dict[str, object]) -> list[str]:
    rows = page["rows"]
    assert isinstance(rows, list)
    return [row["text"] for row in rows if not row["deleted"]]


def version(connection: psycopg.Connection, client_id: str) -> int:
    row = connection.execute("select row_version from todo where client_id = %s", [client_id]).fetchone()
    assert row is not None
    value: int = row[0]
    return value


class TestVersions:
    def test_a_late_commit_of_the_lower_transaction_still_raises_the_version(
        self, managed: Managed, web: psycopg.Connection, connection: psycopg.Connection
    ) -> None:
        """The bare transaction id would go backwards: T2 with the higher id commits first, then T1 writes the same row."""
        todo = add(connection)
        with closing(managed.database.connect(autocommit=False)) as first:
            first.execute("select pg_current_xact_id()")  # T1 has its id, and waits
            web.execute("update todo set text = 'T2' where client_id = %s", [todo])
            after_second = version(web, todo)
            first.execute("update todo set text = 'T1' where client_id = %s", [todo])
            row = first.execute("select pg_current_xact_id()::text::bigint").fetchone()
            first.commit()
        assert row is not None
        assert row[0] < after_second < version(web, todo)

    def test_two_writes_in_one_transaction_have_two_versions(self, managed: Managed, connection: psycopg.Connection) -> None:
        todo = add(connection)
        with closing(managed.database.connect(autocommit=False)) as writer:
            seen = []
            for text in ("once", "twice"):
                writer.execute("update todo set text = %s where client_id = %s", [text, todo])
                seen.append(version(writer, todo))
        assert seen[0] < seen[1]

    def test_a_row_committed_late_is_in_the_next_pull(
        self, managed: Managed, ada: Person, connection: psycopg.Connection, web: psycopg.Connection
    ) -> None:
        """T1 writes and waits, T2 commits, a pull brings T2; T1 commits, the next pull brings T1."""
        with closing(managed.database.connect(autocommit=False)) as first:
            first.execute("insert into todo(text, user_id) values ('T1', %s)", [ada.user_id])
            web.execute("insert into todo(text, user_id) values ('T2', %s)", [ada.user_id])
            page = pull(connection)
            assert texts(page) == ["T2"]
            first.commit()
        assert "T1" in texts(pull(connection, page["horizon"]))

    def test_the_portals_toggle_moves_updated_at_and_the_version(self, connection: psycopg.Connection, web: psycopg.Connection) -> None:
        todo = add(connection)
        before = pull(connection)["rows"][0]
        web.execute("update todo set completed = true where client_id = %s", [todo])
        after = pull(connection)["rows"][0]
        assert after["updated_at"] > before["updated_at"]
        assert int(after["row_version"]) > int(before["row_version"])

    def test_a_writers_own_updated_at_is_kept(self, connection: psycopg.Connection, web: psycopg.Connection) -> None:
        todo = add(connection)
        web.execute("update todo set text = 'x', updated_at = '2026-01-01' where client_id = %s", [todo])
        assert pull(connection)["rows"][0]["updated_at"] == "2026-01-01T00:00:00"

    def test_a_creation_in_the_future_is_brought_back_to_now(self, connection: psycopg.Connection) -> None:
        (early, late) = push(
            connection,
            mutation("create", str(uuid4()), text="early", created_at="2020-01-02T03:04:05.678901"),
            mutation("create", str(uuid4()), text="late", created_at="2999-01-01T00:00:00"),
        )
        assert early["row"]["created_at"] == "2020-01-02T03:04:05.678901"
        assert late["row"]["created_at"] < "2999"


class TestTwinThatIsVolatile:
    """devots_pull reads rows and horizon from one snapshot, because it is STABLE. Its VOLATILE twin takes a new snapshot for each."""

    TWIN = """create function public.twin(since bigint) returns jsonb language plpgsql {volatility} as $$
        declare found jsonb; horizon text; begin
          select coalesce(jsonb_agg(text), '[]') into found from public.todo where row_version >= since;
          perform pg_advisory_lock_shared(1);  -- here the test lets T1 commit
          horizon := pg_snapshot_xmin(pg_current_snapshot())::text;
          return jsonb_build_object('rows', found, 'horizon', horizon);
        end $$"""

    @pytest.mark.parametrize(("volatility", "loses"), [("volatile", True), ("stable", False)])
    def test_a_row_between_rows_and_horizon(self, managed: Managed, ada: Person, volatility: str, *, loses: bool) -> None:
        with ExitStack() as stack:
            reader = stack.enter_context(closing(managed.owner()))
            first = stack.enter_context(closing(managed.database.connect(autocommit=False)))
            gate = stack.enter_context(closing(managed.owner()))
            reader.execute(self.TWIN.format(volatility=volatility))
            gate.execute("select pg_advisory_lock(1)")
            first.execute("insert into todo(text, user_id) values ('T1', %s)", [ada.user_id])
            reader.pgconn.send_query(b"select public.twin(0)")
            wait_until_blocked(gate, reader.info.backend_pid)
            first.commit()
            gate.execute("select pg_advisory_unlock(1)")
            result = reader.pgconn.get_result()
            assert result is not None
            answer = json.loads(result.get_value(0, 0) or b"")
            while reader.pgconn.get_result() is not None:
                pass
            assert answer["rows"] == []
            missed = gate.execute("select text from todo where row_version >= %s", [answer["horizon"]]).fetchall()
        assert (missed == []) is loses


class TestPull:
    def test_pages_go_through_rows_that_all_have_version_0(
        self, managed: Managed, ada: Person, connection: psycopg.Connection, web: psycopg.Connection
    ) -> None:
        """Migrated rows start at version 0, all of them."""
        web.execute("insert into todo(text, user_id) select 'todo ' || n, %s from generate_series(1, 25) n", [ada.user_id])
        web.execute(
            "alter table todo disable trigger todo_stamp; update todo set row_version = 0; alter table todo enable trigger todo_stamp"
        )
        seen: list[str] = []
        after = None
        while True:
            page = pull(connection, 0, after, limit=10)
            seen += texts(page)
            if len(page["rows"]) < 10:
                break
            after = (page["rows"][-1]["row_version"], page["rows"][-1]["client_id"])
        assert sorted(seen) == sorted(f"todo {n}" for n in range(1, 26))
        assert len(seen) == 25

    def test_a_page_late_in_a_large_list_reads_no_more_than_its_rows(
        self, ada: Person, connection: psycopg.Connection, web: psycopg.Connection
    ) -> None:
        web.execute("insert into todo(text, user_id) select 'todo ' || n, %s from generate_series(1, 5000) n", [ada.user_id])
        web.execute(
            "alter table todo disable trigger todo_stamp; update todo set row_version = 0; alter table todo enable trigger todo_stamp"
        )
        web.execute("vacuum analyze todo")
        before = self.rows_read(web)
        page = pull(connection, 0, ("0", "f0000000-0000-0000-0000-000000000000"), limit=100)
        connection.execute("select pg_stat_force_next_flush()")
        assert len(page["rows"]) == 100
        assert self.rows_read(web) - before < 300

    def rows_read(self, web: psycopg.Connection) -> int:
        web.execute("select pg_stat_force_next_flush()")
        row = web.execute("select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'todo'").fetchone()
        assert row is not None
        read: int = row[0]
        return read

    def test_rows_and_tombstones_come_in_one_order(self, connection: psycopg.Connection) -> None:
        todos = [add(connection, f"todo {number}") for number in range(6)]
        push(connection, *(mutation("delete", todo) for todo in todos[::2]))
        rows = pull(connection)["rows"]
        order = [(int(row["row_version"]), row["client_id"]) for row in rows]
        assert order == sorted(order)
        assert {row["client_id"]: row["deleted"] for row in rows} == {todo: number % 2 == 0 for number, todo in enumerate(todos)}

    def test_versions_travel_as_text(self, connection: psycopg.Connection) -> None:
        (answer,) = push(connection, mutation("create", str(uuid4()), text="x"))
        push(connection, mutation("delete", add(connection)))
        page = pull(connection)
        assert all(isinstance(row["row_version"], str) for row in [answer["row"], *page["rows"]])
        assert isinstance(page["horizon"], str)

    def test_the_next_pull_starts_at_the_horizon(self, connection: psycopg.Connection) -> None:
        add(connection, "before")
        page = pull(connection)
        assert pull(connection, page["horizon"])["rows"] == []
        add(connection, "after")
        assert texts(pull(connection, page["horizon"])) == ["after"]

    def test_it_says_whose_rows_these_are(self, ada: Person, connection: psycopg.Connection) -> None:
        assert pull(connection)["user"] == ada.user_id

    def test_a_catch_up_is_one_round_trip(self, managed: Managed, ada: Person, web: psycopg.Connection) -> None:
        web.execute("insert into todo(text, user_id) values ('one', %s)", [ada.user_id])
        with managed.desktop() as desktop:
            row = desktop.execute(
                "select devots_pull(0) from (select set_config('devots.session', %s, true) offset 0) s", [ada.token]
            ).fetchone()
            assert row is not None
            assert texts(row[0]) == ["one"]
            with pytest.raises(psycopg.Error) as caught:
                pull(desktop)  # the session ended with the transaction
        assert caught.value.sqlstate == "PT401"

    @pytest.mark.parametrize("call", ["devots_pull(0)", "devots_push('[]')", "devots.listen()"])
    def test_nobody_is_never_an_empty_answer(self, managed: Managed, call: str) -> None:
        with managed.desktop() as desktop, pytest.raises(psycopg.Error) as caught:
            desktop.execute(f"select {call}")
        assert caught.value.sqlstate == "PT401"


class TestEpoch:
    def test_truncation_is_another_epoch(self, connection: psycopg.Connection, web: psycopg.Connection) -> None:
        before = pull(connection)["epoch"]
        assert pull(connection)["epoch"] == before
        web.execute("truncate todo")
        assert pull(connection)["epoch"] != before

    def test_it_names_the_cluster_and_its_timeline(self, connection: psycopg.Connection, web: psycopg.Connection) -> None:
        row = web.execute(
            "select system_identifier::text || ':' || timeline_id::text from pg_control_system(), pg_control_checkpoint()"
        ).fetchone()
        assert row is not None
        assert pull(connection)["epoch"].rpartition(":")[0] == row[0]

    def test_where_the_control_file_is_hidden_the_counter_is_left(self, managed: Managed, connection: psycopg.Connection) -> None:
        with managed.database.connect("postgres") as admin:
            admin.execute("revoke execute on function pg_control_system() from public")
        assert pull(connection)["epoch"].isdigit()

    def test_repair_is_another_epoch_and_brings_versions_back_within_reach(
        self, connection: psycopg.Connection, web: psycopg.Connection
    ) -> None:
        kept, deleted = add(connection, "kept"), add(connection)
        push(connection, mutation("delete", deleted))
        web.execute(
            "alter table todo disable trigger todo_stamp; update todo set row_version = 1e15; alter table todo enable trigger todo_stamp"
        )
        web.execute("update todo_tombstone set row_version = 1e15")
        before = pull(connection)
        web.execute("select devots.repair()")
        after = pull(connection)
        assert after["epoch"] != before["epoch"]
        assert all(int(row["row_version"]) < 1e12 for row in after["rows"])
        assert {row["client_id"] for row in after["rows"]} == {kept, deleted}
        web.execute("update todo set text = 'stamps go on'")
        assert version(web, kept) < 1e12


class TestTombstones:
    def test_a_hard_delete_by_the_portal_is_seen(self, connection: psycopg.Connection, web: psycopg.Connection) -> None:
        todo = add(connection)
        since = pull(connection)["horizon"]
        web.execute("delete from todo where client_id = %s", [todo])
        (row,) = pull(connection, since)["rows"]
        assert (row["client_id"], row["deleted"]) == (todo, True)

    def test_delete_undo_delete_again_goes_up_all_the_way(self, connection: psycopg.Connection) -> None:
        todo = add(connection)
        seen = []
        for kind in ("delete", "create", "delete", "create"):
            (answer,) = push(connection, mutation(kind, todo, text="again"))
            assert answer["state"] == "applied"
            seen.append({row["deleted"]: int(row["row_version"]) for row in pull(connection)["rows"]})
        assert seen[0][True] < seen[1][False] < seen[2][True] < seen[3][False]
        assert seen[3][True] == seen[2][True], "the tombstone stays"

    def test_all_in_one_transaction_goes_up_as_well(self, connection: psycopg.Connection) -> None:
        todo = str(uuid4())
        push(connection, *(mutation(kind, todo, text="x") for kind in ("create", "delete", "create")))
        versions = {row["deleted"]: int(row["row_version"]) for row in pull(connection)["rows"]}
        assert versions[True] < versions[False]

    def test_a_create_that_waits_for_a_delete_is_stamped_above_it(
        self, managed: Managed, ada: Person, connection: psycopg.Connection, web: psycopg.Connection
    ) -> None:
        todo = add(connection)
        with (
            closing(managed.database.connect(autocommit=False)) as deleting,
            closing(managed.database.connect(autocommit=False)) as creating,
        ):
            creating.execute("select pg_current_xact_id()")  # the lower id
            deleting.execute("delete from todo where client_id = %s", [todo])
            creating.pgconn.send_query(f"insert into todo(text, user_id, client_id) values ('again', '{ada.user_id}', '{todo}')".encode())
            wait_until_blocked(web, creating.info.backend_pid)
            deleting.commit()
            while creating.pgconn.get_result() is not None:
                pass
            creating.commit()
        versions = {row["deleted"]: int(row["row_version"]) for row in pull(connection)["rows"]}
        assert versions[True] < versions[False]

    def test_deleting_a_person_leaves_tombstones_and_no_error(
        self, ada: Person, connection: psycopg.Connection, web: psycopg.Connection
    ) -> None:
        add(connection)
        assert web.execute('delete from "user" where id = %s', [ada.user_id]).rowcount == 1
        assert web.execute("select count(*) from todo_tombstone where user_id = %s", [ada.user_id]).fetchone() == (1,)


class TestPush:
    def test_applied_answers_before_and_after(self, connection: psycopg.Connection) -> None:
        todo = str(uuid4())
        created, edited, deleted = push(
            connection,
            mutation("create", todo, text="first", completed=True),
            mutation("edit", todo, text="second"),
            mutation("delete", todo),
        )
        assert [answer["state"] for answer in (created, edited, deleted)] == ["applied"] * 3
        assert "before" not in created
        assert (created["row"]["text"], created["row"]["completed"]) == ("first", True)
        assert (edited["before"]["text"], edited["row"]["text"], edited["row"]["completed"]) == ("first", "second", True)
        assert deleted["before"]["text"] == "second"
        assert "row" not in deleted

    def test_a_repeated_mutation_gets_its_first_answer_and_the_row_as_it_is_now(self, connection: psycopg.Connection) -> None:
        todo = add(connection, "base")
        edit = mutation("edit", todo, text="mine")
        (first,) = push(connection, edit)
        push(connection, mutation("edit", todo, text="theirs"))
        (again,) = push(connection, edit)
        assert (again["state"], again["duplicate"]) == ("applied", True)
        assert again["before"] == first["before"]
        assert again["row"]["text"] == "theirs"

    def test_a_repeated_delete_has_no_row(self, connection: psycopg.Connection) -> None:
        delete = mutation("delete", add(connection))
        push(connection, delete)
        (again,) = push(connection, delete)
        assert (again["state"], again["duplicate"], again["row"]) == ("applied", True, None)

    def test_a_repeated_create_makes_no_twin(self, connection: psycopg.Connection) -> None:
        create = mutation("create", str(uuid4()), text="once")
        push(connection, create, create)
        assert texts(pull(connection)) == ["once"]

    def test_a_lost_answer_does_not_hide_gone(self, connection: psycopg.Connection) -> None:
        edit = mutation("edit", str(uuid4()), text="x")
        assert [push(connection, edit)[0]["state"] for _ in range(2)] == ["gone", "gone"]

    def test_a_second_create_of_the_same_key_exists(self, connection: psycopg.Connection) -> None:
        todo = add(connection, "first")
        (answer,) = push(connection, mutation("create", todo, text="second"))
        assert (answer["state"], answer["row"]["text"]) == ("exists", "first")
        assert texts(pull(connection)) == ["first"]

    @pytest.mark.parametrize("kind", ["edit", "delete"])
    def test_what_was_not_there_is_gone_and_never_applied(self, connection: psycopg.Connection, kind: str) -> None:
        (answer,) = push(connection, mutation(kind, str(uuid4()), text="x"))
        assert answer["state"] == "gone"

    @pytest.mark.parametrize(
        ("bad", "sqlstate"),
        [
            ({"kind": "create", "set": {}}, "23502"),
            ({"kind": "create", "set": {"text": "x", "completed": "perhaps"}}, "22P02"),
            ({"kind": "create", "client_id": "no uuid", "set": {"text": "x"}}, "22P02"),
            ({"kind": "create", "mutation_id": None, "set": {"text": "x"}}, "23502"),
            ({"kind": "dance"}, "P0001"),
        ],
    )
    def test_a_refused_mutation_stops_nobody_behind_it(self, connection: psycopg.Connection, bad: dict[str, object], sqlstate: str) -> None:
        answers = push(
            connection,
            mutation("create", str(uuid4()), text="ahead"),
            {**mutation("create", str(uuid4())), **bad},
            mutation("create", str(uuid4()), text="behind"),
        )
        assert [answer["state"] for answer in answers] == ["applied", "refused", "applied"]
        assert answers[1]["sqlstate"] == sqlstate
        assert sorted(texts(pull(connection))) == ["ahead", "behind"]

    def test_a_refused_mutation_may_be_sent_again(self, connection: psycopg.Connection, web: psycopg.Connection) -> None:
        web.execute("alter table todo add constraint short check (length(text) < 5)")
        create = mutation("create", str(uuid4()), text="too long")
        assert push(connection, create)[0]["state"] == "refused"
        web.execute("alter table todo drop constraint short")
        (again,) = push(connection, create)
        assert (again["state"], "duplicate" in again) == ("applied", False)

    def test_nul_fails_the_batch_as_a_whole(self, connection: psycopg.Connection) -> None:
        with pytest.raises(psycopg.Error) as caught:
            push(connection, mutation("create", str(uuid4()), text="fine"), mutation("create", str(uuid4()), text="a\0b"))
        assert caught.value.sqlstate == "22P05"
        assert pull(connection)["rows"] == []

    def test_fifty_are_taken_and_fifty_one_refused_as_a_whole(self, connection: psycopg.Connection) -> None:
        many = [mutation("create", str(uuid4()), text=f"todo {number}") for number in range(51)]
        with pytest.raises(psycopg.Error) as caught:
            push(connection, *many)
        assert caught.value.sqlstate == "54000"
        assert len(push(connection, *many[:50])) == 50
        assert len(pull(connection)["rows"]) == 50

    def test_a_lock_timeout_is_no_refusal_and_undoes_the_batch(self, managed: Managed, connection: psycopg.Connection) -> None:
        todo = add(connection)
        connection.execute("set lock_timeout = '50ms'")
        with closing(managed.database.connect(autocommit=False)) as web:
            web.execute("update todo set text = 'held' where client_id = %s", [todo])
            with pytest.raises(psycopg.errors.LockNotAvailable):
                push(connection, mutation("create", str(uuid4()), text="with it"), mutation("edit", todo, text="x"))
        assert texts(pull(connection)) == ["a todo"]

    def test_answers_of_another_person_are_not_given(self, managed: Managed, connection: psycopg.Connection) -> None:
        create = mutation("create", str(uuid4()), text="of Ada")
        push(connection, create)
        with managed.signed_in(managed.add_person("bob")) as bob:
            (answer,) = push(bob, create)
        assert (answer["state"], "duplicate" in answer) == ("applied", False)

    def test_answers_are_forgotten_after_400_days(self, connection: psycopg.Connection, web: psycopg.Connection) -> None:
        add(connection)
        add(connection)
        web.execute(
            "update todo_mutation set at = now() - interval '401 days' where mutation_id = (select mutation_id from todo_mutation limit 1)"
        )
        assert web.execute("select devots.prune()").fetchone() == (1,)
        assert web.execute("select count(*) from todo_mutation").fetchone() == (1,)


class TestNotification:
    def test_one_commit_is_one_empty_notification_to_the_owner_of_the_rows_alone(
        self, managed: Managed, ada: Person, web: psycopg.Connection
    ) -> None:
        with managed.signed_in(ada) as listening, managed.signed_in(managed.add_person("bob")) as other:
            listening.execute("select devots.listen()")
            other.execute("select devots.listen()")
            web.execute("insert into todo(text, user_id) select 'todo ' || n, %s from generate_series(1, 20) n", [ada.user_id])
            heard = [notice.payload for notice in listening.notifies(timeout=10, stop_after=1)]
            assert heard == [""]
            assert list(listening.notifies(timeout=0)) == []
            assert list(other.notifies(timeout=0)) == []

    @pytest.mark.parametrize(
        "change", ["update todo set completed = true", "delete from todo", "insert into todo(text, user_id) select 'x', user_id from todo"]
    )
    def test_every_kind_of_change_is_heard(self, connection: psycopg.Connection, web: psycopg.Connection, change: str) -> None:
        add(connection)
        connection.execute("select devots.listen()")
        web.execute(change)
        assert len(list(connection.notifies(timeout=10, stop_after=1))) == 1

    def test_the_name_stands_in_no_query_text(
        self, managed: Managed, ada: Person, connection: psycopg.Connection, web: psycopg.Connection
    ) -> None:
        connection.execute("select devots.listen()")
        (name,) = connection.execute("select pg_listening_channels()").fetchone() or ("",)
        assert (name,) == web.execute("select devots.channel(%s)", [ada.user_id]).fetchone()
        assert len(name) <= 63
        with managed.database.connect("postgres") as admin:
            queries = admin.execute("select query from pg_stat_activity").fetchall()
        assert queries
        assert not any(name in (query or "") for (query,) in queries)

    def test_nobody_else_can_work_out_the_name(self, managed: Managed) -> None:
        with managed.desktop() as desktop, pytest.raises(psycopg.errors.InsufficientPrivilege):
            desktop.execute("select devots.channel('somebody')")


def test_the_server_says_its_revision_to_people(managed: Managed) -> None:
    with managed.desktop() as desktop:
        assert desktop.execute("select devots.revision()").fetchone() == (HEAD,)
        assert desktop.execute("select row_security_active('public.todo')").fetchone() == (True,)
        assert desktop.execute("select current_user").fetchone() == (DESKTOP,)


def wait_until_blocked(observer: psycopg.Connection, pid: int) -> None:
    """There is no event for "that backend waits for a lock": ask until it does."""
    for _ in range(3000):
        row = observer.execute("select wait_event_type = 'Lock' from pg_stat_activity where pid = %s", [pid]).fetchone()
        if row == (True,):
            return
        observer.execute("select pg_sleep(0.01)")
    pytest.fail("it never waited for a lock")
