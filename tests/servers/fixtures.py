"""Fixtures of the real PostgreSQL servers. One server of each version for each test process; a database of its own for each test."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from devots_desktop.remote.postgres.migrate import upgrade
from devots_desktop.remote.postgres.roles import Flavour
from tests.outcomes import not_run
from tests.servers.managed import DESKTOP, Managed
from tests.servers.portal import PortalHost, PortalServer, Profile, migrate
from tests.servers.postgres import Database, PostgresServer, binaries

if TYPE_CHECKING:  # few tests need it, and aiohttp takes its time
    from tests.servers.supabase import SupabaseServer
    from tests.servers.supabase.database import Form

VERSIONS = (15, 18)


def newest() -> int:
    """The newest version that this machine has, for what differs between none of them; where it has none, the one to be missed."""
    return next((version for version in reversed(VERSIONS) if binaries(version)), VERSIONS[-1])


@dataclass(slots=True)
class Servers:
    """The running servers and, in each, the migrated databases that tests get copies of."""

    _running: dict[int, PostgresServer] = field(default_factory=dict)
    _templates: dict[tuple[int, Flavour], str] = field(default_factory=dict)
    _projects: dict[tuple[int, str], str] = field(default_factory=dict)
    _portals: dict[tuple[int, Profile, bool], str] = field(default_factory=dict)
    _host: PortalHost | None = None

    def server(self, version: int) -> PostgresServer:
        """The server of that version, started by the first who asks. Ends the test where it is not installed."""
        if binaries(version) is None:
            not_run(f"PostgreSQL {version} is not installed")
        if version not in self._running:
            self._running[version] = PostgresServer.start(version, quick_folder())
        return self._running[version]

    def managed(self, version: int, flavour: Flavour) -> Managed:
        """A new copy of a migrated database, with sign-up on."""
        server = self.server(version)
        if (version, flavour) not in self._templates:
            template = server.create_database()
            password = server.passwords.setdefault(DESKTOP, "a password of the tests")
            upgrade(template.url(), flavour=flavour, desktop_password=password, sign_up=True)
            self._templates[version, flavour] = template.name
        return Managed(server.create_database(self._templates[version, flavour]))

    @contextmanager
    def project(self, version: int, form: "Form") -> Iterator["SupabaseServer"]:
        """A Supabase stand-in over a new database of that form, without people. It is stopped and its database dropped at the end."""
        from tests.servers.supabase import SupabaseServer
        from tests.servers.supabase.database import prepare, tell_time_in_utc

        server = self.server(version)
        if (version, form) not in self._projects:
            template = server.create_database()
            prepare(template, form)
            self._projects[version, form] = template.name
        database = server.create_database(self._projects[version, form])
        tell_time_in_utc(database)
        with SupabaseServer(database, form) as project:
            yield project
        server.drop_database(database)

    @contextmanager
    def portal(self, version: int, profile: Profile, **switches: Any) -> Iterator[PortalServer]:
        """A portal over a new database, without people. It is stopped and its database dropped at the end. `switches`: fields of its Settings."""
        server = self.server(version)
        database = server.create_database(self._portal_template(server, profile, on_supabase=False))
        with PortalServer(database, profile=profile, host=self.portal_host(), **switches) as portal:
            yield portal
        server.drop_database(database)

    @contextmanager
    def portal_on_supabase(self, version: int, profile: Profile, **switches: Any) -> Iterator[tuple[PortalServer, "SupabaseServer"]]:
        """The same over the database of a Supabase project, for whose Realtime it gives out what its profile has."""
        from tests.servers.supabase import SupabaseServer
        from tests.servers.supabase.database import tell_time_in_utc

        server = self.server(version)
        database = server.create_database(self._portal_template(server, profile, on_supabase=True))
        tell_time_in_utc(database)
        with (
            SupabaseServer(database, "empty") as project,
            PortalServer(database, profile=profile, host=self.portal_host(), **switches) as portal,
        ):
            portal.join(project)
            yield portal, project
        server.drop_database(database)

    def portal_host(self) -> PortalHost:
        """The process that this test process' portals run in, started by the first who asks. Ends the test where there is no Node."""
        self._host = self._host or PortalHost()
        return self._host

    def _portal_template(self, server: PostgresServer, profile: Profile, *, on_supabase: bool) -> str:
        kind = (server.version, profile, on_supabase)
        if kind not in self._portals:
            template = server.create_database()
            if on_supabase:
                from tests.servers.supabase.database import prepare

                prepare(template, "empty")
            migrate(self.portal_host(), template, profile, on_supabase=on_supabase)
            self._portals[kind] = template.name
        return self._portals[kind]

    def stop(self) -> None:
        if self._host is not None:
            self._host.stop()
        for server in self._running.values():
            server.stop()


def quick_folder() -> Path | None:
    """In memory where there is room: to make and drop a database waits for the disk several times, and no test looks at the disk."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < 2**32:
        return None
    return Path(tempfile.mkdtemp(prefix="devots-pg-", dir=memory))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    running = Servers()
    yield running
    running.stop()


@pytest.fixture(params=VERSIONS, ids=lambda version: f"postgres-{version}")
def postgres(request: pytest.FixtureRequest, servers: Servers) -> PostgresServer:
    """A running server, each version in turn."""
    return servers.server(request.param)


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    """An empty database."""
    made = postgres.create_database()
    yield made
    postgres.drop_database(made)


@pytest.fixture
def managed(postgres: PostgresServer, servers: Servers) -> Iterator[Managed]:
    """A migrated database of the portal flavour, without people."""
    made = servers.managed(postgres.version, "portal")
    yield made
    postgres.drop_database(made.database)


@pytest.fixture
def project(postgres: PostgresServer, servers: Servers) -> Iterator["SupabaseServer"]:
    """A Supabase project that our migrations have run on, without people."""
    with servers.project(postgres.version, "managed") as made:
        yield made


@pytest.fixture
def plain_project(postgres: PostgresServer, servers: Servers) -> Iterator["SupabaseServer"]:
    """A Supabase project with a todo table that knows nothing of us, without people."""
    with servers.project(postgres.version, "plain") as made:
        yield made
