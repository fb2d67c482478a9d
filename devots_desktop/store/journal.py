"""The journal: what changed, in order of commit over all processes.

Every write adds its entries in its own transaction, and every screen reads on from the entry that it saw last. As SQLite has one writer at a
time, the order of numbers is the order of commits and nobody can miss an entry.
"""

import sqlite3
from collections.abc import Sequence

from devots_desktop.domain.changes import Change, ChangeSet, Op, Via
from devots_desktop.store import rows

KEPT = 20_000
"""Entries that are kept; who is further behind reads the list again."""
_MOST = 2_000
"""More changes than this at once are told as one `reload`."""


def write(db: sqlite3.Connection, op: Op, via: Via, row: rows.Row, at: int) -> None:
    """Add an entry for a row that was written in this transaction."""
    db.execute(
        "INSERT INTO journal (client_id, key, op, via, text, completed, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (row.client_id, row.key, op, via, row.text if op is Op.DELETE else "", row.completed, at),
    )


def write_all(db: sqlite3.Connection, via: Via, changes: Sequence[tuple[Op, rows.Row]], at: int) -> None:
    """Add the entries of one action; of more than are told one by one, the entry that says: read the list again."""
    if len(changes) > _MOST:
        write_reload(db, at)
        return
    for op, row in changes:
        write(db, op, via, row, at)


def write_mark(db: sqlite3.Connection, client_id: str, at: int) -> None:
    """Add the entry for something that is no part of a row: its lost values, or what needs the user. No news for people.

    Args:
        client_id: the todo; where it is not in the list, the entry names none.
    """
    row = rows.row(db, client_id)
    if row is not None:
        write(db, Op.UPDATE, Via.PUSH, row, at)
    else:
        db.execute("INSERT INTO journal (client_id, key, op, via, text, completed, at) VALUES ('', 0, 'update', 'push', '', 0, ?)", (at,))


def write_reload(db: sqlite3.Connection, at: int) -> None:
    """Add the entry that says: read the list again."""
    db.execute("INSERT INTO journal (client_id, key, op, via, text, completed, at) VALUES (NULL, 0, 'reload', 'pull', '', 0, ?)", (at,))


def trim(db: sqlite3.Connection) -> None:
    """Drop entries that nobody needs."""
    db.execute("DELETE FROM journal WHERE seq <= ?", (end(db) - KEPT,))


def end(db: sqlite3.Connection) -> int:
    """The number of the newest entry ever written."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    return row[0] if row else 0


def since(db: sqlite3.Connection, seen: int) -> ChangeSet:
    """The changes after entry `seen`, with each row as it is now, from one snapshot."""
    entries = db.execute(
        "SELECT j.seq, j.op, j.via, j.key, j.client_id, j.text, j.completed, j.at, t.key IS NOT NULL,"
        f" {rows.todo_columns('t')} FROM journal j LEFT JOIN todo t ON t.key = j.key WHERE j.seq > ? ORDER BY j.seq LIMIT ?",
        (seen, _MOST + 1),
    ).fetchall()
    if not entries:
        return ChangeSet(seq=seen)
    if len(entries) > _MOST or entries[0][0] != seen + 1 or any(entry[4] is None for entry in entries):
        return ChangeSet(reload=True, seq=end(db))
    return ChangeSet(tuple(map(_change, entries)), seq=entries[-1][0])


def _change(entry: tuple) -> Change:  # type: ignore[type-arg]  # a row of SQLite, typed by the query above
    seq, op, via, key, client_id, text, completed, at, exists = entry[:9]
    todo = rows.todo(entry[9:]) if exists else None
    return Change(seq, Op(op), Via(via), key, client_id, todo.text if todo else text, bool(completed), at, todo)
