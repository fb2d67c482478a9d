"""A person's todos in a Supabase project: over the two functions of our migrations, or over the plain table where those have not run.

Usage: `await connect(project, key, keep)` answers a Remote for what the project is now. Nothing here is imported before the first paint: the libraries
take half a second.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from postgrest import AsyncPostgrestClient

from devots_desktop.domain.digest import Digest, Range
from devots_desktop.domain.errors import Unreachable
from devots_desktop.domain.mutation import Answer, Mutation, Page
from devots_desktop.remote import web, wire
from devots_desktop.remote.base import Position, Remote
from devots_desktop.remote.plain import PlainRemote
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.link import Link, Query
from devots_desktop.remote.supabase.listener import MANAGED, Listener
from devots_desktop.remote.supabase.session import Keep
from devots_desktop.remote.supabase.table import SupabaseTable

Read = TypeVar("Read")

ROWS_MOST = 1_000
"""Rows of a page at the most: an answer is read on the event loop, which is the window's, and 1,000 rows take it some 7 ms."""


async def connect(project: Project, key: str, keep: Keep) -> Remote:
    """The remote of a signed-in person, for the project as it is now. Where it does not answer, one that says so until it does.

    Raises:
        SignedOut: the session has ended.
        AccountUnusable: the project cannot be used as it is.
    """
    return await choose(Link(project, key, keep))


async def choose(link: Link) -> Remote:
    """As `connect`, for a connection that is closed where this raises."""
    try:
        return ManagedRemote(link) if await is_managed(link) else PlainRemote(SupabaseTable(link, is_managed))
    except Unreachable as error:
        return AwayRemote(link, error)
    except BaseException:
        await link.close()
        raise


async def is_managed(link: Link) -> bool:
    """Whether our migrations have run."""
    return await link.knows(partial(_function, "devots_pull", {"since": 0, "lim": 0}))


class ManagedRemote:
    """Keeps the protocols of remote/base.py, on a project that our migrations have prepared."""

    def __init__(self, link: Link) -> None:
        """Take over a connection."""
        self._link = link

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        """See Remote.push."""
        return await self._call("devots_push", lambda given: list(map(wire.answer, given)), mutations=wire.mutations(mutations))

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        """See Remote.pull."""
        version, key = after or (None, None)
        limit = min(limit, ROWS_MOST)
        asked = {"since": since, "after_version": version, "after_key": key, "lim": limit}
        return await self._call("devots_pull", lambda given: wire.page(given, limit), **asked)

    async def digest(self, ranges: Sequence[Range], most: int) -> Digest:
        """See Comparable.digest."""
        lows, highs = ([str(UUID(int=end)) for end in ends] for ends in zip(*ranges, strict=True))
        return await self._call("devots_digest", wire.digest, lows=lows, highs=highs, most=most)

    async def fetch(self, client_ids: Sequence[str]) -> Page:
        """See Comparable.fetch."""
        return await self._call("devots_fetch", lambda given: wire.page(given, len(client_ids) + 1), keys=list(client_ids))

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """See Remote.listen."""
        await Listener(self._link, MANAGED, ready, changed).run()

    @property
    def untold(self) -> str:
        """See Explaining."""
        return self._link.untold

    async def reachable(self) -> bool:
        """See Remote.reachable."""
        return await self._link.reachable()

    async def close(self) -> None:
        """See Remote.close."""
        await self._link.close()

    async def _call(self, function: str, read: Callable[[Any], Read], **arguments: Any) -> Read:
        given = await self._link.ask(partial(_function, function, arguments))
        try:
            return read(given)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise web.unreadable() from None


class AwayRemote:
    """Stands for a project that did not answer when it was asked what it is: everything raises what that raised."""

    def __init__(self, link: Link, error: Unreachable) -> None:
        """Take over a connection."""
        self._link = link
        self._error = error

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        """See Remote.push."""
        raise self._error

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        """See Remote.pull."""
        raise self._error

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """See Remote.listen."""
        raise self._error

    async def reachable(self) -> bool:
        """See Remote.reachable."""
        return await self._link.reachable()

    async def close(self) -> None:
        """See Remote.close."""
        await self._link.close()


def _function(name: str, arguments: dict[str, Any], rest: AsyncPostgrestClient) -> Query:
    return rest.rpc(name, arguments)
