"""The first download of 10,000 todos from a real portal.

`portal-first-sync`: until the account has its list, against getAll with httpx, written with executemany; each in a process of its own.
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devots_desktop.domain.account import SecretStore
from devots_desktop.remote.portal.signing import Granted
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.portal_form import PortalForm
from devots_desktop.store.profile import Profile
from tests.bench.report import ROUNDS, Row
from tests.portal.client import PASSWORD, Asking
from tests.servers.portal import PortalHost, PortalServer, migrate
from tests.servers.postgres import PostgresServer
from tests.window.program import ROOT

TODOS = 10_000
GOAL = 1.5
_PATIENCE_S = 120.0


def run() -> Iterator[Row]:
    """Medians over the rounds."""
    with _staged() as (asking, folder):
        ada = asking.sign_up()
        with asking.portal.database.connect() as owner:
            owner.execute(
                "insert into todo(user_id, text) select %s, 'todo number ' || n from generate_series(1, %s) n", [ada.user_id, TODOS]
            )
        rounds = [_round(asking.portal, ada.headers["cookie"], folder / str(number)) for number in range(ROUNDS)]
    ours, bare = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row.of("portal-first-sync", ours, bare, goal=GOAL)


@contextlib.contextmanager
def _staged() -> Iterator[tuple[Asking, Path]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="devots-bench-")))
        folder.chmod(0o711)
        server = stack.enter_context(PostgresServer.start(18, folder / "server"))
        host = stack.enter_context(PortalHost())
        database = server.create_database()
        migrate(host, database, "seed")
        yield Asking(stack.enter_context(PortalServer(database, host=host))), folder


def _round(portal: PortalServer, cookie: str, folder: Path) -> tuple[float, float]:
    asyncio.run(_enter(portal.url, folder))
    return _printed("portal_alone", str(folder)), _printed("bare_trpc", said=f"{portal.url}\n{cookie}\n")


async def _enter(url: str, folder: Path) -> None:
    accounts = Accounts(Profile(folder))
    form = PortalForm.from_text(url, email="ada@example.org", password=PASSWORD, secrets=SecretStore.FILE)
    granted = await accounts.portal.enter(form)
    if not isinstance(granted, Granted):
        raise TypeError(granted)
    accounts.use(await accounts.add_portal(form, granted))


def _printed(module: str, *arguments: str, said: str = "") -> float:
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    return float(subprocess.run(command, cwd=ROOT, input=said, stdout=subprocess.PIPE, text=True, timeout=_PATIENCE_S, check=True).stdout)
