"""What an upgrade or a downgrade would run: the steps in order, in words and as SQL, without running one."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from devots_desktop.remote.postgres.owner.connection import SETTINGS
from devots_desktop.remote.postgres.roles import Flavour
from devots_desktop.remote.postgres.steps import BATCH, BELOW_EVERY_ID, Steps, keys_after

_WORDS = {
    "roles": "make the roles that rights are granted to",
    "password": "set the password of the login devots_desktop; its hash is made when it runs",
    "schema": "make or take away the schema that our functions and settings live in",
    "noted": "note the revision",
    "the tables of a portal": "make the tables that are not there, and note which",
    "the table of todos": "make the table where it is not there, and note that",
    "the baseline": "drop what the upgrade had made, tables only where they are empty",
    "0001_revision": "let clients ask for the revision",
    "0002_who_portal": "who is asking, by session or by the claims of a token",
    "0002_who_supabase": "who is asking, by the claims of a token",
    "0002_need_uid": "refuse those who are not signed in",
    "0002_todo": "row-level security and rights on todo",
    "0002_portal": "close the tables of people, sessions and passwords, and let the login devots_desktop see its person's todos",
    "0002_down": "take policies and rights back",
    "0003_columns": "add the columns row_version and client_id, without writing a row",
    "0003_backfill": "give old todos their keys",
    "0003_present_not_valid": "from now on every todo has a key",
    "0003_present_validate": "prove that the old ones have, while others read and write",
    "0003_not_null": "make the key NOT NULL by that proof",
    "0003_tables": "make the tables of tombstones and of answers, with row-level security",
    "0003_tables_portal": "let the login devots_desktop see its person's rows there",
    "0003_epoch": "begin a history of versions",
    "0003_stamp": "version every change, and keep a tombstone of what is deleted (triggers)",
    "0003_push": "the function that takes changes exactly once",
    "0003_pull": "the function that answers changes",
    "0003_owner": "the functions of the owner: prune and repair",
    "0003_publication": "publish todos and tombstones where Supabase's Realtime listens",
    "0003_down": "drop triggers, functions, tombstones, answers, keys and versions",
    "0004_sign_in": "sign-in with the portal's passwords",
    "0004_notify": "tell those who listen that something changed (trigger)",
    "0004_down": "drop sign-in and notification",
    "0005_digest": "the functions that compare a list with the server's",
    "0005_down": "drop them",
    "0006_pull": "a faster function that answers changes",
    "0006_down": "drop it, and make the earlier one again",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What is run at once.

    Attributes:
        name: as an upgrade reports it.
        words: what it does.
        statements: the SQL, in order.
        together: they are one transaction. Else each is its own, as `create index concurrently` has to be.
    """

    name: str
    words: str
    statements: tuple[str, ...]
    together: bool = True


def step(name: str, *statements: str, together: bool = True) -> Step:
    """A step of that name, in words."""
    known = name.partition(", batch")[0]
    words = f"make the index {name.removeprefix('index ')}, beside readers and writers" if name.startswith("index ") else _WORDS[known]
    return Step(name, words, statements, together)


class Planned(Steps):
    """Writes steps down instead of running them. It reads the database as it is now."""

    def __init__(self, connection: Connection, flavour: Flavour, folder: Path, plan: list[Step]) -> None:
        super().__init__(connection, flavour, lambda _: None, folder)
        self._plan = plan
        self._open: list[str] | None = None

    def sql(self, name: str, sql: str) -> None:
        self._plan.append(step(name, sql))

    def run(self, sql: str) -> None:
        assert self._open is not None  # noqa: S101 - every statement belongs to a step
        self._open.append(sql)

    @contextmanager
    def one_transaction(self, name: str) -> Iterator[None]:
        self._open = []
        yield
        self._plan.append(step(name, *self._open))
        self._open = None

    def keys(self, name: str) -> None:
        for number, after in enumerate((BELOW_EVERY_ID, *self._ends_of_batches()), 1):
            self._plan.append(step(f"{name}, batch {number}", keys_after(after)))

    def index(self, name: str, on: str, *, unique: bool = False) -> None:
        self._open = []
        super().index(name, on, unique=unique)
        if self._open:
            self._plan.append(step(f"index {name}", *self._open, together=False))
        self._open = None

    def _ends_of_batches(self) -> list[int]:
        """The last id of each batch of todos without a key, as they are now."""
        columns = self.connection.execute(
            text("select attname from pg_attribute where attrelid = to_regclass('public.todo') and attnum > 0 and not attisdropped")
        ).scalars()
        there = set(columns)
        if not there:
            return []
        without = "where client_id is null" if "client_id" in there else ""
        return list(
            self.connection.exec_driver_sql(
                "select max(id) from (select id, (row_number() over (order by id) - 1) / "
                f"{BATCH} as batch from public.todo {without}) numbered group by batch order by batch"
            ).scalars()
        )


def joined(plan: Iterable[Step]) -> list[Step]:
    """Of a downgrade: what is one transaction with the note of its revision, as one step."""
    steps: list[Step] = []
    begun: list[Step] = []
    for each in plan:
        begun.append(each)
        if each.name == "noted":
            steps.append(Step(begun[0].name, begun[0].words, tuple(sql for step in begun for sql in step.statements)))
            begun = []
    return steps


class RevisionNotes(io.StringIO):
    """Takes what Alembic writes when it plans: the statements that note a revision.

    It also writes remarks and the bounds of transactions; and that it drops its own table at the end, which it does only on paper.
    """

    def __init__(self, plan: list[Step]) -> None:
        super().__init__()
        self._plan = plan

    def write(self, statement: str) -> int:
        sql = statement.strip().removesuffix(";")
        if sql and sql not in {"BEGIN", "COMMIT"} and not sql.startswith(("--", "DROP TABLE")):
            self._plan.append(step("noted", sql))
        return len(statement)


def as_sql(plan: Iterable[Step]) -> str:
    """The plan as SQL for psql or an editor that runs statement by statement."""
    parts = [
        f"-- By hand it is to stop at the first error, as `psql -v ON_ERROR_STOP=1 -f FILE` does. Print it anew to go on.\n{SETTINGS};"
    ]
    for each in plan:
        statements = [f"{sql.strip().removesuffix(';')};" for sql in each.statements]
        bound = each.together and (len(statements) > 1 or statements[0].count(";") > 1)
        lines = ["begin;", *statements, "commit;"] if bound else statements
        parts.append("\n".join([f"-- {each.name}: {each.words}", *lines]))
    return "\n\n".join(parts) + "\n"
