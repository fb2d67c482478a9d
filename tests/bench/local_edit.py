"""One edit in the store (row, outbox, journal), against the smallest durable transaction that SQLite can make: one updated row. 10,000 todos."""

import contextlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from devots_desktop.domain.account import Account, AccountKind
from devots_desktop.services.account import now
from devots_desktop.store import edits
from devots_desktop.store.cache import Cache
from devots_desktop.store.profile import Profile
from tests.bench.prepared import filled
from tests.bench.report import ROUNDS, Row

GOAL = 2.0
EDITS = 100


def run() -> Iterator[Row]:
    """Our edits and bare updates take turns; both wait for the disk (synchronous = FULL)."""
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as name:
        profile = Profile(filled(Path(name) / "profile"))
        path = profile.cache_path(Account("computer", AccountKind.COMPUTER, ""))
        ours, floor = Cache(path, syncs=True, clock=now), _bare(path, Path(name) / "bare.sqlite3")
        with contextlib.closing(ours), contextlib.closing(floor):
            ids = [client_id for (client_id,) in ours.db.execute("SELECT client_id FROM todo LIMIT ?", (EDITS,))]
            pairs = [_round(ours, floor, ids, number) for number in range(ROUNDS)]
    mine, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    yield Row.of("local-edit", mine, bare, goal=GOAL)


def _bare(source: Path, path: Path) -> sqlite3.Connection:
    """A copy of the list in a plain table."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("ATTACH ? AS source", (str(source),))
    db.execute("CREATE TABLE todo (client_id TEXT PRIMARY KEY, text TEXT, updated_at INTEGER)")
    db.execute("INSERT INTO todo SELECT client_id, text, updated_at FROM source.todo")
    db.execute("DETACH source")
    return db


def _round(ours: Cache, floor: sqlite3.Connection, ids: list[str], number: int) -> tuple[float, float]:
    """The medians of an edit of ours and of a bare update, milliseconds."""
    text = f"Changed in round {number}"
    statement = "UPDATE todo SET text = ?, updated_at = ? WHERE client_id = ?"
    mine, bare = [], []
    for client_id in ids:
        mine.append(_timed(lambda: edits.edit(ours, client_id, {"text": text})))  # noqa: B023 (called at once)
        bare.append(_timed(lambda: floor.execute(statement, (text, now(), client_id))))  # noqa: B023 (called at once)
    return statistics.median(mine), statistics.median(bare)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - started) / 1e6
