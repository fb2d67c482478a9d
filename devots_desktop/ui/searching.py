"""Reading long lists off the window's thread: what a search finds as somebody types, the rest of a list whose beginning is shown, a list in which much changed.

The beginning comes at once, all of it after, and what changes meanwhile is not lost.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.models.difference import difference
from devots_desktop.ui.window import MainWindow

_AT_ONCE = 50
"""About two screens."""
_ATTEMPTS = 3
_REST = 3
"""Times as long as reading a list took, until it is read again: a download must not be held up by the showing of it."""


class Searching:
    """Answers the window's search field, completes its list and counts it; what was asked before is given up."""

    def __init__(self, window: MainWindow, tasks: Tasks, current: Callable[[], OpenAccount]) -> None:
        """Serve a window from now on.

        Args:
            current: the account on screen.
        """
        self._window = window
        self._tasks = tasks
        self._current = current
        self._running: asyncio.Task[Any] | None = None
        self._counting: asyncio.Task[Any] | None = None
        self._uncounted = False
        self._renewing: asyncio.Task[Any] | None = None
        self._outdated = False
        window.model.outdated.connect(self.renew)
        window.counts_asked.connect(self.count)
        window.listing.search_asked.connect(self.ask)
        window.listing.rest_asked.connect(self.bring_rest)

    def ask(self, words: str) -> None:
        """Search for these words; "" gives up."""
        if self._running is not None:
            self._running.cancel()
            self._running = None
        if words:
            self._running = self._tasks.spawn("search", self._find(words, (_AT_ONCE, -1)))

    def bring_rest(self) -> None:
        """Complete the list where it is not whole."""
        if not self._window.model.whole:
            self.ask("")
            self._running = self._tasks.spawn("rest of the list", self._find("", (-1,)))

    def count(self) -> None:
        """Count the list, once more where it is being counted."""
        self._uncounted = True
        if self._counting is None or self._counting.done():
            self._counting = self._tasks.spawn("count", self._count())

    def renew(self) -> None:
        """Read the list's keys, once more where they are being read."""
        self._outdated = True
        if self._renewing is None or self._renewing.done():
            self._renewing = self._tasks.spawn("renew the list", self._renew())

    async def _renew(self) -> None:
        while self._outdated:
            self._outdated = False
            begun = time.monotonic()
            await self._bring_up_to_date()
            await asyncio.sleep(_REST * (time.monotonic() - begun))

    async def _bring_up_to_date(self) -> None:
        """Where somebody goes on changing the list while it is read, read it on the window's thread in the end."""
        view, model = self._window.view, self._window.model
        for _ in range(_ATTEMPTS):
            asked, opened = model.asked(), self._current()
            keys = await opened.search.keys(asked.words, asked.view, sort=asked.sort, limit=asked.limit)
            change = await asyncio.to_thread(difference, asked.shown, keys, asked.held)
            with view.in_place():
                if model.renew(asked, change):
                    return
        with view.in_place():
            model.renew(model.asked())

    async def _count(self) -> None:
        while self._uncounted:
            self._uncounted = False
            opened = self._current()
            counts = await opened.search.counts()
            if opened is self._current():
                self._window.show_counts(counts)

    async def _find(self, words: str, limits: Sequence[int]) -> None:
        """Show what is found. The search reads the cache as it is when it runs: what is told meanwhile is told to the list again."""
        window, listing, opened = self._window, self._window.listing, self._current()
        view, sort = listing.view, listing.sort
        meanwhile: list[ChangeSet] = []
        end = opened.changes.subscribe(meanwhile.append)
        try:
            for limit in limits:
                keys = await opened.search.keys(words, view, sort=sort, limit=limit)
                if opened is not self._current() or (view, sort) != (listing.view, listing.sort):
                    return
                listing.show_found(words, keys)
                for changes in meanwhile:
                    window.apply(changes)
                if len(keys) < limit:
                    return
        finally:
            end()
