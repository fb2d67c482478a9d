"""Looking through a whole cache: SQLite's own check of the structure, then the checksums of the rows."""

import sqlite3

from devots_desktop.domain.errors import CacheDamaged
from devots_desktop.store.checksum import register

_SERVER = "client_id, server_id, text, completed, created_at, updated_at, row_version"
_CHECKED = {
    "todo": f"{_SERVER}, state",
    "base": _SERVER,
    "tombstone": "client_id, row_version",
    "undo_entry": "client_id, before, after",
}


def verify(db: sqlite3.Connection) -> None:
    """Look at everything that has a checksum, and at the structure of the rest. Reads the whole file: not for a thread that somebody waits for.

    Raises:
        CacheDamaged, sqlite3.DatabaseError: something is not what was written.
    """
    if db.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
        raise CacheDamaged
    register(db)
    for table, columns in _CHECKED.items():
        if not _has_checksums(db, table):
            continue  # A file of an older form, which is copied before it is brought to the newest one.
        if db.execute(f"SELECT 1 FROM {table} WHERE checksum <> row_checksum({columns}) LIMIT 1").fetchone():
            raise CacheDamaged
    for table in ("outbox", "parked"):
        if not _has_checksums(db, table):
            continue
        if db.execute(
            f"SELECT 1 FROM {table} WHERE checksum <> mutation_checksum(mutation_id, client_id, kind, payload, made_at) LIMIT 1"
        ).fetchone():
            raise CacheDamaged


def verify_structure(db: sqlite3.Connection) -> None:
    """The quick look, for the start after a program was killed or the power went.

    Raises:
        CacheDamaged, sqlite3.DatabaseError: the structure is damaged.
    """
    if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise CacheDamaged


def _has_checksums(db: sqlite3.Connection, table: str) -> bool:
    return any(name == "checksum" for _, name, *_ in db.execute(f"PRAGMA table_info({table})"))
