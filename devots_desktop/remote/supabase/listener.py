"""Listens to a project's Realtime for as long as the account's session lasts, whatever becomes of single connections (supabase-contract.md, section 4.6).

An event is a hint to pull and nothing else: Realtime tells each change at most once, not all of them, and of deleted rows not whose they were. What matters
is to know when changes are told and when not. While they never were, the engine looks every minute by itself; where they no longer are and a new connection
does not come soon, `run` raises, so that the engine knows, looks at once, and begins again.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from devots_desktop.domain.errors import DevotsError, SignedOut, Unreachable
from devots_desktop.remote.supabase.channel import Channel, Heard, Lost, Wanted
from devots_desktop.remote.supabase.keys import Project

JOIN_S = 20.0
"""Seconds for connecting and joining."""
LIVE_S = 30.0
"""Seconds from the join until changes are told; the server's worker may have to be started first."""
REGAIN_S = 15.0
"""Seconds without a connection after which whoever is told "live" has to know better."""
DELETED_EVERY_S = 30.0
"""Seconds between two hints that somebody, perhaps somebody else, deleted something."""
_BACKOFF_MOST_S = 60.0
_REGAIN_MOST_S = 2.0
"""As `_BACKOFF_MOST_S`, while a connection that was just lost may come back in time."""
_UNTOLD_AFTER = 3
_UNTOLD_S = 300.0
"""Seconds between two questions whether a table is published by now."""
_DRIFT_EVERY_S = 5.0
_DRIFT_MOST_S = 10.0
"""Seconds by which the wall clock may leave the monotonic one between two looks; beyond, the computer slept and the connection may be dead."""

MANAGED = ("todo", "todo_tombstone")
"""A tombstone is a row that is inserted: so deletes are told like anything else."""
PLAIN = ("todo",)
UNTOLD = (
    "The project does not tell of changes to its todos, so the list is read every minute. "
    "“Check this account” says what its owner can do about it."
)

_log = logging.getLogger(__name__)


class Bearer(Protocol):
    """Gives access tokens for a project. Each call may raise SignedOut, and DevotsError where no token can be had just now."""

    async def who(self) -> str:
        """The user that they are for."""
        ...

    async def token(self) -> str:
        """One that is good."""
        ...

    async def another(self, refused: str) -> str:
        """One other than this, which the project did not take."""
        ...

    async def keep_fresh(self, renewed: Callable[[str], Awaitable[None]]) -> None:
        """Renew in time, until cancelled, and hand each new one over."""
        ...


class Connection(Protocol):
    """What a listener stands on; Link is one.

    Attributes:
        untold: see Explaining.
    """

    untold: str

    @property
    def project(self) -> Project: ...
    @property
    def key(self) -> str: ...
    @property
    def session(self) -> Bearer: ...


class Listener:
    """The supervisor of one `listen`."""

    def __init__(
        self,
        link: Connection,
        tables: Sequence[str],
        ready: Callable[[], None],
        changed: Callable[[], None],
        *,
        deletes: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a listener; it begins with `run`.

        Args:
            tables: whose changes of this person's rows are wanted.
            ready, changed: see Remote.listen.
            deletes: also listen to everybody's deletes: without REPLICA IDENTITY FULL a deleted row of one's own comes in no other way.
            sleep: for the pauses, in seconds.
        """
        self._link = link
        self._tables = tables
        self._ready = ready
        self._changed = changed
        self._deletes = deletes
        self._sleep = sleep
        self._channel: Channel | None = None
        self._refused = ""
        self._failures = 0
        self._untold = 0
        self._was_live = False
        self._lost_at: float | None = None
        self._told_deletes = -DELETED_EVERY_S
        self._later: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Listen until cancelled.

        Raises:
            SignedOut: the session has ended.
            Unreachable: changes were told, and are not any more.
        """
        self._link.untold = ""
        user_id = await self._link.session.who()
        parts: tuple[Awaitable[None], ...] = (self._link.session.keep_fresh(self._renew), self._follow(user_id), self._watch())
        tasks = list(map(asyncio.ensure_future, parts))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            if self._later is not None:
                self._later.cancel()
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        raise next((each for each in failures if isinstance(each, SignedOut)), failures[0])

    async def _follow(self, user_id: str) -> None:
        wanted = [Wanted(table, user_id) for table in self._tables]
        if self._deletes:
            wanted += [Wanted(table, None) for table in self._tables]
        while True:
            try:
                await self._attend(wanted)
            except SignedOut:
                raise
            except Lost as lost:
                self._note(lost)
            except DevotsError as error:
                _log.info("Realtime: no token: %s", type(error).__name__)
            self._failures += 1
            if self._was_live and self._lost_at is None:
                self._lost_at = time.monotonic()
            await self._pause()

    async def _attend(self, wanted: list[Wanted]) -> None:
        """One connection, from its beginning to its end. Raises Lost, and what a session raises."""
        session = self._link.session
        token = await (session.another(self._refused) if self._refused else session.token())
        self._refused = ""
        channel = self._channel = Channel(self._link.project, self._link.key, token, wanted)
        try:
            await _within(self._left(JOIN_S), channel.join(), "no answer to the join")
            await _within(self._left(LIVE_S), _until_live(channel), "changes are not told")
            self._on_live()
            while True:
                self._on(await channel.hear())
        except Lost as lost:
            if lost.stale:
                self._refused = token
            raise
        finally:
            self._channel = None
            await channel.close()

    def _on(self, heard: Heard) -> None:
        if heard is Heard.DELETED:
            self._on_deleted()
        else:
            # LIVE again: the server lost its place, and what came in between is to be pulled like any change.
            self._changed()

    def _on_live(self) -> None:
        first, self._was_live = not self._was_live, True
        self._lost_at, self._failures, self._untold = None, 0, 0
        self._link.untold = ""
        (self._ready if first else self._changed)()

    def _on_deleted(self) -> None:
        """Most deletes are other people's, and on a plain server each look costs the whole list."""
        left = self._told_deletes + DELETED_EVERY_S - time.monotonic()
        if left <= 0:
            self._told_deletes = time.monotonic()
            self._changed()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(left, self._on_later)

    def _on_later(self) -> None:
        self._later = None
        self._told_deletes = time.monotonic()
        self._changed()

    def _note(self, lost: Lost) -> None:
        _log.info("Realtime: %s", lost)
        self._untold = self._untold + 1 if lost.untold else 0
        if self._untold and not self._link.untold:
            self._link.untold = UNTOLD
            self._changed()

    async def _pause(self) -> None:
        """Before the next connection. Raises Unreachable: whoever believes that changes are told has to know that they are not."""
        most = _BACKOFF_MOST_S if self._lost_at is None else _REGAIN_MOST_S
        seconds = random.uniform(0, min(most, 2.0 ** min(self._failures, 10) / 2))  # noqa: S311 (no secret)
        if self._untold >= _UNTOLD_AFTER:
            seconds = _UNTOLD_S
        if self._left(REGAIN_S) <= 0:
            raise Unreachable("Not told", "Changes are not told any more.", "The list is read every minute until they are.")
        await self._sleep(self._left(seconds))

    def _left(self, seconds: float) -> float:
        """So many seconds, or fewer where changes were told until a moment ago."""
        return seconds if self._lost_at is None else min(seconds, self._lost_at + REGAIN_S - time.monotonic())

    async def _renew(self, token: str) -> None:
        """A token that reaches the channel before the old one ends: then nothing is missed."""
        if self._channel is not None:
            with suppress(Exception):
                await self._channel.renew(token)

    async def _watch(self) -> None:
        """A connection of before the computer slept may be dead, and is noticed by nobody for a minute."""
        before = time.time() - time.monotonic()
        while True:
            await self._sleep(_DRIFT_EVERY_S)
            now = time.time() - time.monotonic()
            if abs(now - before) > _DRIFT_MOST_S and self._channel is not None:
                self._channel.end("the computer slept")
            before = now


async def _within(seconds: float, work: Awaitable[None], why: str) -> None:
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        raise Lost(why) from None


async def _until_live(channel: Channel) -> None:
    while await channel.hear() is not Heard.LIVE:
        pass
