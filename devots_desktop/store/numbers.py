"""Single numbers that a cache keeps by a name, each with its checksum. Called inside a transaction, but for `read`."""

import sqlite3

from devots_desktop.domain.errors import CacheDamaged
from devots_desktop.store.checksum import checksum


def read(db: sqlite3.Connection, name: str) -> int | None:
    """The number of this name, None where there is none. Raises CacheDamaged."""
    found = db.execute("SELECT value FROM sync_state WHERE name = ?", (name,)).fetchone()
    if not found:
        return None
    number, _, stored = found[0].partition(" ")
    if stored != str(checksum(name, number)):
        raise CacheDamaged
    return int(number)


def write(db: sqlite3.Connection, name: str, number: int) -> None:
    """Store a number."""
    db.execute("INSERT OR REPLACE INTO sync_state VALUES (?, ?)", (name, f"{number} {checksum(name, number)}"))
