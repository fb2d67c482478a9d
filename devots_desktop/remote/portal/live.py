"""Changes as they happen: the Realtime of the portal's Supabase project, where the portal gives a token for it (portal-contract.md, sections 4 and 5).

The token outlives no session for long, so that the portal is asked for another one before it ends. With the anon key alone a project tells nothing: its
row-level security knows nobody by it. Then the list is read every minute, and `untold` says why.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from devots_desktop.domain.errors import AccountUnusable, Unreachable
from devots_desktop.remote.portal import failures, limits, session
from devots_desktop.remote.portal.trpc import Procedures, Rejected
from devots_desktop.remote.portal.wire import Wire
from devots_desktop.remote.supabase.keys import Project, claims_of
from devots_desktop.remote.thread import on_thread

ASK_EVERY_S = 300.0
"""Seconds between two questions whether a portal gives tokens by now."""
MARGIN_S = 60.0
"""A token that is good for no longer is renewed before it is used."""
EARLY_S = 90.0
"""How long before its end `keep_fresh` renews a token."""
_LOOK_MOST_S = 60.0
_LOOK_LEAST_S = 15.0
_TWICE_S = 120.0
"""Seconds between two refusals of a token that belong together: more than the longest pause between two connections."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What getRealtimeChannel answers.

    Attributes:
        token: for the person.
        ends: when the token does, in seconds since 1970 by this computer's clock.
    """

    project: Project
    key: str
    token: str = field(repr=False)
    ends: float

    @classmethod
    def from_answer(cls, given: Any, now: float) -> "Channel | None":
        """None where the portal gives no token. Raises AccountUnusable: it names no project that can be used. Raises ValueError, and the like: it is none."""
        token = given.get("accessToken")
        if not token:
            return None
        project, claims = Project.from_text(str(given["supabaseUrl"])), claims_of(token)
        return cls(project, project.check_key(str(given["supabaseAnonKey"])), token, now + float(claims["exp"] - claims["iat"]))


class Live:
    """Listens for as long as the account's session lasts.

    Attributes:
        untold: see Explaining.
    """

    def __init__(
        self,
        wire: Wire,
        procedures: Procedures,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make one that has asked for nothing yet.

        Args:
            clock: the wall clock, in seconds since 1970.
        """
        self.untold = ""
        self._wire = wire
        self._procedures = procedures
        self._clock = clock
        self._sleep = sleep

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """See Remote.listen."""
        while True:
            channel, why = await self.offered()
            if channel is not None:
                try:
                    await self._follow(channel, ready, changed)
                except AccountUnusable:
                    why = limits.NOT_USABLE
            if why != self.untold:
                self.untold = why
                changed()
            await self._sleep(ASK_EVERY_S)

    async def offered(self) -> tuple[Channel | None, str]:
        """The channel, or why there is none that could tell of changes. Raises SignedOut and Unreachable."""
        try:
            channel = await self.channel()
        except Rejected:
            return None, limits.NOT_OFFERED
        except AccountUnusable:
            return None, limits.NOT_USABLE
        return channel, "" if channel else limits.ANON_ONLY

    async def channel(self) -> Channel | None:
        """The channel that the portal names, asked for now; None where it gives no token.

        Raises:
            SignedOut: the session has ended.
            Rejected: the portal has no such procedure, or it fails.
            AccountUnusable: what it answers is no channel, or names no project that can be used.
            Unreachable: no answer came.
        """
        try:
            given = await self._procedures.query("todo.getRealtimeChannel")
        except Rejected as rejected:
            if rejected.code == "UNAUTHORIZED" or not rejected.code:
                raise failures.query(rejected.reply, rejected.code) from None
            raise
        try:
            return Channel.from_answer(given, self._clock())
        except (AttributeError, KeyError, TypeError, ValueError):
            raise AccountUnusable("No channel", limits.NOT_USABLE, "") from None

    async def _follow(self, channel: Channel, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """Listen to the project. Raises as Remote.listen does."""
        await on_thread("load", _load)
        from devots_desktop.remote.supabase.listener import PLAIN, Listener

        await Listener(_Link(self, channel, self._clock), PLAIN, ready, changed, deletes=True).run()

    async def who(self) -> str:
        """The person's user id. Raises DevotsError."""
        return (await session.who(self._wire)).user_id

    async def keep_fresh(self, link: "_Link", renewed: Callable[[str], Awaitable[None]]) -> None:
        """See Bearer.keep_fresh. Where the portal is away it goes on trying."""
        while True:
            await self._sleep(min(_LOOK_MOST_S, max(_LOOK_LEAST_S, link.left() - EARLY_S)))
            told = link.told
            with suppress(Unreachable):
                token = await link.token(EARLY_S)
                if token != told:
                    await renewed(token)


class _Link:
    """What the listener of a Supabase account stands on, and its session in one: tokens by the portal."""

    def __init__(self, live: Live, channel: Channel, clock: Callable[[], float]) -> None:
        self._live = live
        self._channel = channel
        self._clock = clock
        self._refused_at = float("-inf")
        self.project, self.key = channel.project, channel.key

    @property
    def session(self) -> "_Link":
        return self

    @property
    def untold(self) -> str:
        return self._live.untold

    @untold.setter
    def untold(self, why: str) -> None:
        self._live.untold = why

    @property
    def told(self) -> str:
        """The token that the project has now."""
        return self._channel.token

    def left(self) -> float:
        """Seconds until it ends."""
        return self._channel.ends - self._clock()

    async def who(self) -> str:
        return await self._live.who()

    async def token(self, margin: float = MARGIN_S) -> str:
        if self.left() <= margin:
            await self._renew()
        return self._channel.token

    async def another(self, refused: str) -> str:
        """Asked for twice in a row, the project does not take the portal's tokens at all."""
        if self._channel.token == refused:
            await self._renew()
        now = self._clock()
        if now - self._refused_at < _TWICE_S:
            self.untold = limits.NOT_TAKEN
        self._refused_at = now
        return self._channel.token

    async def keep_fresh(self, renewed: Callable[[str], Awaitable[None]]) -> None:
        await self._live.keep_fresh(self, renewed)

    async def _renew(self) -> None:
        try:
            channel = await self._live.channel()
        except Rejected as rejected:
            raise failures.query(rejected.reply, rejected.code) from None
        if channel is None:
            raise Unreachable("Not told", limits.ANON_ONLY, "")
        self._channel = channel


def _load() -> None:
    """The library of Realtime takes a while, which must not be the window's."""
    from devots_desktop.remote.supabase import listener  # noqa: F401 (loaded for whoever needs it next)
