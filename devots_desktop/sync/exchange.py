"""What a device and its server say to each other in one session: push the outbox, pull what changed, and end a complete list.

The order of things is what makes it safe; each rule has its reason in ARCHITECTURE.md, "Sync".
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from devots_desktop.domain.changes import ChangeSet, Via
from devots_desktop.domain.errors import BatchRefused, SignedOut, Unreachable
from devots_desktop.domain.mutation import PLAIN, Answer, Outcome, Page
from devots_desktop.remote.base import PUSH_MOST, Position, Remote
from devots_desktop.store import replica
from devots_desktop.store.cache import Cache, Run
from devots_desktop.store.telling import telling
from devots_desktop.sync import apply

FIRST_ROWS = 500
"""Rows in the first page of a pull: a new account shows something soon."""
PAGE_ROWS = 2_000
"""In those behind it: each costs a request and a transaction. Storing one holds up a user's edit for some 50 ms."""
ASK_ABOVE = 20
"""More todos than this, and more than half, are never taken off the screen only because a complete list did not bring them: the user is asked."""

Result = TypeVar("Result")


class Exchange:
    """Pushes and pulls between one cache and one remote.

    Attributes:
        pushed: how many mutations the server has answered and nobody has to look at.
        pulled: how many rows were news.
    """

    def __init__(self, cache: Cache, remote: Remote, user_id: str, *, run: Run, publish: Callable[[ChangeSet], object]) -> None:
        """Make an exchange that has said nothing yet. The arguments are Engine's."""
        self._cache = cache
        self._remote = remote
        self._user_id = user_id
        self._run = run
        self._publish = publish
        self._at_once = PUSH_MOST
        self._looked = False
        self.pushed = self.pulled = 0

    async def begin(self) -> None:
        """Look what kind of server it is before anything is sent: one that keeps keys of its own would not know our todos by ours."""
        cursor = await self._run(partial(apply.cursor, self._cache))
        if cursor.epoch in ("", PLAIN):
            if not await self._waits():
                return
            page = await self._page(0, None)
            if not cursor.epoch:
                await self._run(partial(apply.note_epoch, self._cache, page.epoch))
            elif not page.plain:
                await self._restart(cursor)
        self._looked = True

    async def push(self) -> None:
        """Send the outbox, oldest first, until it is empty."""
        size = PUSH_MOST
        while await self._waits():
            if not self._looked:
                await self.begin()
            batch = await self._in_cache(partial(apply.take, self._cache, min(size, self._at_once)))
            try:
                answers = await self._remote.push(batch)
            except BatchRefused as error:
                if len(batch) > 1:
                    size = len(batch) // 2
                    continue
                answers = [Answer(batch[0].mutation_id, Outcome.REFUSED, reason=error.sentence)]
            self.pushed += await self._in_cache(partial(apply.acknowledge, self._cache, batch, answers))
            size = PUSH_MOST

    async def pull(self, via: Via = Via.PULL) -> None:
        """Bring what changed since the cursor; everything, where there is none."""
        cursor = await self._run(partial(apply.cursor, self._cache))
        if cursor.since is None:
            await self._pull_everything(cursor)
            return
        page = await self._page(cursor.since, None)
        if page.epoch != cursor.epoch:
            await self._restart(cursor)
        elif not page.more and not page.plain:
            self.pulled += await self._in_cache(lambda: apply.receive(self._cache, page, via))
        else:
            await self._pull_pages(page, cursor, via)

    async def _pull_pages(self, first: Page, cursor: replica.Cursor, via: Via) -> None:
        """A pull of several pages: stage them all, then apply them; the cursor is the first page's horizon. A plain server's are its complete list."""
        seen = await self._stage(first, cursor)
        if seen is None:
            await self._restart(cursor)
            return
        reached, most, more = replica.Cursor(since=first.horizon, epoch=first.epoch), apply.RELOAD_ABOVE, True
        while more:
            news, more = await self._in_cache(partial(apply.apply_staged, self._cache, reached, via, most))
            self.pulled += news
            most = apply.SLICE  # Once it goes by slices, to the end.
        if first.plain:
            await self._sweep(seen)

    async def _stage(self, first: Page, cursor: replica.Cursor) -> set[str] | None:
        """Keep this page and those that follow it aside.

        Returns:
            the todos that they brought; None where the server's history became another one meanwhile.
        """
        await self._run(partial(apply.drop_stage, self._cache))
        seen: set[str] = set()
        async with aclosing(self._pages(cursor.since or 0, first)) as pages:
            async for page in pages:
                if page.epoch != first.epoch:
                    return None
                seen |= await self._run(partial(apply.stage, self._cache, page))
        return seen

    async def _pull_everything(self, cursor: replica.Cursor) -> None:
        """A full pull: its pages are shown as they come, and what it did not bring is taken off the screen at its end."""
        async with aclosing(self._pages(0, await self._page(0, cursor.after))) as pages:
            async for page in pages:
                if cursor.epoch and page.epoch != cursor.epoch:
                    break
                news, cursor = await self._in_cache(partial(apply.receive_first, self._cache, page, cursor))
                self.pulled += news
            else:
                await self._sweep()
                return
        await self._restart(cursor)

    async def _restart(self, before: replica.Cursor) -> None:
        """The server's history is another one. A server that was plain may keep keys of its own now: ours are changed to them first."""
        if before.epoch != PLAIN or not await self._take_keys():
            await self._run(partial(apply.restart, self._cache))
        await self._pull_everything(replica.Cursor())

    async def _take_keys(self) -> bool:
        """Give our todos the keys that the server has for them; False where it keeps none."""
        page = await self._page(0, None)
        if not page.rows:
            # Keys are taken once: an ended session's empty list would leave every todo with a key that the server does not know.
            page = await self._page(0, None)
        if page.plain:
            return False
        if await self._stage(page, replica.Cursor()) is None:
            raise Unreachable("Server changed", "The server's history changed while it was read.", "It is tried again by itself.")
        await self._in_cache(partial(apply.rename, self._cache))
        return True

    async def _sweep(self, seen: Collection[str] | None = None) -> None:
        """End a complete list. Silence is not deletion (sync.md, promise 7): what looks like a lost list is not believed without a second look."""
        would = await self._run(partial(apply.swept, self._cache, seen))
        doubtful = (would.empty and would.shown) or (len(would.gone) > ASK_ABOVE and len(would.gone) > would.shown / 2)
        if doubtful:
            await self._look_again(would)
        await self._in_cache(partial(apply.end_list, self._cache, seen, ask=bool(doubtful) and len(would.gone) > ASK_ABOVE))

    async def _look_again(self, would: apply.Sweep) -> None:
        """Ask once more who is asking, and for the list: row-level security answers an ended session with an empty one."""
        async with aclosing(self._pages(0, await self._page(0, None))) as pages:
            async for page in pages:
                if await self._run(partial(apply.contradicts, self._cache, page, would)):
                    await self._run(partial(apply.restart, self._cache))
                    raise Unreachable(
                        "Incomplete answer", "The server's answers contradict each other.", "Nothing was removed; it is tried again."
                    )

    async def _pages(self, since: int, page: Page) -> AsyncGenerator[Page, None]:
        """A page and those behind it, each asked for while the one before it is being stored."""
        while page.more:
            ahead = asyncio.ensure_future(self._page(since, page.end))
            try:
                yield page
                page = await ahead
            finally:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)
        yield page

    async def _page(self, since: int, after: Position | None) -> Page:
        page = await self._remote.pull(since, after, PAGE_ROWS if after else FIRST_ROWS)
        if page.user_id != self._user_id:
            raise SignedOut  # Somebody else's page is never stored, its cursor neither.
        if page.plain:
            # Each answer is stored before the next request: a plain server cannot give it again.
            self._at_once = 1
        return page

    async def _waits(self) -> bool:
        return (await self._run(partial(apply.waiting, self._cache)))[0] > 0

    async def _in_cache(self, work: Callable[[], Result]) -> Result:
        """Do something in the cache and tell what changed."""
        return await self._run(telling(self._cache, work, self._publish))
