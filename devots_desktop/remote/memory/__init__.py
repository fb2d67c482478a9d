"""Remotes whose server is an object in the same process, for the contract suite and the simulation: one for each kind of server."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import TypeVar

from devots_desktop.domain.digest import Digest, Range
from devots_desktop.domain.errors import BatchRefused, NotMigrated, SignedOut, Unreachable
from devots_desktop.domain.mutation import Answer, Mutation, Page
from devots_desktop.domain.todo import Patch, ServerRow
from devots_desktop.remote.base import Position
from devots_desktop.remote.memory.server import REFUSED, MemoryServer, Transaction
from devots_desktop.remote.plain import plain_row

Written = TypeVar("Written")

__all__ = ["MemoryRemote", "MemoryServer", "MemoryTable"]


class _Session:
    """A person's session with a MemoryServer."""

    def __init__(self, server: MemoryServer, token: str) -> None:
        self._server = server
        self._token = token
        self._lost = asyncio.Event()

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


class MemoryRemote(_Session):
    """One person's way to a managed MemoryServer. Keeps the protocol of remote/base.py."""

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        """See Remote.push."""
        return self._server.push(self._managed(), mutations)

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        """See Remote.pull."""
        return self._server.pull(self._managed(), since, after, limit)

    async def digest(self, ranges: Sequence[Range], most: int) -> Digest:
        """See Comparable.digest."""
        return self._server.digest(self._managed(), ranges, most)

    async def fetch(self, client_ids: Sequence[str]) -> Page:
        """See Comparable.fetch."""
        return self._server.fetch(self._managed(), client_ids)

    def _managed(self) -> str:
        if not self._server.managed:
            raise NotMigrated("Server not prepared", "This server is not prepared for Devots Desktop.", "Ask its owner to upgrade it.")
        return self._user()


class MemoryTable(_Session):
    """One person's rows of a MemoryServer, whether or not it is managed. Keeps the protocol Table of remote/plain.py."""

    async def who(self) -> str:
        """See Table.who."""
        return self._user()

    async def rows(self, after: int, limit: int) -> list[ServerRow]:
        """See Table.rows."""
        return sorted((row for row in self._all() if row.server_id > after), key=lambda row: row.server_id)[:limit]

    async def find(self, created_at: int) -> list[ServerRow]:
        """See Table.find."""
        return [row for row in self._all() if row.created_at == created_at]

    async def insert(self, values: Patch, created_at: int) -> ServerRow:
        """See Table.insert."""
        self._refuse(values)
        text, completed, key = str(values["text"]), bool(values.get("completed", False)), str(uuid.uuid4())
        return _plain(self._commit(lambda writes: writes.add(self._user(), key, text, completed=completed, created_at=created_at)))

    async def update(self, server_id: int, values: Patch) -> ServerRow | None:
        """See Table.update."""
        key = self._key(server_id)
        if key is None:
            return None
        self._refuse(values)
        row = self._commit(lambda writes: writes.edit(self._user(), key, values))
        return _plain(row) if row else None

    async def delete(self, server_id: int) -> bool:
        """See Table.delete."""
        key = self._key(server_id)
        return key is not None and self._commit(lambda writes: writes.delete(self._user(), key)) is not None

    def _all(self) -> list[ServerRow]:
        return [_plain(row) for row in self._server.todos(self._user()).values()]

    def _key(self, server_id: int) -> str | None:
        rows = self._server.todos(self._user()).items()
        return next((key for key, row in rows if row.server_id == server_id), None)

    def _refuse(self, values: Patch) -> None:
        if "\0" in str(values.get("text")) or self._server.forbidden(str(values.get("text", ""))):
            raise BatchRefused("Not accepted", REFUSED, "Edit the todo and try again.")

    def _commit(self, write: Callable[[Transaction], Written]) -> Written:
        """Do one statement in a transaction of its own."""
        transaction = self._server.begin()
        try:
            written = write(transaction)
        except Unreachable:
            transaction.rollback()
            raise
        transaction.commit()
        return written


def _plain(row: ServerRow) -> ServerRow:
    return plain_row(row.server_id, row.text, completed=row.completed, created_at=row.created_at, updated_at=row.updated_at)
