"""Searching as somebody types: the first hits at once, all of them after, and what changes meanwhile is not lost."""

import asyncio
from collections.abc import Callable
from typing import Any

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.window import MainWindow

_AT_ONCE = 50
"""About two screens."""


class Searching:
    """Answers the window's search field; what was asked before is given up."""

    def __init__(self, window: MainWindow, tasks: Tasks, current: Callable[[], OpenAccount]) -> None:
        """Serve a window from now on.

        Args:
            current: the account on screen.
        """
        self._window = window
        self._tasks = tasks
        self._current = current
        self._running: asyncio.Task[Any] | None = None
        window.listing.search_asked.connect(self.ask)

    def ask(self, words: str) -> None:
        """Search for these words; "" gives up."""
        if self._running is not None:
            self._running.cancel()
            self._running = None
        if words:
            self._running = self._tasks.spawn("search", self._search(words))

    async def _search(self, words: str) -> None:
        """Show what is found. The search reads the cache as it is when it runs: what is told meanwhile is told to the list again."""
        window, listing, opened = self._window, self._window.listing, self._current()
        view, sort = listing.view, listing.sort
        meanwhile: list[ChangeSet] = []
        end = opened.changes.subscribe(meanwhile.append)
        try:
            for limit in (_AT_ONCE, -1):
                keys = await opened.search.keys(words, view, sort=sort, limit=limit)
                if opened is not self._current() or (view, sort) != (listing.view, listing.sort):
                    return
                listing.show_found(words, keys)
                for changes in meanwhile:
                    window.apply(changes)
                if len(keys) < _AT_ONCE:
                    return
        finally:
            end()
