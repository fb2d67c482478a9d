"""A portal account's portal, as the person's own session sees it."""

import asyncio
from typing import TYPE_CHECKING

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import DevotsError, SignedOut
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote.supabase.checks import REALTIME
from devots_desktop.remote.thread import on_thread
from devots_desktop.services.doctor.server import SERVER, SESSION
from devots_desktop.services.portal_account import PortalAccounts
from devots_desktop.services.secrets import Secrets

if TYPE_CHECKING:
    from devots_desktop.remote.portal.wire import Wire


async def examine(portals: PortalAccounts, account: Account, secrets: Secrets, *, patience: float) -> list[Finding]:
    """Look at the portal.

    Args:
        patience: seconds that all of it may take.
    """
    found: list[Finding] = []
    try:
        async with asyncio.timeout(patience):
            wire = await portals.wire(account, secrets)
            try:
                await _examine(wire, account, found)
            finally:
                await wire.close()
    except TimeoutError:
        found.append(Finding(SERVER, Level.WRONG, "The portal did not answer everything in time.", "Try again later."))
    except SignedOut:
        found.append(Finding(SESSION, Level.WRONG, "Your session has ended.", "Sign in again; your changes are kept and will be sent."))
        found.append(Finding(SERVER, Level.UNCHECKED, "Without a session it is not asked."))
    except DevotsError as error:
        found.append(Finding(SERVER, Level.WRONG, error.sentence, error.by_hand))
    return found


async def _examine(wire: "Wire", account: Account, found: list[Finding]) -> None:
    from devots_desktop.remote.portal import session
    from devots_desktop.remote.portal.live import Live
    from devots_desktop.remote.portal.trpc import Procedures

    person = await session.who(wire)
    found.append(Finding(SERVER, Level.OK, "The portal answers."))
    if person.user_id != account.user_id:
        found.append(Finding(SESSION, Level.WRONG, "The session is another person's.", "Sign in again."))
        return
    found.append(Finding(SESSION, Level.OK, "You are signed in."))
    channel, why = await Live(wire, Procedures(wire)).offered()
    if channel is None:
        found.append(Finding(REALTIME, Level.WARNING, why))
        return
    await on_thread("load", _load)
    from devots_desktop.remote.supabase import joining
    from devots_desktop.remote.supabase.rights import Mode
    from devots_desktop.remote.supabase.rights import Person as Joining

    found += await joining.examine(channel.project, channel.key, Mode.PLAIN, Joining(person.user_id, channel.token))


def _load() -> None:
    from devots_desktop.remote.supabase import joining  # noqa: F401 (half a second, which must not be the window's)
