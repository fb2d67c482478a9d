"""Repairs what a comparison found to differ, from the server's rows and without touching the outbox."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from devots_desktop.domain.errors import SignedOut, Unreachable
from devots_desktop.remote.base import FETCH_MOST, Comparable, Remote
from devots_desktop.store.cache import Cache, Run
from devots_desktop.sync import apply
from devots_desktop.sync.compare import Comparison

AGAIN_ABOVE = 5_000
"""More differing rows than this are not fetched one by one."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did.

    Attributes:
        rows: how many rows were fetched anew, or are gone as they are at the server.
        asked: about how many todos the user is asked now (sync.md, promise 7).
        again: whether the whole list is downloaded again with the next sync, because that is less than fetching row by row.
    """

    rows: int = 0
    asked: int = 0
    again: bool = False


async def repair(cache: Cache, remote: Remote, user_id: str, found: Comparison, *, run: Run) -> Repaired:
    """Fetch the differing rows anew. Nothing is taken off the screen that no tombstone speaks of.

    Args:
        found: what `compare` found; a row that has changed since is left alone.
        run: awaits a function on the cache's thread.

    Raises:
        DevotsError: the server or the cache stands in the way; what was repaired until then stays.
    """
    if not found.differing:
        return Repaired()
    if not isinstance(remote, Comparable) or len(found.differing) > AGAIN_ABOVE:
        await run(partial(apply.restart, cache))
        return Repaired(len(found.differing), again=True)
    asked = 0
    for part in _parts(found.differing):
        page = await remote.fetch(list(part))
        if page.user_id != user_id:
            raise SignedOut
        if page.epoch != found.epoch:
            raise Unreachable("Server changed", "The server's history has just become another one.", "Sync, then compare again.")
        rows = {row.client_id: row for row in page.rows}
        asked += await run(partial(apply.mend, cache, part, rows))
    return Repaired(len(found.differing) - asked, asked)


def _parts(differing: Mapping[str, int | None]) -> Iterator[dict[str, int | None]]:
    entries = list(differing.items())
    return (dict(entries[start : start + FETCH_MOST]) for start in range(0, len(entries), FETCH_MOST))
