"""The backends that the contract is held against, by name: tests/contract/__main__.py counts them apart."""

from collections.abc import Iterator

import pytest

from tests.contract.backends import Backend, MemoryBackend, PostgresBackend
from tests.servers.fixtures import Servers


@pytest.fixture(params=["memory", "postgres-15", "postgres-18"])
def backend(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Backend]:
    if request.param == "memory":
        yield MemoryBackend()
        return
    version = int(request.param.removeprefix("postgres-"))
    managed = servers.managed(version, "portal")
    yield PostgresBackend(managed)
    servers.server(version).drop_database(managed.database)
