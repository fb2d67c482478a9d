"""What the demo plays on: a PostgreSQL 18 of its own, one person, and two profiles that are signed in. All of it lies in one folder.

The database is as it is, or has a Supabase project around it, or such a project and a portal.
"""

import asyncio
import contextlib
import fcntl
import os
import secrets
import select
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.remote.portal.signing import Granted
from devots_desktop.remote.postgres.address import LOGIN, Address
from devots_desktop.remote.postgres.migrate import upgrade
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.portal_form import PortalForm
from devots_desktop.services.postgres_form import PostgresForm
from devots_desktop.services.supabase_form import SupabaseForm, Way
from devots_desktop.store.profile import Profile
from tests.servers.portal import PortalHost, PortalServer, migrate
from tests.servers.postgres import Database, PostgresServer
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.database import prepare, tell_time_in_utc

EMAIL = "ada@example.org"
_PREFIX = "devots-demo-"
_END_S = 10.0


class Backend(StrEnum):
    """What kind of account the person has."""

    POSTGRES = "postgres"
    SUPABASE = "supabase"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Stage:
    """A running server with a person, and this person's two profiles.

    Attributes:
        account: the person's, as the first profile knows it.
        where: names the server to the user.
        set_away: takes the server away, or brings it back.
    """

    database: Database
    profiles: tuple[Path, Path]
    account: Account
    where: str
    set_away: Callable[[bool], None]


@contextlib.contextmanager
def stage(backend: Backend = Backend.POSTGRES) -> Iterator[Stage]:
    """Set it up, and take everything away at the end. What an earlier run left that was killed goes first."""
    _clear_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    # PostgreSQL may run under another account, which has to get through to its own folder.
    folder.chmod(0o711)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        held = stack.enter_context((folder / "lock").open("w"))
        fcntl.flock(held, fcntl.LOCK_EX)
        server = stack.enter_context(PostgresServer.start(18, folder / "server"))
        _remember_commit_times(server)
        profiles = (folder / "one", folder / "two")
        make = {Backend.POSTGRES: _on_postgres, Backend.SUPABASE: _on_supabase, Backend.PORTAL: _on_portal}
        yield stack.enter_context(make[backend](server.create_database(), profiles, secrets.token_urlsafe(12)))


@contextlib.contextmanager
def _on_postgres(database: Database, profiles: tuple[Path, Path], password: str) -> Iterator[Stage]:
    server = database.server
    server.passwords[LOGIN] = secrets.token_urlsafe(12)
    upgrade(database.url(), desktop_password=server.passwords[LOGIN], sign_up=True)
    account, _ = [enter(profile, database, password, sign_up=profile is profiles[0]) for profile in profiles]

    def set_away(away: bool) -> None:  # noqa: FBT001 (a switch)
        if away:
            server.kill(signal.SIGINT)
        else:
            server.restart()

    yield Stage(database, profiles, account, f"PostgreSQL {server.version} at {server.host}:{server.port}", set_away)


@contextlib.contextmanager
def _on_supabase(database: Database, profiles: tuple[Path, Path], password: str) -> Iterator[Stage]:
    """A stand-in of a Supabase project on the database."""
    prepare(database, "managed")
    tell_time_in_utc(database)
    with SupabaseServer(database, "managed") as project:
        account, _ = [_enter_project(profile, project, password, sign_up=profile is profiles[0]) for profile in profiles]

        def set_away(away: bool) -> None:  # noqa: FBT001 (a switch)
            project.faults.auth.offline = project.faults.rest.offline = away
            _set_live_away(project, away)

        yield Stage(database, profiles, account, f"Supabase project at {project.url}", set_away)


def _set_live_away(project: SupabaseServer, away: bool) -> None:  # noqa: FBT001 (a switch)
    project.faults.realtime.refuse = 500 if away else None
    if away:
        project.realtime.close_sockets(1001)


@contextlib.contextmanager
def _on_portal(database: Database, profiles: tuple[Path, Path], password: str) -> Iterator[Stage]:
    """A portal with the plugins for other programs, whose changes a stand-in of a Supabase project on the database tells."""
    prepare(database, "empty")
    tell_time_in_utc(database)
    with PortalHost() as host:
        migrate(host, database, "desktop", on_supabase=True)
        with SupabaseServer(database, "empty") as project, PortalServer(database, host=host, profile="desktop") as portal:
            portal.join(project)
            portal.sign_up("Ada", EMAIL, password)
            account, _ = [asyncio.run(_enter_portal(profile, portal, password)) for profile in profiles]

            def set_away(away: bool) -> None:  # noqa: FBT001 (a switch)
                portal.set_away(away)
                _set_live_away(project, away)

            yield Stage(database, profiles, account, f"portal at {portal.url}", set_away)


async def _enter_portal(profile: Path, portal: PortalServer, password: str) -> Account:
    accounts = Accounts(Profile(profile))
    form = PortalForm.from_text(portal.url, email=EMAIL, password=password, name="Ada", secrets=SecretStore.FILE)
    granted = await accounts.portal.enter(form)
    assert isinstance(granted, Granted)
    return await accounts.add_portal(form, granted)


def _enter_project(profile: Path, project: SupabaseServer, password: str, *, sign_up: bool) -> Account:
    way = Way.SIGN_UP if sign_up else Way.PASSWORD
    form = SupabaseForm.from_text(
        project.url, project.publishable_key, email=EMAIL, password=password, way=way, name="Ada", secrets=SecretStore.FILE
    )
    return asyncio.run(Accounts(Profile(profile)).add_supabase(form))


def enter(profile: Path, database: Database, password: str, *, email: str = EMAIL, sign_up: bool = False) -> Account:
    """Sign a person in, or up, on a profile, as the window's form does."""
    address = Address(database.server.host, database.server.port, database.name)
    login_password = database.server.passwords[LOGIN]
    form = PostgresForm(address, email, login_password, password, sign_up=sign_up, name="Ada", secrets=SecretStore.FILE)
    return asyncio.run(Accounts(Profile(profile)).add_postgres(form))


def _remember_commit_times(server: PostgresServer) -> None:
    """Have the server note when each transaction was committed; it reads this setting when it starts."""
    with server.superuser() as connection:
        connection.execute("alter system set track_commit_timestamp = on")
    server.kill(signal.SIGINT)
    server.restart()


def _clear_leftovers() -> None:
    """Remove the folders of runs that were killed: nobody holds their lock any more. Their servers were told to end by the kernel."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), (folder / "lock").open() as lock:
            if folder.stat().st_uid == os.getuid() and _nobody_holds(lock):
                _end_server(folder / "server")
                shutil.rmtree(folder)


def _nobody_holds(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_server(folder: Path) -> None:
    """Wait for the end of a server that lost its parent, and hasten it where it takes long."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        number = int((folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        process = os.pidfd_open(number)
        try:
            # The number may belong to another process by now.
            if str(folder).encode() in Path(f"/proc/{number}/cmdline").read_bytes():
                for how in (signal.SIGINT, signal.SIGQUIT):
                    signal.pidfd_send_signal(process, how)
                    if select.select([process], [], [], _END_S)[0]:
                        return
        finally:
            os.close(process)
