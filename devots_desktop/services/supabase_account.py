"""Supabase accounts on this device: signing in and out, and the session that all connections of an account share.

Of a session only the refresh token is stored, with the project's key beside it, where the account keeps its secrets. What supabase-py and its like weigh
is loaded on a thread when it is needed.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import AccountUnusable, DevotsError, SignedOut, Unreachable
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.services.secrets import Secrets
from devots_desktop.services.supabase_form import SupabaseForm, Way
from devots_desktop.store.lock import FileLock
from devots_desktop.store.profile import Profile

if TYPE_CHECKING:
    from devots_desktop.remote.base import Remote
    from devots_desktop.remote.supabase.rights import Person
    from devots_desktop.remote.supabase.session import Tokens
    from devots_desktop.remote.supabase.signing import Door, Methods

KEY, REFRESH_TOKEN = "key", "refresh_token"
"""The names of an account's secrets."""
_PATIENCE_S = 30.0
"""Seconds to wait for another process that refreshes the same session."""
_LOOK_S = 0.1
_log = logging.getLogger(__name__)


class SupabaseAccounts:
    """What is special about the Supabase accounts of a profile."""

    def __init__(self, profile: Profile, secrets: Secrets) -> None:
        """Begin without any session; `secrets` are those that the profile's accounts use."""
        self._profile = profile
        self._secrets = secrets
        self._kept: dict[str, KeptSession] = {}
        self._recovered: dict[tuple[str, str, str], Tokens] = {}

    async def methods(self, form: SupabaseForm) -> "Methods":
        """What the project offers, which proves that address and key are right. Raises DevotsError."""
        return await (await _door(form)).methods()

    async def send_code(self, form: SupabaseForm) -> None:
        """Have a code sent by e-mail: to sign in with, or, for Way.RESET, to set a new password with. Raises DevotsError."""
        door = await _door(form)
        if form.way is Way.RESET:
            await door.send_reset(form.email)
        else:
            await door.send_code(form.email)

    async def enter(self, form: SupabaseForm) -> "Tokens":
        """A session, by the form's way.

        Raises:
            ConfirmationNeeded: the account waits for its e-mail to be confirmed; a code from the message may be entered.
            DevotsError: it is not let in, with the reason.
        """
        door = await _door(form)
        match form.way:
            case Way.CODE:
                return await door.verify(form.email, form.code, "email")
            case Way.RESET:
                return await self._reset(door, form)
            case Way.SIGN_UP if form.code:
                return await door.verify(form.email, form.code, "signup")
            case Way.SIGN_UP:
                return await door.sign_up(form.email, form.password)
            case Way.PASSWORD:
                return await door.sign_in(form.email, form.password)

    async def leave(self, form: SupabaseForm, tokens: "Tokens") -> None:
        """End a session that is not going to be used. Raises nothing of the family: it ends with the tokens that nobody keeps."""
        with suppress(DevotsError):
            await (await _door(form)).leave(tokens)

    async def keep(self, account: Account, key: str, tokens: "Tokens") -> None:
        """Store a session that was just begun, and use it from now on. Raises AccountUnusable: it cannot be stored where the account says."""
        await self._secrets.set(account, {KEY: key, REFRESH_TOKEN: tokens.refresh_token})
        self._kept[account.account_id] = KeptSession(self._profile, account, self._secrets, key=key, newest=tokens)

    async def connect(self, account: Account, secrets: Secrets) -> "Remote":
        """The remote of the account's signed-in person, for one event loop.

        Args:
            secrets: those of the profile, or a copy for another thread, which then gets a session object of its own.

        Raises:
            SignedOut: there is no session.
            AccountUnusable: the keyring or the project cannot be used.
        """
        session = await self._session(account, secrets)
        from devots_desktop.remote.supabase.remote import connect

        return await connect(Project.from_dict(account.address), session.key, session)

    async def person(self, account: Account, secrets: Secrets) -> "Person":
        """Who is signed in, with an access token that the server takes now. Arguments and errors are those of `connect`, and Unreachable."""
        session = await self._session(account, secrets)
        from devots_desktop.remote.supabase.link import Link
        from devots_desktop.remote.supabase.rights import Person

        link = Link(Project.from_dict(account.address), session.key, session)
        try:
            # One that should be good may be refused: by a clock that is far off, or after the project's keys were changed. Asking renews it.
            await link.session.who()
            return Person(account.user_id, await link.session.token())
        finally:
            await link.close()

    async def sign_out(self, account: Account) -> None:
        """End the session at the server, and the person's others not. Raises DevotsError."""
        session = await self._session(account, self._secrets)
        from devots_desktop.remote.supabase.link import Link

        link = Link(Project.from_dict(account.address), session.key, session)
        try:
            await link.session.sign_out()
        finally:
            await link.close()

    def forget(self, account: Account) -> None:
        """The account is no more."""
        self._kept.pop(account.account_id, None)

    async def _session(self, account: Account, secrets: Secrets) -> "KeptSession":
        """What is kept of an account's session, as it is now. The libraries are loaded then. Raises SignedOut and AccountUnusable."""
        from devots_desktop.remote.thread import on_thread

        kept = self._kept.setdefault(account.account_id, KeptSession(self._profile, account, self._secrets))
        if secrets is not self._secrets:
            kept = KeptSession(self._profile, account, secrets, key=kept.key, newest=kept.newest)
        await on_thread("load", partial(_load, Project.from_dict(account.address)))
        await kept.load()
        return kept

    async def _reset(self, door: "Door", form: SupabaseForm) -> "Tokens":
        """A code is used up when it is verified; a password that the project then does not take may be tried again with the session that came of it."""
        place = (form.project.url, form.email, form.code)
        if place not in self._recovered:
            self._recovered[place] = await door.verify(form.email, form.code, "recovery")
        tokens = await door.set_password(self._recovered[place], form.password)
        del self._recovered[place]
        return tokens


class KeptSession:
    """Keeps the protocol Keep of remote/supabase/session.py for one account: the refresh token among its secrets, the rest in memory.

    Attributes:
        key: the project's, once loaded.
        newest: the tokens as this process knows them.
    """

    def __init__(self, profile: Profile, account: Account, secrets: Secrets, *, key: str = "", newest: "Tokens | None" = None) -> None:
        """Keep what is among the secrets; `key` and `newest` are what of it is known already."""
        self._account = account
        self._secrets = secrets
        self._lock_path = profile.cache_path(account).with_name("session.lock")
        self._unsaved = False
        self._refused = ""
        self.key = key
        self.newest = newest

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """See Keep.alone: a lock of the operating system, so that a command and a window do not refresh at once."""
        from asyncio import get_running_loop, sleep

        lock, clock = FileLock(self._lock_path), get_running_loop().time
        end = clock() + _PATIENCE_S
        while not lock.acquire():
            if clock() > end:
                raise Unreachable("Session busy", "Another program is renewing this account's session.", "It is tried again by itself.")
            await sleep(_LOOK_S)
        try:
            yield
        finally:
            lock.release()

    async def load(self) -> "Tokens":
        """See Keep.load. A keyring that does not answer is no reason to stop while the session is known here."""
        if self._unsaved and self.newest is not None:
            await self._store(self.newest)
        if self._unsaved and self.newest is not None:
            return self.newest
        self._secrets.stale(self._account)
        try:
            kept = await self._secrets.get(self._account) or {}
        except AccountUnusable:
            if self.newest is None:
                raise
            return self.newest
        return self._believe(kept)

    async def save(self, tokens: "Tokens") -> None:
        """See Keep.save."""
        self.newest = tokens
        await self._store(tokens)

    def refuse(self, tokens: "Tokens") -> None:
        """See Keep.refuse."""
        self._refused = tokens.refresh_token

    def _believe(self, kept: dict[str, str]) -> "Tokens":
        from devots_desktop.remote.supabase.session import Tokens

        stored = kept.get(REFRESH_TOKEN, "")
        if not stored or stored == self._refused or not kept.get(KEY):
            raise SignedOut
        self.key = kept[KEY]
        if self.newest is None or self.newest.refresh_token != stored:
            self.newest = Tokens(self._account.user_id, stored)
        return self.newest

    async def _store(self, tokens: "Tokens") -> None:
        try:
            await self._secrets.set(self._account, {KEY: self.key, REFRESH_TOKEN: tokens.refresh_token})
            self._unsaved = False
        except AccountUnusable:
            self._unsaved = True
            _log.warning("The session of an account could not be stored; it goes on in memory")


async def _door(form: SupabaseForm) -> "Door":
    from devots_desktop.remote.thread import on_thread

    await on_thread("load", partial(_load, form.project))
    from devots_desktop.remote.supabase.signing import Door

    return Door(form.project, form.key)


def _load(project: Project) -> None:
    """What takes half a second, and must not take it from the window: the libraries and the system's certificates. Raises AccountUnusable."""
    from devots_desktop.remote import web
    from devots_desktop.remote.supabase import remote, signing  # noqa: F401 (loaded for those who need them next)

    web.load(project)
