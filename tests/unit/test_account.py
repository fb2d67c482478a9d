"""An open account: cheap to make, following when started, and closed from any state without a trace."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from devots_desktop.domain.account import Account, AccountKind, Live, SecretStore
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.remote.base import Remote
from devots_desktop.remote.memory import MemoryRemote, MemoryServer
from devots_desktop.services.account import OpenAccount, now
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.lists import View
from devots_desktop.store.profile import Profile

ADA = Account("a1", AccountKind.POSTGRES, "Ada", user_id="ada", secrets=SecretStore.MEMORY)


class Place:
    """A profile, a server, and the failures that its tasks reported."""

    def __init__(self, folder: Path) -> None:
        self.profile = Profile(folder)
        self.server = MemoryServer(now, {"token": "ada"})
        self.failures: list[str] = []
        self.tasks = Tasks(lambda name, error: self.failures.append(f"{name}: {error!r}"))

    async def connect(self) -> Remote:
        return MemoryRemote(self.server, "token")

    def open(self, account: Account = ADA, connect: Callable[[], Awaitable[Remote]] | None = None) -> OpenAccount:
        return OpenAccount(self.profile, account, connect=connect or self.connect)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def until(account: OpenAccount, live: Live) -> asyncio.Event:
    """Set once the account is so."""
    event = asyncio.Event()
    if account.status.live is live:
        event.set()
    account.statuses.subscribe(lambda status: event.set() if status.live is live else None)
    return event


def play(place: Place, scene: Callable[[], Awaitable[None]]) -> None:
    """Run a scene; afterwards nothing may be left: no task, no thread, no failure."""
    before = threading.active_count()

    async def main() -> None:
        async with asyncio.timeout(20):
            await scene()
        await place.tasks.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert place.failures == []
    assert threading.active_count() == before


async def nothing(_: OpenAccount) -> None:
    pass


async def once(account: OpenAccount) -> None:
    await account.sync_once(timeout=5)


async def live(account: OpenAccount) -> None:
    await until(account, Live.LIVE).wait()


async def typing(account: OpenAccount) -> None:
    asyncio.get_running_loop().create_task(_quietly(account.todos.add("half typed")))
    await asyncio.sleep(0)


async def poked(account: OpenAccount) -> None:
    account.poke()
    account.poke()


async def signed_in(account: OpenAccount) -> None:
    account.signed_in()


async def _quietly(verb: Awaitable[object]) -> None:
    await verb


STATES = [
    *((True, state) for state in (nothing, live, typing, poked, signed_in)),
    *((False, state) for state in (nothing, once, typing, poked, signed_in)),
]


class TestClosing:
    def test_before_it_was_started(self, place: Place) -> None:
        async def scene() -> None:
            account = place.open()
            await account.close()
            await account.close()

        play(place, scene)

    @pytest.mark.parametrize(("follow", "state"), STATES)
    def test_in_any_state(self, place: Place, *, state: Callable[[OpenAccount], Awaitable[None]], follow: bool) -> None:
        async def scene() -> None:
            account = place.open()
            account.start(place.tasks, follow=follow)
            await state(account)
            await account.close()
            account.poke()
            await asyncio.sleep(0.01)
            await account.close()

        play(place, scene)

    def test_while_the_connection_is_being_made(self, place: Place) -> None:
        async def never() -> Remote:
            await asyncio.Event().wait()
            raise AssertionError

        async def scene() -> None:
            account = place.open(connect=never)
            account.start(place.tasks)
            await until(account, Live.CHECKING).wait()
            await account.close()

        play(place, scene)

    def test_while_the_server_is_away(self, place: Place) -> None:
        async def scene() -> None:
            place.server.up = False
            account = place.open()
            account.start(place.tasks)
            await until(account, Live.CHECKING).wait()
            account.statuses.subscribe(lambda _: None)
            await asyncio.sleep(0)
            await account.close()

        play(place, scene)

    def test_what_was_stored_is_told_while_the_list_can_be_read(self, place: Place) -> None:
        told: list[str] = []

        async def scene() -> None:
            account = place.open()

            def paint(changes: ChangeSet) -> None:
                told.extend(todo.text for todo in account.lists.todos([change.key for change in changes.changes]).values())

            account.changes.subscribe(paint)
            account.start(place.tasks, follow=False)
            verb = asyncio.ensure_future(account.todos.add("milk"))
            await asyncio.sleep(0)
            verb.cancel()
            await account.close()
            assert told in ([], ["milk"])
            again = place.open()
            assert len(again.lists.keys(View.ALL)) == len(told)
            await again.close()

        play(place, scene)

    def test_one_account_does_not_end_the_others(self, place: Place) -> None:
        async def scene() -> None:
            one, two = place.open(), place.open(Account("b2", AccountKind.POSTGRES, "Second", user_id="ada"))
            for account in (one, two):
                account.start(place.tasks)
            await asyncio.gather(live(one), live(two))
            await one.close()
            added = asyncio.Event()
            two.changes.subscribe(lambda _: added.set())
            transaction = place.server.begin()
            transaction.add("ada", "11111111-1111-4111-8111-111111111111", "milk")
            transaction.commit()
            await added.wait()
            await two.close()

        play(place, scene)


class TestFollowing:
    def test_a_verb_reaches_the_server_and_a_change_elsewhere_the_list(self, place: Place) -> None:
        async def scene() -> None:
            account, heard = place.open(), asyncio.Queue[ChangeSet]()
            account.changes.subscribe(heard.put_nowait)
            account.start(place.tasks)
            await live(account)
            added = await account.todos.add("milk")
            while not place.server.todos("ada"):
                await heard.get()
            transaction = place.server.begin()
            transaction.edit("ada", added, {"completed": True})
            transaction.commit()
            while not any(change.from_elsewhere for change in (await heard.get()).changes):
                pass
            assert account.lists.counts().done == 1
            await account.close()

        play(place, scene)

    def test_another_processs_edit_is_told_and_sent_after_a_poke(self, place: Place) -> None:
        async def scene() -> None:
            window, command = place.open(), place.open()
            heard = asyncio.Event()
            window.changes.subscribe(lambda _: heard.set())
            window.start(place.tasks)
            command.start(place.tasks, follow=False)
            await live(window)
            await command.todos.add("from the command line")
            window.poke()
            await heard.wait()
            report = await command.sync_once(timeout=5)
            assert (report.pending, len(place.server.todos("ada"))) == (0, 1)
            await command.close()
            await window.close()

        play(place, scene)

    def test_the_focus_looks_at_the_server_too(self, place: Place) -> None:
        """A hint can be lost."""

        async def scene() -> None:
            account, heard = place.open(), asyncio.Event()
            account.changes.subscribe(lambda _: heard.set())
            account.start(place.tasks)
            await live(account)
            listeners, place.server._listeners = place.server._listeners, []
            transaction = place.server.begin()
            transaction.add("ada", "11111111-1111-4111-8111-111111111111", "milk")
            transaction.commit()
            place.server._listeners = listeners
            account.poke()
            await heard.wait()
            await account.close()

        play(place, scene)

    def test_and_without_one_after_a_look(self, place: Place) -> None:
        async def scene() -> None:
            window, command = place.open(), place.open()
            heard = asyncio.Event()
            window.changes.subscribe(lambda _: heard.set())
            window.start(place.tasks, look_every=0.01)
            command.start(place.tasks, follow=False)
            await command.todos.add("from the command line")
            await heard.wait()
            await command.close()
            await window.close()

        play(place, scene)

    def test_this_computer_has_no_server(self, place: Place) -> None:
        async def scene() -> None:
            account = OpenAccount(place.profile, place.profile.current())
            assert account.status.live is Live.LOCAL
            account.start(place.tasks)
            await account.todos.add("milk")
            report = await account.sync_once(timeout=5)
            assert (report.live, report.pending, account.lists.counts().pending) == (Live.LOCAL, 0, 0)
            await account.close()

        play(place, scene)

    def test_a_status_is_told_once(self, place: Place) -> None:
        told: list[Live] = []

        async def scene() -> None:
            account = place.open()
            account.statuses.subscribe(lambda status: told.append(status.live))
            account.start(place.tasks)
            await live(account)
            account._told(account.status)
            await account.todos.add("milk")
            await account.close()

        play(place, scene)
        assert told == [Live.CHECKING, Live.LIVE]


def test_a_cache_that_cannot_be_read_leaves_nothing_open(place: Place) -> None:
    path = place.profile.cache_path(ADA)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 1000")
    with pytest.raises(CacheUnusable):
        place.open()


def test_a_verb_after_closing_is_refused_and_stores_nothing(place: Place) -> None:
    async def scene() -> None:
        account = place.open()
        account.start(place.tasks, follow=False)
        await account.close()
        with pytest.raises(RuntimeError):
            await account.todos.add("too late")

    play(place, scene)
