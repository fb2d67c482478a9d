"""Portal accounts on this device: the ways to a session, the session that is kept, and signing out.

A session comes by one of two ways, and is then handed to Accounts.add_portal or Accounts.sign_in_portal:

    by the browser, where `methods` says so:   device = await begin_device(form)     show device.user_code and device.address
                                               granted = await device.wait()         cancelling it gives it up
    by e-mail and password:                    granted = await enter(form)
        where that answers a Challenge:        await send_code(form, challenge)      for the factor "email" only
                                               granted = await verify(form, challenge, factor, code)

Of a session its token or its cookie is stored, where the account keeps its secrets. The HTTP library is loaded on a thread when it is needed.
"""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import AccountUnusable, CacheUnusable, DevotsError, SignedOut
from devots_desktop.remote.portal.address import Portal
from devots_desktop.services.portal_form import PortalForm
from devots_desktop.services.secrets import Secrets
from devots_desktop.store import rows
from devots_desktop.store.profile import Profile

if TYPE_CHECKING:
    from devots_desktop.remote.base import Remote
    from devots_desktop.remote.portal.signing import Challenge, DeviceSignIn, Door, Granted, Methods
    from devots_desktop.remote.portal.wire import Wire


class PortalAccounts:
    """What is special about the portal accounts of a profile.

    Attributes:
        monotonic: the clock, in seconds, by which a portal has had its time to answer.
    """

    def __init__(self, profile: Profile, secrets: Secrets) -> None:
        """`secrets` are those that the profile's accounts use."""
        self.monotonic = time.monotonic
        self._profile = profile
        self._secrets = secrets
        self._unsure: dict[str, dict[str, float]] = {}

    async def methods(self, form: PortalForm) -> "Methods":
        """What the portal offers, which proves that the address is right. Raises DevotsError."""
        return await (await _door(form.portal)).methods()

    async def begin_device(self, form: PortalForm) -> "DeviceSignIn":
        """Begin to let this device in by the browser. Raises DevotsError."""
        return await (await _door(form.portal)).begin_device()

    async def enter(self, form: PortalForm) -> "Granted | Challenge":
        """A session by e-mail and password, or the second factor that the portal asks for.

        Raises:
            WrongCredentials, TooManyTries: the latter says after how many seconds it may be tried again; nobody does by itself.
            DevotsError: nobody is let in, with the reason.
        """
        email = form.email.strip().lower()
        if "@" not in email.strip("@"):
            raise AccountUnusable("E-mail missing", "That is not an e-mail address.", "Enter the address that you sign in with.")
        return await (await _door(form.portal)).sign_in(email, form.password)

    async def send_code(self, form: PortalForm, challenge: "Challenge") -> None:
        """Have a code sent by e-mail, for the factor "email". Raises DevotsError."""
        await (await _door(form.portal)).send_code(challenge)

    async def verify(self, form: PortalForm, challenge: "Challenge", factor: str, code: str) -> "Granted":
        """A session by a second factor, one of `challenge.factors`. Raises DevotsError: nobody is let in, with the reason."""
        return await (await _door(form.portal)).verify(challenge, factor, code)

    async def leave(self, form: PortalForm, granted: "Granted") -> None:
        """End a session that is not going to be used. Raises nothing of the family: it ends with what nobody keeps."""
        with suppress(DevotsError):
            await (await _door(form.portal)).leave(granted.credential)

    async def keep(self, account: Account, granted: "Granted") -> None:
        """Store a session that has just begun. Raises AccountUnusable: it cannot be stored where the account says."""
        await self._secrets.set(account, granted.credential.to_secrets())

    async def connect(self, account: Account, secrets: Secrets) -> "Remote":
        """The remote of the account's signed-in person, for one event loop.

        Args:
            secrets: those of the profile, or a copy for another thread.

        Raises:
            SignedOut: there is no session.
            AccountUnusable: the keyring, the proxy or a CA file cannot be used.
        """
        wire = await self.wire(account, secrets)
        from devots_desktop.remote.portal.remote import PortalRemote

        unsure = self._unsure.setdefault(account.account_id, {})
        known = partial(_known, self._profile.cache_path(account))
        return PortalRemote(wire, known=known, unsure=unsure, monotonic=self.monotonic)

    async def wire(self, account: Account, secrets: Secrets) -> "Wire":
        """A connection with the account's session. Arguments and errors are those of `connect`."""
        secrets.stale(account)
        kept = await secrets.get(account) or {}
        portal = Portal.from_dict(account.address)
        await _load(portal)
        from devots_desktop.remote.portal.wire import Credential, Wire

        credential = Credential.from_secrets(kept)
        if credential is None:
            raise SignedOut
        return Wire(portal, credential)

    async def sign_out(self, account: Account) -> None:
        """End the session at the portal, and the person's others not. Raises DevotsError."""
        wire = await self.wire(account, self._secrets)
        from devots_desktop.remote.portal import session

        try:
            await session.sign_out(wire)
        finally:
            await wire.close()

    def forget(self, account: Account) -> None:
        """The account is no more."""
        self._unsure.pop(account.account_id, None)


async def _door(portal: Portal) -> "Door":
    await _load(portal)
    from devots_desktop.remote.portal.signing import Door

    return Door(portal)


async def _load(portal: Portal) -> None:
    """What takes a while, and must not take it from the window: the HTTP library and the system's certificates. Raises AccountUnusable."""
    from devots_desktop.remote.thread import on_thread

    await on_thread("load", partial(_load_now, portal))


def _load_now(portal: Portal) -> None:
    from devots_desktop.remote import web
    from devots_desktop.remote.portal import remote, signing  # noqa: F401 (loaded for those who need them next)

    web.load(portal)


async def _known(path: Path, ids: Sequence[int]) -> set[int]:
    """Which of these server ids are todos of an account's cache. Raises CacheUnusable."""
    from devots_desktop.remote.thread import on_thread

    return await on_thread("known", partial(_read_known, path, ids))


def _read_known(path: Path, ids: Sequence[int]) -> set[int]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            shown = rows.among(db, "SELECT server_id FROM todo WHERE server_id IN ({})", ids)
            below = rows.among(db, "SELECT server_id FROM base WHERE server_id IN ({})", ids)
            return {number for found in (shown, below) for (number,) in found}
    except sqlite3.Error:
        raise CacheUnusable("List not readable", "The list on this computer could not be read.", "It is tried again.") from None
