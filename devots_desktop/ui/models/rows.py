"""The rows at hand: those that were looked at last."""

from array import array
from collections.abc import Mapping

from devots_desktop.domain.sorting import Sort
from devots_desktop.domain.todo import Todo
from devots_desktop.store.lists import Lists

_KEPT = 1_024
_AROUND = 32
"""Rows that are read before and after one that is missing: about two windows in one query."""


class Rows:
    """A small cache of rows by key; what was used longest ago goes first."""

    def __init__(self, lists: Lists) -> None:
        """Read rows from an account's list."""
        self._lists = lists
        self._kept: dict[int, Todo] = {}

    def get(self, key: int) -> Todo | None:
        """The row where it is at hand."""
        found = self._kept.pop(key, None)
        if found is not None:
            self._kept[key] = found
        return found

    def put(self, todo: Todo) -> None:
        """Keep the newest form of a row."""
        self._kept.pop(todo.key, None)
        self._kept[todo.key] = todo
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]

    def drop(self, key: int) -> None:
        """Forget a row."""
        self._kept.pop(key, None)

    def clear(self) -> None:
        """Forget all rows."""
        self._kept.clear()

    def read(self, keys: "array[int]", row: int) -> dict[int, Todo]:
        """Read a row and those around it that are not at hand, in one query.

        Raises:
            CacheUnusable: the cache cannot be read.
        """
        around = keys[max(0, row - _AROUND) : row + _AROUND]
        found = self._lists.todos([key for key in around if key not in self._kept])
        for todo in found.values():
            self.put(todo)
        return found

    def read_one(self, key: int) -> Todo | None:
        """Read one row; None where it is gone.

        Raises:
            CacheUnusable: the cache cannot be read.
        """
        found = self._lists.todos([key]).get(key)
        if found:
            self.put(found)
        return found

    def place(self, todo: Todo, keys: "array[int]", order: Sort) -> int:
        """Where a todo belongs among keys that are in order, by reading O(log n) rows."""
        low, high = 0, len(keys)
        while low < high:
            middle = (low + high) // 2
            probe = self._nearest(keys, middle, high)
            if probe is None:
                high = middle
            elif order.place(probe[1]) < order.place(todo):
                low = probe[0] + 1
            else:
                high = middle
        return low

    def in_place(self, row: int, todo: Todo, keys: "array[int]", order: Sort, latest: Mapping[int, Todo | None]) -> bool:
        """Whether a row is still between its neighbours, of which some may have changed. If all changed rows are, the whole list is in order."""
        near = {each: keys[each] for each in (row - 1, row + 1) if 0 <= each < len(keys)}
        known = {each: latest.get(key) or self.get(key) or self.read_one(key) for each, key in near.items()}
        above, below, own = known.get(row - 1), known.get(row + 1), order.place(todo)
        return (above is None or order.place(above) < own) and (below is None or own < order.place(below))

    def _nearest(self, keys: "array[int]", row: int, end: int) -> tuple[int, Todo] | None:
        """The first row from here on that the cache still has: one that is gone there leaves the list a moment later."""
        for each in range(row, end):
            todo = self.get(keys[each]) or self.read_one(keys[each])
            if todo is not None:
                return each, todo
        return None
