"""The outbox: mutations in the order in which they were made, until the server has answered them.

A mutation that was never sent can still change: later edits of the same todo are folded into it. Once sent it is frozen, because the server
may have applied it although its answer was lost, and knows it by its id.
"""

import dataclasses
import json
import sqlite3
from typing import Any

from devots_desktop.domain.errors import CacheDamaged
from devots_desktop.domain.mutation import Kind, Mutation
from devots_desktop.store import numbers
from devots_desktop.store.checksum import MUTATION, mutation_checksum

_COLUMNS = ", ".join(MUTATION)
_READ = f"{_COLUMNS}, sent, checksum"


def creation_time(db: sqlite3.Connection, now: int, count: int = 1) -> int:
    """The newest of so many times of creation, a microsecond apart, each later than all that this device gave before.

    On a plain server they are what a create is known by, whose answer was lost: none is given twice, even where the clock was set back.
    """
    newest = max((numbers.read(db, "created_at") or 0) + count, now)
    numbers.write(db, "created_at", newest)
    return newest


def add(db: sqlite3.Connection, mutation: Mutation) -> None:
    """Queue a mutation behind all others."""
    values = columns(mutation)
    db.execute(f"INSERT INTO outbox ({_COLUMNS}, checksum) VALUES (?, ?, ?, ?, ?, ?)", (*values, mutation_checksum(*values, 0)))


def replace(db: sqlite3.Connection, mutation: Mutation) -> None:
    """Store the new form of a mutation that was never sent; it keeps its place.

    Raises:
        CacheDamaged: it is not found, by an index that is damaged. Its older form would be sent.
    """
    values = columns(mutation)
    replaced = db.execute(
        "UPDATE outbox SET kind = ?, payload = ?, made_at = ?, checksum = ? WHERE mutation_id = ? AND sent = 0",
        (*values[2:], mutation_checksum(*values, 0), mutation.mutation_id),
    )
    if not replaced.rowcount:
        raise CacheDamaged


def remove(db: sqlite3.Connection, mutation_id: str) -> bool:
    """Take a mutation out; False where it was out already.

    Raises:
        CacheDamaged: it is there, and not found by an index that is damaged. It would be sent for ever.
    """
    removed = db.execute("DELETE FROM outbox WHERE mutation_id = ?", (mutation_id,)).rowcount > 0
    if not removed and db.execute("SELECT 1 FROM outbox NOT INDEXED WHERE mutation_id = ?", (mutation_id,)).fetchone():
        raise CacheDamaged
    return removed


def pending(db: sqlite3.Connection, client_id: str) -> tuple[Mutation, ...]:
    """The queued mutations of one todo, oldest first. Raises CacheDamaged."""
    found = db.execute(f"SELECT {_READ} FROM outbox WHERE client_id = ? ORDER BY seq", (client_id,))
    return tuple(map(mutation, found))


def named(db: sqlite3.Connection, mutation_id: str) -> Mutation | None:
    """The queued mutation of that id. Raises CacheDamaged."""
    found = db.execute(f"SELECT {_READ} FROM outbox WHERE mutation_id = ?", (mutation_id,)).fetchone()
    return mutation(found) if found else None


def last_unsent(db: sqlite3.Connection, client_id: str) -> Mutation | None:
    """The newest queued mutation of a todo, where it was never sent and may thus still change."""
    found = db.execute(f"SELECT {_READ} FROM outbox WHERE client_id = ? ORDER BY seq DESC LIMIT 1", (client_id,)).fetchone()
    newest = mutation(found) if found else None
    return newest if found and not found[5] else None


def take(db: sqlite3.Connection, most: int) -> list[Mutation]:
    """Freeze the oldest mutations and answer them for sending; those that were frozen before say so.

    Raises:
        CacheDamaged: an entry is not what was written (SQLite itself does not notice damage to content); nothing was frozen.
    """
    found = db.execute(f"SELECT {_READ}, seq FROM outbox ORDER BY seq LIMIT ?", (most,)).fetchall()
    taken = [dataclasses.replace(mutation(values[:-1]), sent=bool(values[5])) for values in found]
    frozen = [(mutation_checksum(*values[:5], 1), values[-1]) for values in found if not values[5]]
    if db.executemany("UPDATE outbox SET sent = 1, checksum = ? WHERE seq = ?", frozen).rowcount != len(frozen):
        raise CacheDamaged
    return taken


def unanswered_creates(db: sqlite3.Connection) -> list[Mutation]:
    """Creates that were sent and not answered: the server may have them."""
    return list(map(mutation, db.execute(f"SELECT {_READ} FROM outbox WHERE kind = 'create' AND sent = 1 ORDER BY seq")))


def count(db: sqlite3.Connection) -> int:
    """How many mutations wait."""
    found: int = db.execute("SELECT count(*) FROM outbox").fetchone()[0]
    return found


def mutation(values: tuple[Any, ...]) -> Mutation:
    """A Mutation from the columns mutation_id, client_id, kind, payload, made_at, the others that its checksum is over, and checksum.

    Raises:
        CacheDamaged: it is not what was written.
    """
    mutation_id, client_id, kind, payload, made_at, *_, stored = values
    if stored != mutation_checksum(*values[:-1]):
        raise CacheDamaged("A change that waits is damaged; it was not sent.")
    body = json.loads(payload)
    return Mutation(mutation_id, client_id, Kind(kind), body["values"], body["base"], made_at, body["created_at"])


def columns(mutation: Mutation) -> tuple[str, str, str, str, int]:
    """What the table has of a mutation, in the order of `checksum.MUTATION`."""
    body = {"values": mutation.values, "base": mutation.base, "created_at": mutation.created_at}
    payload = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return (mutation.mutation_id, mutation.client_id, str(mutation.kind), payload, mutation.made_at)
