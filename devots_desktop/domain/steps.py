"""What the user did, one step for each action: what undo and redo speak of."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a step did to its todos."""

    ADD = "add"
    EDIT = "edit"
    DONE = "done"
    REOPEN = "reopen"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Step:
    """A step.

    Attributes:
        text: the text of its first todo.
        count: how many todos it is about; in an answer of undo or redo, how many it changed: none where they were deleted elsewhere meanwhile.
        overruled: in such an answer, how many of them had been changed elsewhere meanwhile, in what it took back: those values are kept as lost ones.
    """

    action: Action
    text: str
    count: int
    overruled: int = 0


@dataclass(frozen=True, slots=True)
class Steps:
    """What undo and redo would do now; None for nothing."""

    undo: Step | None = None
    redo: Step | None = None
