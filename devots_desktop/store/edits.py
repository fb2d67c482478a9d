"""What the user does: each edit is one transaction of row, outbox entry and journal entry (sync.md, section 2)."""

import sqlite3
import uuid
from dataclasses import replace

from devots_desktop.domain.changes import Op, Via
from devots_desktop.domain.mutation import Kind, Mutation
from devots_desktop.domain.todo import FIELDS, Patch, ServerRow, State
from devots_desktop.store import journal, outbox, rows
from devots_desktop.store.cache import Cache


def add(cache: Cache, text: str) -> str:
    """Add a todo on top of the list.

    Returns:
        its client_id.
    """
    with cache.transaction() as db:
        at, client_id = cache.clock(), str(uuid.uuid4())
        state = State.PENDING if cache.syncs else State.SYNCED
        db.execute(
            "INSERT INTO todo (client_id, text, completed, created_at, updated_at, state) VALUES (?, ?, 0, ?, ?, ?)",
            (client_id, text, at, at, state),
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
        at, state = cache.clock(), row.state
        if cache.syncs:
            _remember_base(db, row)
            _queue_edit(db, row, changed, at)
            state = State.PENDING if outbox.pending(db, client_id) else State.SYNCED
        shown = row.patch() | changed
        db.execute(
            "UPDATE todo SET text = ?, completed = ?, updated_at = ?, state = ? WHERE key = ?",
            (shown["text"], shown["completed"], at, state, row.key),
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
    """Fold the edit into the last mutation of the todo where that was never sent, else queue a new one."""
    seen = {name: value for name, value in row.patch().items() if name in changed}
    last = outbox.last_unsent(db, row.client_id)
    if last is None or last.kind is Kind.DELETE:
        outbox.add(db, Mutation(_new_id(), row.client_id, Kind.EDIT, changed, seen, at))
        return
    folded = replace(last, values=last.values | changed, base=seen | last.base if last.kind is Kind.EDIT else {}, made_at=at)
    if last.kind is Kind.EDIT and _changes_nothing(db, folded):
        outbox.remove(db, last.mutation_id)
        _forget_base(db, row.client_id)
    else:
        outbox.replace(db, folded)


def _queue_delete(db: sqlite3.Connection, row: rows.Row, at: int) -> None:
    """A delete takes the place of a mutation that was never sent; of a create that was never sent, nothing remains."""
    last, base = outbox.last_unsent(db, row.client_id), row.patch()
    if last is not None:
        outbox.remove(db, last.mutation_id)
        base |= last.base
    if last is not None and last.kind is Kind.CREATE:
        _forget_base(db, row.client_id)
        return
    outbox.add(db, Mutation(_new_id(), row.client_id, Kind.DELETE, {}, base, at))


def _changes_nothing(db: sqlite3.Connection, mutation: Mutation) -> bool:
    """Whether the only mutation of a todo sets just what the server has already."""
    base = rows.base(db, mutation.client_id)
    return (
        base is not None
        and len(outbox.pending(db, mutation.client_id)) == 1
        and all(base.patch()[name] == value for name, value in mutation.values.items() if name in FIELDS)
    )


def _remember_base(db: sqlite3.Connection, row: rows.Row) -> None:
    """Keep the server's row when the first edit is laid over it; a row that the server never had has none."""
    if row.row_version >= 0 and rows.base(db, row.client_id) is None:
        server = ServerRow(row.client_id, row.server_id, row.text, row.completed, row.created_at, row.updated_at, row.row_version)
        rows.put_base(db, server)


def _forget_base(db: sqlite3.Connection, client_id: str) -> None:
    db.execute("DELETE FROM base WHERE client_id = ? AND client_id NOT IN (SELECT client_id FROM outbox)", (client_id,))


def _tell(db: sqlite3.Connection, client_id: str, op: Op, at: int) -> None:
    row = rows.row(db, client_id)
    assert row is not None  # noqa: S101 (written by the statement before)
    journal.write(db, op, Via.LOCAL, row, at)
    journal.trim(db)


def _new_id() -> str:
    return str(uuid.uuid4())
