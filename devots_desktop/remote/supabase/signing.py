"""Ways to a session at a Supabase project: password, sign-up, a code by e-mail, a new password by a code (supabase-contract.md, sections 1.4 to 1.8).

Each call has a connection of its own. All raise DevotsError with what is to be done; what was typed is in none of them.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import httpx
from supabase_auth import AsyncGoTrueClient
from supabase_auth.types import AuthResponse

from devots_desktop.domain.errors import AccountUnusable, ConfirmationNeeded, Unreachable
from devots_desktop.remote import web
from devots_desktop.remote.supabase import failures
from devots_desktop.remote.supabase.http import Rejected, make_client
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.session import Tokens, auth_client

CodeFor = Literal["email", "signup", "recovery"]
"""What a code was sent for: to sign in, to confirm a sign-up, to set a new password."""


@dataclass(frozen=True, slots=True)
class Methods:
    """What a project offers to people who sign in.

    Attributes:
        email: by password and by code.
        sign_up: people may make accounts by themselves.
        confirms: a new account waits for its e-mail to be confirmed.
    """

    email: bool
    sign_up: bool
    confirms: bool


class Door:
    """The Auth server of a project, for somebody who has no session yet."""

    def __init__(self, project: Project, key: str, *, clock: Callable[[], float] = time.time) -> None:
        """Stand before a project; `clock` is the wall clock, in seconds since 1970."""
        self._project = project
        self._key = key
        self._clock = clock

    async def methods(self) -> Methods:
        """What the project offers. The cheapest proof, too, that address and key belong together."""
        async with self._http() as http:
            given = (await http.get(f"{self._project.url}/auth/v1/settings", headers={"apikey": self._key})).json()
        if not isinstance(given, dict) or not isinstance(given.get("external"), dict):
            raise Unreachable("No Supabase there", "What answers at this address is no Supabase project.", "Check the address.")
        return Methods(
            email=given["external"].get("email") is True,
            sign_up=given.get("disable_signup") is False,
            confirms=given.get("mailer_autoconfirm") is not True,
        )

    async def sign_in(self, email: str, password: str) -> Tokens:
        """Sign in with a password. Raises WrongCredentials, ConfirmationNeeded, TooManyTries and others of the family."""
        return await self._granted(lambda auth: auth.sign_in_with_password({"email": email, "password": password}))

    async def sign_up(self, email: str, password: str) -> Tokens:
        """Make an account. Raises ConfirmationNeeded where the project wants the e-mail to be confirmed: a message is on its way then."""
        async with self._client() as auth:
            answer = await auth.sign_up({"email": email, "password": password})
        if answer.session is None:
            if answer.user is not None and answer.user.identities == []:
                # The server's way not to tell strangers that the address has an account (section 1.4).
                raise AccountUnusable("E-mail taken", "There is an account with this e-mail already.", "Sign in instead of signing up.")
            raise ConfirmationNeeded
        return Tokens.granted(answer.session, self._clock())

    async def send_code(self, email: str, *, sign_up: bool = False) -> None:
        """Have a code sent to sign in with; with `sign_up` also to an e-mail that nobody has signed up with."""
        async with self._client() as auth:
            await auth.sign_in_with_otp({"email": email, "options": {"should_create_user": sign_up}})

    async def send_reset(self, email: str) -> None:
        """Have a code sent to set a new password with. Says nothing about whether there is such an account."""
        async with self._client() as auth:
            await auth.reset_password_for_email(email)

    async def verify(self, email: str, code: str, sent_for: CodeFor) -> Tokens:
        """Sign in with a code, which is used up by that."""
        return await self._granted(lambda auth: auth.verify_otp({"email": email, "token": code.strip(), "type": sent_for}))

    async def set_password(self, tokens: Tokens, password: str) -> Tokens:
        """Give whoever is signed in with these a new password; the tokens as they are then."""
        async with self._client() as auth:
            await auth.set_session(tokens.access_token, tokens.refresh_token)
            await auth.update_user({"password": password})
            granted = await auth.get_session()
            if granted is None:
                raise web.unreadable()
            return Tokens.granted(granted, self._clock())

    async def leave(self, tokens: Tokens) -> None:
        """End the session that has just begun with these."""
        async with self._client() as auth:
            await auth.admin.sign_out(tokens.access_token, "local")

    async def _granted(self, ask: Callable[[AsyncGoTrueClient], Awaitable[AuthResponse]]) -> Tokens:
        async with self._client() as auth:
            answer = await ask(auth)
            if answer.session is None:
                raise web.unreadable()
            return Tokens.granted(answer.session, self._clock())

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[AsyncGoTrueClient]:
        async with self._http() as http:
            yield auth_client(self._project, self._key, http)

    @asynccontextmanager
    async def _http(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client for one exchange, with what goes wrong in it translated."""
        async with make_client(self._project) as http:
            try:
                with failures.translated(self._project):
                    yield http
            except Rejected as rejected:
                raise failures.sign_in(rejected) from None
