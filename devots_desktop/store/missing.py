"""Todos that the server's complete list did not bring and that are too many to be taken off without asking (sync.md, promise 7).

They stay on the screen, marked, until the user decides or the server brings them again.
"""

import sqlite3
from collections.abc import Collection, Sequence

from devots_desktop.domain.changes import Op, Via
from devots_desktop.domain.question import Choice, Question
from devots_desktop.domain.steps import Action
from devots_desktop.domain.todo import State
from devots_desktop.store import history, journal, queueing, replica, rows
from devots_desktop.store.cache import Cache
from devots_desktop.store.changing import NEVER_SEEN, Changed
from devots_desktop.store.checksum import checksum, verify
from devots_desktop.store.history import Entry, was

_COUNT = (
    "SELECT count(*), min(m.at), (SELECT count(*) FROM todo) FROM missing m JOIN todo t ON t.client_id = m.client_id WHERE m.settled = 0"
)


def question(db: sqlite3.Connection) -> Question | None:
    """What the user is to be asked; None where nothing is open."""
    if not db.execute("SELECT EXISTS (SELECT 1 FROM missing WHERE settled = 0)").fetchone()[0]:
        return None  # Asked after each change: a long list is not counted for it.
    missing, at, shown = db.execute(_COUNT).fetchone()
    return Question(missing, shown, at) if missing else None


def note(db: sqlite3.Connection, gone: Sequence[str], at: int) -> None:
    """Mark todos as not on the server. Their versions say nothing any more: should the server bring them again, that is news."""
    marked = [row._replace(row_version=NEVER_SEEN) for client_id in gone if (row := rows.row(db, client_id)) is not None]
    rows.mark(db, marked)
    db.executemany(
        "INSERT OR IGNORE INTO missing (client_id, at, checksum) VALUES (?, ?, ?)",
        [(row.client_id, at, checksum(row.client_id, at, 0)) for row in marked],
    )
    # For other people nothing has changed; the mark of each row has.
    journal.write_all(db, Via.PUSH, [(Op.UPDATE, row) for row in marked], at)


def found(db: sqlite3.Connection, ids: Collection[str]) -> None:
    """Forget the mark of todos that the server has after all, or that need the user for another reason now."""
    noted = {client_id for (client_id,) in db.execute("SELECT client_id FROM missing")} if ids else set()
    db.executemany("DELETE FROM missing WHERE client_id = ?", [(client_id,) for client_id in noted.intersection(ids)])


def answer(cache: Cache, choice: Choice) -> int:
    """Do what the user decided, in one transaction. Todos with edits of this device are left to those edits.

    Returns:
        how many todos it was about.
    """
    with cache.transaction() as db:
        at, touched = cache.clock(), replica.touched(db)
        open_ones = _open(db)
        todos = [row for client_id in open_ones if client_id not in touched and (row := rows.row(db, client_id)) is not None]
        if choice is Choice.LEAVE:
            db.execute("UPDATE missing SET settled = 1, checksum = row_checksum(client_id, at, 1)")
            changes = [Changed(Op.UPDATE, row) for row in todos]
        else:
            db.execute("DELETE FROM missing WHERE settled = 0")
            changes = [_put_back(cache, row, at) if choice is Choice.PUT_BACK else _remove(db, row) for row in todos]
        if choice is Choice.REMOVE and todos:
            history.record(db, Action.DELETE, [Entry(row.client_id, was(row), None) for row in todos], at)
        journal.write_all(db, Via.LOCAL, [(each.op, each.row) for each in changes], at)
        journal.trim(db)
    return len(todos)


def _open(db: sqlite3.Connection) -> list[str]:
    """The todos that the user has not decided about. Raises CacheDamaged: another one would be removed."""
    found = db.execute("SELECT client_id, at, settled, checksum FROM missing").fetchall()
    for *values, stored in found:
        verify(stored, *values)
    return [client_id for client_id, _, settled, _ in found if not settled]


def _put_back(cache: Cache, row: rows.Row, at: int) -> Changed:
    queueing.create(cache.db, row.client_id, row.patch(), at=at, created_at=row.created_at)
    new = row._replace(server_id=0, row_version=NEVER_SEEN, state=State.PENDING)
    rows.mark(cache.db, [new])
    return Changed(Op.UPDATE, new)


def _remove(db: sqlite3.Connection, row: rows.Row) -> Changed:
    db.execute("DELETE FROM todo WHERE key = ?", (row.key,))
    return Changed(Op.DELETE, row)
