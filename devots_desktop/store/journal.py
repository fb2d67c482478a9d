"""The journal: what changed, in order of commit over all processes.

Every write adds its entries in its own transaction, and every screen reads on from the entry that it saw last. As SQLite has one writer at a
time, the order of numbers is the order of commits and nobody can miss an entry.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from devots_desktop.domain.changes import Change, ChangeSet, Op, Via
from devots_desktop.store import rows
from devots_desktop.store.checksum import ROWS, checksum, verify

KEPT = 20_000
"""Entries that are kept; who is further behind reads the list again."""
_MOST = 2_000
"""More changes than this at once are told as one `reload`."""
_COLUMNS = (*ROWS["journal"], "checksum")
_INSERT = f"INSERT INTO journal ({', '.join(_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def write(db: sqlite3.Connection, op: Op, via: Via, row: rows.Row, at: int) -> None:
    """Add an entry for a row that was written in this transaction."""
    _add(db, row.client_id, row.key, op, via, row.text if op is Op.DELETE else "", int(row.completed), at)


def write_all(db: sqlite3.Connection, via: Via, changes: Sequence[tuple[Op, rows.Row]], at: int) -> None:
    """Add the entries of one action; of more than are told one by one, the entry that says: read the list again."""
    if len(changes) > _MOST:
        write_reload(db, at)
        return
    write_each(db, via, changes, at)


def write_each(db: sqlite3.Connection, via: Via, changes: Iterable[tuple[Op, rows.Row]], at: int) -> None:
    """Add an entry for each of these rows."""
    entries = [(row.client_id, row.key, op, via, row.text if op is Op.DELETE else "", int(row.completed), at) for op, row in changes]
    db.executemany(_INSERT, [(*entry, checksum(*entry)) for entry in entries])


def write_mark(db: sqlite3.Connection, client_id: str, at: int) -> None:
    """Add the entry for something that is no part of a row: its lost values, or what needs the user. No news for people.

    Args:
        client_id: the todo; where it is not in the list, the entry names none.
    """
    row = rows.row(db, client_id)
    if row is not None:
        write(db, Op.UPDATE, Via.PUSH, row, at)
    else:
        _add(db, "", 0, Op.UPDATE, Via.PUSH, "", 0, at)


def write_reload(db: sqlite3.Connection, at: int) -> None:
    """Add the entry that says: read the list again."""
    _add(db, None, 0, "reload", Via.PULL, "", 0, at)


def _add(db: sqlite3.Connection, *values: str | int | None) -> None:
    db.execute(_INSERT, (*values, checksum(*values)))


def trim(db: sqlite3.Connection) -> None:
    """Drop entries that nobody needs."""
    db.execute("DELETE FROM journal WHERE seq <= ?", (end(db) - KEPT,))


def end(db: sqlite3.Connection) -> int:
    """The number of the newest entry ever written."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    return row[0] if row else 0


def since(db: sqlite3.Connection, seen: int) -> ChangeSet:
    """The changes after entry `seen`, with each row as it is now, from one snapshot. Raises CacheDamaged."""
    entries = db.execute(
        f"SELECT j.seq, {', '.join(f'j.{name}' for name in _COLUMNS)}, t.key IS NOT NULL,"
        f" {rows.todo_columns('t')} FROM journal j LEFT JOIN todo t ON t.key = j.key WHERE j.seq > ? ORDER BY j.seq LIMIT ?",
        (seen, _MOST + 1),
    ).fetchall()
    if not entries:
        return ChangeSet(seq=seen)
    if len(entries) > _MOST or entries[0][0] != seen + 1 or any(entry[1] is None for entry in entries):
        return ChangeSet(reload=True, seq=end(db))
    return ChangeSet(tuple(map(_change, entries)), seq=entries[-1][0])


def origin(db: sqlite3.Connection, key: int) -> Via | None:
    """By which way the last change of a row came; None where the entries do not reach back so far. Raises CacheDamaged."""
    found = db.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM journal WHERE key = ? AND via <> 'push' ORDER BY seq DESC LIMIT 1", (key,)
    ).fetchone()
    if not found:
        return None
    verify(found[-1], *found[:-1])
    return Via(found[3])


def _change(entry: tuple) -> Change:  # type: ignore[type-arg]  # a row of SQLite, typed by the query above
    seq, client_id, key, op, via, text, completed, at, stored, exists = entry[:10]
    verify(stored, *entry[1:8])
    todo = rows.todo(entry[10:]) if exists else None
    return Change(seq, Op(op), Via(via), key, client_id, todo.text if todo else text, bool(completed), at, todo)
