"""The stand-in's Realtime behaves as supabase-contract.md, sections 3 and 8.7, says of the real one. The client is the real library, unless it hides what is looked at."""

import asyncio
import contextlib
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import psycopg
import pytest
import websockets.exceptions
from realtime import AsyncRealtimeClient, RealtimeSubscribeStates

from tests.contract.hearing import FENCE, FENCED, Ear, ear, token, until, wire
from tests.servers.postgres import PostgresServer
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.database import prepare, tell_time_in_utc

SUBSCRIBED, CLOSED, CHANNEL_ERROR = (
    RealtimeSubscribeStates.SUBSCRIBED,
    RealtimeSubscribeStates.CLOSED,
    RealtimeSubscribeStates.CHANNEL_ERROR,
)


@pytest.fixture
def server(postgres: PostgresServer) -> Iterator[SupabaseServer]:
    database = postgres.create_database()
    prepare(database, "plain")
    tell_time_in_utc(database)
    with database.connect() as owner:
        owner.execute(FENCED)
    with SupabaseServer(database, "plain") as running:
        yield running
    postgres.drop_database(database)


@pytest.fixture
def owner(server: SupabaseServer) -> Iterator[psycopg.Connection]:
    """The owner of the tables, in autocommit."""
    with server.database.connect() as connection:
        yield connection


def add(owner: psycopg.Connection, user_id: str = "u1", text: str = "milk") -> int:
    row = owner.execute("insert into todo(text, user_id) values (%s, %s) returning id", [text, user_id]).fetchone()
    assert row is not None
    return int(row[0])


def fence(owner: psycopg.Connection) -> None:
    owner.execute(f"insert into {FENCE} default values")


def noise(length: int) -> str:
    """Text that does not get smaller by compression."""
    return secrets.token_urlsafe(length)[:length]


class TestWhoIsTold:
    """C13: the truth table of section 3.4, cell by cell."""

    CHANNELS = {
        "u1, own filter": ("u1", "user_id=eq.u1"),
        "u1, no filter": ("u1", None),
        "u1, by id": ("u1", "id=eq.1"),
        "u2, own filter": ("u2", "user_id=eq.u2"),
        "u2, spying": ("u2", "user_id=eq.u1"),
        "u2, no filter": ("u2", None),
        "anon, no filter": (None, None),
    }
    TOLD = {
        "u1, own filter": "IU",
        "u1, no filter": "IUD",
        "u1, by id": "IUD",
        "u2, own filter": "",
        "u2, spying": "",
        "u2, no filter": "D",
        "anon, no filter": "D",
    }
    TOLD_FULL = {**TOLD, "u1, own filter": "IUD", "u2, spying": "D"}

    async def _heard(self, server: SupabaseServer, owner: psycopg.Connection) -> dict[str, list[dict[str, Any]]]:
        async with contextlib.AsyncExitStack() as stack:
            ears: dict[str, Ear] = {}
            for name, (user, filter_) in self.CHANNELS.items():
                ears[name] = await stack.enter_async_context(ear(server, user and token(server, user), filter_))
            for each in ears.values():
                await each.live()
            assert add(owner) == 1
            await self._passed(owner, ears, 1)
            owner.execute("update todo set completed = true where id = 1")
            await self._passed(owner, ears, 2)
            owner.execute("delete from todo where id = 1")
            await self._passed(owner, ears, 3)
            return {name: each.changes for name, each in ears.items()}

    async def _passed(self, owner: psycopg.Connection, ears: dict[str, Ear], times: int) -> None:
        fence(owner)
        for each in ears.values():
            await each.fenced(times)

    @pytest.mark.parametrize("identity", ["default", "full"])
    def test_with_row_level_security(self, server: SupabaseServer, owner: psycopg.Connection, identity: str) -> None:
        owner.execute(f"alter table todo replica identity {identity}")
        owner.execute("grant select on todo to anon")
        heard = asyncio.run(self._heard(server, owner))
        kinds = {name: "".join(change["type"][0] for change in changes) for name, changes in heard.items()}
        assert kinds == (self.TOLD_FULL if identity == "full" else self.TOLD)
        deleted = [change["old_record"] for changes in heard.values() for change in changes if change["type"] == "DELETE"]
        assert all(row == {"id": 1} for row in deleted), "of a deleted row nobody is told more than its key"

    def test_without_it_everybody_hears_everything_with_the_whole_old_row(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        owner.execute("alter table todo disable row level security")
        owner.execute("grant select on todo to anon")
        heard = asyncio.run(self._heard(server, owner))
        kinds = {name: "".join(change["type"][0] for change in changes) for name, changes in heard.items()}
        assert kinds == {name: "" if name == "u2, own filter" else "IUD" for name in self.CHANNELS}
        assert heard["anon, no filter"][2]["old_record"]["text"] == "milk"

    @pytest.mark.parametrize("identity", ["default", "full"])
    def test_without_the_right_to_select_errors_come(self, server: SupabaseServer, owner: psycopg.Connection, identity: str) -> None:
        owner.execute(f"alter table todo replica identity {identity}")

        async def scene() -> list[dict[str, Any]]:
            async with wire(server) as line:
                await line.join("realtime:todo", None, "1")
                await line.take_until("system")
                row = add(owner)
                told = [await line.take_until("postgres_changes")]
                for change in ("update todo set completed = true where id = %s", "delete from todo where id = %s"):
                    owner.execute(change, [row])
                    told.append(await line.take_until("postgres_changes"))
                return [each["payload"]["data"] for each in told]

        inserted, updated, deleted = asyncio.run(scene())
        for refused in (inserted, updated):
            assert refused["errors"] == ["Error 401: Unauthorized"]
            assert "record" not in refused
            assert refused["commit_timestamp"] is None
        assert (deleted["errors"], deleted["old_record"]) == (None, None)

    @pytest.mark.expects_log("Unrecognized message format")
    def test_such_an_error_never_reaches_a_callback_of_the_library(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        async def scene() -> list[str]:
            async with ear(server, None) as anonymous:
                await anonymous.live()
                add(owner)
                fence(owner)
                await anonymous.fenced(1)
                return anonymous.kinds

        assert asyncio.run(scene()) == []

    def test_whoever_a_row_left_is_told_nothing(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        owner.execute("alter table todo disable trigger todo_touch")

        async def scene() -> tuple[list[str], list[str]]:
            async with (
                ear(server, token(server, "u1"), "user_id=eq.u1") as first,
                ear(server, token(server, "u2"), "user_id=eq.u2") as second,
            ):
                await first.live()
                await second.live()
                row = add(owner)
                await until(lambda: first.kinds == ["INSERT"], "the insert")
                owner.execute("update todo set user_id = 'u2' where id = %s", [row])
                fence(owner)
                await first.fenced(1)
                await second.fenced(1)
                return first.kinds, second.kinds

        assert asyncio.run(scene()) == (["INSERT"], ["UPDATE"])

    def test_a_table_without_a_key_gives_an_error_to_all(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        owner.execute("alter table todo drop constraint todo_pkey; alter table todo replica identity full")

        async def scene() -> dict[str, Any]:
            async with wire(server) as line:
                await line.join("realtime:todo", token(server, "u1"), "1")
                await line.take_until("system")
                add(owner)
                return (await line.take_until("postgres_changes"))["payload"]["data"]

        assert asyncio.run(scene())["errors"] == ["Error 400: Bad Request, no primary key"]


def heard_by_u1(
    server: SupabaseServer, owner: psycopg.Connection, act: Callable[[], object], filter_: str | None = "user_id=eq.u1"
) -> list[dict[str, Any]]:
    """What a live channel of u1 hears of what `act` does."""

    async def scene() -> list[dict[str, Any]]:
        async with ear(server, token(server, "u1"), filter_) as listening:
            await listening.live()
            act()
            fence(owner)
            await listening.fenced(1)
            return listening.changes

    return asyncio.run(scene())


class TestWhatIsTold:
    def test_a_change_is_a_row_in_the_json_of_postgresql(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        def act() -> None:
            owner.execute(
                "insert into todo(text, user_id, created_at, updated_at) values ('a', 'u1', '2025-01-02 03:04:05.6', '2025-01-02 03:04:05')"
            )

        [told] = heard_by_u1(server, owner, act)
        assert told["record"]["created_at"] == "2025-01-02T03:04:05.6"
        assert told["record"]["updated_at"] == "2025-01-02T03:04:05"
        assert told["record"]["completed"] is False
        assert told["record"]["id"] == 1
        assert told["columns"][0] == {"name": "id", "type": "int4"}
        assert told["commit_timestamp"].endswith("Z")
        assert told["errors"] is None
        assert "old_record" not in told

    def test_what_was_inserted_and_deleted_in_one_transaction_is_not_told_as_inserted(
        self, server: SupabaseServer, owner: psycopg.Connection
    ) -> None:
        """C15."""

        def act() -> None:
            with owner.transaction():
                owner.execute("delete from todo where id = %s", [add(owner)])

        assert [told["type"] for told in heard_by_u1(server, owner, act)] == ["DELETE"]

    def test_what_was_rolled_back_is_not_told(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        def act() -> None:
            with owner.transaction(force_rollback=True):
                add(owner)

        assert heard_by_u1(server, owner, act) == []

    @pytest.mark.parametrize("identity", ["default", "full"])
    def test_a_large_text_that_was_not_touched_is_missing_unless_the_identity_is_full(
        self, server: SupabaseServer, owner: psycopg.Connection, identity: str
    ) -> None:
        """C20."""
        owner.execute(f"alter table todo replica identity {identity}")
        text = noise(4000)
        row = add(owner, text=text)
        [told] = heard_by_u1(server, owner, lambda: owner.execute("update todo set completed = true where id = %s", [row]))
        assert told["record"]["completed"] is True
        assert told["record"].get("text") == (text if identity == "full" else None)
        assert set(told["old_record"]) == ({*told["record"]} if identity == "full" else {"id"})

    def test_a_row_beyond_a_mebibyte_comes_without_its_large_values(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        """C21."""
        owner.execute("alter table todo drop constraint todo_text_check")
        [told] = heard_by_u1(server, owner, lambda: add(owner, text=noise(1_100_000)))
        assert told["errors"] == ["Error 413: Payload Too Large"]
        assert "text" not in told["record"]
        assert told["record"]["user_id"] == "u1"

    def test_columns_that_may_not_be_read_are_not_told(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        owner.execute("revoke select on todo from authenticated; grant select (id, user_id, completed) on todo to authenticated")
        [told] = heard_by_u1(server, owner, lambda: add(owner))
        assert told["record"] == {"id": 1, "user_id": "u1", "completed": False}

    @pytest.mark.parametrize(
        ("filter_", "ids"),
        [("id=neq.1", [2, 3]), ("id=gt.1", [2, 3]), ("id=lte.2", [1, 2]), ("id=in.(1,3)", [1, 3]), ("completed=eq.true", [])],
    )
    def test_filters_compare_as_the_type_of_the_column_does(
        self, server: SupabaseServer, owner: psycopg.Connection, filter_: str, ids: list[int]
    ) -> None:
        told = heard_by_u1(server, owner, lambda: [add(owner) for _ in range(3)], filter_)
        assert [change["record"]["id"] for change in told] == ids

    def test_many_changes_of_one_transaction_all_come_in_order(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        many = "insert into todo(text, user_id) select 't' || n, 'u1' from generate_series(1, 250) n"
        told = heard_by_u1(server, owner, lambda: owner.execute(many))
        assert [change["record"]["id"] for change in told] == list(range(1, 251))


class TestSubscription:
    def test_what_is_committed_after_the_system_message_is_told(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        """C14. What was committed before it may be missing."""
        server.faults.realtime.sub_delay = 0.5

        async def scene() -> list[str]:
            async with ear(server, token(server, "u1"), "user_id=eq.u1") as listening:
                assert listening.states == [SUBSCRIBED]
                add(owner, text="before")
                assert listening.systems == 0
                await listening.live()
                add(owner, text="after")
                await until(lambda: bool(listening.changes), "the change")
                return [change["record"]["text"] for change in listening.changes]

        assert asyncio.run(scene()) == ["after"], "here the slot did not exist before; the real server promises as little"

    def test_a_table_that_is_not_published_is_an_error_of_a_channel_that_stays(
        self, server: SupabaseServer, owner: psycopg.Connection
    ) -> None:
        """C22."""
        owner.execute("alter publication supabase_realtime drop table todo")

        async def scene() -> tuple[list[dict[str, Any]], list[str]]:
            async with wire(server) as line:
                await line.join("realtime:todo", token(server, "u1"), "1", "user_id=eq.u1")
                return [await line.take(), await line.take()], server.realtime.channels()

        (reply, said), channels = asyncio.run(scene())
        assert reply["payload"]["status"] == "ok"
        assert (said["event"], said["payload"]["status"]) == ("system", "error")
        assert said["payload"]["message"] == (
            "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters:"
            ' [event: *, schema: public, table: todo, filters: [{"user_id", "eq", "u1", false}], select: nil]'
        )
        assert channels == ["realtime:todo"]

    @pytest.mark.parametrize(
        ("filter_", "ends"),
        [("colour=eq.red", "invalid column for filter colour"), ("id=eq.milk", 'invalid input syntax for type integer: "milk"')],
    )
    def test_a_filter_that_cannot_be_is_an_error(self, server: SupabaseServer, filter_: str, ends: str) -> None:
        async def scene() -> dict[str, Any]:
            async with wire(server) as line:
                await line.join("realtime:todo", token(server, "u1"), "1", filter_)
                return (await line.take_until("system"))["payload"]

        said = asyncio.run(scene())
        assert said["status"] == "error"
        assert said["message"].endswith(ends)

    def test_a_policy_that_raises_costs_everybody_the_batch(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        """The poison pill of section 7.1: a subject that is no uuid, and a policy that makes one of it."""
        server.faults.realtime.resub_delay = 0.3
        owner.execute("create policy poison on todo for select to authenticated using (auth.uid()::text = user_id)")
        good = "8d0fd2b3-9ca7-4d9e-a95f-9e13dded323e"

        async def scene() -> list[str]:
            async with (
                ear(server, token(server, good), f"user_id=eq.{good}") as healthy,
                ear(server, token(server, "better-auth")) as poison,
            ):
                await healthy.live()
                await poison.live()
                add(owner, good, "lost")
                await healthy.live(2)
                owner.execute("drop policy poison on todo")
                add(owner, good, "told")
                await until(lambda: bool(healthy.changes), "the change")
                return [change["record"]["text"] for change in healthy.changes]

        assert asyncio.run(scene()) == ["told"]

    def test_a_lost_slot_is_a_gap_and_a_second_system_message(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        server.faults.realtime.resub_delay = 0.3

        async def scene() -> list[str]:
            async with ear(server, token(server, "u1"), "user_id=eq.u1") as listening:
                await listening.live()
                server.realtime.crash_poller()
                add(owner, text="lost")
                await listening.live(2)
                add(owner, text="told")
                await until(lambda: bool(listening.changes), "the change")
                return [change["record"]["text"] for change in listening.changes]

        assert asyncio.run(scene()) == ["told"]


class TestTokens:
    def test_expiry_ends_the_channel_for_good(self, server: SupabaseServer) -> None:
        """C16."""

        async def scene() -> tuple[list[RealtimeSubscribeStates], list[str], bool]:
            async with ear(server, token(server, "u1", lasts=60)) as listening:
                await listening.live()
                server.clock.advance(61)
                await until(lambda: CLOSED in listening.states, "CLOSED")
                return listening.states, listening.errors, bool(listening.client.channels)

        states, errors, kept = asyncio.run(scene())
        assert states == [SUBSCRIBED, CHANNEL_ERROR, CLOSED]
        assert re.search(r"Token has expired [1-9] seconds ago", errors[0])
        assert not kept

    def test_a_new_token_is_answered_by_a_second_system_message_without_a_gap(
        self, server: SupabaseServer, owner: psycopg.Connection
    ) -> None:
        """C18."""

        async def scene() -> list[str]:
            async with ear(server, token(server, "u1", lasts=60), "user_id=eq.u1") as listening:
                await listening.live()
                await listening.client.set_auth(token(server, "u1", lasts=3600))
                add(owner)
                await listening.live(2)
                server.clock.advance(120)
                add(owner)
                await until(lambda: len(listening.changes) == 2, "both changes")
                return listening.kinds

        assert asyncio.run(scene()) == ["INSERT", "INSERT"]

    @pytest.mark.parametrize("given", ["same", None, "sb_publishable_x"])
    def test_what_is_no_new_token_is_ignored(self, server: SupabaseServer, owner: psycopg.Connection, given: str | None) -> None:
        async def scene() -> str:
            async with wire(server) as line:
                mine = token(server, "u1")
                await line.join("realtime:todo", mine, "1", "user_id=eq.u1")
                await line.take_until("system")
                await line.send("realtime:todo", "access_token", {"access_token": mine if given == "same" else given}, "2", "1")
                add(owner)
                return str((await line.take())["event"])

        assert asyncio.run(scene()) == "postgres_changes"

    def test_an_expired_one_ends_the_channel(self, server: SupabaseServer) -> None:
        async def scene() -> list[dict[str, Any]]:
            async with wire(server) as line:
                await line.join("realtime:todo", token(server, "u1"), "1")
                await line.take_until("system")
                await line.send("realtime:todo", "access_token", {"access_token": token(server, "u1", lasts=-5)}, "2", "1")
                return [await line.take(), await line.take()]

        said, closed = asyncio.run(scene())
        assert said["payload"]["extension"] == "system"
        assert re.fullmatch(r"Token has expired [5-9] seconds ago", said["payload"]["message"])
        assert (closed["event"], closed["ref"]) == ("phx_close", "1")

    def test_a_join_is_refused_with_the_reason(self, server: SupabaseServer) -> None:
        async def scene() -> list[str]:
            async with wire(server) as line:
                strange = server.tokens.sign({"sub": "u1", "exp": int(server.clock()) + 60})
                reasons = []
                for ref, bad in enumerate((token(server, "u1", lasts=-12), "no.to.ken", "nothing", strange), start=1):
                    await line.join("realtime:todo", bad, str(ref))
                    answer = await line.take()
                    assert answer["payload"]["status"] == "error"
                    reasons.append(re.sub(r"1\d seconds", "12 seconds", answer["payload"]["response"]["reason"]))
                return reasons

        assert asyncio.run(scene()) == [
            "InvalidJWTToken: Token has expired 12 seconds ago",
            "JwtSignatureError: Failed to validate JWT signature",
            "MalformedJWT: The token provided is not a valid JWT",
            "InvalidJWTToken: Fields `role` and `exp` are required in JWT",
        ]


class TestSocket:
    def test_a_second_join_is_answered_before_the_first_channel_is_closed(self, server: SupabaseServer) -> None:
        """C17."""

        async def scene() -> list[tuple[str, str | None]]:
            async with wire(server) as line:
                mine = token(server, "u1")
                await line.join("realtime:todo", mine, "1")
                await line.take_until("system")
                await line.join("realtime:todo", mine, "2")
                frames = [await line.take() for _ in range(3)]
                return [(frame["event"], frame["ref"]) for frame in frames]

        assert asyncio.run(scene()) == [("phx_reply", "2"), ("phx_close", "1"), ("system", None)]

    @pytest.mark.expects_log("WebSocket connection closed with code: 1012")
    def test_after_a_deploy_the_library_joins_again_with_the_new_token(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        """C19."""

        async def scene() -> tuple[list[RealtimeSubscribeStates], list[str]]:
            async with ear(server, token(server, "u1", lasts=60), "user_id=eq.u1") as listening:
                await listening.live()
                await listening.client.set_auth(token(server, "u1"))
                await listening.live(2)
                server.clock.advance(120)
                server.realtime.close_sockets(1012)
                await listening.live(3)
                add(owner)
                await until(lambda: bool(listening.changes), "the change")
                return listening.states, listening.kinds

        states, kinds = asyncio.run(scene())
        assert states == [SUBSCRIBED, CHANNEL_ERROR, SUBSCRIBED]
        assert kinds == ["INSERT"]

    @pytest.mark.parametrize("ref", [None, "7"])
    def test_a_heartbeat_is_answered_with_its_ref(self, server: SupabaseServer, ref: str | None) -> None:
        """C23."""

        async def scene() -> dict[str, Any]:
            async with wire(server) as line:
                await line.send("phoenix", "heartbeat", {}, ref)
                return await line.take()

        answer = {"topic": "phoenix", "event": "phx_reply", "payload": {"status": "ok", "response": {}}, "ref": ref}
        assert asyncio.run(scene()) == answer

    def test_leaving_is_answered_and_then_nothing_is_told(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        async def scene() -> list[tuple[str, str | None]]:
            async with wire(server) as line:
                await line.join("realtime:todo", token(server, "u1"), "1")
                await line.take_until("system")
                await line.send("realtime:todo", "phx_leave", {}, "2", "1")
                frames = [await line.take(), await line.take()]
                add(owner)
                await line.send("realtime:todo", "access_token", {}, "3", "1")
                frames.append(await line.take())
                return [(frame["event"], frame["ref"]) for frame in frames]

        assert asyncio.run(scene()) == [("phx_reply", "2"), ("phx_close", "1"), ("phx_reply", "3")]

    def test_a_topic_without_the_prefix_and_a_channel_that_is_not_there_are_unmatched(self, server: SupabaseServer) -> None:
        async def scene() -> list[object]:
            async with wire(server) as line:
                await line.join("todo", token(server, "u1"), "1")
                await line.send("realtime:other", "access_token", {}, "2")
                return [(await line.take())["payload"] for _ in range(2)]

        refused = {"status": "error", "response": {"reason": "unmatched topic"}}
        assert asyncio.run(scene()) == [refused, refused]

    def test_unknown_events_and_stale_joins_are_passed_over(self, server: SupabaseServer) -> None:
        async def scene() -> str:
            async with wire(server) as line:
                await line.join("realtime:todo", token(server, "u1"), "1")
                await line.take_until("system")
                await line.send("realtime:todo", "shout", {}, "2", "1")
                await line.send("realtime:todo", "phx_leave", {}, "3", "0")
                await line.send("phoenix", "heartbeat", {}, "4")
                return str((await line.take())["ref"])

        assert asyncio.run(scene()) == "4"

    def test_silence_of_the_client_ends_the_socket(self, server: SupabaseServer) -> None:
        server.faults.realtime.idle_s = 0.2

        async def scene() -> None:
            async with wire(server) as line:
                with pytest.raises(websockets.exceptions.ConnectionClosed):
                    await line.take()

        asyncio.run(scene())

    @pytest.mark.parametrize("key", ["", "sb_publishable_of_another_project", "nonsense"])
    def test_a_key_of_another_project_is_refused_with_401(self, server: SupabaseServer, key: str) -> None:
        async def scene() -> int:
            with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
                async with wire(server, key=key):
                    pass
            return refused.value.response.status_code

        assert asyncio.run(scene()) == 401


class TestFaults:
    """Each switch does what it says (section 8.6), as the library sees it or does not see it."""

    @pytest.mark.expects_log("Connection attempt failed", "Connection failed permanently")
    @pytest.mark.parametrize("status", [401, 429, 500])
    def test_refuse(self, server: SupabaseServer, status: int) -> None:
        server.faults.realtime.refuse = status

        async def scene() -> None:
            client = AsyncRealtimeClient(f"{server.url}/realtime/v1", token=server.publishable_key, max_retries=1)
            with pytest.raises(websockets.exceptions.InvalidStatus, match=str(status)):
                await client.connect()

        asyncio.run(scene())

    @pytest.mark.parametrize("code", [1001, 1006, 1011, 1012])
    def test_close(self, server: SupabaseServer, code: int) -> None:
        async def scene() -> int | None:
            async with wire(server) as line:
                await line.join("realtime:todo", token(server, "u1"), "1")
                await line.take_until("system")
                server.realtime.close_sockets(code)
                with pytest.raises(websockets.exceptions.ConnectionClosed):
                    await line.take()
                return line._socket.close_code

        assert asyncio.run(scene()) == code

    def test_mute_and_silent_heartbeats_and_ignored_joins(self, server: SupabaseServer) -> None:
        async def silent(act: Callable[[Any], Awaitable[None]]) -> bool:
            async with wire(server) as line:
                await act(line)
                try:
                    async with asyncio.timeout(0.3):
                        await line.take()
                except TimeoutError:
                    return True
                return False

        async def scene() -> list[bool]:
            faults = server.faults.realtime
            faults.ignore_joins = 1
            answers = [await silent(lambda line: line.join("realtime:todo", token(server, "u1"), "1"))]
            faults.heartbeats = False
            answers.append(await silent(lambda line: line.send("phoenix", "heartbeat", {}, None)))
            faults.heartbeats, faults.mute = True, True
            answers.append(await silent(lambda line: line.send("phoenix", "heartbeat", {}, None)))
            return answers

        assert asyncio.run(scene()) == [True, True, True]

    @pytest.mark.parametrize(
        ("switch", "value", "heard"),
        [
            ("drop_events", 1, ["b"]),
            ("duplicate_events", 1, ["a", "a", "b"]),
            ("event_delay", 0.2, ["a", "b"]),
            ("without", "text", [None, None]),
        ],
    )
    def test_changes(self, server: SupabaseServer, owner: psycopg.Connection, switch: str, value: Any, heard: list[str | None]) -> None:
        async def scene() -> list[str | None]:
            async with ear(server, token(server, "u1"), "user_id=eq.u1") as listening:
                await listening.live()
                setattr(server.faults.realtime, switch, value)
                add(owner, text="a")
                add(owner, text="b")
                await until(lambda: len(listening.changes) >= len(heard), "the changes")
                fence(owner)
                await listening.fenced(1)
                return [change["record"].get("text") for change in listening.changes]

        assert asyncio.run(scene()) == heard

    @pytest.mark.parametrize("switch", ["malformed", "unauthorised"])
    @pytest.mark.expects_log("Unrecognized message format")
    def test_frames_that_the_library_drops(self, server: SupabaseServer, owner: psycopg.Connection, switch: str) -> None:
        async def scene() -> list[str]:
            async with ear(server, token(server, "u1"), "user_id=eq.u1") as listening:
                await listening.live()
                setattr(server.faults.realtime, switch, 1)
                add(owner, text="a")
                add(owner, text="b")
                await until(lambda: bool(listening.changes), "the second change")
                return [change["record"]["text"] for change in listening.changes]

        assert asyncio.run(scene()) == ["b"]

    def test_too_large(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        server.faults.realtime.too_large = 1
        [told] = heard_by_u1(server, owner, lambda: add(owner, text="x" * 100))
        assert told["errors"] == ["Error 413: Payload Too Large"]
        assert "text" not in told["record"]

    @pytest.mark.expects_log("join push error")
    def test_join_errors(self, server: SupabaseServer) -> None:
        server.faults.realtime.join_errors = 1

        async def scene() -> tuple[list[RealtimeSubscribeStates], list[str]]:
            async with ear(server, token(server, "u1")) as listening:
                return listening.states, listening.errors

        states, errors = asyncio.run(scene())
        assert states == [CHANNEL_ERROR]
        assert "RealtimeRestarting" in errors[0]

    @pytest.mark.parametrize("reason", [{}, {"reason": "channel_crash"}])
    def test_crashed_channels_are_joined_again_by_the_library(self, server: SupabaseServer, reason: dict[str, Any]) -> None:
        async def scene() -> list[RealtimeSubscribeStates]:
            async with ear(server, token(server, "u1")) as listening:
                await listening.live()
                server.realtime.crash_channels(reason)
                await listening.live(2)
                return listening.states

        assert asyncio.run(scene()) == [SUBSCRIBED, CHANNEL_ERROR, SUBSCRIBED]

    def test_unpublished_and_a_failing_database(self, server: SupabaseServer) -> None:
        server.faults.realtime.unpublished = True

        async def scene() -> list[list[str]]:
            said = []
            for wanted in (1, 2):
                async with wire(server) as line:
                    await line.join("realtime:todo", token(server, "u1"), "1")
                    said.append([(await line.take_until("system"))["payload"]["status"] for _ in range(wanted)])
                server.faults.realtime.unpublished, server.faults.realtime.failing_subscriptions = False, 1
            return said

        assert asyncio.run(scene()) == [["error"], ["error", "ok"]]
