"""Checksums of rows: SQLite notices damage to its structure, but its integrity check passed 304 of 500 random damages to content.

A row whose checksum does not fit is neither shown nor sent: the file is set aside and rebuilt (recovery.py). What no checksum covers: a row's number, which
the indexes have too; what search has made of a text (`folded`, `unindexed`); SQLite's own counters. None of it is shown or sent.
"""

import sqlite3

from devots_desktop.domain.errors import CacheDamaged

try:
    from _blake2 import blake2b  # hashlib has the same, and loads OpenSSL with it: 4 ms of the first paint.
except ImportError:  # A Python that was built with OpenSSL's only.
    from hashlib import blake2b

TODO = ("client_id", "server_id", "text", "completed", "created_at", "updated_at", "row_version", "state")
MUTATION = ("mutation_id", "client_id", "kind", "payload", "made_at")
ROWS = {
    "todo": TODO,
    "base": TODO[:-1],
    "tombstone": ("client_id", "row_version"),
    "staging": (*TODO[:-1], "deleted"),
    "missing": ("client_id", "at", "settled"),
    "conflict": ("client_id", "field", "lost", "won", "at"),
    "journal": ("client_id", "key", "op", "via", "text", "completed", "at"),
}
"""What `checksum` is over, by table. Those of undo's steps and of the cursor are in history.py and replica.py."""
MUTATIONS = {"outbox": (*MUTATION, "sent"), "parked": (*MUTATION, "reason", "parked_at")}
"""What `mutation_checksum` is over, by table."""


def checksum(*values: object) -> int:
    """64 bits over what these values look like, signed as SQLite's integers are. Booleans are to be passed as 0 and 1, as they are stored."""
    seen = "\x1f".join(map(str, values)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(seen, digest_size=8).digest(), "big", signed=True)


def mutation_checksum(*values: object) -> str:
    """What an entry of the outbox, or a parked one, carries."""
    import hashlib  # As above: the first paint sends nothing.

    return hashlib.sha256("\x1f".join(map(str, values)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def verify(stored: object, *values: object) -> None:
    """Hold values that were read against their checksum.

    Raises:
        CacheDamaged: they are not what was written.
    """
    if stored != checksum(*values):
        raise CacheDamaged


def register(db: sqlite3.Connection) -> None:
    """Give a connection the SQL functions `row_checksum` and `mutation_checksum`, for statements over many rows and for migrations."""
    db.create_function("row_checksum", -1, checksum, deterministic=True)
    db.create_function("mutation_checksum", -1, mutation_checksum, deterministic=True)
