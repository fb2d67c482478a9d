"""A list with a server of one's own, for programs that use this package without its window (docs/package.md)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Self

from devots_desktop.domain.account import Live, Status
from devots_desktop.domain.changes import Change, ChangeSet
from devots_desktop.remote.base import Remote
from devots_desktop.services.account import now
from devots_desktop.services.hub import Hub
from devots_desktop.services.syncing import engine
from devots_desktop.services.todos import Todos
from devots_desktop.services.watching import watch
from devots_desktop.services.worker import Worker
from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import Lists


class SyncedTodos(Todos):
    """Todos that are stored on this device and kept in step with a remote: the verbs of Todos, `lists` to read them, `watch` to follow them.

    Use it with `async with`, in a loop of any kind. Leaving the block ends the connections; what was not sent is sent next time.

    Attributes:
        lists: what is on the list now, without a network.
        statuses: tells what the account is doing, each time it changes; `status` is the newest.
    """

    def __init__(self, path: Path, connect: Callable[[], Awaitable[Remote]], *, user_id: str, clock: Callable[[], int] = now) -> None:
        """Open the cache; it is made where it is missing, in a folder that only this user can read.

        Args:
            connect: makes the remote; may raise what the remote's methods raise.
            user_id: whose todos these are: what the server answers for anybody else is not stored.
            clock: microseconds since 1970 UTC.

        Raises:
            CacheUnusable: the file cannot be opened.
        """
        self.status = Status(Live.OFFLINE)
        self.statuses: Hub[Status] = Hub()
        self._changes: Hub[ChangeSet] = Hub()
        self._store = Cache(path, syncs=True, clock=clock)
        self.lists = Lists(path)
        self._worker = Worker(f"cache {path.name}")
        self._engine = engine(self._store, connect, user_id=user_id, run=self._worker, publish=self._hand_over, tell=self._told)
        super().__init__(self._store, self._worker, self._changed_here)

    async def __aenter__(self) -> Self:
        """Start to sync."""
        self._loop = asyncio.get_running_loop()
        self._syncing = self._loop.create_task(self._engine.run(), name="sync")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, and close the file."""
        self._syncing.cancel()
        await asyncio.gather(self._syncing, return_exceptions=True)
        await self._engine.close()
        self._worker.close()
        self.lists.close()
        self._store.close()

    def watch(self) -> AsyncGenerator[Change, None]:
        """Every change from now on, one by one, made here or elsewhere: `async for change in todos.watch()`."""
        return watch(self._store, self.lists, self._changes)

    def _hand_over(self, changes: ChangeSet) -> None:
        self._loop.call_soon_threadsafe(self._changes.publish, changes)

    def _changed_here(self, changes: ChangeSet) -> None:
        self._hand_over(changes)
        self._loop.call_soon_threadsafe(self._engine.nudge)

    def _told(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self.statuses.publish(status)
