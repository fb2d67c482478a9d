"""The account's server, as the person's own session sees it."""

import asyncio
from functools import partial

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import DevotsError
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote.thread import on_thread
from devots_desktop.services.secrets import Secrets

SERVER, SESSION = "server", "session"


async def examine(account: Account, secrets: Secrets, *, patience: float) -> list[Finding]:
    """Look at the server.

    Args:
        patience: seconds that it may take.
    """
    try:
        secrets.stale(account)
        kept = await secrets.get(account)
    except DevotsError as error:
        return [
            Finding(SESSION, Level.WRONG, error.sentence, error.next_step),
            Finding(SERVER, Level.UNCHECKED, "Without a session it is not asked."),
        ]
    if kept is None:
        signed_out = Finding(
            SESSION, Level.WRONG, "No session is kept on this device.", "Sign in again; your changes are kept and will be sent."
        )
        return [signed_out, Finding(SERVER, Level.UNCHECKED, "Without a session it is not asked.")]
    try:
        async with asyncio.timeout(patience):
            return await on_thread("doctor", partial(_examine, account, kept))
    except TimeoutError:
        return [Finding(SERVER, Level.WRONG, "The server accepted the connection and then did not answer.", "Try again later.")]


def _examine(account: Account, kept: dict[str, str]) -> list[Finding]:
    from devots_desktop.remote.postgres import health
    from devots_desktop.remote.postgres.address import Address

    return health.examine(Address.from_dict(account.address), kept["login_password"], kept["token"], account.user_id)
