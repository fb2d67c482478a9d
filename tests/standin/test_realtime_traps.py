"""The traps of realtime-py (supabase-contract.md, section 4.5): how a client falls into each that uses the library as it offers itself.

That ours goes on in the same places is proven in tests/contract/test_supabase_live.py; should one of these tests fail after an upgrade, the library was mended, and what
remote/supabase/channel.py does against it may be thought over.
"""

import asyncio
from typing import Any

import psycopg
import pytest
from realtime import AsyncRealtimeClient, RealtimeSubscribeStates

from tests.servers.supabase import SupabaseServer
from tests.standin.hearing import FENCE, Ear, add, ear, token, until, wire

SUBSCRIBED, CLOSED, CHANNEL_ERROR = (
    RealtimeSubscribeStates.SUBSCRIBED,
    RealtimeSubscribeStates.CLOSED,
    RealtimeSubscribeStates.CHANNEL_ERROR,
)


async def told_at_server(server: SupabaseServer, owner: psycopg.Connection) -> None:
    """Wait until a change that is made now has been told to somebody: whoever has not heard of the ones before never will."""
    async with wire(server) as line:
        await line.join("realtime:witness", token(server, "u1"), "1", table=FENCE)
        await line.take_until("system")
        owner.execute(f"insert into {FENCE} default values")
        await line.take_until("postgres_changes")


class TestOneExceptionInACallback:
    """T1."""

    def test_ends_all_listening_and_the_connection_looks_well(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        async def scene() -> tuple[int, bool, bool]:
            async with ear(server, token(server, "u1"), "user_id=eq.u1") as naive:
                await naive.live()
                heard = 0

                def clumsy(_: object) -> None:
                    nonlocal heard
                    heard += 1
                    raise KeyError

                naive.channel.postgres_changes_callbacks[0].__dict__["callback"] = clumsy
                for _ in range(2):
                    add(owner)
                await told_at_server(server, owner)
                listening = naive.client._listen_task
                assert listening is not None
                await until(listening.done, "the end of the listening")
                with pytest.raises(KeyError):
                    await listening
                return heard, naive.client.is_connected, naive.channel.is_joined

        assert asyncio.run(scene()) == (1, True, True)


class TestAnExpiredToken:
    """T2."""

    def test_ends_the_channel_and_nobody_joins_again(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        async def scene() -> tuple[list[RealtimeSubscribeStates], list[str]]:
            async with ear(server, token(server, "u1", lasts=60), "user_id=eq.u1") as naive:
                await naive.live()
                server.clock.advance(61)
                await until(lambda: CLOSED in naive.states, "CLOSED")
                await naive.client.set_auth(token(server, "u1"))
                add(owner)
                await told_at_server(server, owner)
                return naive.states, naive.kinds

        assert asyncio.run(scene()) == ([SUBSCRIBED, CHANNEL_ERROR, CLOSED], [])


class TestAHiccupOfTheDatabase:
    """T3."""

    def test_makes_the_library_close_the_channel_that_it_joined_again(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        server.faults.realtime.failing_subscriptions = 1

        async def scene() -> tuple[list[RealtimeSubscribeStates], list[str], list[str]]:
            async with ear(server, token(server, "u1"), "user_id=eq.u1") as naive:
                await until(lambda: CLOSED in naive.states, "CLOSED")
                at_server = server.realtime.channels()
                add(owner)
                await told_at_server(server, owner)
                return naive.states, at_server, naive.kinds

        states, at_server, heard = asyncio.run(scene())
        assert states == [SUBSCRIBED, CHANNEL_ERROR, SUBSCRIBED, CLOSED]
        assert at_server == ["realtime:todo"], "the server goes on telling a channel that the client has thrown away"
        assert heard == []


class TestALostConnection:
    """T4."""

    @pytest.mark.expects_log("WebSocket connection closed|Connection attempt failed")
    def test_comes_back_without_what_happened_meanwhile(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        async def scene() -> list[str]:
            async with ear(server, token(server, "u1"), "user_id=eq.u1") as naive:
                await naive.live()
                server.faults.realtime.refuse = 500
                server.faults.realtime.sub_delay = 0.5  # many looks at the log
                server.realtime.close_sockets(1012)
                await until(lambda: CHANNEL_ERROR in naive.states, "the loss")
                add(owner, text="missed")
                server.faults.realtime.refuse = None
                await naive.live(2)
                add(owner, text="told")
                await until(lambda: bool(naive.changes), "the change")
                return [change["record"]["text"] for change in naive.changes]

        assert asyncio.run(scene()) == ["told"]


class TestALongerLoss:
    """T5."""

    @pytest.mark.expects_log("WebSocket connection closed|Connection attempt failed", "Connection failed permanently")
    def test_ends_the_listening_for_ever_and_tells_nobody(self, server: SupabaseServer, owner: psycopg.Connection) -> None:
        async def scene() -> tuple[list[RealtimeSubscribeStates], list[str]]:
            async with ear(server, token(server, "u1"), "user_id=eq.u1") as naive:
                await naive.live()
                naive.client.max_retries, naive.client.initial_backoff = 2, 0.01
                listening = naive.client._listen_task
                assert listening is not None
                server.faults.realtime.refuse = 500
                server.realtime.close_sockets(1012)
                await until(listening.done, "the end of the listening")
                assert listening.exception() is not None
                server.faults.realtime.refuse = None
                add(owner)
                await told_at_server(server, owner)
                return naive.states, naive.kinds

        assert asyncio.run(scene()) == ([SUBSCRIBED, CHANNEL_ERROR], [])


class TestTheEnd:
    """T6."""

    def test_leaves_timers_behind(self, server: SupabaseServer) -> None:
        async def scene() -> list[str]:
            before = asyncio.all_tasks()
            client = AsyncRealtimeClient(f"{server.url}/realtime/v1", token=server.publishable_key)
            await client.set_auth(token(server, "u1"))
            naive = Ear(client, "user_id=eq.u1", "todo")
            await naive.join()
            await client.set_auth(token(server, "u1", lasts=7200))
            await client.remove_all_channels()
            left = [task for task in asyncio.all_tasks() - before if "AsyncPush" in coroutine(task)]
            for task in asyncio.all_tasks() - before:
                task.cancel()
            return [coroutine(task) for task in left]

        assert asyncio.run(scene())


def coroutine(task: "asyncio.Task[Any]") -> str:
    return str(getattr(task.get_coro(), "__qualname__", ""))
