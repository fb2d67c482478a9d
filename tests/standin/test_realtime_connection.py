"""How a Realtime connection and its channels begin and end: the stand-in behaves as supabase-contract.md, sections 3.1 to 3.6 and 8.6, says of the real one."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
import websockets.exceptions
from realtime import AsyncRealtimeClient, RealtimeSubscribeStates

from tests.servers.supabase import SupabaseServer
from tests.standin.hearing import add, ear, fence, heard_by_u1, token, until, wire

SUBSCRIBED, CLOSED, CHANNEL_ERROR = (
    RealtimeSubscribeStates.SUBSCRIBED,
    RealtimeSubscribeStates.CLOSED,
    RealtimeSubscribeStates.CHANNEL_ERROR,
)


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
        # A second subscription would be said long before the log is looked at again.
        faults = server.faults.realtime
        faults.resub_delay, faults.poll_s, faults.poll_idle_s = 0.0, 0.7, 0.7

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
