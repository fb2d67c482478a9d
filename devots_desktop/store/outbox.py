"""The outbox: mutations in the order in which they were made, until the server has answered them.

A mutation that was never sent can still change: later edits of the same todo are folded into it. Once sent it is frozen, because the server
may have applied it although its answer was lost, and knows it by its id.
"""

import hashlib
import json
import sqlite3
from typing import Any

from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.domain.mutation import Kind, Mutation

_COLUMNS = "mutation_id, client_id, kind, payload, made_at"


def add(db: sqlite3.Connection, mutation: Mutation) -> None:
    """Queue a mutation behind all others."""
    values = _values(mutation)
    db.execute(f"INSERT INTO outbox ({_COLUMNS}, checksum) VALUES (?, ?, ?, ?, ?, ?)", (*values, _checksum(*values)))


def replace(db: sqlite3.Connection, mutation: Mutation) -> None:
    """Store the new form of a mutation that was never sent; it keeps its place."""
    values = _values(mutation)
    db.execute(
        "UPDATE outbox SET kind = ?, payload = ?, made_at = ?, checksum = ? WHERE mutation_id = ? AND sent = 0",
        (*values[2:], _checksum(*values), mutation.mutation_id),
    )


def remove(db: sqlite3.Connection, mutation_id: str) -> bool:
    """Take a mutation out; False where it was out already."""
    return db.execute("DELETE FROM outbox WHERE mutation_id = ?", (mutation_id,)).rowcount > 0


def pending(db: sqlite3.Connection, client_id: str) -> tuple[Mutation, ...]:
    """The queued mutations of one todo, oldest first."""
    found = db.execute(f"SELECT {_COLUMNS} FROM outbox WHERE client_id = ? ORDER BY seq", (client_id,))
    return tuple(map(mutation, found))


def last_unsent(db: sqlite3.Connection, client_id: str) -> Mutation | None:
    """The newest queued mutation of a todo, where it was never sent and may thus still change."""
    found = db.execute(f"SELECT {_COLUMNS}, sent FROM outbox WHERE client_id = ? ORDER BY seq DESC LIMIT 1", (client_id,)).fetchone()
    return mutation(found[:5]) if found and not found[5] else None


def take(db: sqlite3.Connection, most: int) -> list[Mutation]:
    """Freeze the oldest mutations and answer them for sending.

    Raises:
        CacheUnusable: an entry is not what was written (SQLite itself does not notice damage to content); nothing was frozen.
    """
    found = db.execute(f"SELECT {_COLUMNS}, checksum FROM outbox ORDER BY seq LIMIT ?", (most,)).fetchall()
    for *values, checksum in found:
        if _checksum(*values) != checksum:
            raise CacheUnusable(
                "List damaged", "A change that waits for the server is damaged.", "It was not sent. Restore the list from a backup."
            )
    db.executemany("UPDATE outbox SET sent = 1 WHERE mutation_id = ?", [(values[0],) for values in found])
    return [mutation(values[:5]) for values in found]


def count(db: sqlite3.Connection) -> int:
    """How many mutations wait."""
    found: int = db.execute("SELECT count(*) FROM outbox").fetchone()[0]
    return found


def mutation(values: tuple[Any, ...]) -> Mutation:
    """A Mutation from the columns mutation_id, client_id, kind, payload, made_at."""
    mutation_id, client_id, kind, payload, made_at = values
    body = json.loads(payload)
    return Mutation(mutation_id, client_id, Kind(kind), body["values"], body["base"], made_at, body["created_at"])


def _values(mutation: Mutation) -> tuple[str, str, str, str, int]:
    body = {"values": mutation.values, "base": mutation.base, "created_at": mutation.created_at}
    payload = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return (mutation.mutation_id, mutation.client_id, str(mutation.kind), payload, mutation.made_at)


def _checksum(*values: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, values)).encode()).hexdigest()[:32]
