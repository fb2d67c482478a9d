"""The migrations on real servers: empty and filled databases, killed at every step, up, down and up again."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from devots_desktop.domain.errors import AccountUnusable, DevotsError, NotMigrated, ServerTooNew, Unreachable
from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.owner.marks import KNOWN
from devots_desktop.remote.postgres.schema import HEAD, Base
from devots_desktop.remote.postgres.steps import BATCH, UnknownTables
from devots_desktop.remote.postgres.trouble import RightsInTheWay
from tests.contract.catalogue import SHAPE, catalogue
from tests.servers.fixtures import Servers, newest
from tests.servers.managed import DESKTOP, Managed
from tests.servers.postgres import SUPERUSER, Database, PostgresServer

PORTAL = (Path(__file__).parents[1] / "servers" / "portal.sql").read_text(encoding="utf-8")
PUBLIC = "'public'::regnamespace"


def fill(connection: psycopg.Connection, todos: int, people: int = 3) -> None:
    connection.execute(
        "insert into \"user\"(id, name, email) select 'u' || n, 'U' || n, 'u' || n || '@example.org' from generate_series(1, %s) n",
        [people],
    )
    connection.execute(
        "insert into todo(text, completed, user_id, created_at, updated_at)"
        " select 'todo ' || n, n %% 3 = 0, 'u' || 1 + n %% %s, '2026-01-01'::timestamp + n * interval '1 s', '2026-01-02' from generate_series(1, %s) n",
        [people, todos],
    )


@pytest.fixture
def portal(database: Database) -> Database:
    """A portal's database that nobody has migrated, with a few rows."""
    with database.connect() as owner:
        owner.execute(PORTAL)
        fill(owner, 20)
    return database


def shape(database: Database, *parts: str, schemas: str | None = None) -> list[str]:
    with database.connect() as owner:
        return catalogue(owner, *parts, **({} if schemas is None else {"schemas": schemas}))


@contextmanager
def lines_that_differ(engine_url: str) -> Iterator[list[object]]:
    engine = sqlalchemy.create_engine(engine_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        yield compare_metadata(context, Base.metadata)
    engine.dispose()


class TestFresh:
    def test_an_empty_database_gets_everything(self, database: Database) -> None:
        result = migrate.upgrade(database.url())
        assert (result.before, result.after, result.flavour, result.fresh) == (None, HEAD, "portal", True)
        assert migrate.status(database.url()).state == "current"

    def test_it_has_a_real_portals_tables(self, database: Database, postgres: PostgresServer) -> None:
        migrate.upgrade(database.url())
        migrate.downgrade(database.url(), "0001")
        real = postgres.create_database()
        with real.connect() as owner:
            owner.execute(PORTAL)
        assert shape(database, *SHAPE, schemas=PUBLIC) == shape(real, *SHAPE, schemas=PUBLIC)
        postgres.drop_database(real)

    def test_a_second_upgrade_changes_nothing(self, database: Database) -> None:
        migrate.upgrade(database.url())
        before = shape(database)
        steps: list[str] = []
        result = migrate.upgrade(database.url(), report=steps.append)
        assert (result.before, result.fresh, steps) == (HEAD, False, [])
        assert shape(database) == before

    def test_head_is_the_newest_migration(self, database: Database) -> None:
        migrate.upgrade(database.url())
        with database.connect() as owner:
            assert owner.execute("select devots.revision()").fetchone() == (HEAD,)

    def test_the_models_equal_the_migrated_database(self, managed: Managed) -> None:
        with lines_that_differ(managed.database.url()) as differences:
            assert differences == []

    def test_a_column_that_the_models_lack_is_noticed(self, managed: Managed) -> None:
        with managed.owner() as owner:
            owner.execute("alter table todo add column colour text")
        with lines_that_differ(managed.database.url()) as differences:
            assert len(differences) == 1

    @pytest.mark.parametrize("on", [True, False])
    def test_sign_up_is_on_only_where_the_owner_says_so(self, database: Database, *, on: bool) -> None:
        migrate.upgrade(database.url(), sign_up=on)
        assert migrate.status(database.url()).sign_up is on
        migrate.set_sign_up(database.url(), on=not on)
        assert migrate.status(database.url()).sign_up is not on


class TestAdopted:
    def test_a_filled_portal_keeps_its_rows_and_gets_the_keys_that_plain_clients_derive(self, database: Database) -> None:
        with database.connect() as owner:
            owner.execute(PORTAL)
            fill(owner, 3 * BATCH)
            before = owner.execute("select id, text, completed, user_id, created_at, updated_at from todo order by id").fetchall()
        steps: list[str] = []
        result = migrate.upgrade(database.url(), report=steps.append)
        assert (result.before, result.fresh) == (None, False)
        assert [step for step in steps if "backfill" in step] == [f"0003_backfill, batch {n}" for n in (1, 2, 3, 4)]
        with database.connect() as owner:
            assert owner.execute("select id, text, completed, user_id, created_at, updated_at from todo order by id").fetchall() == before
            other = owner.execute("select count(*) from todo where client_id <> md5('todo:' || id)::uuid or row_version <> 0").fetchone()
        assert other == (0,)

    def test_sign_up_stays_off_on_an_adopted_portal(self, portal: Database) -> None:
        migrate.upgrade(portal.url(), sign_up=True)
        assert migrate.status(portal.url()).sign_up is False

    def test_the_portals_own_statements_go_on_working(self, portal: Database) -> None:
        migrate.upgrade(portal.url())
        with portal.connect() as owner:
            row = owner.execute(
                "insert into todo(text, user_id) values ('from the web', 'u1') returning id, client_id, updated_at"
            ).fetchone()
            assert row is not None
            assert row[1] is not None
            toggled = owner.execute(
                "update todo set completed = true where id = %s and user_id = 'u1' returning updated_at", [row[0]]
            ).fetchone()
            assert toggled is not None
            assert toggled[0] > row[2]
            assert owner.execute("delete from todo where id = %s and user_id = 'u1'", [row[0]]).rowcount == 1
            assert owner.execute("delete from \"user\" where id = 'u2'").rowcount == 1  # the cascade reaches todos and their tombstones

    def test_older_portals_without_indexes_get_them(self, portal: Database) -> None:
        wanted = shape(portal, "index")
        with portal.connect() as owner:
            owner.execute('drop index "session_userId_idx", "account_userId_idx"')
        migrate.upgrade(portal.url())
        assert set(wanted) <= set(shape(portal, "index"))

    def test_a_portals_plugins_may_have_more_columns(self, portal: Database) -> None:
        with portal.connect() as owner:
            owner.execute('alter table "user" add column two_factor_enabled boolean; alter table todo add column colour text')
        migrate.upgrade(portal.url())
        with portal.connect() as owner:
            assert owner.execute("select has_column_privilege('authenticated', 'todo', 'colour', 'update')").fetchone() == (True,)

    def test_the_portal_writes_all_the_while(self, database: Database) -> None:
        with database.connect() as owner:
            owner.execute(PORTAL)
            fill(owner, 15_000)
        done, failures = threading.Event(), list[BaseException]()

        def write() -> None:
            with database.connect() as web:
                while not done.is_set():
                    try:
                        web.execute("insert into todo(text, user_id) values ('meanwhile', 'u1')")
                        web.execute("update todo set completed = not completed where id = 1 + (random() * 14000)::int")
                    except psycopg.Error as error:
                        failures.append(error)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            migrate.upgrade(database.url())
        finally:
            done.set()
            writer.join()
        assert failures == []
        with database.connect() as owner:
            rows = owner.execute(
                "select count(*), count(distinct client_id), count(*) filter (where text = 'meanwhile') from todo"
            ).fetchone()
        assert rows is not None
        assert rows[0] == rows[1]
        assert rows[2] > 0


class TestResumed:
    @pytest.mark.timeout(240)  # some 25 databases, each upgraded twice
    def test_killed_at_any_step_it_completes_when_run_again(self, postgres: PostgresServer) -> None:
        template = postgres.create_database()
        with template.connect() as owner:
            owner.execute(PORTAL)
            fill(owner, 20)
        steps: list[str] = []
        clean = postgres.create_database(template.name)
        migrate.upgrade(clean.url(), report=steps.append)
        wanted = shape(clean)
        assert len(steps) > 20
        for number in range(len(steps)):
            database = postgres.create_database(template.name)
            with pytest.raises(Unreachable):
                migrate.upgrade(database.url(), report=killer(database, number))
            migrate.upgrade(database.url())
            assert shape(database) == wanted, steps[number]
            postgres.drop_database(database)

    def test_killed_between_two_batches_it_goes_on_with_the_next(self, database: Database) -> None:
        with database.connect() as owner:
            owner.execute(PORTAL)
            fill(owner, 2 * BATCH + 1)
        with pytest.raises(Unreachable):
            migrate.upgrade(database.url(), report=killer(database, "0003_backfill, batch 2"))
        with database.connect() as owner:
            assert owner.execute("select count(*) from todo where client_id is null").fetchone() == (BATCH + 1,)
        assert migrate.status(database.url()).state == "older"
        migrate.upgrade(database.url())
        with database.connect() as owner:
            assert owner.execute("select count(*) from todo where client_id = md5('todo:' || id)::uuid").fetchone() == (2 * BATCH + 1,)

    def test_an_invalid_index_that_a_killed_run_left_is_made_anew(self, portal: Database) -> None:
        with closing(portal.connect(autocommit=False)) as web, ThreadPoolExecutor(1) as pool, portal.connect(SUPERUSER) as admin:
            reached = threading.Event()

            def report(step: str) -> None:
                if step == "index todo_client":
                    web.execute("update todo set text = 'open' where id = 1")  # its transaction keeps the index from getting valid
                    reached.set()

            running = pool.submit(migrate.upgrade, portal.url(), report=report)
            assert reached.wait(30)
            wait_for(admin, "select pid from pg_stat_progress_create_index where phase like 'waiting for%%' and datname = %s", portal.name)
            terminate(admin, portal)
            with pytest.raises(Unreachable):
                running.result(30)
            web.rollback()
        assert any("INVALID" in line for line in shape(portal, "index"))
        migrate.upgrade(portal.url())
        assert not any("INVALID" in line for line in shape(portal, "index"))

    def test_a_table_in_use_is_waited_for_with_pauses_in_which_others_go_first(self, portal: Database) -> None:
        waiting = "select pid from pg_locks l join pg_database d on d.oid = l.database where not granted and datname = %s"
        with closing(portal.connect(autocommit=False)) as web, ThreadPoolExecutor(1) as pool, portal.connect(SUPERUSER) as admin:
            web.execute("select count(*) from todo")  # a reader is enough to hold up ALTER TABLE
            running = pool.submit(migrate.upgrade, portal.url())
            wait_for(admin, waiting, portal.name)
            wait_for(admin, f"select where not exists ({waiting})", portal.name)
            wait_for(admin, waiting, portal.name)
            web.rollback()
            assert running.result(30).after == HEAD

    def test_two_at_once_are_refused(self, portal: Database) -> None:
        def report(_: str) -> None:
            with pytest.raises(DevotsError, match="Another"):
                migrate.upgrade(portal.url())

        assert migrate.upgrade(portal.url(), report=report).after == HEAD


class TestDown:
    def test_up_down_up_on_an_adopted_portal(self, portal: Database) -> None:
        before = shape(portal, *SHAPE, schemas=PUBLIC)
        migrate.upgrade(portal.url())
        up = shape(portal)
        migrate.downgrade(portal.url())
        assert shape(portal, *SHAPE, schemas=PUBLIC) == before
        assert shape(portal, "function") == []
        migrate.upgrade(portal.url())
        assert shape(portal) == up

    def test_up_down_up_one_by_one_on_our_own_tables(self, database: Database) -> None:
        migrate.upgrade(database.url())
        up = shape(database)
        for revision in ("0003", "0002", "0001", "base"):
            migrate.downgrade(database.url(), revision)
        assert shape(database, *SHAPE, schemas=PUBLIC) == []
        migrate.upgrade(database.url())
        assert shape(database) == up

    def test_todos_and_people_outlive_it(self, managed: Managed) -> None:
        ada = managed.add_person("ada")
        with managed.signed_in(ada) as connection:
            connection.execute("insert into todo(text) values ('keep me')")
        migrate.downgrade(managed.database.url())
        with managed.owner() as owner:
            assert owner.execute("select text, user_id from todo").fetchall() == [("keep me", ada.user_id)]
        assert migrate.status(managed.database.url()).state == "not migrated"

    @pytest.mark.timeout(240)  # some 25 databases, each taken back twice
    def test_killed_at_any_statement_a_whole_revision_is_noted_and_it_goes_on_from_there(self, servers: Servers) -> None:
        """On one version: the statements are the same on each, and so is what a transaction is."""
        server = servers.server(newest())
        template = server.create_database()
        with template.connect() as owner:
            owner.execute(PORTAL)
            owner.execute('drop index "session_userId_idx"')
            fill(owner, 20)
        before = shape(template, *SHAPE)
        migrate.upgrade(template.url())
        clean = server.create_database(template.name)
        at = {HEAD: shape(clean)}
        for revision in ("0005", "0004", "0003", "0002", "0001", "base"):
            migrate.downgrade(clean.url(), revision)
            at[revision] = shape(clean)
        assert shape(clean, *SHAPE) == before
        stopped: list[str | None] = []
        for number in count():
            database = server.create_database(template.name)
            with killed_before(database, number) as killed, suppress(Unreachable):
                migrate.downgrade(database.url())
            if not killed:
                break
            status = migrate.status(database.url())
            stopped.append(status.revision)
            assert status.revision is not None
            assert (shape(database), status.trouble) == (at[status.revision], ()), killed
            migrate.downgrade(database.url())
            assert shape(database) == at["base"], killed
            assert migrate.status(database.url()).trouble == ()
            server.drop_database(database)
        assert {*stopped, "base"} == set(at)

    def test_a_table_that_was_closed_before_us_stays_closed(self, portal: Database) -> None:
        with portal.connect() as owner:
            owner.execute("alter table session enable row level security")
        migrate.upgrade(portal.url())
        migrate.downgrade(portal.url())
        with portal.connect() as owner:
            rows = owner.execute("select relname from pg_class where relrowsecurity").fetchall()
        assert rows == [("session",)]

    def test_a_new_upgrade_is_another_epoch(self, managed: Managed) -> None:
        with managed.owner() as owner:
            before = owner.execute("select devots.epoch()").fetchone()
            migrate.downgrade(managed.database.url(), "0002")
            migrate.upgrade(managed.database.url())
            assert owner.execute("select devots.epoch()").fetchone() != before


class TestSupabase:
    @pytest.fixture
    def project(self, database: Database) -> Database:
        """A project as the platform makes it: everything in public is granted to its roles by name, and a publication waits."""
        with database.connect(SUPERUSER) as admin:
            for role in ("anon", "authenticated", "service_role"):
                admin.execute(f"do $$ begin create role {role} nologin noinherit; exception when duplicate_object then end $$")
            admin.execute("alter role service_role bypassrls")
            for kind in ("tables", "functions", "sequences"):
                admin.execute(
                    f"alter default privileges for role portal in schema public grant all on {kind} to anon, authenticated, service_role"
                )
            admin.execute("create schema auth; create table auth.users(id uuid primary key)")
            admin.execute("create publication supabase_realtime; alter publication supabase_realtime owner to portal")
        return database

    def test_it_is_recognised_and_has_no_direct_sign_in(self, project: Database) -> None:
        result = migrate.upgrade(project.url())
        assert (result.flavour, result.desktop_password) == ("supabase", None)
        functions = "\n".join(shape(project, "function"))
        assert "session_user_id" not in functions
        assert "sign_in" not in functions
        assert DESKTOP not in functions
        assert migrate.status(project.url()).sign_up is None

    def test_anon_may_execute_nothing_in_spite_of_the_platforms_default_grants(self, project: Database) -> None:
        migrate.upgrade(project.url())
        with project.connect() as owner:
            allowed = owner.execute(
                "select oid::regprocedure from pg_proc where pronamespace in ('public'::regnamespace, 'devots'::regnamespace)"
                " and has_function_privilege('anon', oid, 'execute')"
            ).fetchall()
        assert allowed == []

    def test_both_tables_are_published(self, project: Database) -> None:
        migrate.upgrade(project.url())
        with project.connect() as owner:
            tables = owner.execute("select tablename from pg_publication_tables order by 1").fetchall()
        assert tables == [("todo",), ("todo_tombstone",)]

    def test_a_project_sees_own_rows_by_claims_only(self, project: Database) -> None:
        migrate.upgrade(project.url())
        with project.connect(SUPERUSER, autocommit=False) as admin:
            for person in ("ada", "bob"):
                admin.execute("set local role authenticated")
                admin.execute("select set_config('request.jwt.claims', %s, true)", [f'{{"sub": "{person}"}}'])
                admin.execute("insert into todo(text) values ('of ' || devots.uid())")
            assert admin.execute("select text from todo").fetchall() == [("of bob",)]

    def test_up_down_up(self, project: Database) -> None:
        migrate.upgrade(project.url())
        up = shape(project)
        migrate.downgrade(project.url())
        migrate.upgrade(project.url())
        assert shape(project) == up

    def test_another_flavour_than_the_migrated_one_is_refused(self, project: Database) -> None:
        migrate.upgrade(project.url())
        with pytest.raises(AccountUnusable, match="set up as supabase"):
            migrate.upgrade(project.url(), flavour="portal")


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "difference"),
        [
            ("alter table todo alter created_at type timestamptz", "todo.created_at is timestamp with time zone not null"),
            ("alter table todo drop constraint todo_user_id_user_id_fk", "todo.todo_user_id_user_id_fk is missing"),
            ("alter table session drop constraint session_token_unique", "session.session_token_unique is missing"),
            ('alter table "user" alter email drop not null', "user.email is text, not text not null"),
            ("drop table verification", "table verification is missing"),
        ],
    )
    def test_tables_of_another_shape(self, portal: Database, change: str, difference: str) -> None:
        with portal.connect() as owner:
            owner.execute(change)
        before = shape(portal, schemas=PUBLIC)
        with pytest.raises(UnknownTables) as caught:
            migrate.upgrade(portal.url())
        assert any(difference in line for line in caught.value.differences)
        assert shape(portal, schemas=PUBLIC) == before

    def test_a_login_that_is_not_the_owner(self, portal: Database) -> None:
        with pytest.raises(AccountUnusable, match="belong to portal"):
            migrate.upgrade(portal.url(SUPERUSER))

    def test_every_migration_is_known_by_its_number(self) -> None:
        versions = (Path(__file__).parents[2] / "migrations" / "server" / "versions").glob("0*.py")
        assert sorted(path.name[:4] for path in versions) == list(KNOWN)

    @pytest.mark.parametrize("revision", ["0999", "0002_of_a_branch"])
    def test_a_database_with_newer_migrations_or_unknown_ones(self, managed: Managed, revision: str) -> None:
        with managed.owner() as owner:
            owner.execute("update devots.alembic_version set version_num = %s", [revision])
        with pytest.raises(ServerTooNew):
            migrate.upgrade(managed.database.url())
        assert migrate.status(managed.database.url()).state == "newer"

    @pytest.mark.parametrize(
        ("change", "finding"),
        [
            ("grant select on session to other_portal", "other_portal holds rights on session"),
            ("grant select(id) on account to other_portal", "other_portal holds rights on account"),
            ("grant select on todo to public", "PUBLIC holds rights on todo"),
            ("create policy everybody on todo using (true)", "The policy 'everybody' on todo"),
        ],
    )
    def test_rights_of_others_are_asked_about(self, portal: Database, change: str, finding: str) -> None:
        with portal.connect(SUPERUSER) as admin:
            admin.execute("do $$ begin create role other_portal login; exception when duplicate_object then end $$")
        with portal.connect() as owner:
            owner.execute(change)
        assert any(finding in line for line in migrate.status(portal.url()).trouble)
        with pytest.raises(RightsInTheWay) as caught:
            migrate.upgrade(portal.url())
        assert any(finding in line for line in caught.value.findings)
        assert migrate.status(portal.url()).state == "not migrated"
        assert migrate.upgrade(portal.url(), accept_rights=True).after == HEAD

    @pytest.mark.parametrize("url", ["", "todo", "mysql://a:b@localhost/x", "https://example.org"])
    def test_what_is_no_url_of_postgresql(self, url: str) -> None:
        with pytest.raises(AccountUnusable, match="not the URL"):
            migrate.status(url)

    def test_a_wrong_password_and_no_word_of_it(self, database: Database) -> None:
        with pytest.raises(AccountUnusable, match="does not accept the login portal") as caught:
            migrate.status(database.url(password="not-the-password"))
        assert "not-the-password" not in repr(caught.value)

    @pytest.mark.parametrize(
        ("part", "instead", "said"),
        [
            ("/devots_", "/nobodys_", "There is no database"),
            ("127.0.0.1", "no-such-host.invalid", "leads nowhere"),
            (":{port}/", ":1/", "No PostgreSQL server answers"),
            ("portal:", "stranger:", "does not accept the login stranger"),
            ("postgresql:", "mysql:", "it does not begin with postgresql"),
            ("127.0.0.1:{port}", "", "it names no host"),
            ("{name}", "", "it names no database"),
        ],
    )
    def test_which_part_of_the_url_is_wrong_is_said(self, database: Database, part: str, instead: str, said: str) -> None:
        wrong = part.format(port=database.server.port, name=f"/{database.name}")
        assert wrong in database.url()
        with pytest.raises(DevotsError, match=said) as caught:
            migrate.status(database.url().replace(wrong, instead))
        assert database.server.passwords["portal"] not in str(caught.value)

    def test_sign_up_needs_the_migrations(self, database: Database) -> None:
        with pytest.raises(NotMigrated):
            migrate.set_sign_up(database.url(), on=True)


def killer(database: Database, when: int | str) -> Callable[[str], None]:
    """A report that ends the upgrade's connection before a step, as a crash of either side would."""
    seen: list[str] = []

    def report(step: str) -> None:
        if when in {len(seen), step}:
            with database.connect(SUPERUSER) as admin:
                terminate(admin, database)
        seen.append(step)

    return report


@contextmanager
def killed_before(database: Database, number: int) -> Iterator[list[str]]:
    """The owner's connection ends before its next statement of this number that is no question; which one it was is told, when it has come."""
    seen: list[str] = []
    killed: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if re.match(r"select|show|set |savepoint", statement.strip(), re.IGNORECASE):
            return
        if len(seen) == number:
            killed.append(statement)
            with database.connect(SUPERUSER) as admin:
                terminate(admin, database)
        seen.append(statement)

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    try:
        yield killed
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", note)


def terminate(admin: psycopg.Connection, database: Database) -> None:
    admin.execute(
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = 'devots db' and datname = %s",
        [database.name],
    )


def wait_for(admin: psycopg.Connection, query: str, *parameters: str) -> None:
    deadline = time.monotonic() + 30
    while not admin.execute(query, parameters).fetchall():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)
