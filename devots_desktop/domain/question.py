"""What the program asks before it takes many todos off the screen (sync.md, promise 7)."""

from dataclasses import dataclass
from enum import StrEnum


class Choice(StrEnum):
    """What is to become of todos that the server does not have any more."""

    REMOVE = "remove"
    """Take them off this device too. Undo puts them back."""
    PUT_BACK = "put-back"
    """Add them to the server again."""
    LEAVE = "leave"
    """Leave them as they are, shown and marked, and do not ask again."""


@dataclass(frozen=True, slots=True)
class Question:
    """An open question.

    Attributes:
        missing: how many todos the server's complete list did not have.
        shown: how many todos this device shows.
        at: when that was noticed first, microseconds since 1970 UTC.
    """

    missing: int
    shown: int
    at: int
