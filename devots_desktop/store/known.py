"""What the cache knows of the server's rows, in the form in which it is held against the server's (domain/digest.py)."""

import sqlite3
from collections.abc import Callable, Iterable

from devots_desktop.domain.todo import ServerRow
from devots_desktop.store import rows
from devots_desktop.store.replica import Cursor, cursor

_ROW = "client_id, server_id, text, completed, created_at, updated_at, row_version"
_KNOWN = f"""
    SELECT {_ROW} FROM (
      SELECT {_ROW} FROM base UNION ALL SELECT {_ROW} FROM todo WHERE client_id NOT IN (SELECT client_id FROM base)) k
     WHERE k.row_version > coalesce((SELECT t.row_version FROM tombstone t WHERE t.client_id = k.client_id), -1)"""
"""Below an edit of this device it is the base. A row of another epoch, or that the server never had, has version -1; one that is buried is not there."""

Hash = Callable[[ServerRow], int]


def everything(db: sqlite3.Connection, hash_of: Hash) -> tuple[Cursor, dict[str, int]]:
    """How far the cache follows the server, and the hash of each row that the server has as far as the cache knows: all of one moment."""
    db.execute("BEGIN")
    try:
        return cursor(db), {row.client_id: hash_of(row) for row in map(rows.server_row, db.execute(_KNOWN))}
    finally:
        db.execute("ROLLBACK")


def some(db: sqlite3.Connection, client_ids: Iterable[str], hash_of: Hash) -> dict[str, int]:
    """The hashes of these rows, where the server has them as far as the cache knows."""
    found = (db.execute(f"{_KNOWN} AND k.client_id = ?", (client_id,)).fetchone() for client_id in client_ids)
    return {row.client_id: hash_of(row) for row in map(rows.server_row, filter(None, found))}
