"""The protocol that every remote keeps, proven by one contract suite (tests/contract)."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from devots_desktop.domain.digest import Digest, Range
from devots_desktop.domain.mutation import Answer, Mutation, Page

PUSH_MOST = 50
"""Mutations in one push; the server refuses more (sync.md, section 3)."""
FETCH_MOST = 500
"""Ids in one `fetch`."""

Position = tuple[int, str]
"""(row_version, client_id) of the last row of a page."""


class Remote(Protocol):
    """A signed-in person's todos on a server. Methods may be called again after they raised.

    Every method may raise:
        SignedOut: the session is not valid any more.
        Unreachable: no answer, or "not now"; whether a push was applied is then unknown, and sending the same mutations again is safe.
    """

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        """Apply mutations in order, each exactly once however often it is sent.

        Returns:
            one answer for each mutation, in the same order.

        Raises:
            BatchRefused: the request was refused as a whole; nothing was applied.
        """
        ...

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        """Rows and tombstones with row_version >= since, by (row_version, client_id), from one snapshot.

        Args:
            since: a horizon that an earlier pull answered; 0 for everything.
            after: ask for the page behind this position.
            limit: rows in a page at the most.
        """
        ...

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """Tell of changes until cancelled.

        Args:
            ready: called once, when every change committed from now on will be told.
            changed: called after each commit that changed this person's todos, own ones included; may be called for several at once.
        """
        ...

    async def reachable(self) -> bool:
        """Whether something answers at the server's address: a cheap look that needs no session and raises nothing."""
        ...

    async def close(self) -> None:
        """End all connections. Nothing else is called afterwards."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """A remote, or a table below one, that knows why it tells no changes.

    Attributes:
        untold: why, as a sentence with the next step; empty while changes are told, or nothing is known.
    """

    @property
    def untold(self) -> str: ...


@runtime_checkable
class Comparable(Remote, Protocol):
    """A remote whose server tells counts and hashes, so that a list can be compared with it without being sent. The methods raise as Remote's."""

    async def digest(self, ranges: Sequence[Range], most: int) -> Digest:
        """Count and hash of the rows in ranges of client_ids, for a comparison that sends no list.

        Args:
            most: a range with at most so many rows is answered with the hash of each.

        Returns:
            a summary for each range, in the same order.
        """
        ...

    async def fetch(self, client_ids: Sequence[str]) -> Page:
        """The rows of these client_ids, and the tombstones of those that were deleted, in no order; FETCH_MOST ids at the most."""
        ...
