"""A portal of each profile, and who asks it."""

from collections.abc import Iterator

import pytest

from tests.servers.fixtures import Servers
from tests.servers.portal import PortalServer, Profile


@pytest.fixture(params=["seed", "desktop"])
def portal(request: pytest.FixtureRequest, servers: Servers) -> Iterator[PortalServer]:
    """A portal of each profile in turn, without people."""
    profile: Profile = request.param
    with servers.portal(18, profile) as made:
        yield made


@pytest.fixture
def seed(servers: Servers) -> Iterator[PortalServer]:
    with servers.portal(18, "seed") as made:
        yield made


@pytest.fixture
def desktop(servers: Servers) -> Iterator[PortalServer]:
    with servers.portal(18, "desktop") as made:
        yield made
