"""What the cache knows of the server: rows shown, rows below edits, tombstones, lost values, the cursor. Called inside a transaction."""

import sqlite3
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from devots_desktop.domain.changes import Op, Via
from devots_desktop.domain.todo import ServerRow, State
from devots_desktop.store import journal, numbers, rows
from devots_desktop.store.checksum import ROWS, checksum, verify

_COLUMNS = "client_id, server_id, text, completed, created_at, updated_at, row_version"
_SHOW = (
    f"INSERT INTO todo ({_COLUMNS}, state, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (client_id) DO UPDATE SET"
    " server_id = excluded.server_id, text = excluded.text, completed = excluded.completed, created_at = excluded.created_at,"
    " updated_at = excluded.updated_at, row_version = excluded.row_version, state = excluded.state, checksum = excluded.checksum"
)


_INSERT = f"INSERT INTO todo ({_COLUMNS}, state, checksum) VALUES "
_VALUES = "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_ROWS = 100
"""Rows in a statement: less than 999 parameters, as in rows.py."""


def show(db: sqlite3.Connection, server: ServerRow, via: Via, at: int, *, tell: bool = True) -> None:
    """Put a row on the screen, in the state that its outbox and parked entries give it.

    Args:
        tell: write a journal entry. False where the caller writes one for many rows.
    """
    old = rows.row(db, server.client_id) if tell else None
    if old is not None and old.patch() == server.patch():
        via = Via.PUSH  # Nothing that anybody wrote looks different here: no news for people.
    elif old is not None and via is Via.PUSH:
        via = Via.LIVE  # The answer brought somebody else's change along.
    values = (*rows.server_values(server), str(state(db, server.client_id)))
    db.execute(_SHOW, (*values, checksum(*values)))
    new = rows.row(db, server.client_id) if tell else None
    if new is not None and new != old:
        journal.write(db, Op.INSERT if old is None else Op.UPDATE, via, new, at)


def show_all(
    db: sqlite3.Connection, page: Sequence[ServerRow], known: Mapping[str, rows.Row], via: Via, at: int, *, tell: bool = True
) -> None:
    """Put rows on the screen that nothing of this device lies over; as `show`, for many at once.

    Args:
        known: what the screen shows of these todos now.
    """
    _write_all(db, page, known)
    if not tell:
        return
    keys = dict(rows.among(db, "SELECT client_id, key FROM todo WHERE client_id IN ({})", [row[0] for row in page if row[0] not in known]))
    news: dict[Via, list[tuple[Op, rows.Row]]] = {via: [], Via.PUSH: []}
    for row in page:
        old = known.get(row.client_id)
        new = rows.Row(keys[row.client_id] if old is None else old.key, *row[:7], State.SYNCED)
        unchanged = old is not None and (old.text, old.completed) == (row.text, row.completed)
        if new != old:
            news[Via.PUSH if unchanged else via].append((Op.INSERT if old is None else Op.UPDATE, new))
    for way, changes in news.items():
        journal.write_each(db, way, changes, at)


def _write_all(db: sqlite3.Connection, page: Sequence[ServerRow], known: Mapping[str, rows.Row]) -> None:
    """Store rows of the server. Of those that are there, only columns with another value: SQLite writes the index of each that it is given anew."""
    made, same_place, moved = [], [], []
    for row in page:
        values = (*row[:3], int(row.completed), *row[4:7], "synced")
        stamp, old = checksum(*values), known.get(row.client_id)
        if old is None:
            made.append((*values, stamp))
        elif (old.completed, old.created_at) == (row.completed, row.created_at):
            same_place.append((row.server_id, row.text, row.updated_at, row.row_version, "synced", stamp, old.key))
        else:
            moved.append((*values[1:], stamp, old.key))
    _insert(db, made)
    db.executemany(
        "UPDATE todo SET server_id = ?, text = ?, updated_at = ?, row_version = ?, state = ?, checksum = ? WHERE key = ?", same_place
    )
    db.executemany(
        "UPDATE todo SET server_id = ?, text = ?, completed = ?, created_at = ?, updated_at = ?, row_version = ?, state = ?, checksum = ?"
        " WHERE key = ?",
        moved,
    )


def _insert(db: sqlite3.Connection, made: Sequence[tuple[str | int, ...]]) -> None:
    """Many rows in a statement: Python lets go of its lock at each step of SQLite, and gets it back late while a page is being read."""
    for start in range(0, len(made), _INSERT_ROWS):
        part = made[start : start + _INSERT_ROWS]
        db.execute(_INSERT + ", ".join([_VALUES] * len(part)), tuple(chain.from_iterable(part)))


def remove(db: sqlite3.Connection, client_id: str, via: Via, at: int, *, tell: bool = True) -> None:
    """Take a row off the screen; `tell` as in `show`."""
    old = rows.row(db, client_id)
    if via is Via.PUSH:
        via = Via.LIVE  # A row that this device deletes is off its screen before the push: this was somebody else.
    if old is not None:
        db.execute("DELETE FROM todo WHERE key = ?", (old.key,))
        if tell:
            journal.write(db, Op.DELETE, via, old, at)


def drop_base(db: sqlite3.Connection, client_id: str) -> None:
    """Forget the row below the edits: there are none any more."""
    db.execute("DELETE FROM base WHERE client_id = ?", (client_id,))


def bury(db: sqlite3.Connection, client_id: str, row_version: int) -> None:
    """Remember a tombstone; of several, the newest."""
    if row_version > buried(db, client_id):
        db.execute("INSERT OR REPLACE INTO tombstone VALUES (?, ?, ?)", (client_id, row_version, checksum(client_id, row_version)))


def unbury(db: sqlite3.Connection, client_id: str) -> None:
    """Forget a tombstone: the server has the todo."""
    db.execute("DELETE FROM tombstone WHERE client_id = ?", (client_id,))


def touched(db: sqlite3.Connection) -> set[str]:
    """The todos that something of this device lies over, or did."""
    found = db.execute("SELECT client_id FROM outbox UNION SELECT client_id FROM parked UNION SELECT client_id FROM base")
    return {client_id for (client_id,) in found}


def tombstones(db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
    """The versions of the newest tombstones of these todos, by client_id. Raises CacheDamaged."""
    answer: dict[str, int] = {}
    for client_id, version, stored in rows.among(db, "SELECT client_id, row_version, checksum FROM tombstone WHERE client_id IN ({})", ids):
        verify(stored, client_id, version)
        answer[client_id] = version
    return answer


def buried(db: sqlite3.Connection, client_id: str) -> int:
    """The version of the newest tombstone of a todo, -1 for none. Raises CacheDamaged."""
    found = db.execute("SELECT client_id, row_version, checksum FROM tombstone WHERE client_id = ?", (client_id,)).fetchone()
    if not found:
        return -1
    verify(found[2], *found[:2])
    version: int = found[1]
    return version


def add_lost(db: sqlite3.Connection, client_id: str, field: str, lost: str, won: str, at: int) -> None:
    """Record a value that lost a conflict."""
    values = (client_id, field, lost, won, at)
    db.execute(
        "INSERT OR IGNORE INTO conflict (client_id, field, lost, won, at, checksum) VALUES (?, ?, ?, ?, ?, ?)", (*values, checksum(*values))
    )


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the cache follows the server.

    Attributes:
        since: where the next pull starts; None until a first pull has ended.
        epoch: the history that `since` belongs to; empty before the first page.
        horizon: of an unfinished full pull, the first page's horizon.
        after: of an unfinished full pull, the position behind which it goes on.
    """

    since: int | None = None
    epoch: str = ""
    horizon: int = 0
    after: tuple[int, str] | None = None


_CURSOR = ("since", "epoch", "horizon", "after_version", "after_key")


def cursor(db: sqlite3.Connection) -> Cursor:
    """The stored cursor. Raises CacheDamaged: a wrong one would hide what the server has."""
    state: dict[str, str] = dict(db.execute("SELECT name, value FROM sync_state"))
    if not state.keys() & {*_CURSOR, "checksum"}:
        return Cursor()
    verify(_number(state.get("checksum")), *map(state.get, _CURSOR))
    after = (int(state["after_version"]), state["after_key"]) if "after_key" in state else None
    return Cursor(int(state["since"]) if "since" in state else None, state.get("epoch", ""), int(state.get("horizon", 0)), after)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.removeprefix("-").isdecimal() else None


def set_cursor(db: sqlite3.Connection, new: Cursor) -> None:
    """Store the cursor, in the transaction that stores what it stands behind."""
    if cursor(db) == new:
        return  # Looking at a server that has no news writes nothing.
    db.execute("DELETE FROM sync_state WHERE name IN ('since', 'epoch', 'horizon', 'after_version', 'after_key', 'checksum')")
    state = {"epoch": new.epoch, "horizon": str(new.horizon)}
    state |= {"since": str(new.since)} if new.since is not None else {}
    state |= {"after_version": str(new.after[0]), "after_key": new.after[1]} if new.after else {}
    state["checksum"] = str(checksum(*map(state.get, _CURSOR)))
    db.executemany("INSERT INTO sync_state VALUES (?, ?)", state.items())


def note_contact(db: sqlite3.Connection, at: int) -> None:
    """Remember when the server answered last."""
    numbers.write(db, "contact", at)


def stage(db: sqlite3.Connection, page: list[ServerRow]) -> None:
    """Keep a page aside until the pull's last page has come; of a row that comes twice, the newer one."""
    stored = [(*rows.server_values(row), int(row.deleted)) for row in page]
    db.executemany(
        f"INSERT INTO staging ({_COLUMNS}, deleted, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (client_id) DO UPDATE SET"
        " server_id = excluded.server_id, text = excluded.text, completed = excluded.completed, created_at = excluded.created_at,"
        " updated_at = excluded.updated_at, row_version = excluded.row_version, deleted = excluded.deleted, checksum = excluded.checksum"
        " WHERE excluded.row_version >= staging.row_version",
        [(*values, checksum(*values)) for values in stored],
    )


def count_staged(db: sqlite3.Connection) -> int:
    """How many rows are staged."""
    count: int = db.execute("SELECT count(*) FROM staging").fetchone()[0]
    return count


def staged(db: sqlite3.Connection, most: int) -> list[ServerRow]:
    """Some staged rows. Raises CacheDamaged."""
    found = db.execute(f"SELECT {_COLUMNS}, deleted, checksum FROM staging LIMIT ?", (most,)).fetchall()
    for *values, stored in found:
        verify(stored, *values)
    return [rows.server_row(values[:-1]) for values in found]


def unstage(db: sqlite3.Connection, done: list[ServerRow]) -> None:
    """Drop rows that have been applied from the staged ones."""
    db.executemany("DELETE FROM staging WHERE client_id = ?", [(row.client_id,) for row in done])


def unseen(db: sqlite3.Connection, brought: Container[str] | None = None) -> list[str]:
    """The todos that a complete list did not bring, that nothing of this device lies over and that the user was not asked about yet.

    Args:
        brought: what the list brought; None for a full pull, which gave what it brought a version: it began with none known.
    """
    found = db.execute(
        "SELECT client_id FROM todo WHERE (row_version < 0 OR ?) AND client_id NOT IN (SELECT client_id FROM outbox)"
        " AND client_id NOT IN (SELECT client_id FROM parked) AND client_id NOT IN (SELECT client_id FROM missing)",
        (brought is not None,),
    )
    return [client_id for (client_id,) in found if brought is None or client_id not in brought]


def unseen_below(db: sqlite3.Connection, brought: Container[str] | None = None) -> list[tuple[str, int]]:
    """The todos with edits of this device that a complete list did not bring, with the version of the row below. `brought` as in `unseen`."""
    found = db.execute("SELECT client_id, row_version FROM base WHERE row_version < 0 OR ?", (brought is not None,))
    return [(client_id, row_version) for client_id, row_version in found if brought is None or client_id not in brought]


def forget_versions(db: sqlite3.Connection) -> None:
    """A new epoch: versions of the old one say nothing any more, so that every row that comes is news. What is damaged keeps its wrong checksum."""
    for table in ("todo", "base"):
        columns = ", ".join(ROWS[table])
        db.execute(
            f"UPDATE {table} SET row_version = -1, checksum = row_checksum({columns.replace('row_version', '-1')})"
            f" WHERE checksum = row_checksum({columns})"
        )
    db.execute("DELETE FROM tombstone")
    db.execute("DELETE FROM staging")


def state(db: sqlite3.Connection, client_id: str) -> State:
    """Where a todo stands by its parked and queued mutations."""
    parked, queued = db.execute(
        "SELECT EXISTS (SELECT 1 FROM parked WHERE client_id = ?1), EXISTS (SELECT 1 FROM outbox WHERE client_id = ?1)", (client_id,)
    ).fetchone()
    if parked:
        return State.PARKED
    return State.PENDING if queued else State.SYNCED
