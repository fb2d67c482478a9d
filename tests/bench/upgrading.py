"""A portal with a million todos is adopted and upgraded beside its web app, which writes all the time and reads slowly now and then.

Once as it goes, once killed at every step. What counts is the longest time that a write had to wait, and that none failed.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

import psycopg

from devots_desktop.domain.errors import Unreachable
from devots_desktop.remote.postgres import migrate
from tests.bench.report import Row
from tests.servers.fixtures import quick_folder
from tests.servers.postgres import SUPERUSER, Database, PostgresServer

_TODOS = 1_000_000
MOST_MS = 2_000.0
"""That a write may wait (a person's patience with a button)."""
_TABLES = Path(__file__).parents[1] / "servers" / "portal.sql"
_SLOW_READ_S, _PAUSE_S = 3.0, 4.0
_KILLED_BATCHES = 125
"""Every so many batches one is killed."""


@dataclass
class WebApp:
    """What the portal's server does meanwhile.

    Attributes:
        waited: the longest that a write took, in milliseconds; an adoption counts as well.
    """

    database: Database
    waited: float = 0.0
    failed: list[psycopg.Error] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        """Add, tick off and delete todos, each a transaction, until the end."""
        chance = random.Random(6)
        with closing(self.database.connect()) as connection:
            while not self._ended.is_set():
                self._timed(connection, "insert into todo(text, user_id) values ('meanwhile', %s)", "u1")
                self._timed(connection, "update todo set completed = not completed where id = %s", chance.randrange(1, _TODOS))
                self._timed(connection, "delete from todo where id = %s", chance.randrange(1, _TODOS))

    def read_slowly(self) -> None:
        """A report that holds the table for seconds: whatever changes the catalogue has to wait for it, and everybody behind that."""
        with closing(self.database.connect(autocommit=False)) as connection:
            while not self._ended.wait(_PAUSE_S):
                connection.execute("select count(*) from todo where completed")
                self._ended.wait(_SLOW_READ_S)
                connection.rollback()

    def end(self) -> None:
        self._ended.set()

    def _timed(self, connection: psycopg.Connection, sql: LiteralString, value: str | int) -> None:
        start = time.perf_counter()
        try:
            connection.execute(sql, [value])
        except psycopg.Error as error:
            self.failed.append(error)
        self.waited = max(self.waited, (time.perf_counter() - start) * 1000)


def run() -> Iterator[Row]:
    """Adopt and upgrade, as it goes and killed at every step."""
    with PostgresServer.start(18, quick_folder()) as server:
        template = _filled(server)
        for name, upgrade in (("upgrade", _upgrade), ("upgrade-killed", _killed_at_every_step)):
            database = server.create_database(template.name)
            with _web_app(database) as web:
                migrate.adopt(database.url())
                upgrade(database)
            _prove(database)
            yield Row.of(f"{name}-wait", web.waited, MOST_MS, goal=1.0)
            yield Row.of(f"{name}-failed", len(web.failed), 0, goal=0.0, unit="writes")
            server.drop_database(database)


def _upgrade(database: Database) -> None:
    migrate.upgrade(database.url())


def _killed_at_every_step(database: Database) -> None:
    """Each run gets a step further than the one before."""
    killed: set[str] = set()
    while True:
        before = len(killed)
        try:
            migrate.upgrade(database.url(), report=lambda step: _kill_once(database, step, killed))
        except Unreachable:
            assert len(killed) > before, "a run was lost that nobody killed"
        else:
            return


def _kill_once(database: Database, step: str, killed: set[str]) -> None:
    name, _, batch = step.partition(", batch ")
    place = f"{name} {len([each for each in killed if each.startswith(name)])}" if batch else name
    if place in killed or (batch and int(batch) != _KILLED_BATCHES):
        return
    killed.add(place)
    with closing(database.connect(SUPERUSER)) as admin:
        admin.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = 'devots db' and datname = %s",
            [database.name],
        )


@contextmanager
def _web_app(database: Database) -> Iterator[WebApp]:
    web = WebApp(database)
    threads = [threading.Thread(target=each) for each in (web.write, web.read_slowly)]
    for thread in threads:
        thread.start()
    try:
        yield web
    finally:
        web.end()
        for thread in threads:
            thread.join()


def _filled(server: PostgresServer) -> Database:
    database = server.create_database()
    with closing(database.connect()) as owner:
        owner.execute(_TABLES.read_bytes())
        owner.execute(
            "insert into \"user\"(id, name, email) select 'u' || n, 'U', 'u' || n || '@example.org' from generate_series(1, 100) n"
        )
        owner.execute(
            "insert into todo(text, completed, user_id) select 'todo ' || n, n %% 3 = 0, 'u' || 1 + n %% 100 from generate_series(1, %s) n",
            [_TODOS],
        )
        owner.execute("analyze")
    return database


def _prove(database: Database) -> None:
    """That it is what a migrated database is, and that each todo has a key of its own."""
    assert migrate.drifted(database.url()) == []
    with closing(database.connect()) as owner:
        row = owner.execute("select count(*) > 900000, count(*) = count(distinct client_id) from todo").fetchone()
    assert row == (True, True), row
