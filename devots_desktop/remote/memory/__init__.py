"""A remote whose server is an object in the same process, for the contract suite and the simulation."""

import asyncio
from collections.abc import Callable, Sequence

from devots_desktop.domain.digest import Digest, Range
from devots_desktop.domain.errors import SignedOut, Unreachable
from devots_desktop.domain.mutation import Answer, Mutation, Page
from devots_desktop.remote.base import Position
from devots_desktop.remote.memory.server import MemoryServer

__all__ = ["MemoryRemote", "MemoryServer"]


class MemoryRemote:
    """One person's way to a MemoryServer. Keeps the protocol of remote/base.py."""

    def __init__(self, server: MemoryServer, token: str) -> None:
        self._server = server
        self._token = token
        self._lost = asyncio.Event()

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        """See Remote.push."""
        return self._server.push(self._user(), mutations)

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        """See Remote.pull."""
        return self._server.pull(self._user(), since, after, limit)

    async def digest(self, ranges: Sequence[Range], most: int) -> Digest:
        """See Comparable.digest."""
        return self._server.digest(self._user(), ranges, most)

    async def fetch(self, client_ids: Sequence[str]) -> Page:
        """See Comparable.fetch."""
        return self._server.fetch(self._user(), client_ids)

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """See Remote.listen."""
        end = self._server.listen(self._user(), changed)
        try:
            ready()
            await self._lost.wait()
        finally:
            end()
        self._lost.clear()
        raise Unreachable("Offline", "The connection was lost.", "It is tried again.")

    async def reachable(self) -> bool:
        """See Remote.reachable."""
        return self._server.up

    async def close(self) -> None:
        """See Remote.close."""

    def cut(self) -> None:
        """Lose the listening connection."""
        self._lost.set()

    def _user(self) -> str:
        if not self._server.up:
            raise Unreachable("Offline", "The server does not answer.", "It is tried again.")
        user_id = self._server.sessions.get(self._token)
        if user_id is None:
            raise SignedOut
        return user_id
