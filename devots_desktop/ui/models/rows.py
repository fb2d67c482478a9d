"""The rows at hand: those that were looked at last."""

from array import array

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
