"""An account in use: its cache, its verbs, and the engine that keeps it in step with its server."""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from devots_desktop.domain.account import Account, AccountKind, Live, Status
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.services.hub import Hub
from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import Lists
from devots_desktop.store.profile import Profile

if TYPE_CHECKING:
    from devots_desktop.remote.base import Remote
    from devots_desktop.services.tasks import Tasks
    from devots_desktop.services.todos import Todos
    from devots_desktop.services.worker import Worker
    from devots_desktop.sync.engine import Engine, SyncReport

Connect = Callable[[], Awaitable["Remote"]]
"""Makes the account's remote; raises SignedOut where its secret is gone."""

LOOK_EVERY_S = 5.0
"""How often the cache is looked at for what other processes wrote, besides on a ping and on focus (sync.md, section 2)."""


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


class OpenAccount:
    """An account in use. Making one only opens the cache, so that a window can show the list before anything else is loaded.

    Attributes:
        changes: tells every change of the list, by whatever way it came.
        statuses: tells what the account is doing, each time it changes; `status` is the newest.
        todos: the verbs, once started.
    """

    todos: "Todos"

    def __init__(self, profile: Profile, account: Account, *, connect: Connect | None = None, clock: Callable[[], int] = now) -> None:
        """Open an account of a profile.

        Args:
            connect: how to reach the server; None for "This computer".

        Raises:
            CacheUnusable: the cache cannot be opened.
        """
        self.account = account
        self.changes: Hub[ChangeSet] = Hub()
        self.statuses: Hub[Status] = Hub()
        self.status = Status(Live.LOCAL if account.kind is AccountKind.COMPUTER else Live.OFFLINE)
        path = profile.cache_path(account)
        self.cache = Cache(path, syncs=account.kind is not AccountKind.COMPUTER, clock=clock)
        self.lists = Lists(path)
        self._connect = connect
        self._worker: Worker | None = None
        self._engine: Engine | None = None

    def start(self, tasks: "Tasks", *, follow: bool = True) -> None:
        """Start the verbs and, for an account with a server, the engine. Needs a running asyncio loop.

        Args:
            follow: keep in step until closed. False for a command that does one thing and ends.
        """
        from devots_desktop.services.todos import Todos
        from devots_desktop.services.worker import Worker

        self._worker = worker = Worker(f"cache-{self.account.account_id}")
        if self._connect is not None:
            self._engine = self._make_engine(worker, self._connect)
        self.todos = Todos(self.cache, worker, self.changes, self._nudge)
        self._tasks = tasks
        if follow:
            tasks.spawn(f"look {self.account.name}", self._look())
            if self._engine is not None:
                tasks.spawn(f"sync {self.account.name}", self._engine.run())

    def poke(self) -> None:
        """Look now at what other processes wrote, and at the server: after a ping, and when the window gets the focus."""
        if self._worker is not None:
            self._tasks.spawn(f"poke {self.account.name}", self._refresh())

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
        """End the engine and close the cache. The tasks have been cancelled before."""
        if self._engine is not None:
            await self._engine.close()
        if self._worker is not None:
            self._worker.close()
        self.lists.close()
        self.cache.close()

    def _make_engine(self, worker: "Worker", connect: Connect) -> "Engine":
        from devots_desktop.sync.engine import Engine

        user_id = self.account.user_id
        return Engine(self.cache, connect, user_id=user_id, run=worker, publish=self.changes.publish, tell=self._told)

    def signed_in(self) -> None:
        """Go on with the new session."""
        if self._engine is not None:
            self._engine.resume()

    def _told(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self.statuses.publish(status)

    def _nudge(self) -> None:
        if self._engine is not None:
            self._engine.nudge()

    async def _refresh(self) -> None:
        await self.todos.refresh()
        if self._engine is not None:
            self._engine.resume()
            self._engine.nudge()

    async def _look(self) -> None:
        """See what other processes wrote, whether or not they could say so."""
        from asyncio import sleep

        while True:
            if await self._worker_has_news():
                await self._refresh()
            await sleep(LOOK_EVERY_S)

    async def _worker_has_news(self) -> bool:
        assert self._worker is not None  # noqa: S101 (the look starts after the worker)
        return await self._worker(self.cache.changed_elsewhere)
