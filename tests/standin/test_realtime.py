"""Whom Realtime tells what: the stand-in behaves as supabase-contract.md, sections 3.4 and 8.7, says of the real one.

The client is the real library, unless it hides what is looked at.
"""

import asyncio
import contextlib
from typing import Any, ClassVar

import psycopg
import pytest
from realtime import RealtimeSubscribeStates

from tests.servers.supabase import SupabaseServer
from tests.standin.hearing import Ear, add, ear, fence, heard_by_u1, noise, token, until, wire

SUBSCRIBED, CLOSED, CHANNEL_ERROR = (
    RealtimeSubscribeStates.SUBSCRIBED,
    RealtimeSubscribeStates.CLOSED,
    RealtimeSubscribeStates.CHANNEL_ERROR,
)


class TestWhoIsTold:
    """C13: the truth table of section 3.4, cell by cell."""

    CHANNELS: ClassVar = {
        "u1, own filter": ("u1", "user_id=eq.u1"),
        "u1, no filter": ("u1", None),
        "u1, by id": ("u1", "id=eq.1"),
        "u2, own filter": ("u2", "user_id=eq.u2"),
        "u2, spying": ("u2", "user_id=eq.u1"),
        "u2, no filter": ("u2", None),
        "anon, no filter": (None, None),
    }
    TOLD: ClassVar = {
        "u1, own filter": "IU",
        "u1, no filter": "IUD",
        "u1, by id": "IUD",
        "u2, own filter": "",
        "u2, spying": "",
        "u2, no filter": "D",
        "anon, no filter": "D",
    }
    TOLD_FULL: ClassVar = {**TOLD, "u1, own filter": "IUD", "u2, spying": "D"}

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
                return dict((await line.take_until("postgres_changes"))["payload"]["data"])

        assert asyncio.run(scene())["errors"] == ["Error 400: Bad Request, no primary key"]


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
                return dict((await line.take_until("system"))["payload"])

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
