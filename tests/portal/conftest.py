"""A portal of each profile, and who asks it."""

from collections.abc import Iterator

import pytest

from tests.portal.client import Asking
from tests.servers.fixtures import Servers
from tests.servers.portal import Profile


@pytest.fixture(params=["seed", "desktop"])
def either(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Asking]:
    """A portal of each profile in turn, without people."""
    profile: Profile = request.param
    with servers.portal(18, profile) as portal:
        yield Asking(portal)


@pytest.fixture
def seed(servers: Servers) -> Iterator[Asking]:
    """A portal as its guide makes it."""
    with servers.portal(18, "seed") as portal:
        yield Asking(portal)


@pytest.fixture
def desktop(servers: Servers) -> Iterator[Asking]:
    """A portal with the plugins for other programs."""
    with servers.portal(18, "desktop") as portal:
        yield Asking(portal)
