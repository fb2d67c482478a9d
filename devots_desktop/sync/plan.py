"""What to do when a server row or a server's answer meets what this device has. Pure: it decides, apply.py does it.

The rules are those of sync.md, section 2. Merge is per field: the edit that reaches the server last wins on every device alike, and the
device that sees another value overruled keeps it as a conflict.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from devots_desktop.domain.mutation import DELETED_ELSEWHERE, NOT_MADE, Answer, Kind, Mutation, Outcome, merge
from devots_desktop.domain.todo import FIELDS, WHOLE, ServerRow, Value, whole

UNKNOWN = -1
"""The version of a row that this device has never seen from the server. Rows of a migrated server begin at 0."""


class Case(Enum):
    """Why a decision is as it is."""

    OLD_NEWS = "this version, or a newer one, is known"
    APPLY = "nothing of this device lies over the row: show it"
    REBASE = "edits of this device lie over the row: keep them on top of it"
    TOMBSTONE = "deleted elsewhere, and nothing of this device lies over it"
    KEEP = "deleted elsewhere, but this device has edits: keep them until their push is answered"
    ACKNOWLEDGE = "the server has the mutation"
    DELETED = "the server has the delete"
    SUPERSEDED = "the server did not take the mutation, and a later one of this device made it needless"
    ASK = "the server does not have it and no tombstone says why: the user decides"
    PARK = "the server refused the mutation, or its todo is gone: the user decides"


class Local(NamedTuple):
    """What this device has of one todo.

    Attributes:
        row_version: of the newest server row that it knows; UNKNOWN for none.
        buried: version of the newest tombstone; UNKNOWN for none.
        shown: the row on the screen, where it is there.
        base: the server's row below the edits, where there is one.
        pending: its mutations in the outbox, oldest first.
        parked: its parked mutations, oldest first; they stay on the screen too.
    """

    row_version: int = UNKNOWN
    buried: int = UNKNOWN
    shown: ServerRow | None = None
    base: ServerRow | None = None
    pending: tuple[Mutation, ...] = ()
    parked: tuple[Mutation, ...] = ()

    @property
    def touched(self) -> bool:
        """Whether something of this device lies over the server's row."""
        return bool(self.pending or self.parked)

    @property
    def deleting(self) -> bool:
        """Whether a delete waits to be sent. What is shown then was made anew after it."""
        return any(mutation.kind is Kind.DELETE for mutation in self.pending)

    def over(self, row: ServerRow) -> ServerRow | None:
        """What the screen shows of a server row: this device's edits on top of it; where a delete waits to be sent, nothing of it."""
        if self.deleting:
            return self.shown
        return _with(row, (*self.parked, *self.pending))


def _with(row: ServerRow, mutations: Sequence[Mutation]) -> ServerRow:
    shown = merge(row.patch(), mutations)
    return row._replace(text=str(shown["text"]), completed=bool(shown["completed"]))


@dataclass(frozen=True, slots=True)
class Lost:
    """A value that lost a conflict. `field` is WHOLE for a row that a delete took with it; `lost` is then what `whole` makes of it."""

    field: str
    lost: str
    won: str


class Decision(NamedTuple):
    """What to do.

    Attributes:
        show: the row for the screen; None takes it off the screen.
        base: the server's row to remember below this device's edits; None where nothing lies over it.
        bury: a tombstone's version to remember; UNKNOWN for none.
        park: the reason, where the mutation is to be parked.
        overwritten: the fields that are not parked with it: a later edit of this device, which waits, has other values for them.
    """

    case: Case
    show: ServerRow | None = None
    base: ServerRow | None = None
    bury: int = UNKNOWN
    lost: tuple[Lost, ...] = ()
    park: str = ""
    overwritten: frozenset[str] = frozenset()


def is_news(row: ServerRow, row_version: int, buried: int) -> bool:
    """Whether a row or tombstone is newer than these: the known row's version and the newest tombstone's. A repeated, late or own one is not."""
    return row.row_version > max(row_version, buried)


def incoming(local: Local, row: ServerRow) -> Decision:
    """A row or tombstone came with a pull or an event."""
    if not is_news(row, local.row_version, local.buried):
        return Decision(Case.OLD_NEWS)
    # Deleted elsewhere while the user has edits here: rows with edits are never removed, the answer to the push will park them.
    if row.deleted and local.touched:
        return Decision(Case.KEEP, bury=row.row_version)
    # Deleted elsewhere.
    if row.deleted:
        return Decision(Case.TOMBSTONE, bury=row.row_version)
    # Changed elsewhere, with edits here that the server has not answered: both survive, field by field; the user's own stay on the screen.
    if local.touched:
        return Decision(Case.REBASE, show=local.over(row), base=row)
    # New or changed elsewhere.
    return Decision(Case.APPLY, show=row)


def answered(local: Local, mutation: Mutation, answer: Answer) -> Decision:
    """The server answered a mutation.

    Args:
        local: what this device has, without the mutation that was answered.
    """
    # A delete reached its aim, by this device or another one.
    if mutation.kind is Kind.DELETE and answer.outcome in (Outcome.APPLIED, Outcome.GONE):
        return _deleted(local, mutation, answer)
    # Also a create that met the todo, made elsewhere, where a repeated request does not find that one any more.
    gone = answer.outcome is Outcome.GONE or (answer.outcome is Outcome.EXISTS and answer.row is None)
    # It did not get in, but the user has written over it or deleted the todo since: nobody waits for it.
    if (gone or answer.outcome is Outcome.REFUSED) and _superseded(local, mutation):
        return Decision(Case.SUPERSEDED, show=local.shown, base=local.base)
    # An edit of a todo that is not there any more: never resurrected silently.
    if gone:
        made = not any(other.kind is Kind.CREATE for other in local.parked)
        # The row below is known to be no more, before its tombstone has come; unless this answers a repeated request, and it was made anew since.
        bury = local.base.row_version + 1 if local.base is not None and answer.row is None else UNKNOWN
        return _parked(local, mutation, DELETED_ELSEWHERE if made else NOT_MADE)._replace(bury=bury)
    # The server will not have it: this one waits for the user, the ones behind it go on.
    if answer.outcome is Outcome.REFUSED:
        return _parked(local, mutation, answer.reason)
    lost = _lost_to(mutation, answer)
    # Applied, and deleted elsewhere since (the answer to a repeated request): later edits will hear of it from their own push.
    if answer.row is None and local.touched:
        return Decision(Case.ACKNOWLEDGE, show=local.shown, base=local.base and _with(local.base, [mutation]), lost=lost)
    if answer.row is None:
        return Decision(Case.TOMBSTONE, lost=lost)
    # Applied: the answer carries the row, so that the device reads its own write at once.
    return _settled(local, answer.row, Decision(Case.ACKNOWLEDGE, lost=lost))


def repaired(local: Local, row: ServerRow | None) -> Decision:
    """A comparison found that this device's idea of the server's row is not the server's.

    Args:
        row: what the server has, a tombstone or None.
    """
    # A tombstone older than the row is that of a server that was set back: it says nothing of this row.
    gone = row is None or (row.deleted and row.row_version < local.row_version)
    # The answer to the push will tell; meanwhile the server is known not to have it.
    if gone and local.touched:
        return Decision(Case.KEEP, bury=local.row_version)
    # Nothing is on the screen that could be kept.
    if gone and local.shown is None:
        return Decision(Case.TOMBSTONE)
    if row is None or gone:
        return Decision(Case.ASK)
    decision = incoming(local._replace(row_version=UNKNOWN, buried=UNKNOWN), row)
    # What was overruled by a server that is not ahead may be worth something: it is kept as a conflict.
    if local.touched or local.shown is None or row.deleted or row.row_version > local.row_version:
        return decision
    server = row.patch()
    lost = tuple(Lost(name, _text(value), _text(server[name])) for name, value in local.shown.patch().items() if server[name] != value)
    return decision._replace(lost=lost)


def _settled(local: Local, row: ServerRow, decision: Decision) -> Decision:
    """Show the row of an answer, or a newer one that was pulled meanwhile, below the edits that still wait."""
    newest = local.base if local.base is not None and local.base.row_version > row.row_version else row
    if local.touched:
        return decision._replace(show=local.over(newest), base=newest)
    return decision._replace(show=newest)


def _deleted(local: Local, mutation: Mutation, answer: Answer) -> Decision:
    bury = answer.before.row_version if answer.before else UNKNOWN
    lost = _lost_with(mutation, answer.before)
    # Deleted, and made anew elsewhere since (the answer to a repeated request).
    if answer.row is not None:
        return _settled(local, answer.row, Decision(Case.ACKNOWLEDGE, bury=bury, lost=lost))
    # What is still shown was made anew on this device.
    return Decision(Case.DELETED, show=local.shown, bury=bury, lost=lost)


def _superseded(local: Local, mutation: Mutation) -> bool:
    # A delete that was undone after it was sent: the todo is made anew behind it, or is still there for that to find.
    if mutation.kind is Kind.DELETE:
        return any(other.kind is Kind.CREATE for other in local.pending)
    return local.deleting or (mutation.kind is Kind.EDIT and mutation.values.keys() == _overwritten(local, mutation))


def _overwritten(local: Local, mutation: Mutation) -> frozenset[str]:
    """The fields of an answered edit that the user has written over since. Of a create, none: without them there would be no todo to write over."""
    if mutation.kind is not Kind.EDIT:
        return frozenset()
    return frozenset(name for other in local.pending for name in other.values if name in mutation.values)


def _parked(local: Local, mutation: Mutation, reason: str) -> Decision:
    """Keep what the user wrote on the screen; a row whose delete was refused comes back.

    A field that was written over since is not parked: it would lie over the newer value as soon as the server has that one.
    """
    show = local.base if mutation.kind is Kind.DELETE else local.shown
    return Decision(Case.PARK, show=show, base=local.base, park=reason, overwritten=_overwritten(local, mutation))


def _lost_to(mutation: Mutation, answer: Answer) -> tuple[Lost, ...]:
    """The values that this mutation overruled: what the server had was neither what the user saw nor what the user wrote."""
    if answer.outcome is Outcome.EXISTS and answer.row is not None:
        row = answer.row.patch()
        return tuple(Lost(name, _text(value), _text(row[name])) for name, value in mutation.values.items() if row[name] != value)
    if answer.before is None:
        return ()
    before = answer.before.patch()
    return tuple(
        Lost(name, _text(before[name]), _text(value))
        for name, value in mutation.values.items()
        if name in FIELDS and before[name] not in (mutation.base.get(name), value)
    )


def _lost_with(mutation: Mutation, before: ServerRow | None) -> tuple[Lost, ...]:
    """The row that a delete took with it, where it was not what the user saw when deleting."""
    if before is None or before.patch() == mutation.base:
        return ()
    return (Lost(WHOLE, whole(before.patch(), before.created_at), ""),)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)
