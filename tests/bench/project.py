"""A Supabase project for measurements, and a profile with accounts in it."""

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.supabase_form import SupabaseForm, Way
from devots_desktop.store.profile import Profile
from tests.servers.postgres import PostgresServer
from tests.servers.proxy import Proxy
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.database import prepare, tell_time_in_utc

EMAIL, PASSWORD = "ada@example.org", "correct horse"


@dataclass(frozen=True, slots=True)
class Stage:
    """A project with one person, whose account is in a profile.

    Attributes:
        port: of the way to the server that accounts take; nobody listens there but a `way`.
    """

    server: SupabaseServer
    profile: Path
    user_id: str
    port: int

    def way(self) -> Proxy:
        """The way to the server, while it is open."""
        return Proxy(_port(self.server), at=self.port)

    def enter(self, profile: Path) -> None:
        """The person's account in another profile, on a session of its own. The way is to be open."""
        _enter(profile, self.server.publishable_key, self.port, Way.PASSWORD)


@contextlib.contextmanager
def staged() -> Iterator[Stage]:
    """A project that our migrations have prepared, at the real intervals of Realtime."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="devots-bench-")))
        folder.chmod(0o711)
        postgres = stack.enter_context(PostgresServer.start(18, folder / "server"))
        database = postgres.create_database()
        prepare(database, "managed")
        tell_time_in_utc(database)
        server = stack.enter_context(SupabaseServer(database, "managed"))
        server.faults.realtime.poll_s, server.faults.realtime.poll_idle_s = 0.1, 0.5
        with Proxy(_port(server)) as way:
            account, port = _enter(folder / "profile", server.publishable_key, way.port, Way.SIGN_UP), way.port
        yield Stage(server, folder / "profile", account.user_id, port)


def _enter(profile: Path, key: str, port: int, way: Way) -> Account:
    form = SupabaseForm(Project(f"http://127.0.0.1:{port}"), EMAIL, key, PASSWORD, way=way, name="Ada", secrets=SecretStore.FILE)
    return asyncio.run(Accounts(Profile(profile)).add_supabase(form))


def _port(server: SupabaseServer) -> int:
    return int(server.url.rpartition(":")[2])
