"""A device's disk: the product's own tables in memory, so that a crash is a rollback and a start costs nothing.

That SQLite keeps its word on a real disk, under kills and torn logs, is for `make soak` to prove.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from devots_desktop.store import journal
from devots_desktop.store.cache import Cache, prepare


class Killed(asyncio.CancelledError):
    """The process of a device is gone: nothing that it was doing goes on."""


class Disk(sqlite3.Connection):
    """Remembers what was committed; a kill can be set for one of its next statements."""

    def kill_at(self, statement: int, *, done: bool, killed: Callable[[str], None]) -> None:
        """Die at the so-manyth statement from now.

        Args:
            done: behind it instead of before it; only for a COMMIT, behind which the change is stored though nobody heard of it.
            killed: told where it was.
        """
        self.spare()
        left = iter(range(statement, -1, -1))

        def dying(method: Callable[..., Any]) -> Callable[..., Any]:
            def call(sql: str, *values: Any) -> Any:
                if next(left):
                    return method(sql, *values)
                self.spare()
                where = "in a transaction" if self.in_transaction else "between transactions"
                if sql == "COMMIT" and done:
                    method(sql)
                    where = "after a commit"
                killed(where)
                raise Killed

            return call

        # On the object, so that a disk that is not to die pays nothing.
        self.execute = dying(super().execute)  # type: ignore[method-assign]
        self.executemany = dying(super().executemany)  # type: ignore[method-assign]

    def spare(self) -> None:
        """Die at no statement."""
        self.__dict__.pop("execute", None)
        self.__dict__.pop("executemany", None)

    def lose_power(self) -> None:
        """What was not committed is gone."""
        self.spare()
        if self.in_transaction:
            self.execute("ROLLBACK")


_idle: list[Disk] = []
"""Disks of worlds that have ended: their statements are prepared already."""


def blank() -> Disk:
    """An empty cache in the newest form."""
    if _idle:
        return _idle.pop()
    disk = sqlite3.connect(":memory:", isolation_level=None, factory=Disk, cached_statements=512)
    prepare(disk, Path("memory"))
    return disk


def give_back(disk: Disk) -> None:
    """Empty a disk for the next world."""
    disk.lose_power()
    disk.execute("BEGIN")
    for table in _tables(disk):
        disk.execute(f"DELETE FROM {table}")
    disk.execute("COMMIT")
    _idle.append(disk)


@cache
def _tables_of(_: int, names: tuple[str, ...]) -> tuple[str, ...]:
    # Entries go before what they refer to, numbers last.
    return tuple(sorted(names, key=lambda name: (name == "sqlite_sequence", not name.endswith("_entry"), name)))


def _tables(disk: Disk) -> tuple[str, ...]:
    found = disk.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%fts%'").fetchall()
    return _tables_of(0, tuple(name for (name,) in found))


class DiskCache(Cache):
    """The product's cache over a Disk instead of a file."""

    def __init__(self, disk: Disk, path: Path, clock: Callable[[], int]) -> None:
        self._disk = disk
        super().__init__(path, syncs=True, clock=clock)

    def open(self) -> None:
        self.db = self._disk
        self._durable = True
        self.db.execute("PRAGMA synchronous = FULL")
        self._seen = journal.end(self.db)
        self._trouble = None

    def close(self, because: object = None) -> None:
        """The disk outlives the process."""
