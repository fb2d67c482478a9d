"""The orders that a list can have."""

from enum import StrEnum

from devots_desktop.domain.search import fold
from devots_desktop.domain.todo import Todo

ALPHABET_LENGTH = 64
"""Characters of a folded text that alphabetical order looks at; todos that are equal so far stand newest first."""


class Sort(StrEnum):
    """An order of todos. Each is total: no two todos have the same place."""

    NEWEST = "newest"
    OLDEST = "oldest"
    ALPHABETICAL = "alphabetical"
    """Without case and accents, by code points: the same for everybody, whatever their language."""
    OPEN_FIRST = "open-first"
    """What is open before what is done, each newest first."""

    def place(self, todo: Todo) -> tuple[str | int, ...]:
        """A todo's place, as a key to sort by: the smaller one stands higher. Only places of one order can be compared."""
        match self:
            case Sort.NEWEST:
                return (-todo.created_at, -todo.key)
            case Sort.OLDEST:
                return (todo.created_at, todo.key)
            case Sort.ALPHABETICAL:
                return (fold(todo.text)[:ALPHABET_LENGTH], -todo.key)
            case Sort.OPEN_FIRST:
                return (todo.completed, -todo.created_at, -todo.key)
