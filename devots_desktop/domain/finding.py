"""What an examination of an account found."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How it stands with one thing that was looked at, the worst last."""

    OK = "ok"
    UNCHECKED = "not checked"
    WARNING = "warning"
    WRONG = "wrong"


_ORDER = tuple(Level)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. Neither a secret nor a todo's text is in it, nor whose account it is.

    Attributes:
        check: the thing, in a word or two; the same in every run.
        sentence: how it is.
        next_step: what mends it; of a database, the line for its owner.
        mends: whether a repair can mend it.
        sql: lines for the owner of the database to run, or the command of ours that prints them where they are many.
        ids: client_ids of the todos that it is about.
    """

    check: str
    level: Level
    sentence: str
    next_step: str = ""
    mends: bool = False
    sql: str = ""
    ids: tuple[str, ...] = ()


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level of these; OK for none."""
    return max((finding.level for finding in findings), key=_ORDER.index, default=Level.OK)
