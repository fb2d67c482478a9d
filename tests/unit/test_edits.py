"""What the user does, as rows, outbox entries and journal entries."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.changes import Op, Via
from devots_desktop.domain.mutation import Kind, Mutation, Outcome
from devots_desktop.domain.todo import Patch
from devots_desktop.store import edits, parking, replica, rows
from devots_desktop.store.cache import Cache
from devots_desktop.sync import apply
from tests.unit.building import ME, ONE, answer, make_cache, page, queue, server_row, shown


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = make_cache(tmp_path)
    apply.receive(made, page(server_row()), Via.PULL)
    made.news()
    yield made
    made.close()


def queued(cache: Cache) -> list[tuple[Kind, Patch, Patch]]:
    return [(each.kind, each.values, each.base) for each in queue(cache)]


def send(cache: Cache) -> list[Mutation]:
    return apply.take(cache, 50)


def refuse(cache: Cache) -> None:
    """Send what waits, and have all of it refused."""
    sent = send(cache)
    apply.acknowledge(cache, sent, [answer(each, Outcome.REFUSED, reason="No.") for each in sent])


class TestOneEdit:
    def test_add(self, cache: Cache) -> None:
        added = edits.add(cache, "bread")
        assert shown(cache)[added] == ("bread", False, "pending")
        assert queued(cache) == [(Kind.CREATE, {"text": "bread", "completed": False}, {})]
        [entry] = queue(cache)
        assert (entry.client_id, entry.created_at) == (added, entry.made_at)

    def test_edit_keeps_the_value_that_the_user_saw(self, cache: Cache) -> None:
        assert edits.edit(cache, ONE, {"text": "soy"})
        assert shown(cache)[ONE] == ("soy", False, "pending")
        assert queued(cache) == [(Kind.EDIT, {"text": "soy"}, {"text": "milk"})]
        assert rows.base(cache.db, ONE) == server_row()

    def test_delete_keeps_the_value_of_every_field(self, cache: Cache) -> None:
        assert edits.delete(cache, ONE)
        assert shown(cache) == {}
        assert queued(cache) == [(Kind.DELETE, {}, {"text": "milk", "completed": False})]
        assert rows.base(cache.db, ONE) == server_row()

    def test_an_edit_to_the_same_value_is_nothing(self, cache: Cache) -> None:
        assert not edits.edit(cache, ONE, {"text": "milk", "completed": False})
        assert (queue(cache), cache.news().changes) == ([], ())

    def test_only_changed_fields_are_sent(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "milk", "completed": True})
        assert queued(cache) == [(Kind.EDIT, {"completed": True}, {"completed": False})]

    @pytest.mark.parametrize("verb", [lambda cache: edits.edit(cache, "gone", {"text": "x"}), lambda cache: edits.delete(cache, "gone")])
    def test_an_unknown_todo_is_left_alone(self, cache: Cache, verb: Callable[[Cache], bool]) -> None:
        assert not verb(cache)
        assert (queue(cache), cache.news().changes) == ([], ())

    def test_each_is_told(self, cache: Cache) -> None:
        added = edits.add(cache, "bread")
        edits.edit(cache, ONE, {"completed": True})
        edits.delete(cache, added)
        told = [(change.op, change.via, change.client_id) for change in cache.news().changes]
        assert told == [(Op.INSERT, Via.LOCAL, added), (Op.UPDATE, Via.LOCAL, ONE), (Op.DELETE, Via.LOCAL, added)]

    def test_this_computer_needs_no_outbox(self, tmp_path: Path) -> None:
        cache = make_cache(tmp_path, syncs=False, name="computer.sqlite3")
        added, gone = edits.add(cache, "bread"), edits.add(cache, "cake")
        edits.edit(cache, added, {"completed": True})
        edits.delete(cache, gone)
        assert (shown(cache), queue(cache)) == ({added: ("bread", True, "synced")}, [])
        cache.close()


class TestFolding:
    def test_edits_that_were_never_sent_are_one(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        [first] = queue(cache)
        edits.edit(cache, ONE, {"completed": True})
        edits.edit(cache, ONE, {"text": "rice"})
        assert queued(cache) == [(Kind.EDIT, {"text": "rice", "completed": True}, {"text": "milk", "completed": False})]
        assert queue(cache)[0].mutation_id == first.mutation_id

    def test_an_edit_of_a_create_that_was_never_sent_is_in_it(self, cache: Cache) -> None:
        added = edits.add(cache, "bread")
        edits.edit(cache, added, {"text": "cake", "completed": True})
        assert queued(cache) == [(Kind.CREATE, {"text": "cake", "completed": True}, {})]

    def test_create_and_delete_never_sent_is_nothing(self, cache: Cache) -> None:
        added = edits.add(cache, "bread")
        edits.delete(cache, added)
        assert (queue(cache), added in shown(cache), rows.base(cache.db, added)) == ([], False, None)

    def test_a_delete_takes_the_place_of_an_edit(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        edits.delete(cache, ONE)
        assert queued(cache) == [(Kind.DELETE, {}, {"text": "milk", "completed": False})]

    def test_changed_and_changed_back_is_nothing(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"completed": True})
        edits.edit(cache, ONE, {"completed": False})
        assert (queue(cache), shown(cache)[ONE], rows.base(cache.db, ONE)) == ([], ("milk", False, "synced"), None)

    def test_a_field_that_was_changed_back_is_not_sent_with_another(self, cache: Cache) -> None:
        """Sent, it would overrule what somebody else writes into it meanwhile."""
        edits.edit(cache, ONE, {"text": "soy"})
        edits.edit(cache, ONE, {"completed": True})
        edits.edit(cache, ONE, {"text": "milk"})
        assert queued(cache) == [(Kind.EDIT, {"completed": True}, {"completed": False})]

    def test_changed_back_is_sent_where_the_server_has_another_value_by_now(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        apply.receive(cache, page(server_row(text="oat milk", version=9)), Via.LIVE)
        edits.edit(cache, ONE, {"text": "milk"})
        assert queued(cache) == [(Kind.EDIT, {"text": "milk"}, {"text": "milk"})]
        assert shown(cache)[ONE][0] == "milk"

    def test_changed_back_is_sent_where_the_todo_was_deleted_elsewhere(self, cache: Cache) -> None:
        """Else nobody would hear of the delete: its tombstone came already."""
        edits.edit(cache, ONE, {"completed": True})
        apply.receive(cache, page(server_row(version=9, deleted=True)), Via.LIVE)
        edits.edit(cache, ONE, {"completed": False})
        assert len(queue(cache)) == 1


class TestFrozen:
    def test_an_edit_after_sending_is_another_mutation(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        [sent] = send(cache)
        edits.edit(cache, ONE, {"text": "rice"})
        assert queue(cache)[0] == sent
        assert queued(cache)[1] == (Kind.EDIT, {"text": "rice"}, {"text": "soy"})

    def test_a_delete_after_sending_is_another_mutation(self, cache: Cache) -> None:
        added = edits.add(cache, "bread")
        send(cache)
        edits.delete(cache, added)
        assert [kind for kind, _, _ in queued(cache)] == [Kind.CREATE, Kind.DELETE]

    def test_changed_back_after_sending_is_sent(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"completed": True})
        send(cache)
        edits.edit(cache, ONE, {"completed": False})
        assert queued(cache)[1] == (Kind.EDIT, {"completed": False}, {"completed": True})

    def test_changed_and_back_after_sending_leaves_the_sent_one_alone(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        [sent] = send(cache)
        edits.edit(cache, ONE, {"text": "rice"})
        edits.edit(cache, ONE, {"text": "soy"})
        assert queue(cache) == [sent]
        assert (shown(cache)[ONE], rows.base(cache.db, ONE)) == (("soy", False, "pending"), server_row())

    def test_an_answer_that_comes_again_changes_nothing(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        [sent] = send(cache)
        got = [answer(sent, before=server_row(), row=server_row(text="soy", version=8))]
        assert apply.acknowledge(cache, [sent], got) == 1
        apply.receive(cache, page(server_row(text="rice", version=9)), Via.LIVE)
        assert apply.acknowledge(cache, [sent], got) == 0
        assert shown(cache)[ONE] == ("rice", False, "synced")


class TestParked:
    def test_an_edit_makes_a_refused_edit_anew(self, cache: Cache) -> None:
        """Else the refused value would lie over the new one for ever."""
        edits.edit(cache, ONE, {"text": "too long", "completed": True})
        refuse(cache)
        assert shown(cache)[ONE] == ("too long", True, "parked")
        edits.edit(cache, ONE, {"text": "short"})
        assert parking.everything(cache.db) == []
        assert queued(cache) == [(Kind.EDIT, {"text": "short", "completed": True}, {"text": "milk", "completed": False})]
        [sent] = send(cache)
        apply.acknowledge(cache, [sent], [answer(sent, before=server_row(), row=server_row(text="short", version=8, completed=True))])
        assert shown(cache)[ONE] == ("short", True, "synced")

    def test_an_edit_makes_a_refused_create_anew(self, cache: Cache) -> None:
        added = edits.add(cache, "too long")
        refuse(cache)
        edits.edit(cache, added, {"text": "short"})
        assert parking.everything(cache.db) == []
        assert queued(cache) == [(Kind.CREATE, {"text": "short", "completed": False}, {})]

    def test_a_delete_settles_what_is_parked(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "too long"})
        refuse(cache)
        edits.delete(cache, ONE)
        assert parking.everything(cache.db) == []
        assert queued(cache) == [(Kind.DELETE, {}, {"text": "milk", "completed": False})]

    def test_what_was_written_over_since_is_not_made_anew(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "too long", "completed": True})
        [first] = send(cache)
        edits.edit(cache, ONE, {"text": "rice"})
        send(cache)
        apply.acknowledge(cache, [first], [answer(first, Outcome.REFUSED, reason="No.")])
        edits.edit(cache, ONE, {"completed": False})
        assert parking.everything(cache.db) == []
        assert [values for _, values, _ in queued(cache)] == [{"text": "rice"}]
        assert shown(cache)[ONE] == ("rice", False, "pending")

    def test_a_parked_todo_says_so_until_then(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "too long"})
        refuse(cache)
        [parked] = parking.everything(cache.db)
        assert (parked.mutation.values, parked.reason, shown(cache)[ONE][2]) == ({"text": "too long"}, "No.", "parked")


VERBS: dict[str, Callable[[Cache], object]] = {
    "add": lambda cache: edits.add(cache, "bread"),
    "edit": lambda cache: edits.edit(cache, ONE, {"text": "soy"}),
    "delete": lambda cache: edits.delete(cache, ONE),
    "edit back": lambda cache: (edits.edit(cache, ONE, {"completed": True}), edits.edit(cache, ONE, {"completed": False})),
}


def everything(cache: Cache) -> tuple[object, ...]:
    """All that one edit writes."""
    return tuple(cache.db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in ("todo", "base", "outbox", "journal"))


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_a_process_that_dies_at_any_statement_leaves_all_of_an_edit_or_nothing(
    cache: Cache, tmp_path: Path, verb: Callable[[Cache], object]
) -> None:
    """What the file system holds when a statement begins is what a killed process leaves behind."""
    copies: list[Path] = []

    def copy(_: str) -> None:
        copies.append(tmp_path / f"killed-{len(copies)}")
        copies[-1].mkdir()
        for file in tmp_path.glob("cache.sqlite3*"):
            shutil.copy(file, copies[-1])

    whole, commits = [everything(cache)], 0
    cache.db.set_trace_callback(copy)
    verb(cache)
    cache.db.set_trace_callback(None)
    copy("")
    after = everything(cache)
    for folder in copies:
        left = make_cache(folder)
        state = everything(left)
        left.close()
        if state != whole[-1]:
            whole.append(state)
            commits += 1
    assert len(copies) > 5
    assert whole[-1] == after
    assert commits == (2 if verb is VERBS["edit back"] else 1)


def test_another_persons_edits_do_not_touch_the_queue(cache: Cache) -> None:
    edits.edit(cache, ONE, {"text": "soy"})
    before = queue(cache)
    apply.receive(cache, page(server_row(text="oat milk", version=9), user_id=ME), Via.LIVE)
    assert (queue(cache), replica.state(cache.db, ONE)) == (before, "pending")
