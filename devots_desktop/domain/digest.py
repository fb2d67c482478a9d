"""Comparing two lists by counts and hashes of ranges of keys, so that neither has to be sent."""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import NamedTuple
from uuid import UUID

from devots_desktop.domain.todo import ServerRow

_KEYS = 2**128


class Range(NamedTuple):
    """The client_ids from `low` to `high`, both included, as the numbers that UUIDs are."""

    low: int = 0
    high: int = _KEYS - 1

    def parts(self, count: int) -> Iterator["Range"]:
        """The range in at most so many parts of equal width: client_ids are random, so that each part has its share."""
        width = -(-(self.high - self.low + 1) // count)
        for low in range(self.low, self.high + 1, width):
            yield Range(low, min(low + width - 1, self.high))


@dataclass(frozen=True, slots=True)
class Summary:
    """What lies in a range.

    Attributes:
        hash: the XOR of `row_hash` of all rows; 0 for none.
        rows: the hash of each row by client_id; None where there are more than was asked for.
    """

    count: int
    hash: int
    rows: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """A server's answer: a summary for each range that was asked about, all of one snapshot."""

    user_id: str
    epoch: str
    ranges: tuple[Summary, ...] = field(default_factory=tuple)


class Hashes:
    """The hashes of many rows by client_id, and their summaries."""

    def __init__(self, by_id: Mapping[str, int]) -> None:
        found = sorted((UUID(client_id).int, value) for client_id, value in by_id.items())
        self._keys = [key for key, _ in found]
        self._values = [value for _, value in found]

    def summary(self, part: Range, most: int) -> Summary:
        """What lies in a range; see Summary."""
        start, end = bisect_left(self._keys, part.low), bisect_right(self._keys, part.high)
        rows = None
        if end - start <= most:
            rows = {str(UUID(int=key)): value for key, value in zip(self._keys[start:end], self._values[start:end], strict=True)}
        return Summary(end - start, reduce(xor, self._values[start:end], 0), rows)


def row_hash(row: ServerRow) -> int:
    """64 bits of SHA-256 over a row, signed; `devots.todo_hash` computes the same (migrations/server/sql/0005_digest.sql)."""
    seen = "|".join(map(str, (row.client_id, row.row_version, int(row.completed), row.created_at, row.updated_at, row.text)))
    return int.from_bytes(hashlib.sha256(seen.encode("utf-8", "surrogatepass")).digest()[:8], "big", signed=True)
