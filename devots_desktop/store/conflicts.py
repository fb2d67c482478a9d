"""Values that lost a conflict: kept on the device that saw it, and restored as an edit like any other (sync.md, promise 6).

A value is open as long as restoring it would change something. So restoring hides it, and undoing that shows it again, without a note of either.
"""

import json
import sqlite3
from dataclasses import dataclass

from devots_desktop.domain.steps import Action
from devots_desktop.domain.todo import FIELDS, WHOLE, Patch, Value, whole
from devots_desktop.store import changing, edits, journal, replica, rows
from devots_desktop.store.cache import Cache
from devots_desktop.store.checksum import verify
from devots_desktop.store.history import Entry, Was, was

KEPT_US = 30 * 24 * 3600 * 1_000_000
"""Microseconds that a value is kept at least (sync.md, promise 6)."""

_COLUMNS = "c.seq, c.client_id, c.field, c.lost, c.won, c.at, c.checksum"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A value that lost.

    Attributes:
        number: names it in this cache, and is never used again.
        client_id: its todo's.
        lost: what can be restored: the field that lost; of a row that a delete took with it, all of them.
        won: the value that the field got instead; None where a delete won.
        at: when this device saw it, microseconds since 1970 UTC.
        created_at: of a row that a delete took with it, when the todo was made, as far as that is known.
    """

    number: int
    client_id: str
    lost: Patch
    won: Value | None
    at: int
    created_at: int

    @property
    def text(self) -> str | None:
        """The text that lost, where it is one."""
        text = self.lost.get("text")
        return None if text is None else str(text)


def add(db: sqlite3.Connection, client_id: str, name: str, lost: Value, won: Value, at: int) -> None:
    """Record that a field's value lost."""
    replica.add_lost(db, client_id, name, _stored(lost), _stored(won), at)


def add_row(db: sqlite3.Connection, row: rows.Row, at: int) -> None:
    """Record a row that a delete takes with it."""
    replica.add_lost(db, row.client_id, WHOLE, whole(row.patch(), row.created_at), "", at)


def of_todo(db: sqlite3.Connection, client_id: str) -> list[Conflict]:
    """The open values of a todo, newest first."""
    return _open(db, "WHERE c.client_id = ?", client_id)


def everything(db: sqlite3.Connection) -> list[Conflict]:
    """All open values, newest first."""
    return _open(db, "")


def of_gone(db: sqlite3.Connection) -> list[Conflict]:
    """The rows that a delete took with it and that are not in the list, newest first: no todo shows them."""
    return _open(db, "WHERE c.client_id NOT IN (SELECT client_id FROM todo)")


def restore(cache: Cache, number: int) -> str | None:
    """Restore a value: an edit like any other, or the todo itself where it is not in the list any more.

    Returns:
        the todo's client_id; None where there is nothing to restore.
    """
    with cache.transaction() as db:
        conflict = _one(db, number)
        row = rows.row(db, conflict.client_id) if conflict else None
        if conflict is None or (row is None and conflict.won is not None):
            return None
        at = cache.clock()
        if row is None:
            values = Was(str(conflict.lost["text"]), bool(conflict.lost["completed"]), conflict.created_at)
            change = changing.put_back(cache, conflict.client_id, values, at)
            edits.finish(cache, Action.ADD, [Entry(conflict.client_id, None, was(change.row))], [change], at)
            return conflict.client_id
        changed = {name: value for name, value in conflict.lost.items() if row.patch()[name] != value}
        if not changed:
            return None
        change = changing.change(cache, row, changed, at)
        edits.finish(cache, edits.action(changed), [Entry(row.client_id, was(row), was(change.row))], [change], at)
        return conflict.client_id


def dismiss(cache: Cache, number: int) -> Conflict | None:
    """Forget a value, because the user does not want it.

    Returns:
        the value, for `keep`; None where there is none.
    """
    with cache.transaction() as db:
        conflict = _one(db, number)
        if conflict is not None:
            db.execute("DELETE FROM conflict WHERE seq = ?", (number,))
            journal.write_mark(db, conflict.client_id, cache.clock())
        return conflict


def keep(cache: Cache, conflict: Conflict) -> None:
    """Take the dismissal of a value back."""
    with cache.transaction() as db:
        if conflict.won is None:
            stored = (WHOLE, whole(conflict.lost, conflict.created_at), "")
        else:
            [(name, value)] = conflict.lost.items()
            stored = (name, _stored(value), _stored(conflict.won))
        replica.add_lost(db, conflict.client_id, *stored, conflict.at)
        journal.write_mark(db, conflict.client_id, cache.clock())


def prune(cache: Cache) -> None:
    """Forget what is older than `KEPT_US`."""
    oldest = cache.clock() - KEPT_US
    with cache.reading() as db:
        if not db.execute("SELECT EXISTS (SELECT 1 FROM conflict WHERE at < ?)", (oldest,)).fetchone()[0]:
            return
    with cache.transaction(durable=False) as db:
        gone = db.execute("SELECT DISTINCT client_id FROM conflict WHERE at < ?", (oldest,)).fetchall()
        db.execute("DELETE FROM conflict WHERE at < ?", (oldest,))
        for (client_id,) in gone:
            journal.write_mark(db, client_id, cache.clock())


def _open(db: sqlite3.Connection, where: str, *values: str) -> list[Conflict]:
    found = db.execute(
        f"SELECT {_COLUMNS}, t.key, t.text, t.completed FROM conflict c LEFT JOIN todo t ON t.client_id = c.client_id {where} ORDER BY c.seq DESC",
        values,
    )
    every = [(_conflict(values[:7]), values) for values in found]
    return [conflict for conflict, values in every if rows.overruled(*values[2:4], *values[8:])]


def _one(db: sqlite3.Connection, number: int) -> Conflict | None:
    found = db.execute(f"SELECT {_COLUMNS} FROM conflict c WHERE c.seq = ?", (number,)).fetchone()
    return _conflict(found) if found else None


def _conflict(values: tuple[int, str, str, str, str, int, int]) -> Conflict:
    number, client_id, name, lost, won, at, stored = values
    verify(stored, *values[1:6])
    if name == WHOLE:
        row = json.loads(lost)
        return Conflict(number, client_id, {field: row[field] for field in FIELDS}, None, at, row.get("created_at", at))
    return Conflict(number, client_id, {name: _read(name, lost)}, _read(name, won), at, at)


def _stored(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _read(name: str, stored: str) -> Value:
    return stored if name == "text" else bool(json.loads(stored))
