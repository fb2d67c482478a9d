"""The backends that the contract is held against, by name: tests/contract/__main__.py counts them apart."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.contract import plain_postgres
from tests.contract.backends import Backend, MemoryBackend, PlainPostgresBackend, PostgresBackend
from tests.outcomes import not_promised
from tests.servers.fixtures import VERSIONS, Servers

if TYPE_CHECKING:  # the libraries behind it take their time
    from tests.servers.supabase import SupabaseServer

BACKENDS = [
    "memory",
    "memory-plain",
    "postgres-15",
    "postgres-15-plain",
    "postgres-18",
    "postgres-18-plain",
    "supabase-managed",
    "supabase-plain",
]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Backend]:
    kind, _, rest = request.param.partition("-")
    plain = rest.endswith("plain")
    if plain and (beyond := request.node.get_closest_marker("managed")):
        not_promised(beyond.args[0])
    if kind == "memory":
        yield MemoryBackend(plain=plain)
        return
    if kind == "supabase":
        from tests.contract.supabase_backend import SupabaseBackend

        with servers.project(VERSIONS[-1], "plain" if plain else "managed") as project:
            yield SupabaseBackend(project, plain=plain)
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


@pytest.fixture
def server(plain_project: "SupabaseServer") -> "SupabaseServer":
    """A project with a plain todo table, and the fence beside it."""
    from tests.contract.hearing import FENCED

    with plain_project.database.connect() as owner:
        owner.execute(FENCED)
    return plain_project


@pytest.fixture
def owner(server: "SupabaseServer") -> Iterator[psycopg.Connection]:
    """The owner of the tables, in autocommit."""
    with server.database.connect() as connection:
        yield connection
