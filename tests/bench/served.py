"""A PostgreSQL 18 with a person who has many todos, a device of theirs without a window, and the bare SQLite table that the references write into."""

import asyncio
import contextlib
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from devots_desktop.domain.account import Account, AccountKind, Live
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.remote.base import Position, Remote
from devots_desktop.remote.postgres.address import Address
from devots_desktop.remote.postgres.migrate import upgrade
from devots_desktop.remote.postgres.remote import PostgresRemote
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.tasks import Tasks
from devots_desktop.store import replica
from devots_desktop.store.profile import Profile
from tests.bench.prepared import texts
from tests.servers.managed import DESKTOP, Managed, Person
from tests.servers.postgres import PostgresServer

PATIENCE_S = 300.0
_FIRST = datetime(2026, 1, 1)  # noqa: DTZ001 (the server's columns are naive UTC)
_VERSIONS = 500
"""How many the todos of a server in use have: fewer than a new cluster has spent transactions, for a version from the future would come with each pull."""
_SELECT = "select client_id::text, id, text, completed::int, created_at::text, updated_at::text, row_version from todo"
_UPSERT = (
    "INSERT INTO todo VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (client_id) DO UPDATE SET server_id = excluded.server_id, text = excluded.text,"
    " completed = excluded.completed, created_at = excluded.created_at, updated_at = excluded.updated_at, row_version = excluded.row_version"
)

ServerRows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Served:
    """A running server, and whose todos it has."""

    managed: Managed
    person: Person

    def remote(self, port: int | None = None) -> PostgresRemote:
        """A way to the server; by a proxy's port, where one is given."""
        server = self.managed.database.server
        address = Address(server.host, port or server.port, self.managed.database.name)
        return PostgresRemote(address, server.passwords[DESKTOP], self.person.token)

    def add(self, count: int, *, migrated: bool) -> None:
        """Todos that were made one after the other; with versions, or as a server has them that was migrated a moment ago: all of version 0."""
        with contextlib.closing(self.managed.owner()) as owner:
            owner.execute("alter table todo disable trigger user")
            with owner.cursor().copy("copy todo (text, user_id, client_id, row_version, created_at, updated_at) from stdin") as copy:
                for number, text in enumerate(texts(count)):
                    at = _FIRST + timedelta(seconds=number)
                    version = 0 if migrated else number * _VERSIONS // count
                    copy.write_row((text, self.person.user_id, uuid.uuid4(), version, at, at))
            owner.execute("alter table todo enable trigger user")
            owner.execute("vacuum analyze todo")

    def change(self, count: int, *, transactions: int = 1) -> tuple[ServerRows, int, float]:
        """Give so many todos, spread over all, another text.

        Returns:
            these todos, the id of the last transaction, and the moment before its commit, on the clock of time.perf_counter.
        """
        with contextlib.closing(self.managed.database.connect(autocommit=False)) as owner:
            drawn = "select id from todo order by md5(id::text || clock_timestamp()::text) limit %s"
            ids = [found for (found,) in owner.execute(drawn, [count])]
            for each in range(transactions):
                owner.commit()
                owner.execute("update todo set text = reverse(text) where id = any(%s)", [ids[each::transactions]])
            rows = owner.execute(f"{_SELECT} where id = any(%s)", [ids]).fetchall()
            [last] = owner.execute("select pg_current_xact_id()::text::bigint").fetchone() or (0,)
            committed = time.perf_counter()
            owner.commit()
        return rows, last, committed

    def position(self, rows: int) -> Position:
        """The place behind so many rows of a whole pull."""
        with contextlib.closing(self.managed.owner()) as owner:
            order = "select row_version, client_id::text from todo order by row_version, client_id offset %s limit 1"
            [place] = owner.execute(order, [rows - 1])
        return place[0], place[1]

    async def cursor(self) -> replica.Cursor:
        """Where a device stands that has everything."""
        remote = self.remote()
        page = await remote.pull(2**62, None, 1)
        await remote.close()
        return replica.Cursor(since=page.horizon, epoch=page.epoch)

    def read(self) -> ServerRows:
        """All todos, in one statement, as the person may read them."""
        with self.managed.signed_in(self.person) as connection:
            return connection.execute(_SELECT).fetchall()


@contextlib.contextmanager
def served(count: int, *, migrated: bool = False) -> Iterator[Served]:
    """A server whose one person has so many todos; `migrated` as in Served.add."""
    with PostgresServer.start(18) as server:
        database = server.create_database()
        upgrade(database.url(), desktop_password=server.passwords.setdefault(DESKTOP, "a password of the measurements"))
        made = Served(Managed(database), Managed(database).add_person("ada"))
        made.add(count, migrated=migrated)
        yield made


class Device:
    """The account of the person, open and following the server, on this thread's loop.

    Attributes:
        started: when it began to follow, its cache being there; on the clock of time.perf_counter.
    """

    def __init__(self, opened: OpenAccount, started: float) -> None:
        self.started = started
        self._told = False
        self._news = asyncio.Event()
        self._opened = opened
        opened.changes.subscribe(self._take)
        opened.statuses.subscribe(lambda _: self._news.set())

    async def live(self) -> None:
        """Wait until the account is in step with the server."""
        await self._until(lambda: self._opened.status.live is Live.LIVE)

    async def told(self) -> None:
        """Wait for the next change that is told."""
        self._told = False
        await self._until(lambda: self._told)

    async def has(self, transaction: int) -> None:
        """Wait until a transaction of the server's has been told here to the last row."""
        await self._until(lambda: self._since() > transaction)

    def _since(self) -> int:
        with contextlib.closing(sqlite3.connect(self._opened.cache.path)) as db:
            found = db.execute("SELECT value FROM sync_state WHERE name = 'since'").fetchone()
        return int(found[0]) if found else 0

    async def _until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not reached():
                self._news.clear()
                await self._news.wait()

    def _take(self, _: ChangeSet) -> None:
        self._told = True
        self._news.set()


@contextlib.asynccontextmanager
async def device(on: Served, folder: Path, *, port: int | None = None, behind: bool = True) -> AsyncIterator[Device]:
    """Open the account in a profile folder and start following.

    Args:
        port: of a proxy to the server.
        behind: False for a new device that takes itself to have everything.
    """

    async def connect() -> Remote:
        return on.remote(port)

    def fail(name: str, error: BaseException) -> None:
        raise RuntimeError(name) from error

    tasks = Tasks(fail)
    opened = OpenAccount(Profile(folder), Account("bench", AccountKind.POSTGRES, "Bench", user_id=on.person.user_id), connect=connect)
    made = Device(opened, time.perf_counter())
    if not behind:
        with opened.cache.transaction() as db:
            replica.set_cursor(db, await on.cursor())
    opened.start(tasks)
    try:
        yield made
    finally:
        await opened.close()
        await tasks.close()


@contextlib.contextmanager
def bare(path: Path) -> Iterator[sqlite3.Connection]:
    """The plainest table that could serve the list: the key and the two indexes of its views; a log, synchronous = NORMAL."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(
            "CREATE TABLE IF NOT EXISTS todo (client_id TEXT PRIMARY KEY, server_id INTEGER, text TEXT, completed INTEGER, created_at TEXT,"
            " updated_at TEXT, row_version INTEGER)"
        )
        db.execute("CREATE INDEX IF NOT EXISTS newest ON todo (created_at)")
        db.execute("CREATE INDEX IF NOT EXISTS completed_newest ON todo (completed, created_at)")
        yield db


def upsert(db: sqlite3.Connection, rows: ServerRows) -> None:
    """Write rows in one transaction."""
    with db:
        db.executemany(_UPSERT, rows)
