"""The step before the migrations: roles, which belong to the whole cluster."""

from collections.abc import Iterator

import pytest

from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.roles import RolesMissing, UnsafeRole
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.managed import DESKTOP
from tests.servers.postgres import SUPERUSER, Database, PostgresServer


@pytest.fixture(scope="module")
def clusters() -> Iterator[Servers]:
    """Clusters of our own, whose roles we may make and drop."""
    running = Servers()
    yield running
    running.stop()


@pytest.fixture(params=VERSIONS, ids=lambda version: f"postgres-{version}")
def cluster(request: pytest.FixtureRequest, clusters: Servers) -> PostgresServer:
    return clusters.server(request.param)


@pytest.fixture
def bare(cluster: PostgresServer) -> Iterator[Database]:
    """An empty database in a cluster without our roles."""
    database = cluster.create_database()
    yield database
    cluster.drop_database(database)
    with cluster.superuser() as admin:
        admin.execute("drop role if exists anon, authenticated, devots_desktop; alter role portal createrole")


def roles(database: Database) -> list[str]:
    with database.connect() as owner:
        return [row[0] for row in owner.execute("select rolname from pg_roles where rolname !~ '^pg_' order by 1").fetchall()]


def test_a_login_with_createrole_makes_them_and_gets_the_password_once(bare: Database) -> None:
    result = migrate.upgrade(bare.url())
    assert result.roles_created == ("anon", "authenticated", "devots_desktop")
    assert result.desktop_password is not None
    with bare.connect(DESKTOP, password=result.desktop_password) as desktop:
        assert desktop.execute("select current_user").fetchone() == (DESKTOP,)
    again = migrate.upgrade(bare.url())
    assert (again.roles_created, again.desktop_password) == ((), None)
    with bare.connect(DESKTOP, password=result.desktop_password):
        pass  # still the same


def test_a_given_password_is_set_now_and_later(bare: Database) -> None:
    for password in ("first of all", "naïve ' quote"):
        assert migrate.upgrade(bare.url(), desktop_password=password).desktop_password is None
        with bare.connect(DESKTOP, password=password):
            pass


def test_the_password_never_travels_in_clear(bare: Database) -> None:
    with bare.connect(SUPERUSER) as admin:
        admin.execute("alter system set log_statement = 'all'")
        admin.execute("select pg_reload_conf()")
        migrate.upgrade(bare.url(), desktop_password="in the clear")
        admin.execute("alter system reset log_statement")
        admin.execute("select pg_reload_conf()")
    log = (bare.server.folder / "server.log").read_text(encoding="utf-8")
    assert "alter role devots_desktop password" in log
    assert "in the clear" not in log


def test_without_createrole_the_lines_for_an_administrator_are_given_and_nothing_is_done(bare: Database) -> None:
    with bare.connect(SUPERUSER) as admin:
        admin.execute("alter role portal nocreaterole")
    before = roles(bare)
    with pytest.raises(RolesMissing) as caught:
        migrate.upgrade(bare.url())
    assert roles(bare) == before
    with bare.connect() as owner:
        assert owner.execute("select to_regnamespace('devots'), to_regclass('todo')").fetchone() == (None, None)
    with bare.connect(SUPERUSER) as admin:
        for line in caught.value.lines:
            admin.execute(line)
    result = migrate.upgrade(bare.url())
    assert (result.roles_created, result.desktop_password) == ((), None)
    with bare.connect(DESKTOP, password="choose one"):
        pass


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        ("noinherit bypassrls", "bypasses"),
        ("noinherit superuser", "bypasses"),
        ("noinherit createrole", "make and change roles"),
        ("noinherit in role authenticated", "member of authenticated"),
        ("inherit", "inherits"),
    ],
)
def test_a_devots_desktop_that_can_do_more_is_refused(bare: Database, attribute: str, reason: str) -> None:
    with bare.connect(SUPERUSER) as admin:
        admin.execute("create role anon; create role authenticated")
        admin.execute(f"create role devots_desktop login {attribute}")
    with pytest.raises(UnsafeRole, match=reason):
        migrate.upgrade(bare.url())
    assert migrate.status(bare.url()).state == "not migrated"


def test_missing_roles_are_named_by_status(bare: Database) -> None:
    assert [line for line in migrate.status(bare.url()).missing if line.startswith("role")] == [
        "role anon",
        "role authenticated",
        "role devots_desktop",
    ]
