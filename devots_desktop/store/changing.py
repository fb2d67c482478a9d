"""The change of one todo: its row, its mutations and its journal entry, inside the transaction of whoever calls."""

from dataclasses import dataclass

from devots_desktop.domain.changes import Op
from devots_desktop.domain.todo import Patch, ServerRow, State
from devots_desktop.store import queueing, replica, rows
from devots_desktop.store.cache import Cache
from devots_desktop.store.checksum import checksum
from devots_desktop.store.history import Was

NEVER_SEEN = -1
"""The version of a row that the server has not got."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What was changed: the row as it is now; of a delete, as it was."""

    op: Op
    row: rows.Row


def insert(cache: Cache, client_id: str, values: Was, at: int, *, updated_at: int | None = None) -> Changed:
    """Add a todo.

    Args:
        updated_at: when it was changed last, where that was before now.
    """
    if cache.syncs:
        queueing.create(cache.db, client_id, values.patch(), at=at, created_at=values.created_at)
    shown_at = at if updated_at is None else updated_at
    return _show(cache, ServerRow(client_id, 0, values.text, values.completed, values.created_at, shown_at, NEVER_SEEN))


def change(cache: Cache, row: rows.Row, changed: Patch, at: int, *, anew: bool = False) -> Changed:
    """Change fields of a todo; each has another value than before.

    Args:
        anew: as in queueing.edit.
    """
    below = rows.base(cache.db, row.client_id) if row.state is not State.SYNCED else None
    if cache.syncs:
        queueing.edit(cache.db, row, changed, at, anew=anew)
    text, completed = (changed.get(name, value) for name, value in row.patch().items())
    state = _state(cache, row.client_id)
    # Changed and changed back before it was sent: what is left is the server's row, with its time.
    updated_at = below.updated_at if below is not None and state is State.SYNCED else at
    new = row._replace(text=str(text), completed=bool(completed), updated_at=updated_at, state=state)
    # Nothing else: SQLite would write an index anew even where its columns are set to what they are.
    fields = "".join(f"{name} = ?, " for name in changed)
    cache.db.execute(
        f"UPDATE todo SET {fields}updated_at = ?, state = ?, checksum = ? WHERE key = ?",
        (*changed.values(), new.updated_at, new.state, new.checksum, row.key),
    )
    return Changed(Op.UPDATE, new)


def remove(cache: Cache, row: rows.Row, at: int) -> Changed:
    """Delete a todo."""
    if cache.syncs:
        queueing.delete(cache.db, row, at)
    cache.db.execute("DELETE FROM todo WHERE key = ?", (row.key,))
    return Changed(Op.DELETE, row)


def put_back(cache: Cache, client_id: str, values: Was, at: int) -> Changed:
    """Bring a deleted todo back, as the same one."""
    row = ServerRow(client_id, 0, values.text, values.completed, values.created_at, at, NEVER_SEEN)
    return _show(cache, queueing.put_back(cache.db, row, at) if cache.syncs else row)


def _show(cache: Cache, new: ServerRow) -> Changed:
    state = _state(cache, new.client_id)
    values = (*rows.server_values(new), str(state))
    cursor = cache.db.execute(
        "INSERT INTO todo (client_id, server_id, text, completed, created_at, updated_at, row_version, state, checksum)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, checksum(*values)),
    )
    assert cursor.lastrowid is not None  # noqa: S101 (written by the statement before)
    times = (new.created_at, new.updated_at)
    return Changed(
        Op.INSERT, rows.Row(cursor.lastrowid, new.client_id, new.server_id, new.text, new.completed, *times, new.row_version, state)
    )


def _state(cache: Cache, client_id: str) -> State:
    return replica.state(cache.db, client_id) if cache.syncs else State.SYNCED
