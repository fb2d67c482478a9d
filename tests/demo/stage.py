"""What the demo plays on: a PostgreSQL 18 of its own, one person, and two profiles that are signed in. All of it lies in one folder."""

import asyncio
import contextlib
import fcntl
import os
import secrets
import select
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.remote.postgres.address import LOGIN, Address
from devots_desktop.remote.postgres.migrate import upgrade
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.postgres_form import PostgresForm
from devots_desktop.store.profile import Profile
from tests.servers.postgres import Database, PostgresServer

EMAIL = "ada@example.org"
_PREFIX = "devots-demo-"
_END_S = 10.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A running server with a person, and this person's two profiles.

    Attributes:
        account: the person's, as the first profile knows it.
    """

    database: Database
    profiles: tuple[Path, Path]
    account: Account


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
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
        database = server.create_database()
        server.passwords[LOGIN] = secrets.token_urlsafe(12)
        upgrade(database.url(), desktop_password=server.passwords[LOGIN], sign_up=True)
        profiles = (folder / "one", folder / "two")
        password = secrets.token_urlsafe(12)
        account, _ = [enter(profile, database, password, sign_up=profile is profiles[0]) for profile in profiles]
        yield Stage(database, profiles, account)


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
