"""The list here against the server's."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote.base import Remote
from devots_desktop.services.worker import Worker
from devots_desktop.store import backup, known
from devots_desktop.store.cache import Cache, translated
from devots_desktop.store.replica import Cursor
from devots_desktop.sync import compare as comparison
from devots_desktop.sync import repair as repairing
from devots_desktop.sync.compare import Comparison, Verdict

CHECK = "list against server"
_NAMED = 5
"""Differing todos that are named in the sentence; all of them are in `ids`."""


async def compare(path: Path, user_id: str, remote: Remote) -> Comparison:
    """Compare, reading the cache through a connection of its own. Raises DevotsError."""
    uri = f"{path.as_uri()}?mode=ro"

    async def read(hash_of: known.Hash) -> tuple[Cursor, dict[str, int]]:
        with translated(path), closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10)) as db:
            return known.everything(db, hash_of)

    return await comparison.compare(remote, user_id, read)


def told(found: Comparison) -> Finding:
    """What a comparison found, for people."""
    match found.verdict:
        case Verdict.EQUAL:
            return Finding(CHECK, Level.OK, f"What is here is what the server has ({_todos(found.rows)}).")
        case Verdict.NOT_YET:
            return Finding(CHECK, Level.UNCHECKED, "The first download has not ended.", "Let it end: devots sync --once")
        case Verdict.OTHER_HISTORY:
            sentence = (
                "The server was restored, repaired or upgraded since the last sync: the whole list is downloaded again with the next one."
            )
            return Finding(CHECK, Level.UNCHECKED, sentence, "Let that happen: devots sync --once")
    ids = tuple(found.differing)
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    sentence = f"{_todos(len(ids))} {'differs' if len(ids) == 1 else 'differ'} from the server's: {', '.join(ids[:_NAMED])}{more}."
    next_step = "Fetch from the server again: devots doctor --repair. What waits to be sent is not touched."
    return Finding(CHECK, Level.WRONG, sentence, next_step, mends=True, ids=ids)


async def repair(path: Path, user_id: str, found: Comparison, clock: Callable[[], int], remote: Remote) -> str:
    """Take the server's rows for those that differ, after a copy of the list was made; what was done. Raises DevotsError."""
    worker = Worker("repair")
    try:
        cache = await worker(lambda: Cache(path, syncs=True, clock=clock))
        try:
            await worker(lambda: _copy(cache))
            done = await repairing.repair(cache, remote, user_id, found, run=worker)
        finally:
            await worker(cache.close)
    finally:
        worker.close()
    if done.again:
        return "The whole list is downloaded again with the next sync."
    asked = f" {done.asked:,} are not on the server any more, and you are asked about them." if done.asked else ""
    return f"Taken from the server again: {_todos(done.rows)}.{asked}"


def _todos(count: int) -> str:
    return f"{count:,} {'todo' if count == 1 else 'todos'}"


def _copy(cache: Cache) -> None:
    with cache.reading() as db:
        backup.before_repair(db, cache.path)
