"""What is wrong with a database is found by everybody's login, and the line that is named mends it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy

from devots_desktop.domain.errors import NotMigrated
from devots_desktop.remote.postgres import migrate, rights
from devots_desktop.remote.postgres.rights import REPAIR, Deviation, deviations
from tests.contract.rights import FUNCTIONS, violations
from tests.contract.test_rights import CLUSTER_MISTAKES, MISTAKES, mistaken_role
from tests.servers.fixtures import Servers, newest
from tests.servers.managed import DESKTOP, Managed
from tests.servers.postgres import OWNER, Database

MORE_MISTAKES = {
    "a function gone": "drop function devots_digest(uuid[], uuid[], integer)",
    "a trigger off": "alter table todo disable trigger todo_bury",
    "a right taken": f"revoke delete on todo from {DESKTOP}",
    "a right on a column taken": f"revoke update (text) on todo from {DESKTOP}",
    "a function taken": "revoke execute on function devots_pull(bigint, bigint, uuid, integer) from authenticated",
    "making things in devots": f"grant create on schema devots to {DESKTOP}",
    "a policy for everybody": "alter policy todo_desktop on todo to public",
    "a plugin's keys for anon": "create table jwks(id text primary key, private_key text); grant select on jwks to anon",
    "one column of a plugin's for everybody": "create table two_factor(id text primary key, secret text); grant select (secret) on two_factor to public",
    "a policy on a plugin's table": "create table device_code(id text primary key); alter table device_code enable row level security;"
    " grant select on device_code to anon; create policy mine on device_code using (true)",
    "no index for versions": "drop index todo_version",
    "no index for tombstones": "drop index todo_tombstone_version",
}


@contextmanager
def connected(database: Database, user: str) -> Iterator[sqlalchemy.Connection]:
    url = database.url(user).replace("postgresql://", "postgresql+psycopg://")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        yield connection


def found(managed: Managed, user: str = DESKTOP) -> list[Deviation]:
    with connected(managed.database, user) as connection:
        return deviations(connection, "portal")


@pytest.fixture
def spoilt(servers: Servers) -> Iterator[Managed]:
    made = servers.managed(newest(), "portal")
    yield made
    made.database.server.drop_database(made.database)


@pytest.mark.parametrize("user", [DESKTOP, OWNER])
def test_nothing_is_wrong_after_the_migrations(managed: Managed, user: str) -> None:
    assert found(managed, user) == []


def test_nothing_is_wrong_in_a_project_of_the_platform(database: Database) -> None:
    migrate.upgrade(database.url(), flavour="supabase")
    with connected(database, OWNER) as connection:
        assert deviations(connection, "supabase") == []
        connection.exec_driver_sql("grant execute on function devots_push(jsonb) to anon")
        assert [each.sentence for each in deviations(connection, "supabase")] == ["The role anon may execute public.devots_push."]


@pytest.mark.parametrize("mistake", [*MISTAKES.values(), *MORE_MISTAKES.values()], ids=[*MISTAKES, *MORE_MISTAKES])
def test_a_mistake_is_found_and_its_line_mends_it(spoilt: Managed, mistake: str) -> None:
    with spoilt.owner() as owner:
        owner.execute(mistake)
        wrong = found(spoilt)
        assert wrong != []
        trouble = migrate.status(spoilt.database.url()).trouble
        assert {f"{each.sentence} Mend it with: {each.mend}" for each in wrong} <= set(trouble)
        for line in {each.mend for each in wrong} - {REPAIR}:
            owner.execute(line)
    if any(each.mend == REPAIR for each in wrong):
        assert migrate.repair(spoilt.database.url()) == ()
    assert found(spoilt) == []
    assert migrate.drifted(spoilt.database.url()) == []


@pytest.mark.parametrize(("mistake", "cure"), CLUSTER_MISTAKES.values(), ids=CLUSTER_MISTAKES)
def test_a_mistake_in_the_role_is_found(spoilt: Managed, mistake: str, cure: str) -> None:
    with mistaken_role(spoilt, mistake, cure):
        assert found(spoilt) != []


def test_every_function_is_known_with_who_may_execute_it() -> None:
    """The list in the program and the one that the rights are tested with were written apart."""
    written = {name.partition("(")[0]: (roles, definer, volatility) for name, (roles, definer, volatility) in FUNCTIONS.items()}
    wanted = rights.expected_functions("portal")
    ours = {
        name.removeprefix("public."): (rights._EXECUTE[name], function.definer, function.volatility) for name, function in wanted.items()
    }
    assert ours == written


class TestRepair:
    def test_it_changes_no_todo_and_no_person_and_begins_a_new_epoch(self, managed: Managed) -> None:
        ada = managed.add_person("zoe")
        tables = ("todo", '"user"', "session", "todo_tombstone")
        with managed.owner() as owner:
            owner.execute("insert into todo(text, user_id) values ('milk', %s), ('eggs', %s)", [ada.user_id] * 2)
            owner.execute("delete from todo where text = 'eggs'")
            before = [owner.execute(f"select * from {table} order by 1").fetchall() for table in tables]
            epoch = owner.execute("select devots.epoch()").fetchone()
            assert migrate.repair(managed.database.url()) == ()
            assert [owner.execute(f"select * from {table} order by 1").fetchall() for table in tables] == before
            assert owner.execute("select devots.epoch()").fetchone() != epoch
        assert violations(managed) == []

    def test_versions_of_another_cluster_come_down_to_this_one(self, managed: Managed) -> None:
        ada = managed.add_person("ada")
        with managed.owner() as owner:
            owner.execute("insert into todo(text, user_id) values ('milk', %s)", [ada.user_id])
            owner.execute("alter table todo disable trigger todo_stamp; update todo set row_version = 9000000000000")
            migrate.repair(managed.database.url())
            below = owner.execute("select row_version < pg_current_xact_id()::text::bigint from todo").fetchone()
            assert below == (True,)
            enabled = owner.execute("select tgenabled::text from pg_trigger where tgname = 'todo_stamp'").fetchone()
            assert enabled == ("O",)

    def test_what_is_somebody_elses_is_left_and_named(self, spoilt: Managed) -> None:
        with spoilt.owner() as owner:
            owner.execute(MISTAKES["policy of another kind beside ours"])
        left = migrate.repair(spoilt.database.url())
        assert left == tuple(f"{each.sentence} Mend it with: {each.mend}" for each in found(spoilt))
        assert ["readers" in each for each in left] == [True]

    def test_an_older_database_is_to_be_upgraded_first(self, managed: Managed) -> None:
        migrate.downgrade(managed.database.url(), "0004")
        with pytest.raises(NotMigrated):
            migrate.repair(managed.database.url())
