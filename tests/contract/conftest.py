"""The backends that the contract is held against, by name: tests/contract/__main__.py counts them apart."""

from collections.abc import Iterator

import pytest

from tests.contract import plain_postgres
from tests.contract.backends import Backend, MemoryBackend, PlainPostgresBackend, PostgresBackend
from tests.outcomes import not_promised
from tests.servers.fixtures import VERSIONS, Servers

BACKENDS = [
    "memory",
    "memory-plain",
    "postgres-15",
    "postgres-15-plain",
    "postgres-18",
    "postgres-18-plain",
    "supabase-managed",
    "supabase-plain",
    "portal-seed",
    "portal-desktop-silent-superjson",
]
"""Those of a portal that are held to all of it: rows as answers and plain JSON, and neither with superjson."""


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Backend]:
    kind, _, rest = request.param.partition("-")
    portal = kind == "portal"
    plain = portal or rest.endswith("plain")
    if plain and (beyond := request.node.get_closest_marker("managed")):
        not_promised(beyond.args[0])
    if portal and (beyond := request.node.get_closest_marker("table")):
        not_promised(beyond.args[0])
    if kind == "memory":
        yield MemoryBackend(plain=plain)
        return
    if kind == "supabase":
        from tests.contract.supabase_backend import SupabaseBackend

        with servers.project(VERSIONS[-1], "plain" if plain else "managed") as project:
            yield SupabaseBackend(project, plain=plain)
        return
    if kind == "portal":
        from tests.contract.portal_backend import PortalBackend

        profile, *switches = rest.split("-")
        form = {"returning": "silent" not in switches, "superjson": "superjson" in switches}
        with servers.portal(VERSIONS[-1], profile, **form) as portal:
            yield PortalBackend(portal)
        return
    server = servers.server(int(rest.removesuffix("-plain")))
    if plain:
        database = plain_postgres.make(server)
        yield PlainPostgresBackend(database)
    else:
        managed = servers.managed(server.version, "portal")
        database = managed.database
        yield PostgresBackend(managed)
    server.drop_database(database)
