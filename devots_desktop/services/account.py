"""An account in use: its cache, its verbs, and the engine that keeps it in step with its server."""

import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devots_desktop.domain.account import Account, AccountKind, Live, Status
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import CacheDamaged, DevotsError
from devots_desktop.services.hub import Hub
from devots_desktop.services.notices import Notice, Notices, missing, on_network, rescued
from devots_desktop.store import damage
from devots_desktop.store.cache import Cache
from devots_desktop.store.files import is_network
from devots_desktop.store.lists import Lists
from devots_desktop.store.profile import Profile

if TYPE_CHECKING:
    from asyncio import Task

    from devots_desktop.remote.base import Remote
    from devots_desktop.services.search import Search
    from devots_desktop.services.settling import Settling
    from devots_desktop.services.tasks import Tasks
    from devots_desktop.services.todos import Todos
    from devots_desktop.services.worker import Worker
    from devots_desktop.store.recovery import Rescue
    from devots_desktop.sync.engine import Engine, SyncReport

Connect = Callable[[], Awaitable["Remote"]]
"""Makes the account's remote; raises SignedOut where its secret is gone."""

LOOK_EVERY_S = 5.0
"""How often the cache is looked at for what other processes wrote, besides on a ping and on focus (sync.md, section 2)."""
PRUNE_EVERY_S = 6 * 3_600.0
INDEX_AFTER_S = 0.5
"""Seconds without a change after which texts are indexed for the search: a download that goes on does not wait for it."""


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


class OpenAccount:
    """An account in use. Making one only opens the cache, so that a window can show the list before anything else is loaded.

    Attributes:
        changes: tells every change of the list, by whatever way it came.
        statuses: tells what the account is doing, each time it changes; `status` is the newest.
        notices: what a person is to be told, as that the list was damaged and is rebuilt.
        todos: the verbs, once started.
        settling: the verbs on what needs the user, once started.
        search: the list by words, off this thread, once started.
    """

    todos: "Todos"
    settling: "Settling"
    search: "Search"

    def __init__(
        self,
        profile: Profile,
        account: Account,
        *,
        connect: Connect | None = None,
        clock: Callable[[], int] = now,
        notices: Notices | None = None,
        suspicious: bool = False,
    ) -> None:
        """Open an account of a profile.

        Args:
            connect: how to reach the server; None for "This computer".
            notices: where a person is told what happened; a list of its own where none is given.
            suspicious: an earlier run ended uncleanly, so that the file is looked through once the account is started.

        Raises:
            CacheUnusable: the cache cannot be opened. A damaged one is rebuilt, which `notices` tells.
        """
        self.account = account
        self.changes: Hub[ChangeSet] = Hub()
        self.statuses: Hub[Status] = Hub()
        self.status = Status(Live.LOCAL if account.kind is AccountKind.COMPUTER else Live.OFFLINE)
        self.notices = Notices() if notices is None else notices
        path = profile.cache_path(account)
        syncs = account.kind is not AccountKind.COMPUTER
        try:
            self.cache = Cache(path, syncs=syncs, clock=clock)
        except CacheDamaged:
            from devots_desktop.store import recovery  # Nobody's first paint waits for it but this one's.

            rescue = recovery.rebuild(path, syncs=syncs, clock=clock)
            self.cache = Cache(path, syncs=syncs, clock=clock)
            self.notices.add(rescued(account.name, rescue, syncs=syncs))
        self.lists = Lists(path)
        self._tell_network(path)
        self._connect = connect
        self._worker: Worker | None = None
        self._engine: Engine | None = None
        self._running: list[Task[None]] = []
        self._syncing: Task[None] | None = None
        self._closed = self._mending = False
        self._told_missing = 0
        self._suspicious = suspicious

    @property
    def text_fixed(self) -> str:
        """Why the texts of this account's todos cannot be changed, as a sentence; empty where they can."""
        if self.account.kind is not AccountKind.PORTAL:
            return ""
        from devots_desktop.remote.portal.limits import TEXT_FIXED

        return TEXT_FIXED

    def _tell_network(self, path: Path) -> None:
        """Say it once: what can be done about it is done by then, or will not be."""
        told = path.with_name("network-drive")
        if is_network(path) and not told.exists():
            told.touch()
            self.notices.add(on_network(self.account.name, path.parent))

    def _tell_missing(self) -> None:
        """Say once that the server has lost many todos, also where the program was not running when that was noticed."""
        with suppress(DevotsError):
            question = self.lists.question()
            if question is not None and question.at != self._told_missing:
                self._told_missing = question.at
                self.notices.add(missing(self.account.name, question))

    def start(self, tasks: "Tasks", *, follow: bool = True, look_every: float = LOOK_EVERY_S) -> None:
        """Start the verbs and, for an account with a server, the engine. Needs a running asyncio loop.

        Args:
            follow: keep in step until closed. False for a command that does one thing and ends.
            look_every: seconds between looks at what other processes wrote; short where nobody can ping.
        """
        from asyncio import get_running_loop, sleep

        from devots_desktop.services import care
        from devots_desktop.services.search import Search
        from devots_desktop.services.settling import Settling
        from devots_desktop.services.todos import Todos
        from devots_desktop.services.worker import Worker

        loop = get_running_loop()
        self._worker = worker = Worker(f"cache-{self.account.account_id}")
        if self._connect is not None:
            self._engine = self._make_engine(
                worker, self._connect, lambda changes: loop.call_soon_threadsafe(self.changes.publish, changes)
            )

        def tell(changes: ChangeSet) -> None:
            loop.call_soon_threadsafe(self._changed_here, changes)

        self.todos = Todos(self.cache, worker, tell, text_fixed=self.text_fixed)
        self.settling = Settling(self.cache, worker, tell)
        self.search = Search(self.cache.path)
        self._tasks = tasks
        if follow:
            self._spawn("index", self._index(worker))
            self._spawn("look", self._look(look_every))
            self._spawn("prune", self._prune())
            self._spawn("care for", care.look_after(self.cache.path, self.cache.clock, sleep, suspicious=self._suspicious))
            self.changes.subscribe(lambda _: self._tell_missing())
            self._tell_missing()
            self._sync()

    def poke(self) -> None:
        """Look now at what other processes wrote, and at the server: after a ping, and when the window gets the focus."""
        if self._worker is not None and not self._closed:
            self._spawn("poke", self._refresh())
            if self._engine is not None:
                self._engine.check()

    async def sync_once(self, *, timeout: float) -> "SyncReport":
        """Push and pull once.

        Args:
            timeout: seconds after which it is given up; what is not sent stays in the outbox.
        """
        from devots_desktop.sync.engine import SyncReport

        if self._engine is None:
            return SyncReport(Live.LOCAL)
        return await self._engine.once(timeout)

    async def close(self) -> None:
        """End this account's tasks and connections, finish what was begun on the cache, tell it, and close the cache. May be called at any time."""
        from asyncio import gather, sleep

        self._closed = True
        for task in self._running:
            task.cancel()
        await gather(*self._running, return_exceptions=True)
        if self._engine is not None:
            await self._engine.close()
        if self._worker is not None:
            self.search.close()
            self._worker.close()
            # The last changes that the worker handed to the loop are told while the list can still be read.
            await sleep(0)
        self.lists.close()
        self.cache.close()

    def _spawn(self, what: str, work: "Coroutine[Any, Any, None]") -> "Task[None]":
        task = self._tasks.spawn(f"{what} {self.account.name}", work)
        self._running = [*(other for other in self._running if not other.done()), task]
        return task

    def _make_engine(self, worker: "Worker", connect: Connect, publish: Callable[[ChangeSet], object]) -> "Engine":
        from devots_desktop.services.syncing import engine

        return engine(self.cache, connect, user_id=self.account.user_id, run=worker, publish=publish, tell=self._told)

    def signed_in(self) -> None:
        """Go on with the new session."""
        if self._engine is not None:
            self._engine.resume()

    def _told(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self.statuses.publish(status)

    def _changed_here(self, changes: ChangeSet) -> None:
        self.changes.publish(changes)
        if self._engine is not None:
            self._engine.nudge()

    async def _refresh(self) -> None:
        await self.todos.refresh()
        if self._engine is not None:
            self._engine.resume()
            self._engine.nudge()

    async def _look(self, every: float) -> None:
        """See what other processes wrote, whether or not they could say so."""
        from asyncio import sleep

        while True:
            if not self._mending and damage.marked(self.cache.path):
                await self._mend()
            if await self._worker_has_news():
                await self._refresh()
            await sleep(every)

    async def _prune(self) -> None:
        """Forget, now and then, what has been kept long enough."""
        from asyncio import sleep

        while True:
            await self.settling.prune()
            await sleep(PRUNE_EVERY_S)

    async def _index(self, worker: "Worker") -> None:
        """Index what was written for the search, a slice at a time, whenever nothing has been written for a moment."""
        from asyncio import Event, sleep

        from devots_desktop.store import search

        changed = Event()
        end = self.changes.subscribe(lambda _: changed.set())
        try:
            while True:
                changed.clear()
                await sleep(INDEX_AFTER_S)
                while not changed.is_set() and await worker(lambda: search.index(self.cache)):
                    pass
                await changed.wait()
        finally:
            end()

    # Damage that is found while the account is in use

    def _sync(self) -> None:
        if self._engine is not None:
            self._syncing = self._spawn("sync", self._engine.run())

    async def _mend(self) -> None:
        """Set the damaged cache aside and go on with a rebuilt one; once, because damage that comes back is the disk's."""
        from asyncio import gather

        assert self._worker is not None  # noqa: S101 (the look, which calls this, starts after the worker)
        self._mending = True
        if self._syncing is not None:
            # What it holds of the old cache's cursor must not get into the new cache.
            self._syncing.cancel()
            await gather(self._syncing, return_exceptions=True)
        self.lists.close()
        await self.search.let_go()
        try:
            rescue = await self._worker(self._rebuild)
            self.lists.open()
        except DevotsError as error:
            self.notices.add(Notice(error.title, error.sentence, error.next_step))
            raise
        self.notices.add(rescued(self.account.name, rescue, syncs=self.cache.syncs))
        self.changes.publish(ChangeSet(reload=True, seq=self.cache.seen))
        self._sync()

    def _rebuild(self) -> "Rescue":
        from devots_desktop.store import recovery

        self.cache.close(because=CacheDamaged())
        rescue = recovery.rebuild(self.cache.path, syncs=self.cache.syncs, clock=self.cache.clock)
        self.cache.open()
        return rescue

    async def _worker_has_news(self) -> bool:
        assert self._worker is not None  # noqa: S101 (the look starts after the worker)
        return await self._worker(self.cache.changed_elsewhere)
