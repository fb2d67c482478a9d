"""What the user does: each edit is one transaction of row, outbox entry and journal entry (sync.md, section 2)."""

import sqlite3
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from devots_desktop.domain.changes import Op, Via
from devots_desktop.domain.mutation import Kind, Mutation, merge
from devots_desktop.domain.todo import Patch, ServerRow, State
from devots_desktop.store import journal, outbox, parking, replica, rows
from devots_desktop.store.cache import Cache


def add(cache: Cache, text: str) -> str:
    """Add a todo on top of the list.

    Returns:
        its client_id.
    """
    with cache.transaction() as db:
        at, client_id = cache.clock(), str(uuid.uuid4())
        row = rows.Row(0, client_id, 0, text, False, at, at, -1, State.PENDING if cache.syncs else State.SYNCED)
        db.execute(
            "INSERT INTO todo (client_id, text, completed, created_at, updated_at, state, checksum) VALUES (?, ?, 0, ?, ?, ?, ?)",
            (client_id, text, at, at, row.state, row.checksum),
        )
        if cache.syncs:
            outbox.add(db, Mutation(_new_id(), client_id, Kind.CREATE, {"text": text, "completed": False}, {}, at, created_at=at))
        _tell(db, client_id, Op.INSERT, at)
    return client_id


def edit(cache: Cache, client_id: str, patch: Patch) -> bool:
    """Change fields of a todo.

    Returns:
        whether anything changed; False also where the todo is gone.
    """
    with cache.transaction() as db:
        row = rows.row(db, client_id)
        changed = {name: value for name, value in patch.items() if row and row.patch()[name] != value}
        if row is None or not changed:
            return False
        at = cache.clock()
        if cache.syncs:
            _remember_base(db, row)
            _queue_edit(db, row, changed, at)
        new = replace(row, **changed, updated_at=at, state=replica.state(db, client_id))  # type: ignore[arg-type]  # fields by name
        db.execute(
            "UPDATE todo SET text = ?, completed = ?, updated_at = ?, state = ?, checksum = ? WHERE key = ?",
            (new.text, new.completed, at, new.state, new.checksum, row.key),
        )
        _tell(db, client_id, Op.UPDATE, at)
    return True


def delete(cache: Cache, client_id: str) -> bool:
    """Delete a todo.

    Returns:
        whether there was one.
    """
    with cache.transaction() as db:
        row = rows.row(db, client_id)
        if row is None:
            return False
        at = cache.clock()
        if cache.syncs:
            _remember_base(db, row)
            _queue_delete(db, row, at)
        db.execute("DELETE FROM todo WHERE key = ?", (row.key,))
        journal.write(db, Op.DELETE, Via.LOCAL, row, at)
        journal.trim(db)
    return True


def _queue_edit(db: sqlite3.Connection, row: rows.Row, changed: Patch, at: int) -> None:
    """Fold the edit into the newest mutation of the todo where that was never sent, else queue a new one.

    Parked mutations are made anew with it: else the refused value would lie over the new one for ever.
    """
    last, parked = outbox.last_unsent(db, row.client_id), _unpark(db, row.client_id)
    if any(mutation.kind is Kind.CREATE for mutation in parked):
        if last is not None:
            outbox.remove(db, last.mutation_id)
        values = row.patch() | changed
        outbox.add(db, Mutation(_new_id(), row.client_id, Kind.CREATE, values, {}, at, created_at=row.created_at))
        return
    again = _again(parked, outbox.pending(db, row.client_id))
    seen = {name: row.patch()[name] for name in changed} | _first_seen(parked)
    if last is not None and last.kind is not Kind.DELETE:
        base = seen | last.base if last.kind is Kind.EDIT else {}
        _store(db, replace(last, values=again | last.values | changed, base=base, made_at=at), write=outbox.replace)
    else:
        _store(db, Mutation(_new_id(), row.client_id, Kind.EDIT, again | changed, seen, at), write=outbox.add)


def _store(db: sqlite3.Connection, mutation: Mutation, *, write: Callable[[sqlite3.Connection, Mutation], None]) -> None:
    """Store a mutation by `write`, or nothing where it would change nothing."""
    needed = _needed(db, mutation)
    if needed.values:
        write(db, needed)
    else:
        outbox.remove(db, mutation.mutation_id)
        _forget_base(db, mutation.client_id)


def _queue_delete(db: sqlite3.Connection, row: rows.Row, at: int) -> None:
    """A delete takes the place of what was never sent or is parked; of a create that was never sent, nothing remains."""
    last, parked = outbox.last_unsent(db, row.client_id), _unpark(db, row.client_id)
    if last is not None:
        outbox.remove(db, last.mutation_id)
    if last is not None and last.kind is Kind.CREATE:
        _forget_base(db, row.client_id)
        return
    base = row.patch() | (last.base if last else {}) | _first_seen(parked)
    outbox.add(db, Mutation(_new_id(), row.client_id, Kind.DELETE, {}, base, at))


def _needed(db: sqlite3.Connection, mutation: Mutation) -> Mutation:
    """An edit without the fields that were changed and changed back: sent, they would overrule what others write meanwhile."""
    base = rows.base(db, mutation.client_id)
    if mutation.kind is not Kind.EDIT or (base is not None and replica.buried(db, mutation.client_id) > base.row_version):
        return mutation
    earlier = [other for other in outbox.pending(db, mutation.client_id) if other.mutation_id != mutation.mutation_id]
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
    """Keep the server's row when the first edit is laid over it; a row that the server never had has none."""
    if row.row_version >= 0 and rows.base(db, row.client_id) is None:
        server = ServerRow(row.client_id, row.server_id, row.text, row.completed, row.created_at, row.updated_at, row.row_version)
        rows.put_base(db, server)


def _forget_base(db: sqlite3.Connection, client_id: str) -> None:
    if not outbox.pending(db, client_id):
        replica.drop_base(db, client_id)


def _tell(db: sqlite3.Connection, client_id: str, op: Op, at: int) -> None:
    row = rows.row(db, client_id)
    assert row is not None  # noqa: S101 (written by the statement before)
    journal.write(db, op, Via.LOCAL, row, at)
    journal.trim(db)


def _new_id() -> str:
    return str(uuid.uuid4())
