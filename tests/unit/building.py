"""Short ways to make the parts that the tests of the core work on."""

import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devots_desktop.domain.errors import CacheDamaged
from devots_desktop.domain.mutation import Answer, Kind, Mutation, Outcome, Page
from devots_desktop.domain.todo import Patch, ServerRow
from devots_desktop.store import outbox, recovery
from devots_desktop.store.cache import Cache
from devots_desktop.store.recovery import Rescue

ME = "ada"
ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"
_ids = itertools.count(1)


def ticking(start: int = 1_000_000) -> Callable[[], int]:
    """A clock that moves on by a microsecond with each look."""
    return itertools.count(start).__next__


def server_row(client_id: str = ONE, text: str = "milk", version: int = 5, *, completed: bool = False, deleted: bool = False) -> ServerRow:
    return ServerRow(client_id, 7, text, completed, 100, 200, version, deleted)


def mutation(kind: Kind = Kind.EDIT, base: Patch | None = None, client_id: str = ONE, **values: Any) -> Mutation:
    return Mutation(f"m{next(_ids)}", client_id, kind, values, base or {}, made_at=300, created_at=300 if kind is Kind.CREATE else None)


def answer(to: Mutation, outcome: Outcome = Outcome.APPLIED, **rest: Any) -> Answer:
    return Answer(to.mutation_id, outcome, **rest)


def page(*rows: ServerRow, horizon: int = 100, epoch: str = "1", more: bool = False, user_id: str = ME) -> Page:
    return Page(user_id, horizon, epoch, rows, more)


def make_cache(folder: Path, *, syncs: bool = True, name: str = "cache.sqlite3") -> Cache:
    return Cache(folder / name, syncs=syncs, clock=ticking())


def opened_cache(path: Path, *, syncs: bool = True, clock: Callable[[], int]) -> tuple[Cache, Rescue | None]:
    """A cache as OpenAccount opens it: a damaged one is rebuilt first."""
    try:
        return Cache(path, syncs=syncs, clock=clock), None
    except CacheDamaged:
        rescue = recovery.rebuild(path, syncs=syncs, clock=clock)
        return Cache(path, syncs=syncs, clock=clock), rescue


def queue(cache: Cache) -> list[Mutation]:
    """The outbox, oldest first, without freezing it."""
    with cache.reading() as db:
        ids = [client_id for (client_id,) in db.execute("SELECT DISTINCT client_id FROM outbox ORDER BY seq")]
        return sorted((each for client_id in ids for each in outbox.pending(db, client_id)), key=lambda each: _seq(db, each))


def shown(cache: Cache) -> dict[str, tuple[str, bool, str]]:
    """What the screen shows: text, completed and state by client_id."""
    found = cache.db.execute("SELECT client_id, text, completed, state FROM todo")
    return {client_id: (text, bool(completed), state) for client_id, text, completed, state in found}


def _seq(db: sqlite3.Connection, each: Mutation) -> int:
    found: int = db.execute("SELECT seq FROM outbox WHERE mutation_id = ?", (each.mutation_id,)).fetchone()[0]
    return found
