"""Looking through a whole cache: SQLite's own check of the structure, then the checksums of the rows."""

import sqlite3

from devots_desktop.domain.errors import CacheDamaged
from devots_desktop.store import history, numbers, replica
from devots_desktop.store.checksum import MUTATIONS, ROWS, register

_FORM = 5
"""Since this form of the file each row has its checksum."""


def verify(db: sqlite3.Connection) -> None:
    """Look at everything that has a checksum, and at the structure of the rest. Reads the whole file: not for a thread that somebody waits for.

    Raises:
        CacheDamaged, sqlite3.DatabaseError: something is not what was written.
    """
    if db.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
        raise CacheDamaged
    if db.execute("PRAGMA user_version").fetchone()[0] < _FORM:
        return  # It is copied before it is brought to the newest form, which leaves checksums that do not fit as they are.
    register(db)
    for function, tables in (("row_checksum", ROWS), ("mutation_checksum", MUTATIONS)):
        for table, columns in tables.items():
            if db.execute(f"SELECT 1 FROM {table} WHERE checksum <> {function}({', '.join(columns)}) LIMIT 1").fetchone():
                raise CacheDamaged
    history.verify_all(db)
    replica.cursor(db)
    for name in ("contact", "created_at"):
        numbers.read(db, name)


def verify_structure(db: sqlite3.Connection) -> None:
    """The quick look, for the start after a program was killed or the power went.

    Raises:
        CacheDamaged, sqlite3.DatabaseError: the structure is damaged.
    """
    if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise CacheDamaged
