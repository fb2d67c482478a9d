"""What a device asks of a server, and what the server answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from devots_desktop.domain.todo import FIELDS, Patch, ServerRow, Value

PLAIN = "plain"
"""The epoch of a server that keeps no versions: each of its pulls is the complete list (sync.md, section 4)."""
DELETED_ELSEWHERE = "It was deleted elsewhere."
"""Why an edit is parked whose todo is gone. What is sent again then makes the todo anew."""
NOT_MADE = "The server did not accept the todo itself."


class Kind(StrEnum):
    """What a mutation does to its todo."""

    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of one todo, applied by the server exactly once, known by its id.

    Attributes:
        mutation_id: UUID; the server remembers it and its answer.
        client_id: UUID of the todo.
        values: the new value of each changed field; empty for a delete.
        base: for each field of `values` (of a delete: for each field) the value that the user saw when changing it.
        made_at: microseconds since 1970 UTC on this device; shown to people, never used to decide a conflict.
        created_at: of a create, the todo's time of creation; the original one where a delete is undone.
        server_id: the todo's serial number on the server, 0 where none is known. This and the following are filled in for sending.
        sent: an earlier request carried it, and its answer was lost: a plain server may have it.
        siblings: server ids of other todos with the same `created_at`, which are not what an earlier request made.
    """

    mutation_id: str
    client_id: str
    kind: Kind
    values: Patch
    base: Patch
    made_at: int
    created_at: int | None = None
    server_id: int = field(default=0, compare=False)
    sent: bool = field(default=False, compare=False)
    siblings: frozenset[int] = field(default=frozenset(), compare=False)


class Outcome(StrEnum):
    """What became of a mutation at the server."""

    APPLIED = "applied"
    EXISTS = "exists"
    GONE = "gone"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's answer to one mutation.

    Attributes:
        before: the row as the mutation found it; None for a create and where nothing was found.
        row: the row as it is now; None after a delete.
        duplicate: the mutation had been applied by an earlier request whose answer was lost; `outcome` and `before` are that answer's.
        reason: of a refusal, a sentence of ours with the cause (never the server's own words).
    """

    mutation_id: str
    outcome: Outcome
    before: ServerRow | None = None
    row: ServerRow | None = None
    duplicate: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a pull.

    Attributes:
        user_id: who the server says is asking; a page of another user is never stored.
        horizon: the cursor that the next pull may start from, once the last page of this one is stored.
        epoch: names the history that versions belong to; a new one means a full pull.
        rows: by (row_version, client_id), tombstones among them; of a plain server by server_id.
        more: whether another page follows, to be asked for after the last row of this one.
    """

    user_id: str
    horizon: int
    epoch: str
    rows: Sequence[ServerRow] = field(default_factory=tuple)
    more: bool = False

    @property
    def plain(self) -> bool:
        """Whether the pages of this pull are the complete list, without versions and tombstones."""
        return self.epoch == PLAIN

    @property
    def end(self) -> tuple[int, str] | None:
        """The position behind which the next page begins; None for an empty page."""
        if not self.rows:
            return None
        last = self.rows[-1]
        return (last.server_id if self.plain else last.row_version), last.client_id


def merge(row: Patch, pending: Sequence[Mutation]) -> Patch:
    """What a row shows with these pending edits on top of it, oldest edit first."""
    shown: dict[str, Value] = dict(row)
    for mutation in pending:
        shown.update({name: value for name, value in mutation.values.items() if name in FIELDS})
    return shown


def made_by(create: Mutation, rows: Iterable[ServerRow]) -> ServerRow | None:
    """The row that an earlier request for this create made, among a plain server's rows; None where there is none.

    Its time of creation is the idempotency key, strictly increasing on each device; of two devices' rows with one time, the one with the same text.
    """
    found = [row for row in rows if row.created_at == create.created_at and row.server_id not in create.siblings]
    return min(found, key=lambda row: (row.text != create.values["text"], row.server_id), default=None)
