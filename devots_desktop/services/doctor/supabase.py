"""A Supabase account's project, as the person's own session sees it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import DevotsError, SignedOut
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote.supabase.checks import ADDRESS, NEEDED, SESSION
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.services.secrets import Secrets
from devots_desktop.services.supabase_account import KEY
from devots_desktop.services.supabase_checks import check_project

if TYPE_CHECKING:
    from devots_desktop.remote.supabase.rights import Person

_ENDED = Finding(SESSION, Level.WRONG, "Your session has ended.", "Sign in again; your changes are kept and will be sent.")


async def examine(account: Account, secrets: Secrets, person: Callable[[], Awaitable["Person"]], *, patience: float) -> list[Finding]:
    """Look at the project.

    Args:
        person: who is signed in, with an access token that is good now; raises DevotsError.
        patience: seconds that all of it may take.
    """
    found: list[Finding] = []
    try:
        async with asyncio.timeout(patience):
            secrets.stale(account)
            key = (await secrets.get(account) or {}).get(KEY, "")
            await _examine(account, key, person, found)
    except TimeoutError:
        found.append(Finding(ADDRESS, Level.WRONG, "The project did not answer everything in time.", "Try again later."))
    except DevotsError as error:
        found.append(Finding(SESSION, Level.WRONG, error.sentence, error.next_step))
    return found


async def _examine(account: Account, key: str, person: Callable[[], Awaitable["Person"]], found: list[Finding]) -> None:
    if not key:
        found += [_ENDED, Finding(ADDRESS, Level.UNCHECKED, "Without the project's key it is not asked.")]
        return
    who, trouble = None, None
    try:
        who = await person()
    except DevotsError as error:
        trouble = error
    async for each in check_project(Project.from_dict(account.address), key, who):
        found.append(each)
    if isinstance(trouble, SignedOut):
        found.append(_ENDED)
    elif trouble is not None and not any(each.check in NEEDED and each.level is Level.WRONG for each in found):
        found.append(Finding(SESSION, Level.UNCHECKED, f"{trouble.title}.", trouble.next_step))
