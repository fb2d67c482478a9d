"""A dry run: it changes nothing, and what it shows is what runs, statement for statement."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy

from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.owner.plan import Step, as_sql
from devots_desktop.remote.postgres.schema import HEAD
from devots_desktop.remote.postgres.steps import BATCH, UnknownTables
from tests.contract.catalogue import catalogue
from tests.contract.test_migrations import PORTAL, fill
from tests.e2e.devots import Devots
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.postgres import Database

MANY = 2 * BATCH + 1
"""Todos of three batches, the last of one todo."""


@pytest.fixture
def database(servers: Servers) -> Iterator[Database]:
    """An empty one, on one version: what is planned does not depend on it."""
    server = servers.server(VERSIONS[-1])
    made = server.create_database()
    yield made
    server.drop_database(made)


@pytest.fixture
def portal(database: Database) -> Database:
    """A portal's database with a few todos, of an older portal: without one of its indexes."""
    with database.connect() as owner:
        owner.execute(PORTAL)
        owner.execute('drop index "session_userId_idx"')
        fill(owner, 20)
    return database


@pytest.fixture
def full(portal: Database) -> Database:
    """The same with some batches of todos."""
    with portal.connect() as owner:
        owner.execute("insert into todo(text, user_id) select n::text, 'u1' from generate_series(21, %s) n", [MANY])
    return portal


def make_roles(database: Database) -> None:
    """They belong to the cluster: without them the plan is a step longer for whoever comes first."""
    with database.connect() as owner:
        for role in ("anon nologin noinherit", "authenticated nologin noinherit", "devots_desktop login noinherit"):
            owner.execute(f"do $$ begin create role {role}; exception when duplicate_object then end $$")


def shape(database: Database) -> list[str]:
    with database.connect() as owner:
        return catalogue(owner)


@contextmanager
def seen() -> Iterator[list[str]]:
    """The statements that change something, as the driver gets them."""
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if not re.match(r"select|show|set timezone|begin$|commit$|savepoint|release", statement.strip(), re.IGNORECASE):
            statements.append(statement.strip())

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", note)


def planned(plan: list[Step]) -> list[str]:
    return [sql.strip().removesuffix(";") for each in plan for sql in each.statements]


def same_form(statement: str) -> str:
    """Without what a driver and a text have different: how an answer is asked for, the last semicolon, spaces."""
    return " ".join(re.sub(r" RETURNING \S+$", "", statement.strip().removesuffix(";")).split())


def ran(statements: list[str]) -> list[str]:
    return [same_form(each) for each in statements]


class TestUpgrade:
    def test_what_it_shows_is_what_runs(self, full: Database) -> None:
        make_roles(full)
        plan = migrate.plan_upgrade(full.url())
        reported: list[str] = []
        with seen() as statements:
            migrate.upgrade(full.url(), report=reported.append)
        assert ran(planned(plan)) == ran(statements)
        assert [each.name for each in plan if each.name not in {"schema", "noted"}] == reported
        assert [each.name for each in plan if "backfill" in each.name] == [f"0003_backfill, batch {n}" for n in (1, 2, 3, 4)]
        assert "index session_userId_idx" in reported

    def test_it_changes_nothing(self, portal: Database) -> None:
        before = shape(portal)
        assert migrate.plan_upgrade(portal.url()) != []
        assert shape(portal) == before
        assert migrate.status(portal.url()).state == "not migrated"

    def test_on_an_empty_database(self, database: Database) -> None:
        make_roles(database)
        plan = migrate.plan_upgrade(database.url())
        with seen() as statements:
            migrate.upgrade(database.url())
        assert ran(planned(plan)) == ran(statements)

    def test_from_the_middle_only_the_rest_is_shown(self, portal: Database) -> None:
        migrate.upgrade(portal.url())
        migrate.downgrade(portal.url(), "0003")
        plan = migrate.plan_upgrade(portal.url())
        with seen() as statements:
            migrate.upgrade(portal.url())
        assert ran(planned(plan)) == ran(statements)
        assert [each.name for each in plan][:2] == ["schema", "0004_sign_in"]

    def test_its_sql_run_by_hand_leaves_what_the_upgrade_leaves(self, full: Database) -> None:
        server = full.server
        other = server.create_database(full.name)
        sql = as_sql(migrate.plan_upgrade(full.url()))
        with full.connect() as owner:
            for statement in re.split(r"\n\n(?=-- )", sql):
                by_hand(owner, statement)
        migrate.upgrade(other.url())
        assert shape(full) == shape(other)
        assert (migrate.status(full.url()).state, migrate.drifted(full.url())) == ("current", [])
        with full.connect() as owner:
            assert owner.execute("select count(*) from todo where client_id = md5('todo:' || id)::uuid").fetchone() == (MANY,)
        server.drop_database(other)

    def test_what_would_stop_it_stops_the_dry_run(self, portal: Database) -> None:
        with portal.connect() as owner:
            owner.execute("alter table todo alter text type varchar(90)")
        with pytest.raises(UnknownTables, match="character varying"):
            migrate.plan_upgrade(portal.url())


class TestDowngrade:
    @pytest.mark.parametrize("to", ["base", "0002"])
    def test_what_it_shows_is_what_runs(self, portal: Database, to: str) -> None:
        migrate.upgrade(portal.url())
        plan = migrate.plan_downgrade(portal.url(), to)
        before = shape(portal)
        with seen() as statements:
            migrate.downgrade(portal.url(), to)
        assert ran(planned(plan)) == ran(statements)
        assert shape(portal) != before

    def test_without_migrations_there_is_nothing_to_take_back(self, portal: Database) -> None:
        assert migrate.plan_downgrade(portal.url()) == []

    @pytest.mark.parametrize("to", ["9999", "0006x", "head", "-1"])
    def test_to_a_revision_that_there_is_not(self, portal: Database, to: str) -> None:
        migrate.upgrade(portal.url())
        for verb in (migrate.plan_downgrade, migrate.downgrade):
            with pytest.raises(AccountUnusable, match="no revision"):
                verb(portal.url(), to)
        assert migrate.status(portal.url()).revision == HEAD


class TestCommand:
    def test_steps_in_words_and_as_sql(self, portal: Database, tmp_path: Path) -> None:
        devots = Devots(tmp_path / "profile")
        environ = {"DATABASE_URL": portal.url()}
        words = devots("db", "upgrade", "--dry-run", environ=environ).out.splitlines()
        assert any("0003_not_null" in line and "make the key NOT NULL" in line for line in words)
        assert devots("db", "upgrade", "--sql", environ=environ).out == as_sql(migrate.plan_upgrade(portal.url()))
        assert migrate.status(portal.url()).state == "not migrated"


def by_hand(owner: object, part: str) -> None:
    """A part of the SQL as an editor runs it: what stands between begin and commit at once, everything else statement by statement."""
    lines = [line for line in part.splitlines() if not line.startswith("--")]
    body = "\n".join(lines)
    statements = [body] if "begin;" in lines or "$$" in body else body.split(";\n")
    for each in statements:
        if each.strip().removesuffix(";"):
            owner.execute(each.encode())  # type: ignore[attr-defined]
