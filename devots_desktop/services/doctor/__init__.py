"""Examines an account: its files, its secrets, its server, and its list against the server's. Repairs what can be repaired without touching the outbox."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from devots_desktop.domain.account import Account, AccountKind
from devots_desktop.domain.errors import CacheUnusable, DevotsError, Unreachable
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote.supabase import checks
from devots_desktop.remote.thread import on_thread
from devots_desktop.services.doctor import comparing, files, keeping
from devots_desktop.services.doctor.discretion import discreet
from devots_desktop.services.secrets import Secrets
from devots_desktop.store.profile import Profile

if TYPE_CHECKING:
    from devots_desktop.remote.base import Remote
    from devots_desktop.sync.compare import Comparison

ENVIRONMENT = "environment"
_NEEDED = ("server", *checks.NEEDED)
"""Checks of a server that have to end well before the list is compared with it."""
_PATIENCE_S = 120.0
"""Seconds that the server may take for one of the things that it is asked."""

Result = TypeVar("Result")


class Look(Protocol):
    """Examines a server."""

    async def __call__(self, *, patience: float) -> list[Finding]:
        """What was found, in so many seconds at the most; `_NEEDED` is among it where the server cannot be used. Raises nothing."""
        ...


class Doctor:
    """Examines one account, and repairs what it found."""

    def __init__(
        self,
        profile: Profile,
        account: Account,
        connect: Callable[[], Awaitable["Remote"]] | None,
        look: Look | None,
        *,
        secrets: Secrets,
        reopen: Callable[[], str],
        clock: Callable[[], int],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Make a doctor who has not looked yet.

        Args:
            connect: how to reach the server; None for "This computer".
            look: how to examine it; None for "This computer".
            secrets: nobody else's, since it is used on a thread of its own.
            reopen: opens and closes the account's cache, which rebuilds a damaged one, and answers what is to be told of that; raises CacheUnusable.
            clock: microseconds since 1970 UTC.
        """
        self._profile = profile
        self._account = account
        self._connect = connect
        self._look = look
        self._secrets = secrets
        self._reopen = reopen
        self._clock = clock
        self._environ = environ
        self._path = profile.cache_path(account)
        self._compared: Comparison | None = None

    async def examine(self) -> list[Finding]:
        """Look at everything, on a thread of its own: a long list is hashed and sorted.

        Nothing is changed, except that damage is marked as whoever finds it does. Raises nothing of the DevotsError family.
        """
        return await on_thread("doctor", lambda: asyncio.run(self._examine()))

    async def repair(self, found: list[Finding]) -> list[str]:
        """Repair what these findings say can be repaired, on a thread of its own.

        Returns:
            what was done, a sentence each.

        Raises:
            DevotsError: something stands in the way; what was repaired until then stays.
        """
        return await on_thread("doctor", lambda: asyncio.run(self._repair(found)))

    async def _examine(self) -> list[Finding]:
        found = self._examine_files()
        found += _environment(self._environ)
        if self._look is not None:
            found.append(await keeping.examine(self._account, self._secrets))
            sound = all(each.level is Level.OK for each in found if each.check == files.LIST)
            found += await self._examine_server(self._look, sound=sound)
        return [discreet(each, self._account) for each in found]

    async def _repair(self, found: list[Finding]) -> list[str]:
        checks, done = {each.check for each in found if each.mends}, []
        if files.FOLDER in checks:
            done.append(files.make_private(self._profile, self._path))
        if files.LIST in checks:
            done.append(self._rebuild())
        if comparing.CHECK in checks and self._compared is not None and self._connect is not None:
            work = partial(comparing.repair, self._path, self._account.user_id, self._compared, self._clock)
            done.append(await _with_remote(self._connect, work))
        return done

    def _examine_files(self) -> list[Finding]:
        return list(files.examine(self._profile, self._path, self._clock(), syncs=self._account.kind is not AccountKind.COMPUTER))

    async def _examine_server(self, look: Look, *, sound: bool) -> list[Finding]:
        found = await look(patience=_PATIENCE_S)
        usable = not any(each.check in _NEEDED and each.level in (Level.WRONG, Level.UNCHECKED) for each in found)
        if not usable or not sound:
            because = "The server cannot be asked." if sound else "The list here cannot be compared."
            return [*found, Finding(comparing.CHECK, Level.UNCHECKED, because)]
        assert self._connect is not None  # noqa: S101 (it is usable)
        try:
            self._compared = await _with_remote(self._connect, partial(comparing.compare, self._path, self._account.user_id))
        except DevotsError as error:
            return [*found, Finding(comparing.CHECK, Level.UNCHECKED, f"{error.title}.", "Check the account again later.")]
        return [*found, comparing.told(self._compared)]

    def _rebuild(self) -> str:
        try:
            return self._reopen()
        except CacheUnusable:
            return "Whoever has the list open rebuilds it within seconds."


async def _with_remote(connect: Callable[[], Awaitable["Remote"]], work: Callable[["Remote"], Awaitable[Result]]) -> Result:
    """Work with a connection of its own, for a bounded time."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            remote = await connect()
            try:
                return await work(remote)
            finally:
                with suppress(DevotsError):
                    await remote.close()
    except TimeoutError:
        raise Unreachable("Too slow", "The server did not answer in time.", "Try again later.") from None


def _environment(environ: Mapping[str, str]) -> list[Finding]:
    if not environ.get("SUPABASE_SERVICE_KEY") and not environ.get("SUPABASE_SERVICE_ROLE_KEY"):
        return []
    return [
        Finding(
            ENVIRONMENT,
            Level.WARNING,
            "A service key of Supabase lies in the environment. It opens everybody's rows, and this program never reads it.",
            "Take it out of the environment of your session.",
        )
    ]
