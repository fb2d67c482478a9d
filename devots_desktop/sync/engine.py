"""The engine: keeps one account's cache in step with its server, for ever, whatever the server does.

One session is: connect, listen, push what waits, pull since the cursor, then live. It ends with an error, and the supervisor decides by the kind of
the error when the next one begins. A change that is told is a hint; the pull since the cursor is the truth (sync.md, sections 3 and 5).

Clock, sleep, random numbers, the cache's thread and the remote are passed in, so that the engine runs unchanged in a simulation.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from devots_desktop.domain.account import Live, Status
from devots_desktop.domain.changes import ChangeSet, Via
from devots_desktop.domain.errors import AccountUnusable, BatchRefused, DevotsError, SignedOut, Unreachable
from devots_desktop.domain.mutation import Answer, Outcome, Page
from devots_desktop.remote.base import PUSH_MOST, Position, Remote
from devots_desktop.store import replica
from devots_desktop.store.cache import Cache, Run
from devots_desktop.store.lock import SyncLock
from devots_desktop.store.telling import telling
from devots_desktop.sync import apply

PAGE_ROWS = 500
CHECK_EVERY_S = 60.0
"""Seconds between pulls while changes are not told."""
CHECK_LIVE_EVERY_S = 300.0
"""Seconds between pulls while they are: a hint may be lost."""
PROBE_EVERY_S = 5.0
BACKOFF_MOST_S = 60.0
LOCK_EVERY_S = 1.0
SENT_EVERY_S = 0.05
SWEEP_MOST = 20
"""More todos than this, and more than half, are never taken off the screen only because a full pull did not bring them."""

_ANOTHER = "Another program on this profile syncs this account."
_log = logging.getLogger(__name__)

Result = TypeVar("Result")


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
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        """Make an engine that does nothing yet.

        Args:
            connect: makes the remote of the account's signed-in person; may raise as the remote's methods do.
            user_id: the account's person; what the server says of anybody else is not stored.
            run: awaits a function on the cache's thread.
            publish: called on the cache's thread with changes of the list.
            tell: called with the account's state.
            sleep, rng: for the pauses, in seconds.
        """
        self._cache = cache
        self._connect = connect
        self._user_id = user_id
        self._run = run
        self._publish = publish
        self._tell = tell
        self._sleep = sleep
        self._rng = rng or random.Random()  # noqa: S311 (spreads pauses, guards nothing)
        self._lock = SyncLock(cache.path)
        self._remote: Remote | None = None
        self._wake = asyncio.Event()
        self._resume = asyncio.Event()
        self._push_due = self._pull_due = True
        self._told = False
        self._failures = 0
        self._pushed = self._pulled = 0

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
                await self._sleep(CHECK_EVERY_S)
            except Exception:  # noqa: BLE001
                # A bug of ours must not end the sync for good: it is reported, and the next session begins from what is stored.
                _log.exception("The sync of an account failed")
                self._tell(Status(Live.OFFLINE, "Something unexpected happened while syncing. It is tried again in a minute."))
                await self._sleep(CHECK_EVERY_S)

    async def once(self, timeout: float) -> SyncReport:
        """Push and pull once, for a command that ends then. Raises nothing of the DevotsError family: the report says it.

        Args:
            timeout: seconds after which it is given up; what was not sent stays in the outbox.
        """
        self._pushed = self._pulled = 0
        live, sentence = Live.LIVE, ""
        try:
            async with asyncio.timeout(timeout):
                if self._lock.acquire():
                    remote = await self._reconnect()
                    await self._push(remote)
                    await self._pull(remote)
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
        return SyncReport(live, self._pushed, self._pulled, pending, parked, sentence)

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
        live, self._push_due = False, True
        while True:
            self._wake.clear()
            if self._push_due:
                self._push_due = False
                await self._push(remote)
            if self._pull_due:
                self._pull_due = False
                await self._pull(remote, Via.LIVE if live else Via.PULL)
            self._failures = 0
            if self._told and not self._pull_due and not live:
                live = True
                self._tell(Status(Live.LIVE))
            await self._wake.wait()

    # Push --------------------------------------------------------------------------------------------------------------------

    async def _push(self, remote: Remote) -> None:
        """Send the outbox, oldest first, until it is empty."""
        size = PUSH_MOST
        while batch := await self._in_cache(partial(apply.take, self._cache, size)):
            try:
                answers = await remote.push(batch)
            except BatchRefused as error:
                if len(batch) > 1:
                    size = len(batch) // 2
                    continue
                answers = [Answer(batch[0].mutation_id, Outcome.REFUSED, reason=error.sentence)]
            self._pushed += await self._in_cache(partial(apply.acknowledge, self._cache, batch, answers))
            size = PUSH_MOST

    # Pull --------------------------------------------------------------------------------------------------------------------

    async def _pull(self, remote: Remote, via: Via = Via.PULL) -> None:
        """Bring what changed since the cursor; everything, where there is none."""
        cursor = await self._run(partial(apply.cursor, self._cache))
        if cursor.since is None:
            await self._pull_everything(remote, cursor)
            return
        page = await self._page(remote, cursor.since, None)
        if page.epoch != cursor.epoch:
            await self._restart(remote)
        elif not page.more:
            self._pulled += await self._in_cache(lambda: apply.receive(self._cache, page, via))
        else:
            await self._pull_pages(remote, page, cursor.since, via)

    async def _pull_pages(self, remote: Remote, first: Page, since: int, via: Via) -> None:
        """A pull of several pages: stage them all, then apply them; the cursor is the first page's horizon."""
        await self._run(lambda: apply.drop_stage(self._cache))
        page = first
        await self._run(lambda: apply.stage(self._cache, first))
        while page.more:
            page = await self._page(remote, since, _last(page))
            if page.epoch != first.epoch:
                await self._restart(remote)
                return
            await self._run(lambda: apply.stage(self._cache, page))  # noqa: B023 (awaited in this round)
        cursor, more = replica.Cursor(since=first.horizon, epoch=first.epoch), True
        while more:
            news, more = await self._in_cache(lambda: apply.apply_staged(self._cache, cursor, via))
            self._pulled += news

    async def _pull_everything(self, remote: Remote, cursor: replica.Cursor) -> None:
        """A full pull: its pages are shown as they come, and what it did not bring is taken off the screen at its end."""
        more = True
        while more:
            page = await self._page(remote, 0, cursor.after)
            if cursor.epoch and page.epoch != cursor.epoch:
                await self._restart(remote)
                return
            self._pulled += await self._in_cache(lambda: apply.receive_first(self._cache, page, cursor))  # noqa: B023 (awaited in this round)
            cursor = await self._run(partial(apply.cursor, self._cache))
            more = page.more
        await self._sweep(remote)

    async def _sweep(self, remote: Remote) -> None:
        """End a full pull. Silence is not deletion (sync.md, promise 7): what looks like a lost list is asked for again, and not believed when large."""
        gone, shown = await self._run(partial(apply.missing, self._cache))
        sweep = True
        if gone and (len(gone) == shown or (len(gone) > SWEEP_MOST and len(gone) > shown / 2)):
            again = await self._page(remote, 0, None)
            if any(row.client_id in gone and not row.deleted for row in again.rows):
                await self._run(partial(apply.restart, self._cache))
                raise Unreachable(
                    "Incomplete answer", "The server's answers contradict each other.", "Nothing was removed; it is tried again."
                )
            sweep = len(gone) <= SWEEP_MOST
        await self._in_cache(lambda: apply.end_first(self._cache, sweep=sweep))

    async def _restart(self, remote: Remote) -> None:
        await self._run(lambda: apply.restart(self._cache))
        await self._pull_everything(remote, replica.Cursor())

    async def _page(self, remote: Remote, since: int, after: Position | None) -> Page:
        page = await remote.pull(since, after, PAGE_ROWS)
        if page.user_id != self._user_id:
            raise SignedOut  # Somebody else's page is never stored, its cursor neither.
        return page

    # The cache, and waiting --------------------------------------------------------------------------------------------------

    async def _in_cache(self, work: Callable[[], Result]) -> Result:
        """Do something in the cache and tell what changed."""
        return await self._run(telling(self._cache, work, self._publish))

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
            await self._sleep(self._rng.uniform(0, min(most, 2.0 ** min(self._failures, 10))))
        while self._remote is not None and not await self._remote.reachable():
            self._failures = 0
            await self._sleep(PROBE_EVERY_S)

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


def _last(page: Page) -> Position:
    return page.rows[-1].row_version, page.rows[-1].client_id
