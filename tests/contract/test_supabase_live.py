"""A device follows a Supabase project live through everything that Realtime does (supabase-contract.md, section 8.6): nothing is missed."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.account import Live, Status
from devots_desktop.remote.supabase import listener, session
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.link import Link
from devots_desktop.remote.supabase.listener import MANAGED, PLAIN, Listener
from devots_desktop.remote.supabase.session import Tokens
from tests.contract.devices import until
from tests.contract.live import Elsewhere, Follower, run
from tests.contract.supabase_backend import MemoryKeep
from tests.servers.fixtures import Servers
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.database import Form

Disturb = Callable[[SupabaseServer], Awaitable[None]]


@pytest.fixture(params=["managed", "plain"])
def server(request: pytest.FixtureRequest, servers: Servers) -> Iterator[SupabaseServer]:
    form: Form = request.param
    with servers.project(18, form) as project:
        yield project


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server that says nothing is waited for as long as a real one deserves."""
    monkeypatch.setattr(listener, "JOIN_S", 1.0)
    monkeypatch.setattr(listener, "LIVE_S", 3.0)


def closed(code: int) -> Disturb:
    async def disturb(server: SupabaseServer) -> None:
        server.realtime.close_sockets(code)

    return disturb


def switched(**switches: object) -> Disturb:
    """Something that happens to the next change."""

    async def disturb(server: SupabaseServer) -> None:
        for name, value in switches.items():
            setattr(server.faults.realtime, name, value)

    return disturb


def on_the_way_back(seconds: float = 0.0, **switches: object) -> Disturb:
    """The connection is lost, and something is wrong with the next ones for so many seconds; counted switches end by themselves."""

    async def disturb(server: SupabaseServer) -> None:
        faults = server.faults.realtime
        before = {name: getattr(faults, name) for name in switches}
        for name, value in switches.items():
            setattr(faults, name, value)
        server.realtime.close_sockets(1006)
        if seconds:
            loop = asyncio.get_running_loop()
            for name, value in before.items():
                loop.call_later(seconds, setattr, faults, name, value)

    return disturb


async def crash_poller(server: SupabaseServer) -> None:
    server.faults.realtime.resub_delay = 0.3
    server.realtime.crash_poller()


async def expire(server: SupabaseServer) -> None:
    """By the server's clock; the device takes its token for good."""
    server.clock.advance(3_700)


async def rotate(server: SupabaseServer) -> None:
    server.tokens.rotate(keep_old=False)
    server.realtime.close_sockets(1012)


DISTURBANCES: dict[str, Disturb] = {
    "going away": closed(1001),
    "cut": closed(1006),
    "internal error": closed(1011),
    "deploy": closed(1012),
    "refused 401": on_the_way_back(1.0, refuse=401),
    "refused 429": on_the_way_back(1.0, refuse=429),
    "refused 500": on_the_way_back(1.0, refuse=500),
    "black hole": on_the_way_back(1.5, mute=True),
    "join without an answer": on_the_way_back(ignore_joins=1),
    "join refused": on_the_way_back(join_errors=2),
    "too many joins": on_the_way_back(join_errors=1, join_reason="ClientJoinRateLimitReached: Too many joins per second"),
    "not published for a while": on_the_way_back(1.5, unpublished=True),
    "database away": on_the_way_back(failing_subscriptions=2),
    "slow subscription": on_the_way_back(sub_delay=1.5),
    "expired token": expire,
    "other signing key": rotate,
    "poller crashed": crash_poller,
    "channel crashed": lambda server: asyncio.to_thread(server.realtime.crash_channels, {"reason": "channel_crash"}),
    "channel crashed, older server": lambda server: asyncio.to_thread(server.realtime.crash_channels, {}),
    "event dropped": switched(drop_events=1),
    "event doubled": switched(duplicate_events=2),
    "event late": switched(event_delay=1.0),
    "no heartbeats": switched(heartbeats=False),
    "too large": switched(too_large=1),
    "no text": switched(without="text"),
    "not authorised": switched(unauthorised=1),
    "no JSON": switched(malformed=1),
}


PLAIN_TOO = ("cut", "expired token", "poller crashed", "event dropped", "no JSON")
"""The connection is the same for both forms of a project; what is wanted from it, and what a pull is, is not."""


@pytest.mark.parametrize(
    ("server", "name"), [("managed", name) for name in DISTURBANCES] + [("plain", name) for name in PLAIN_TOO], indirect=["server"]
)
def test_an_edit_made_elsewhere_arrives_after(server: SupabaseServer, tmp_path: Path, name: str) -> None:
    device = Follower(tmp_path, server)
    web = Elsewhere(server, device.user_id)

    async def scene() -> None:
        web.add("before")
        async with device.following():
            await device.shows("before")
            await DISTURBANCES[name](server)
            web.add("during")
            if name != "event dropped":
                await device.shows("before", "during")
            web.edit("before", "after")
            await device.shows("after", "during")
            await device.live()
            web.delete("during")
            await device.shows("after")

    run(scene)


class TestWhatItSays:
    def test_a_short_loss_is_made_good_without_a_word(self, server: SupabaseServer, tmp_path: Path) -> None:
        device = Follower(tmp_path, server)

        async def scene() -> None:
            async with device.following():
                said = len(device.statuses)
                server.realtime.close_sockets(1012)
                await until(lambda: server.realtime.channels() == [], "the loss")
                Elsewhere(server, device.user_id).add("during")
                await device.shows("during")
                assert device.statuses[said:] == []

        run(scene)

    def test_a_longer_one_is_told_and_the_list_is_read_nevertheless(
        self, server: SupabaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listener, "REGAIN_S", 0.5)
        device = Follower(tmp_path, server)

        async def scene() -> None:
            async with device.following():
                server.faults.realtime.refuse = 500
                server.realtime.close_sockets(1006)
                Elsewhere(server, device.user_id).add("during")
                await device.shows("during")
                assert device.statuses[-1].live is Live.CHECKING
                server.faults.realtime.refuse = None
                await device.live()

        run(scene)

    def test_where_the_table_is_not_published_the_account_says_so_and_the_list_is_read(
        self, server: SupabaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listener, "REGAIN_S", 0.5)
        device = Follower(tmp_path, server)

        async def scene() -> None:
            async with device.following():
                server.faults.realtime.unpublished = True
                server.realtime.close_sockets(1006)
                await until(lambda: device.statuses[-1] == Status(Live.CHECKING, listener.UNTOLD), "the reason")
                Elsewhere(server, device.user_id).add("meanwhile")
                device.look()
                await device.shows("meanwhile")
                server.faults.realtime.unpublished = False
                await device.live()

        run(scene)

    def test_a_table_that_is_not_published_is_asked_for_rarely_and_the_log_has_the_reason(
        self, server: SupabaseServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        server.faults.realtime.unpublished = True
        monkeypatch.setattr(random, "uniform", lambda low, high: low)
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            await asyncio.sleep(3_600 if seconds else 0)

        async def scene() -> None:
            link, listening = await listen(server, lambda: pytest.fail("it says that it is told"), lambda: None, pause)
            await until(lambda: listener._UNTOLD_S in pauses, "the long pause")
            assert caplog.messages.count("Realtime: the tables are not published, or may not be read") == 3
            assert not listening.done(), "the account goes on; it is only looked at instead of told"
            assert pauses == [listener._DRIFT_EVERY_S, 0.0, 0.0, listener._UNTOLD_S]
            await ended(link, listening)

        run(scene)


class TestItsEnd:
    @pytest.mark.parametrize("when", ["connecting", "joining", "joined", "live", "told", "renewed"])
    def test_nothing_is_left_whenever_it_ends(self, server: SupabaseServer, when: str) -> None:
        faults = server.faults.realtime
        faults.mute, faults.sub_delay = when == "joining", 5.0 if when == "joined" else 0.0

        async def scene() -> None:
            before = asyncio.all_tasks()
            live = asyncio.Event()
            link, listening = await listen(server, live.set, lambda: None)
            if when in {"live", "told", "renewed"}:
                await live.wait()
                if when == "renewed":
                    await link.session.another(await link.session.token())
            elif when == "joined":
                await until(lambda: server.realtime.channels() != [], "the join")
            elif when == "joining":
                await asyncio.sleep(random.uniform(0.05, 0.5))
            await ended(link, listening)
            assert asyncio.all_tasks() == before

        run(scene)

    def test_the_end_of_the_librarys_listening_is_noticed(self, server: SupabaseServer) -> None:
        """Traps T1 and T5: the connection looks well and nothing comes any more."""

        async def scene() -> None:
            live, changed = asyncio.Event(), asyncio.Event()
            link, listening = await listen(server, live.set, changed.set)
            await live.wait()
            [theirs] = [task for task in asyncio.all_tasks() if "AsyncRealtimeClient._listen" in repr(task.get_coro())]
            theirs.cancel()
            async with asyncio.timeout(10):
                await changed.wait()
            await ended(link, listening)

        run(scene)

    def test_after_a_sleep_of_the_computer_a_new_connection_is_made(self, server: SupabaseServer, monkeypatch: pytest.MonkeyPatch) -> None:
        ahead = 0.0
        monkeypatch.setattr(listener, "_DRIFT_EVERY_S", 0.05)
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + ahead)

        async def scene() -> None:
            nonlocal ahead
            live, changed = asyncio.Event(), asyncio.Event()
            link, listening = await listen(server, live.set, changed.set)
            await live.wait()
            ahead = 60.0
            async with asyncio.timeout(10):
                await changed.wait()
            await ended(link, listening)

        run(scene)


class TestTokens:
    def test_a_renewed_token_reaches_the_channel_before_the_old_one_ends(
        self, server: SupabaseServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        monkeypatch.setattr(session, "_LOOK_LEAST_S", 0.1)
        server.settings.jwt_seconds = 92  # two more than the refresher leaves

        async def scene() -> None:
            live, changed = asyncio.Event(), asyncio.Event()
            link, listening = await listen(server, live.set, changed.set)
            await live.wait()
            server.settings.jwt_seconds = 3_600
            await changed.wait()  # the server has taken the new token
            server.clock.advance(200)
            changed.clear()
            Elsewhere(server, await link.session.who()).add("told")
            await changed.wait()
            await ended(link, listening)

        run(scene)
        assert not [text for text in caplog.messages if text.startswith("Realtime:")], "the connection was not made again"


class TestDeletes:
    """On a plain table whose replica identity is the key, a filtered channel hears of no delete."""

    def test_own_ones_come_at_once(self, servers: Servers, tmp_path: Path) -> None:
        with servers.project(18, "plain") as server, server.database.connect() as owner:
            owner.execute("alter table todo replica identity default")
            device = Follower(tmp_path, server)
            web = Elsewhere(server, device.user_id)

            async def scene() -> None:
                web.add("milk")
                async with device.following():
                    await device.shows("milk")
                    web.delete("milk")
                    await device.shows()

            run(scene)

    def test_of_many_deletes_few_are_hints(self, servers: Servers) -> None:
        with servers.project(18, "plain") as server, server.database.connect() as owner:
            owner.execute("insert into todo(user_id, text) select 'somebody else', n from generate_series(1, 50) n")
            hints = 0

            def changed() -> None:
                nonlocal hints
                hints += 1

            async def scene() -> None:
                live = asyncio.Event()
                link, listening = await listen(server, live.set, changed)
                await live.wait()
                owner.execute("delete from todo")
                await until(lambda: hints > 0, "the first hint")
                owner.execute("insert into todo(user_id, text) values (%s, 'mine')", [await link.session.who()])
                await until(lambda: hints > 1, "the own change")
                assert hints == 2
                await ended(link, listening)

            run(scene)


async def listen(
    server: SupabaseServer,
    ready: Callable[[], None],
    changed: Callable[[], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> tuple[Link, "asyncio.Task[None]"]:
    """A listener alone, without an engine."""
    begun = server.sign_up("ada@example.org")
    link = Link(Project(server.url), server.publishable_key, MemoryKeep(Tokens(begun["user"]["id"], begun["refresh_token"])))
    plain = server.gateway.form == "plain"
    listening = Listener(link, PLAIN if plain else MANAGED, ready, changed, deletes=plain, sleep=sleep)
    return link, asyncio.create_task(listening.run())


async def ended(link: Link, listening: "asyncio.Task[None]") -> None:
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await link.close()
