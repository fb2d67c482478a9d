"""How an edit becomes mutations of the outbox (sync.md, section 2). Called inside the transaction of the edit.

Edits that were never sent are folded, parked ones are made anew, and what comes to nothing is not sent.
"""

import sqlite3
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from devots_desktop.domain.mutation import Kind, Mutation, merge
from devots_desktop.domain.todo import Patch, ServerRow, State
from devots_desktop.store import outbox, parking, replica, rows


def create(db: sqlite3.Connection, client_id: str, values: Patch, *, at: int, created_at: int) -> None:
    """Queue a todo that the server does not have, or not any more."""
    outbox.add(db, Mutation(_new_id(), client_id, Kind.CREATE, values, {}, at, created_at=created_at))


def edit(db: sqlite3.Connection, row: rows.Row, changed: Patch, at: int, *, anew: bool = False) -> None:
    """Fold the edit into the newest mutation of the todo where that was never sent, else queue a new one.

    Parked mutations are made anew with it: else the refused value would lie over the new one for ever.

    Args:
        anew: the user knows that the todo was deleted elsewhere, and wants it to be made anew.
    """
    _remember_base(db, row)
    last, parked, queued = outbox.last_unsent(db, row.client_id), _unpark(db, row.client_id), outbox.pending(db, row.client_id)
    wanted = anew or any(mutation.kind is Kind.CREATE for mutation in parked)
    if wanted and _alive(db, row.client_id) is None:  # Else somebody has made it anew already: an edit of that one.
        if last is not None:
            outbox.remove(db, last.mutation_id)
        create(db, row.client_id, row.patch() | changed, at=at, created_at=row.created_at)
        return
    again = _again(parked, queued)
    seen = {name: row.patch()[name] for name in changed} | _first_seen(parked)
    if last is not None and last.kind is not Kind.DELETE:
        base = seen | last.base if last.kind is Kind.EDIT else {}
        _store(db, replace(last, values=again | last.values | changed, base=base, made_at=at), queued[:-1], write=outbox.replace)
    else:
        _store(db, Mutation(_new_id(), row.client_id, Kind.EDIT, again | changed, seen, at), queued, write=outbox.add)


def delete(db: sqlite3.Connection, row: rows.Row, at: int) -> None:
    """A delete takes the place of what was never sent or is parked; of a create that was never sent, nothing remains, unless the todo was made elsewhere too.

    Nor where an edit before it was sent: the server may be given its todo anew by another device, and the edit with it.
    """
    _remember_base(db, row)
    last, parked = outbox.last_unsent(db, row.client_id), _unpark(db, row.client_id)
    if last is not None:
        outbox.remove(db, last.mutation_id)
    queued = outbox.pending(db, row.client_id)
    gone = queued[-1].kind is Kind.DELETE if queued else _alive(db, row.client_id) is None
    if last is not None and last.kind is Kind.CREATE and gone:
        _forget_base(db, row.client_id)
        return
    base = row.patch() | (last.base if last else {}) | _first_seen(parked)
    outbox.add(db, Mutation(_new_id(), row.client_id, Kind.DELETE, {}, base, at))


def drop(db: sqlite3.Connection, row: rows.Row) -> ServerRow | None:
    """Forget what is parked of a todo.

    Returns:
        the row to show: the server's, below the edits that still wait. None where the server has none: what waits for it goes with it.
    """
    client_id, pending = row.client_id, outbox.pending(db, row.client_id)
    _unpark(db, client_id)
    if any(mutation.kind is Kind.CREATE for mutation in pending):
        return row.server()
    base = _alive(db, client_id)
    if base is not None:
        shown = merge(base.patch(), pending)
        _forget_base(db, client_id)
        return base._replace(text=str(shown["text"]), completed=bool(shown["completed"]))
    # Sent or not, they would only be parked again: the server has no todo for them.
    for mutation in pending:
        outbox.remove(db, mutation.mutation_id)
    _forget_base(db, client_id)
    return None


def put_back(db: sqlite3.Connection, deleted: ServerRow, at: int) -> ServerRow:
    """Undo a delete: one that was never sent is cancelled, else the todo is made anew.

    Args:
        deleted: the todo as the user saw it last, as a row that the server does not have.

    Returns:
        the row to show. Where the delete is cancelled, it has what came from elsewhere meanwhile.
    """
    client_id, last = deleted.client_id, outbox.last_unsent(db, deleted.client_id)
    cancelled = last if last is not None and last.kind is Kind.DELETE else None
    if cancelled is not None:
        outbox.remove(db, cancelled.mutation_id)
    base = _alive(db, client_id)
    if cancelled is None or (base is None and not _making(db, client_id)):
        create(db, client_id, deleted.patch(), at=at, created_at=deleted.created_at)
        return deleted
    # Edits that the delete had taken the place of: where the user had changed what the server has.
    values = {name: value for name, value in deleted.patch().items() if value != cancelled.base[name]}
    seen = {name: cancelled.base[name] for name in values}
    below = base or deleted
    _store(db, Mutation(_new_id(), client_id, Kind.EDIT, values, seen, at), outbox.pending(db, client_id), write=outbox.add)
    shown = merge(below.patch(), outbox.pending(db, client_id))
    return below._replace(text=str(shown["text"]), completed=bool(shown["completed"]))


def _alive(db: sqlite3.Connection, client_id: str) -> ServerRow | None:
    """The server's row below this device's edits, where it is known and not known to be deleted."""
    base = rows.base(db, client_id)
    return None if base is None or replica.buried(db, client_id) > base.row_version else base


def _making(db: sqlite3.Connection, client_id: str) -> bool:
    return any(mutation.kind is Kind.CREATE for mutation in outbox.pending(db, client_id))


def _store(
    db: sqlite3.Connection, mutation: Mutation, earlier: Sequence[Mutation], *, write: Callable[[sqlite3.Connection, Mutation], None]
) -> None:
    """Store a mutation by `write`, or nothing where it would change nothing.

    Args:
        earlier: what is queued of its todo before it.
    """
    needed = _needed(db, mutation, earlier)
    if needed.values:
        write(db, needed)
    else:
        outbox.remove(db, mutation.mutation_id)
        _forget_base(db, mutation.client_id)


def _needed(db: sqlite3.Connection, mutation: Mutation, earlier: Sequence[Mutation]) -> Mutation:
    """An edit without the fields that were changed and changed back: sent, they would overrule what others write meanwhile."""
    base = rows.base(db, mutation.client_id)
    # Below it lies nothing that the server is known to have now.
    dead = base is not None and (base.row_version < 0 or replica.buried(db, mutation.client_id) > base.row_version)
    if mutation.kind is not Kind.EDIT or dead:
        return mutation
    below = merge(base.patch() if base else {}, earlier)
    values = {name: value for name, value in mutation.values.items() if name not in below or below[name] != value}
    return replace(mutation, values=values, base={name: value for name, value in mutation.base.items() if name in values})


def _unpark(db: sqlite3.Connection, client_id: str) -> tuple[Mutation, ...]:
    """Take the parked mutations of a todo out, oldest first: the user has decided."""
    parked = parking.of_todo(db, client_id)
    for mutation in parked:
        parking.unpark(db, mutation)
    return parked


def _again(parked: Sequence[Mutation], pending: Sequence[Mutation]) -> Patch:
    """The values of parked edits that are still the user's newest."""
    newer = {name for mutation in pending for name in mutation.values}
    return {name: value for mutation in parked for name, value in mutation.values.items() if name not in newer}


def _first_seen(mutations: Sequence[Mutation]) -> Patch:
    """What the user saw in each field before the first of these."""
    return {name: value for mutation in reversed(mutations) for name, value in mutation.base.items()}


def _remember_base(db: sqlite3.Connection, row: rows.Row) -> None:
    """Keep the server's row when the first edit is laid over it, even where its version belongs to another history; a row of ours has none."""
    if row.server_id and row.state is State.SYNCED and rows.base(db, row.client_id) is None:
        rows.put_base(db, row.server())


def _forget_base(db: sqlite3.Connection, client_id: str) -> None:
    if not outbox.pending(db, client_id):
        replica.drop_base(db, client_id)


def _new_id() -> str:
    return str(uuid.uuid4())
