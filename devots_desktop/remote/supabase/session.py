"""A person's session at a Supabase project, kept alive by a refresher of our own (supabase-contract.md, section 4.4).

supabase-py's own refresher ends a good session after some hundred seconds offline, and dies silently when it is refused. This one refreshes once at a time
whoever asks, goes by the wall clock (a computer that slept has an old token), counts from the token's own time of issue (clocks differ), and stores the
refresh token after each rotation. Only an answer that says so ends the session; anything else is trouble on the way.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Protocol

import httpx
from supabase_auth import AsyncGoTrueClient
from supabase_auth.types import Session as Granted

from devots_desktop.domain.errors import DevotsError, SignedOut, Unreachable
from devots_desktop.remote import web
from devots_desktop.remote.supabase import failures
from devots_desktop.remote.supabase.http import Rejected
from devots_desktop.remote.supabase.keys import Project, claims_of

MARGIN_S = 60.0
"""An access token that is good for no longer is renewed before it is used."""
EARLY_S = 90.0
"""How long before its end `keep_fresh` renews a token."""
_LOOK_MOST_S = 60.0
_LOOK_LEAST_S = 15.0
_END_S = 3.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """A session's tokens, which are secrets.

    Attributes:
        refresh_token: good for one refresh; it is what is stored.
        access_token: good until `ends`; empty where none is known. It is stored nowhere.
        ends: seconds since 1970 by this computer's clock, however wrong that is.
    """

    user_id: str
    refresh_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    ends: float = 0.0

    @classmethod
    def granted(cls, by: Granted, now: float) -> "Tokens":
        """The tokens in an answer of the Auth server that came just now. Raises ValueError: the access token cannot be read."""
        claims = claims_of(by.access_token)
        lasts = claims["exp"] - claims["iat"] if {"exp", "iat"} <= claims.keys() else by.expires_in
        return cls(by.user.id, by.refresh_token, by.access_token, now + float(lasts))


class Keep(Protocol):
    """Where a session's tokens are kept, for all connections and processes that share the session: a refresh token is good once."""

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Nobody else refreshes meanwhile. May raise Unreachable: somebody has been at it for long."""
        ...

    async def load(self) -> Tokens:
        """The newest tokens. Raises SignedOut: there are none, or the last ones were refused."""
        ...

    async def save(self, tokens: Tokens) -> None:
        """Keep these from now on, also where they cannot be stored: then in memory."""
        ...

    def refuse(self, tokens: Tokens) -> None:
        """The server does not take these any more."""
        ...


def auth_client(project: Project, key: str, http: httpx.AsyncClient) -> AsyncGoTrueClient:
    """supabase-py's client of the Auth server, which keeps what it is told in memory and refreshes nothing by itself.

    What it keeps is text (its "persistent" session lies in a dictionary): otherwise it keeps the answer's objects, and a time of pydantic's in a
    circle of references that Python finds only at its end is freed after pydantic itself, which reads freed memory.
    """
    return AsyncGoTrueClient(
        url=f"{project.url}/auth/v1",
        headers={"apikey": key, "Authorization": f"Bearer {key}"},
        auto_refresh_token=False,
        persist_session=True,
        http_client=http,
    )


class Session:
    """Gives access tokens. Belongs to one connection and its event loop; what outlives them is kept in `Keep`."""

    def __init__(
        self,
        project: Project,
        auth: AsyncGoTrueClient,
        keep: Keep,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a session that has asked for nothing yet.

        Args:
            clock: the wall clock, in seconds since 1970.
        """
        self._project = project
        self._auth = auth
        self._keep = keep
        self._clock = clock
        self._sleep = sleep
        self._tokens: Tokens | None = None
        self._renewing: asyncio.Task[Tokens] | None = None

    async def token(self, margin: float = MARGIN_S) -> str:
        """An access token that is good for `margin` more seconds.

        Raises:
            SignedOut: the session has ended.
            DevotsError: no new token could be had just now.
        """
        if self._tokens is None or not self._good(self._tokens, margin):
            self._tokens = await self._renew("")
        return self._tokens.access_token

    async def another(self, refused: str) -> str:
        """An access token other than this one, which the server does not accept although it should be good. Raises as `token`."""
        if self._tokens is None or self._tokens.access_token == refused:
            self._tokens = await self._renew(refused)
        return self._tokens.access_token

    async def keep_fresh(self, renewed: Callable[[str], Awaitable[None]]) -> None:
        """Renew the token in time, until cancelled, and hand each new one over. Where the server is away it goes on trying.

        Raises:
            SignedOut: the session has ended.
        """
        told = self._tokens.access_token if self._tokens else ""
        while True:
            left = self._tokens.ends - self._clock() - EARLY_S if self._tokens else 0.0
            await self._sleep(min(_LOOK_MOST_S, max(_LOOK_LEAST_S, left)))
            with suppress(Unreachable):
                token = await self.token(EARLY_S)
                if token != told:
                    told = token
                    await renewed(token)

    async def who(self) -> str:
        """The user that the server takes this session for, asked now.

        Raises:
            SignedOut: the session has ended.
            DevotsError: no answer could be had just now.
        """
        token = await self.token()
        try:
            return await self._ask_who(token)
        except Rejected as rejected:
            if rejected.code in failures.TERMINAL:
                raise SignedOut from None
            if rejected.code != "bad_jwt":
                raise failures.either(rejected) from None
        try:
            return await self._ask_who(await self.another(token))
        except Rejected as rejected:
            raise failures.either(rejected) from None

    async def sign_out(self) -> None:
        """End this session at the server, and no other of the person's. Raises DevotsError."""
        token = await self.token()
        try:
            with failures.translated(self._project):
                await self._auth.admin.sign_out(token, "local")
        except Rejected as rejected:
            raise failures.either(rejected) from None

    async def close(self) -> None:
        """Let a refresh that is under way end: its answer is worth waiting for."""
        if self._renewing is not None and not self._renewing.done():
            with suppress(DevotsError, TimeoutError):
                async with asyncio.timeout(_END_S):
                    await self._renewing

    def _good(self, tokens: Tokens, margin: float) -> bool:
        return bool(tokens.access_token) and tokens.ends - self._clock() > margin

    async def _renew(self, refused: str) -> Tokens:
        """One refresh at a time, which goes on when who asked for it has gone: an answer that is thrown away is a token lost."""
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renewed(refused), name="refresh")
            self._renewing.add_done_callback(_seen)
        return await asyncio.shield(self._renewing)

    async def _renewed(self, refused: str) -> Tokens:
        async with self._keep.alone():
            tokens = await self._keep.load()
            if tokens.access_token == refused or not self._good(tokens, EARLY_S):
                tokens = await self._refresh(tokens)
                await self._keep.save(tokens)
            return tokens

    async def _refresh(self, tokens: Tokens) -> Tokens:
        try:
            with failures.translated(self._project):
                answer = await self._auth.refresh_session(tokens.refresh_token)
                if answer.session is None:
                    raise web.unreadable()
                return Tokens.granted(answer.session, self._clock())
        except Rejected as rejected:
            if rejected.code not in failures.TERMINAL:
                raise failures.either(rejected) from None
            self._keep.refuse(tokens)
            raise SignedOut from None

    async def _ask_who(self, token: str) -> str:
        with failures.translated(self._project):
            found = await self._auth.get_user(token)
        if found is None:
            raise web.unreadable()
        return found.user.id


def _seen(task: asyncio.Task[Tokens]) -> None:
    """A failure of a refresh that nobody waits for any more is no news: the next request meets it again."""
    if not task.cancelled():
        task.exception()
