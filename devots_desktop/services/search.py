"""Searching and counting off the window's thread: as somebody types, what was asked before is given up."""

from array import array
from pathlib import Path
from threading import Event

from devots_desktop.domain.sorting import Sort
from devots_desktop.services.worker import Worker
from devots_desktop.store.lists import Counts, Lists, View


class Search:
    """Searches and counts one account's list on a thread and a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Search a cache file that a Cache has opened before; it is opened with the first search."""
        self._path = path
        self._worker = Worker("search")
        self._lists: Lists | None = None
        self._closing = Event()

    async def keys(self, words: str, view: View, *, sort: Sort = Sort.NEWEST, limit: int = -1) -> "array[int]":
        """The keys of a view's rows that the words find, in the order of the list. Cancel the wait, and the search stops.

        Args:
            limit: answer only the newest so many, at once; what it leaves out, the same call without it brings.

        Raises:
            CacheUnusable: the cache cannot be read.
        """
        given_up = Event()

        def find() -> "array[int]":
            lists = self._opened()
            with lists.stopped_by(lambda: given_up.is_set() or self._closing.is_set()):
                return lists.search(words, view, sort=sort, limit=limit)

        try:
            return await self._worker(find)
        finally:
            given_up.set()

    async def counts(self) -> Counts:
        """The numbers of the list. Raises CacheUnusable: the cache cannot be read."""
        return await self._worker(lambda: self._opened().counts())

    async def let_go(self) -> None:
        """Close the file after what is being searched; the next search opens what lies there then."""

        def close() -> None:
            if self._lists is not None:
                self._lists.close()
                self._lists = None

        await self._worker(close)

    def close(self) -> None:
        """Give up what is being searched, and close the file."""
        self._closing.set()
        self._worker.close()
        if self._lists is not None:
            self._lists.close()

    def _opened(self) -> Lists:
        if self._lists is None:
            self._lists = Lists(self._path)
        return self._lists
