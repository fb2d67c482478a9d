"""What changed: the one record that every write answers and that every list is kept current with."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from devots_desktop.domain.todo import Todo


class Op(StrEnum):
    """What happened to a row of the list."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class Via(StrEnum):
    """By which way a change came."""

    LOCAL = "local"
    """Somebody on this device, in this process or another one."""
    PUSH = "push"
    """The server's answer to a change of this device: a mark changed, not what the user wrote."""
    LIVE = "live"
    """From elsewhere, while the account was live."""
    PULL = "pull"
    """From elsewhere, while catching up."""


class Change(NamedTuple):
    """One row's change.

    Attributes:
        seq: place in the cache's journal, increasing in order of commit over all processes.
        key, client_id: the row's, see Todo.
        todo: the row as it is *now* (later changes included); None where it is not there any more.
        text: of a delete, the text that went; else the row's.
        at: when this device wrote it, microseconds since 1970 UTC.
    """

    seq: int
    op: Op
    via: Via
    key: int
    client_id: str
    text: str
    completed: bool
    at: int
    todo: Todo | None = None

    @property
    def from_elsewhere(self) -> bool:
        """Whether somebody should be told: not this device's own change and not an echo of it."""
        return self.via in (Via.LIVE, Via.PULL)


class ChangeSet(NamedTuple):
    """Changes in the order in which they were committed.

    Attributes:
        changes: one record for each row's change.
        reload: too much changed for a record each (a first download): read the list again.
        seq: the journal's end that this set reaches to.
    """

    changes: Sequence[Change] = ()
    reload: bool = False
    seq: int = 0

    def __bool__(self) -> bool:
        return self.reload or bool(self.changes)
