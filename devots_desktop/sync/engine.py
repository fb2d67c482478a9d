"""The engine: keeps one account's cache in step with its server, for ever, whatever the server does.

One session is: connect, listen, push what waits, pull since the cursor, then live. It ends with an error, and the supervisor decides by the kind of
the error when the next one begins. A change that is told is a hint; the pull since the cursor is the truth (sync.md, sections 3 and 5).

Clock, sleep, random numbers, the cache's thread and the remote are passed in, so that the engine runs unchanged in a simulation.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from devots_desktop.domain.account import Live, Status
from devots_desktop.domain.changes import ChangeSet, Via
from devots_desktop.domain.errors import AccountUnusable, DevotsError, SignedOut, Unreachable
from devots_desktop.remote.base import Explaining, Remote
from devots_desktop.store.cache import Cache, Run
from devots_desktop.store.sync_lock import SyncLock
from devots_desktop.sync import apply
from devots_desktop.sync.exchange import Exchange

CHECK_EVERY_S = 60.0
"""Seconds between pulls while changes are not told."""
CHECK_LIVE_EVERY_S = 300.0
"""Seconds between pulls while they are: a hint may be lost."""
PROBE_EVERY_S = 5.0
BACKOFF_MOST_S = 60.0
LOCK_EVERY_S = 1.0
SENT_EVERY_S = 0.05
DRIFT_EVERY_S = 5.0
DRIFT_MOST_S = 10.0
"""Seconds by which the wall clock may leave the monotonic one between two looks; beyond, the computer slept (sync.md, section 5)."""

_ANOTHER = "Another program on this profile syncs this account."
_log = logging.getLogger(__name__)


class Chance(Protocol):
    """Where random numbers come from; random.Random is one."""

    def uniform(self, a: float, b: float, /) -> float:
        """A number between these."""
        ...


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one push and pull did."""

    live: Live
    pushed: int = 0
    pulled: int = 0
    pending: int = 0
    parked: int = 0
    sentence: str = ""


class Engine:
    """Syncs one account. Make one for each open account; `run` is its life."""

    def __init__(
        self,
        cache: Cache,
        connect: Callable[[], Awaitable[Remote]],
        *,
        user_id: str,
        run: Run,
        publish: Callable[[ChangeSet], object],
        tell: Callable[[Status], None],
        sleep: Callable[[float], Awaitable[None]],
        rng: Chance,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        """Make an engine that does nothing yet.

        Args:
            connect: makes the remote of the account's signed-in person; may raise as the remote's methods do.
            user_id: the account's person; what the server says of anybody else is not stored.
            run: awaits a function on the cache's thread.
            publish: called on the cache's thread with changes of the list.
            tell: called with the account's state.
            sleep, rng: for the pauses, in seconds.
            wall, monotonic: two clocks in seconds; only the first goes on while the computer sleeps.
        """
        self._cache = cache
        self._connect = connect
        self._user_id = user_id
        self._run = run
        self._publish = publish
        self._tell = tell
        self._sleep = sleep
        self._rng = rng
        self._wall, self._monotonic = wall, monotonic
        self._lock = SyncLock(cache.path)
        self._remote: Remote | None = None
        self._wake = asyncio.Event()
        self._resume = asyncio.Event()
        self._woken = asyncio.Event()
        self._push_due = self._pull_due = True
        self._told = False
        self._failures = 0

    # The verbs ---------------------------------------------------------------------------------------------------------------

    def nudge(self) -> None:
        """Something waits in the outbox."""
        self._push_due = True
        self._wake.set()

    def check(self) -> None:
        """Ask the server for news now."""
        self._pull_due = True
        self._wake.set()

    def resume(self) -> None:
        """There may be a new session: somebody signed in again."""
        self._resume.set()

    async def run(self) -> None:
        """Keep the account in step until cancelled."""
        watch = asyncio.create_task(self._watch())
        try:
            await self._supervise()
        finally:
            watch.cancel()

    async def _supervise(self) -> None:
        while True:
            try:
                await self._until_locked()
                await self._session()
            except SignedOut as error:
                self._tell(Status(Live.SIGNED_OUT, str(error)))
                await self._resume.wait()
            except Unreachable as error:
                self._tell(Status(Live.OFFLINE, str(error)))
                await self._until_reachable()
            except DevotsError as error:
                self._tell(Status(Live.OFFLINE, str(error)))
                await self._pause(CHECK_EVERY_S)
            except Exception:  # noqa: BLE001
                # A bug of ours must not end the sync for good: it is reported, and the next session begins from what is stored.
                _log.exception("The sync of an account failed")
                self._tell(Status(Live.OFFLINE, "Something unexpected happened while syncing. It is tried again in a minute."))
                await self._pause(CHECK_EVERY_S)

    async def once(self, timeout: float) -> SyncReport:
        """Push and pull once, for a command that ends then. Raises nothing of the DevotsError family: the report says it.

        Args:
            timeout: seconds after which it is given up; what was not sent stays in the outbox.
        """
        live, sentence, exchange = Live.LIVE, "", None
        try:
            async with asyncio.timeout(timeout):
                if self._lock.acquire():
                    exchange = self._exchange(await self._reconnect())
                    await exchange.begin()
                    await exchange.push()
                    await exchange.pull()
                else:
                    live, sentence = Live.CHECKING, _ANOTHER
                    await self._until_sent()
        except TimeoutError:
            live, sentence = Live.OFFLINE, "The server did not answer in time. What waits is kept and sent later."
        except SignedOut as error:
            live, sentence = Live.SIGNED_OUT, str(error)
        except DevotsError as error:
            live, sentence = Live.OFFLINE, str(error)
        finally:
            self._lock.release()
        pending, parked = await self._run(partial(apply.waiting, self._cache))
        pushed, pulled = (exchange.pushed, exchange.pulled) if exchange else (0, 0)
        return SyncReport(live, pushed, pulled, pending, parked, sentence)

    async def close(self) -> None:
        """End the connections and let another process sync. `run` has been cancelled before."""
        if self._remote is not None:
            await self._remote.close()
            self._remote = None
        self._lock.release()

    # A session ---------------------------------------------------------------------------------------------------------------

    async def _session(self) -> None:
        """Work with the server until something fails."""
        self._tell(Status(Live.CHECKING))
        self._told, self._pull_due = False, True
        # Before the secret is read: whoever signs in from here on has not been heard.
        self._resume.clear()
        remote = await self._reconnect()
        # Not a task group: cancelled while one of its tasks fails, it forgets the cancellation (before Python 3.13), and quitting would hang.
        parts = (self._listen(remote), self._tick(), self._work(remote))
        tasks = list(map(asyncio.create_task, parts))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        raise _worst(failures or [_lost()])

    async def _reconnect(self) -> Remote:
        if self._remote is not None:
            await self._remote.close()
            self._remote = None
        self._remote = await self._connect()
        return self._remote

    def _exchange(self, remote: Remote) -> Exchange:
        return Exchange(self._cache, remote, self._user_id, run=self._run, publish=self._publish)

    async def _listen(self, remote: Remote) -> None:
        await remote.listen(self._on_ready, self.check)
        raise _lost()

    def _on_ready(self) -> None:
        """Every change is told from now on; what was committed before comes with a pull."""
        self._told = True
        self.check()

    async def _tick(self) -> None:
        while True:
            await self._sleep(CHECK_LIVE_EVERY_S if self._told else CHECK_EVERY_S)
            self.check()

    async def _work(self, remote: Remote) -> None:
        live, why, self._push_due = False, "", True
        exchange = self._exchange(remote)
        await exchange.begin()
        while True:
            self._wake.clear()
            if self._push_due:
                self._push_due = False
                await exchange.push()
            if self._pull_due:
                self._pull_due = False
                await exchange.pull(Via.LIVE if live else Via.PULL)
            self._failures = 0
            if self._told and not self._pull_due and not live:
                live = True
                self._tell(Status(Live.LIVE))
            if not self._told and isinstance(remote, Explaining) and remote.untold != why:
                why = remote.untold
                self._tell(Status(Live.CHECKING, why))
            await self._wake.wait()

    # Waiting -----------------------------------------------------------------------------------------------------------------

    async def _until_locked(self) -> None:
        """Wait until no other process syncs this account."""
        while not self._lock.acquire():
            self._tell(Status(Live.CHECKING, _ANOTHER))
            await self._sleep(LOCK_EVERY_S)

    async def _until_reachable(self) -> None:
        """Wait until the server can be tried again: at once when it is back, later each time where it answers and refuses."""
        self._failures += 1
        if self._failures > 1:
            # Where nothing can be asked whether the server is back, the pauses stay short.
            most = BACKOFF_MOST_S if self._remote is not None else PROBE_EVERY_S
            await self._pause(self._rng.uniform(0, min(most, 2.0 ** min(self._failures, 10))))
        while self._remote is not None and not await self._remote.reachable():
            self._failures = 0
            await self._pause(PROBE_EVERY_S)

    async def _watch(self) -> None:
        """Notice that the computer slept: whoever opens it wants to see what is new, and a connection may have died unseen."""
        before = self._drift()
        while True:
            await self._sleep(DRIFT_EVERY_S)
            now = self._drift()
            if abs(now - before) > DRIFT_MOST_S:
                self._woken.set()
                self.check()
            before = now

    def _drift(self) -> float:
        return self._wall() - self._monotonic()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not on after the computer slept."""
        self._woken.clear()
        parts = tuple(map(asyncio.ensure_future, (self._sleep(seconds), self._woken.wait())))
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()

    async def _until_sent(self) -> None:
        """Wait until the process that syncs this account has emptied the outbox."""
        while (await self._run(partial(apply.waiting, self._cache)))[0]:
            await self._sleep(SENT_EVERY_S)


def _worst(failures: Sequence[Exception]) -> Exception:
    """Of several failures of one session, the one that decides how it goes on: a bug, an ended session, then what only a person can mend."""

    def rank(failure: Exception) -> int:
        if not isinstance(failure, DevotsError):
            return 0
        return next(place for place, kind in enumerate((SignedOut, AccountUnusable, DevotsError), start=1) if isinstance(failure, kind))

    return min(failures, key=rank)


def _lost() -> Unreachable:
    return Unreachable("Offline", "The connection was lost.", "It is tried again by itself.")
