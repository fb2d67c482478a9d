"""Parked mutations: the server refused them, or their todo is gone. They wait for the user and hold up nobody."""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, replace

from devots_desktop.domain.mutation import DELETED_ELSEWHERE, Mutation
from devots_desktop.store import outbox
from devots_desktop.store.checksum import MUTATIONS, mutation_checksum


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked mutation, with our sentence of why, and when (microseconds since 1970 UTC)."""

    mutation: Mutation
    reason: str
    at: int

    @property
    def gone(self) -> bool:
        """Whether its todo was deleted elsewhere. Sent as it is, it would come back; the todo has to be made anew."""
        return self.reason == DELETED_ELSEWHERE


_COLUMNS = ", ".join((*MUTATIONS["parked"], "checksum"))


def park(db: sqlite3.Connection, mutation_id: str, reason: str, at: int, *, without: Collection[str] = ()) -> None:
    """Move a mutation from the outbox to the parked ones, where it is in it.

    Args:
        without: fields that a later edit has other values for, and that are not parked.
    """
    queued = outbox.named(db, mutation_id)
    if queued is not None:
        parked = (*outbox.columns(_without(queued, without)), reason, at)
        db.execute(f"INSERT INTO parked ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*parked, mutation_checksum(*parked)))
    outbox.remove(db, mutation_id)


def _without(mutation: Mutation, names: Collection[str]) -> Mutation:
    left = {name: value for name, value in mutation.values.items() if name not in names}
    return replace(mutation, values=left, base={name: value for name, value in mutation.base.items() if name not in names})


def unpark(db: sqlite3.Connection, mutation: Mutation) -> None:
    """Forget a parked mutation: it was dropped, or made anew."""
    db.execute("DELETE FROM parked WHERE mutation_id = ?", (mutation.mutation_id,))


def of_todo(db: sqlite3.Connection, client_id: str) -> tuple[Mutation, ...]:
    """The parked mutations of one todo, oldest first."""
    return tuple(map(outbox.mutation, db.execute(f"SELECT {_COLUMNS} FROM parked WHERE client_id = ? ORDER BY seq", (client_id,))))


def gone(db: sqlite3.Connection, client_id: str) -> bool:
    """Whether something is parked because the todo was deleted elsewhere."""
    found: int = db.execute(
        "SELECT EXISTS (SELECT 1 FROM parked WHERE client_id = ? AND reason = ?)", (client_id, DELETED_ELSEWHERE)
    ).fetchone()[0]
    return bool(found)


def everything(db: sqlite3.Connection) -> list[Parked]:
    """All parked mutations, newest first."""
    found = db.execute(f"SELECT {_COLUMNS} FROM parked ORDER BY seq DESC")
    return [Parked(outbox.mutation(values), reason=values[5], at=values[6]) for values in found]
