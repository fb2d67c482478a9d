"""A real portal as a place for todos: the program's own remote on it, in each of the forms that a portal can have."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from devots_desktop.remote.base import Remote
from devots_desktop.remote.portal.address import Portal
from devots_desktop.remote.portal.remote import PortalRemote
from devots_desktop.remote.portal.signing import Door, Granted
from devots_desktop.remote.portal.wire import Credential, Wire
from devots_desktop.remote.postgres.migrate import upgrade
from tests.contract.backends import FORBIDDEN, PlainPortal, PostgresWeb, free_port
from tests.contract.knowing import Keys, KnowingRemote
from tests.servers.managed import DESKTOP, Managed
from tests.servers.portal import PortalServer

PASSWORD = "a password of the tests"


class PortalBackend:
    """A portal. The devices of a person share a session, as the connections of one account do."""

    plain = True

    def __init__(self, server: PortalServer) -> None:
        self._server = server
        self._managed = Managed(server.database)
        self._granted: dict[str, Granted] = {}
        self._unsure: dict[str, float] = {}
        self._keys: Keys = {}
        self.web = PostgresWeb(server.database)
        with server.database.connect() as owner:
            owner.execute(f"alter table todo add constraint of_the_owner check (text not like '{FORBIDDEN}%')")

    def person(self, name: str) -> str:
        # On a thread: whoever asks may be on a loop.
        with ThreadPoolExecutor(1) as thread:
            granted = thread.submit(asyncio.run, enter(self._server.url, f"{name}@example.org")).result()
        self._granted[granted.user_id] = granted
        return granted.user_id

    def connect(self, user_id: str) -> Remote:
        return self._remote(self._server.url, self._granted[user_id].credential)

    def remote(self, user_id: str) -> Remote:
        return KnowingRemote(self.connect(user_id), self._keys)

    def nowhere(self, user_id: str) -> Remote:
        return self._remote(f"http://127.0.0.1:{free_port()}", self._granted[user_id].credential)

    def elsewhere(self) -> PlainPortal:
        return PlainPortal(self._managed, self._keys)

    def sign_out(self, user_id: str) -> None:
        with self._server.database.connect() as owner:
            owner.execute("delete from session where user_id = %s", [user_id])

    def cut(self) -> None:
        raise NotImplementedError

    def switch(self) -> None:
        """The owner runs our migrations beside the portal, which goes on as it is: for its accounts nothing changes."""
        password = self._server.database.server.passwords.setdefault(DESKTOP, "a password of the tests")
        upgrade(self._server.database.url(), flavour="portal", desktop_password=password, accept_rights=True)

    def _remote(self, url: str, credential: Credential) -> Remote:
        return PortalRemote(Wire(Portal(url), credential), known=nothing_known, unsure=self._unsure)


async def nothing_known(ids: Sequence[int]) -> set[int]:
    return set()


async def enter(url: str, email: str) -> Granted:
    """Sign up, and in."""
    wire = Wire(Portal(url))
    try:
        reply = await wire.post("api/auth/sign-up/email", {"name": "Somebody", "email": email, "password": PASSWORD})
        assert reply.good, reply
    finally:
        await wire.close()
    granted = await Door(Portal(url)).sign_in(email, PASSWORD)
    assert isinstance(granted, Granted)
    return granted
