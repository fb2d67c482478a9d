"""The steps of a migration on a table that may be full and in use.

Each step is one transaction and safe to run again: a migration that was killed midway starts over, finds most of it done and completes.
Steps that change the catalogue wait for a lock only briefly and then let the table's users go first, since everybody queues up behind them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from time import sleep
from typing import TypeVar

from alembic import op
from alembic.runtime.migration import MigrationContext
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from devots_desktop.domain.errors import DevotsError
from devots_desktop.remote.postgres.roles import Flavour

Answer = TypeVar("Answer")

LOCK_TIMEOUT = "1s"
"""Whoever comes behind a step that waits for a lock waits as long: a web app is to be held up for two seconds at the most."""
_TRIES = 10
_PAUSE_SECONDS = 1.0
BELOW_EVERY_ID = -(2**31) - 1
"""Less than any serial."""
BATCH = 2_000
"""Todos that get their keys in one transaction. A writer waits as long for one of them; of five times as many PostgreSQL would read the whole table each time."""


class UnknownTables(DevotsError):
    """The database has tables of our names in another shape.

    Attributes:
        differences: one line each: table, column or constraint, what it is, what it should be.
    """

    def __init__(self, differences: list[str]) -> None:
        super().__init__(
            "Other tables",
            f"The tables in this database are not those of a Devots Portal: {'; '.join(differences)}.",
            "Choose another database, or bring these tables into the portal's form first. Nothing was changed.",
        )
        self.differences = differences


def read_script(folder: Path, name: str, flavour: Flavour, **words: str) -> str:
    """The SQL of `<name>.sql` in the folder for this flavour, with `{word}` replaced."""
    clients = "authenticated, devots_desktop" if flavour == "portal" else "authenticated"
    sql = (folder / f"{name}.sql").read_text(encoding="utf-8")
    for word, value in {"flavour": flavour, "clients": clients, "everyone": f"anon, {clients}", **words}.items():
        sql = sql.replace(f"{{{word}}}", value)
    return sql


@contextmanager
def steps() -> Iterator["Steps"]:
    """The steps of the revision that Alembic is running or planning now, outside its own transaction."""
    context = op.get_context()
    with context.autocommit_block():
        yield _made(context)


@contextmanager
def steps_back() -> Iterator["Steps"]:
    """The steps of the revision that Alembic takes back, inside the transaction in which it notes that."""
    yield _made(op.get_context())


def _made(context: MigrationContext) -> "Steps":
    assert context.config is not None  # noqa: S101 - `migrate` configures it
    made: Steps = context.config.attributes["steps"](context.connection)
    return made


class Steps:
    """Runs steps on a connection in autocommit.

    Attributes:
        flavour: "portal" or "supabase".
    """

    def __init__(self, connection: Connection, flavour: Flavour, report: Callable[[str], None], folder: Path) -> None:
        self.connection = connection
        self.flavour = flavour
        self._report = report
        self._folder = folder

    def script(self, name: str) -> None:
        """Run `sql/<name>.sql`: PostgreSQL takes several statements of one message as one transaction."""
        self.sql(name, read_script(self._folder, name, self.flavour))

    def sql(self, name: str, sql: str) -> None:
        """Run SQL as a step of this name."""
        self._report(name)
        self._patiently(lambda: self.run(sql))

    def execute(self, name: str, **words: str) -> None:
        """Run `sql/<name>.sql` in the transaction that is open, with `{word}` replaced."""
        self.run(read_script(self._folder, name, self.flavour, **words))

    def run(self, sql: str) -> None:
        """Run SQL in the transaction that is open, or else in one of its own."""
        self.connection.exec_driver_sql(sql, execution_options={"no_parameters": True})

    @contextmanager
    def one_transaction(self, name: str) -> Iterator[None]:
        """A step made of several calls."""
        self._report(name)
        self.run("begin")
        try:
            yield
        except BaseException:
            self.run("rollback")
            raise
        self.run("commit")

    def keys(self, name: str) -> None:
        """Give the todos that have no key one, in batches: each is one transaction and answers the last id of its own."""
        after: int | None = BELOW_EVERY_ID
        for number in count(1):
            if after is None:
                return
            self._report(f"{name}, batch {number}")
            batch = partial(self.connection.exec_driver_sql, keys_after(after), execution_options={"no_parameters": True})
            after = self._patiently(batch).scalar_one()

    def index(self, name: str, on: str, *, unique: bool = False) -> None:
        """Create an index concurrently, on "table (columns)"; a leftover that a killed run made invalid is dropped first."""
        valid = self.connection.execute(
            text(
                "select i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid"
                " where c.relname = :name and c.relnamespace = 'public'::regnamespace"
            ),
            {"name": name},
        ).scalar_one_or_none()
        if valid:
            return
        self._report(f"index {name}")
        self.run("set lock_timeout = 0")  # it waits for old transactions, and nobody waits for it
        if valid is False:
            self.run(f'drop index concurrently public."{name}"')
        self.run(f'create {"unique " if unique else ""}index concurrently "{name}" on public.{on}')
        self.run(f"set lock_timeout = '{LOCK_TIMEOUT}'")

    def setting(self, name: str) -> str | None:
        """The owner's setting of that name."""
        value: str | None = self.connection.execute(
            text("select value from devots.setting where name = :name"), {"name": name}
        ).scalar_one_or_none()
        return value

    def _patiently(self, step: Callable[[], Answer]) -> Answer:
        """Run the step; where the table is locked, let the others go first and try again."""
        for _ in range(_TRIES - 1):
            try:
                return step()
            except OperationalError as error:
                if not isinstance(error.orig, LockNotAvailable):
                    raise
            sleep(_PAUSE_SECONDS)
        return step()


class StepsBack(Steps):
    """Runs steps in the transaction that is open: killed anywhere, a revision has been taken back and noted, or neither.

    Nothing here takes long enough to need steps of its own: what is dropped is not read.
    """

    def sql(self, name: str, sql: str) -> None:
        self._report(name)
        self._patiently(partial(self._tried, sql))

    @contextmanager
    def one_transaction(self, name: str) -> Iterator[None]:
        self._report(name)
        yield

    def _tried(self, sql: str) -> None:
        with self.connection.begin_nested():
            self.run(sql)


def keys_and_indexes(run: Steps) -> None:
    """Columns, keys and indexes of todo, for a table that is full and in use.

    Constants first, then the keys of old rows (before the triggers exist, whose pin would keep them NULL), the proof that all have one, and indexes
    without a lock.
    """
    run.script("0003_columns")
    run.keys("0003_backfill")
    for name in ("0003_present_not_valid", "0003_present_validate", "0003_not_null"):
        run.script(name)
    run.index("todo_client", "todo(user_id, client_id)", unique=True)
    run.index("todo_version", "todo(user_id, row_version, client_id)")


def keys_after(after: int) -> str:
    """The statement that gives the next todos behind this id their keys: the one that a client without our migrations derives, so that a switch keeps it."""
    return f"""\
with batch as (
  select id from public.todo where id > {after} and client_id is null order by id limit {BATCH} for update
), done as (
  update public.todo t set client_id = md5('todo:' || t.id)::uuid from batch where t.id = batch.id
)
select max(id) from batch"""
