"""The upgrade as SQL: what it leaves behind is what `devots db upgrade` leaves behind."""

from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.rights import deviations
from devots_desktop.remote.postgres.script import upgrade_script
from tests.e2e.devots import Devots
from tests.servers.managed import DESKTOP
from tests.servers.postgres import SUPERUSER, Database

ROLES = """do $$ begin
  if to_regrole('anon') is null then create role anon nologin noinherit; end if;
  if to_regrole('authenticated') is null then create role authenticated nologin noinherit; end if;
end $$"""
PLAIN = """
  create table public.todo(id serial primary key, text text not null, completed boolean not null default false, user_id text not null,
                           created_at timestamp not null default now(), updated_at timestamp not null default now());
  insert into public.todo(text, user_id) select 'todo ' || n, 'ada' from generate_series(1, 3) n;"""
OWN_POLICY = "alter table todo enable row level security; create policy mine on todo using (true);"
SHAPE = """
  select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' '
         || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
   where c.relkind in ('r', 'i') and c.relnamespace in ('public'::regnamespace, 'devots'::regnamespace)
   union all select k.conname || ' ' || pg_get_constraintdef(k.oid) from pg_constraint k
   where k.conrelid <> 0 and k.connamespace in ('public'::regnamespace, 'devots'::regnamespace)
   union all select indexdef from pg_indexes where schemaname in ('public', 'devots')
   union all select tgname || ' ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
   union all select name || ' ' || case when name = 'epoch' then '' else value end from devots.setting
   union all select version_num from devots.alembic_version order by 1"""


@pytest.fixture
def project(database: Database) -> Database:
    """An empty database with the platform's roles."""
    with database.connect(SUPERUSER) as admin:
        admin.execute(ROLES)
    return database


def run(database: Database, sql: str) -> None:
    with database.connect() as owner:
        owner.execute(sql.encode())


def shape(database: Database) -> list[str]:
    with database.connect() as owner:
        return [line for (line,) in owner.execute(SHAPE)]


def wrong(database: Database) -> list[str]:
    engine = sqlalchemy.create_engine(database.url().replace("postgresql://", "postgresql+psycopg://"), poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return [each.sentence for each in deviations(connection, "supabase")]


@pytest.mark.parametrize("before", ["", PLAIN], ids=["nothing", "a plain table"])
def test_it_leaves_what_the_upgrade_leaves(project: Database, before: str) -> None:
    other = project.server.create_database()
    for each in (project, other):
        run(each, before)
    run(project, upgrade_script())
    migrate.upgrade(other.url(), flavour="supabase")
    assert shape(project) == shape(other)
    assert (migrate.status(project.url()).state, wrong(project)) == ("current", [])
    project.server.drop_database(other)


def test_the_keys_of_old_rows_are_those_that_a_plain_client_knows(project: Database) -> None:
    run(project, PLAIN + upgrade_script())
    with project.connect() as owner:
        assert owner.execute("select count(*) filter (where client_id = md5('todo:' || id)::uuid) from todo").fetchall() == [(3,)]


def test_run_again_it_mends_rights_and_changes_no_todo(project: Database) -> None:
    run(project, upgrade_script())
    run(project, "insert into todo(text, user_id) values ('milk', 'ada')")
    with project.connect() as owner:
        before = owner.execute("select t::text from todo t").fetchall()
    run(
        project,
        "alter table todo disable row level security; grant all on todo to anon; drop function devots_pull(bigint, bigint, uuid, integer)",
    )
    assert wrong(project) != []
    run(project, upgrade_script())
    with project.connect() as owner:
        assert owner.execute("select t::text from todo t").fetchall() == before
    assert wrong(project) == []


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ("create table todo(id integer primary key, text text not null)", "completed is missing"),
        (PLAIN.replace("text text", "text varchar(9)"), "text is character varying"),
        (PLAIN + OWN_POLICY, "policies that are not ours"),
        (
            "create schema devots; create table devots.alembic_version(version_num text); insert into devots.alembic_version values ('9999')",
            "9999",
        ),
    ],
    ids=["columns missing", "another type", "a policy of others", "a newer revision"],
)
def test_what_it_would_break_or_not_understand_is_refused_before_anything_is_changed(project: Database, before: str, sentence: str) -> None:
    run(project, before)
    with project.connect() as owner:
        tables = owner.execute("select count(*) from pg_class").fetchall()
        with pytest.raises(psycopg.errors.RaiseException, match=sentence):
            owner.execute(upgrade_script().encode())
        owner.execute("rollback")
        assert owner.execute("select count(*) from pg_class").fetchall() == tables


def test_policies_that_are_meant_to_be_so_are_accepted(project: Database) -> None:
    run(project, PLAIN + OWN_POLICY)
    run(project, upgrade_script(accept_rights=True))
    assert wrong(project) == ["The policy mine on public.todo is not ours and may let more rows through."]


def test_a_portals_database_is_refused(project: Database) -> None:
    # Roles belong to the cluster, so that this password is everybody's.
    password = project.server.passwords.setdefault(DESKTOP, "a password of the tests")
    migrate.upgrade(project.url(), flavour="portal", desktop_password=password)
    with pytest.raises(psycopg.errors.RaiseException, match="set up as a portal"):
        run(project, upgrade_script())


def test_where_the_table_is_not_the_logins_it_is_refused(project: Database) -> None:
    with project.connect(SUPERUSER) as admin:
        admin.execute(PLAIN.encode())
    with pytest.raises(psycopg.errors.RaiseException, match="belongs to"):
        run(project, upgrade_script())


class TestCommand:
    def test_it_prints_the_sql_and_asks_no_database(self, tmp_path: Path) -> None:
        devots = Devots(tmp_path / "profile")
        assert devots("db", "upgrade", "--sql", "--flavour", "supabase").out == upgrade_script()
        assert devots("db", "upgrade", "--sql", "--flavour", "supabase", "--json").json == {"sql": upgrade_script()}
        accepting = devots("db", "upgrade", "--sql", "--flavour", "supabase", "--accept-rights")
        assert accepting.out == upgrade_script(accept_rights=True) != upgrade_script()

    def test_for_a_portal_a_database_is_asked(self, tmp_path: Path) -> None:
        assert "No database named" in Devots(tmp_path / "profile")("db", "upgrade", "--sql", code=1).err
