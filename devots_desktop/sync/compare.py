"""Holds what the cache knows of the server against the server, without sending the list: a difference among a million rows takes four questions.

Counts and hashes are asked for in ranges, and only the ranges that differ are divided further (domain/digest.py). What the next pull would bring anyway is
no difference: changes are on their way all the time.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from devots_desktop.domain.digest import Digest, Hashes, Range, row_hash
from devots_desktop.domain.errors import SignedOut
from devots_desktop.domain.mutation import PLAIN, Page
from devots_desktop.domain.todo import ServerRow, derived_id
from devots_desktop.remote.base import Comparable, Position, Remote
from devots_desktop.store.known import Hash
from devots_desktop.store.replica import Cursor

PARTS = 64
"""Ranges in one question, and parts that a range is divided into."""
LISTED = 32
"""Rows of a range that are not divided further."""
_PAGE_ROWS = 500


class Verdict(Enum):
    """What came of a comparison."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_YET = "the first download has not ended"
    OTHER_HISTORY = "the server's versions are those of another history: everything is downloaded anew with the next sync"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found.

    Attributes:
        rows: how many the cache knows of.
        differing: client_ids of rows that differ, are missing here or are missing there, and that no pull would mend; each with the hash of what the
            cache had, None for nothing.
        epoch: of the server's history; PLAIN where its whole list was read, because it cannot answer counts and hashes.
    """

    verdict: Verdict
    rows: int = 0
    differing: Mapping[str, int | None] = field(default_factory=dict)
    epoch: str = ""


class _OtherHistory(Exception):
    """The server's epoch is not the cursor's."""


Read = Callable[[Hash], Awaitable[tuple[Cursor, dict[str, int]]]]
"""Reads what the cache knows, at one moment, as store/known.py answers it."""


async def compare(remote: Remote, user_id: str, read: Read) -> Comparison:
    """Compare. The cache is read before the server is asked: what is newer there then comes with a pull.

    Args:
        user_id: the account's person; anybody else's answer is none.

    Raises:
        DevotsError: as the remote's methods.
    """
    cursor, mine = await read(row_hash)
    if cursor.since is None:
        return Comparison(Verdict.NOT_YET)
    try:
        if isinstance(remote, Comparable):
            found = await _in_ranges(remote, user_id, cursor, Hashes(mine))
            differing, epoch = await _without_news(remote, user_id, cursor, found), cursor.epoch
        else:
            differing, epoch = await _by_whole_list(remote, user_id, read), PLAIN
    except _OtherHistory:
        return Comparison(Verdict.OTHER_HISTORY, len(mine))
    verdict = Verdict.DIFFERENT if differing else Verdict.EQUAL
    return Comparison(verdict, len(mine), {client_id: mine.get(client_id) for client_id in sorted(differing)}, epoch)


async def _in_ranges(remote: Comparable, user_id: str, cursor: Cursor, mine: Hashes) -> set[str]:
    found: set[str] = set()
    waiting = [Range()]
    while waiting:
        asked, waiting = waiting[:PARTS], waiting[PARTS:]
        digest = await remote.digest(asked, LISTED)
        _check(digest, user_id, cursor)
        for part, theirs in zip(asked, digest.ranges, strict=True):
            ours = mine.summary(part, most=-1 if theirs.rows is None else theirs.count + LISTED)
            if (ours.count, ours.hash) == (theirs.count, theirs.hash):
                continue
            if theirs.rows is not None and ours.rows is not None:
                found |= {client_id for client_id, _ in theirs.rows.items() ^ ours.rows.items()}
            else:
                waiting += part.parts(PARTS)
    return found


async def _without_news(remote: Remote, user_id: str, cursor: Cursor, differing: set[str]) -> set[str]:
    """Without what was changed after the cursor: the pull from there brings it."""
    after: Position | None = None
    while differing:
        page = await remote.pull(cursor.since or 0, after, _PAGE_ROWS)
        _check(page, user_id, cursor)
        differing = differing - {row.client_id for row in page.rows}
        if not page.more:
            break
        after = page.end
    return differing


async def _by_whole_list(remote: Remote, user_id: str, read: Read) -> set[str]:
    """The plain way, for a server that can only send its list, and keeps neither keys nor versions. What was changed since the last pull counts as well."""
    names: dict[int, str] = {}

    def content(row: ServerRow) -> int:
        names[row.server_id] = row.client_id
        return _content_hash(row)

    cursor, mine = await read(content)
    by_number = {number: mine[client_id] for number, client_id in names.items()}
    theirs: dict[int, int] = {}
    after: Position | None = None
    more = True
    while more:
        page = await remote.pull(0, after, _PAGE_ROWS)
        _check(page, user_id, cursor)
        theirs.update((row.server_id, _content_hash(row)) for row in page.rows)
        more, after = page.more, page.end
    return {names.get(number, derived_id(number)) for number, _ in theirs.items() ^ by_number.items()}


def _content_hash(row: ServerRow) -> int:
    return row_hash(row._replace(client_id="", row_version=0, updated_at=0))


def _check(answer: Digest | Page, user_id: str, cursor: Cursor) -> None:
    if answer.user_id != user_id:
        raise SignedOut
    if answer.epoch != cursor.epoch:
        raise _OtherHistory
