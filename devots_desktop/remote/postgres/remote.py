"""A person's todos in their own PostgreSQL, over SQLAlchemy and psycopg. One thread for requests, one for LISTEN.

psycopg is used synchronously: its asynchronous mode does not run on the Windows event loop of qasync.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from devots_desktop.domain.digest import Digest, Range
from devots_desktop.domain.errors import Unreachable
from devots_desktop.domain.mutation import Answer, Mutation, Page
from devots_desktop.remote import wire
from devots_desktop.remote.base import Position
from devots_desktop.remote.postgres.address import Address
from devots_desktop.remote.postgres.connection import Link
from devots_desktop.remote.postgres.listener import Listener
from devots_desktop.remote.thread import BlockingThread

Result = TypeVar("Result")

_REACH_S = 3.0
_TOUCH_EVERY_S = 24 * 3600.0
_END_S = 0.5
_ANSWER_S = 45.0
"""Seconds for an answer: more than the server gives a connection and a statement (connection.py), so that a slow one says so itself."""

# The token is a bound parameter of the same statement: one round trip, and it stands in no query text (sync.md, section 3).
_SESSION = "(select set_config('devots.session', :token, true) offset 0) s"
_PUSH = text(f"select devots_push(:mutations) from {_SESSION}").bindparams(bindparam("mutations", type_=JSONB))
_TOUCH = text(f"select devots.session_touch() from {_SESSION}")
_PULL = text(f"select devots_pull(:since, :after_version, cast(:after_key as uuid), :limit) from {_SESSION}")
_DIGEST = text(f"select devots_digest(cast(:lows as uuid[]), cast(:highs as uuid[]), :most) from {_SESSION}")
_FETCH = text(f"select devots_fetch(cast(:keys as uuid[])) from {_SESSION}")


class PostgresRemote:
    """Keeps the protocol of remote/base.py, on a database that this project's migrations have prepared."""

    def __init__(self, address: Address, password: str, token: str) -> None:
        """Make a remote; it connects when it is first used.

        Args:
            password: the login's, shared by the people of this database.
            token: the person's session token.
        """
        self._address = address
        self._password = password
        self._token = token
        self._link = Link(address, password)
        self._thread = BlockingThread("postgres")
        self._listener: Listener | None = None
        self._touched: float | None = None

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        """See Remote.push."""
        return await self._call(_PUSH, lambda given: list(map(wire.answer, given)), mutations=wire.mutations(mutations))

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        """See Remote.pull. Once a day it keeps the session from ending while it is in use."""
        if self._touched is None or time.time() - self._touched > _TOUCH_EVERY_S:
            await self._call(_TOUCH, lambda _: None)
            self._touched = time.time()
        version, key = after or (None, None)
        made = partial(wire.page, limit=limit)
        return await self._call(_PULL, made, since=since, after_version=version, after_key=key, limit=limit)

    async def digest(self, ranges: Sequence[Range], most: int) -> Digest:
        """See Comparable.digest."""
        lows, highs = ([str(UUID(int=end)) for end in ends] for ends in zip(*ranges, strict=True))
        return await self._call(_DIGEST, wire.digest, lows=lows, highs=highs, most=most)

    async def fetch(self, client_ids: Sequence[str]) -> Page:
        """See Comparable.fetch."""
        return await self._call(_FETCH, partial(wire.page, limit=len(client_ids) + 1), keys=list(client_ids))

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """See Remote.listen."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        listener = self._listener = Listener(
            self._address,
            self._password,
            self._token,
            ready=partial(_tell, loop, ready),
            changed=partial(_tell, loop, changed),
        )
        threading.Thread(target=_body, args=(listener, loop, ended), name="postgres-listen", daemon=True).start()
        try:
            await ended
        finally:
            listener.stop()

    async def reachable(self) -> bool:
        """See Remote.reachable."""
        host, port = self._address.host, self._address.port
        folder = host.startswith("/")  # of a Unix socket
        try:
            async with asyncio.timeout(_REACH_S):
                _, writer = await (
                    asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}") if folder else asyncio.open_connection(host, port)
                )
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    async def close(self) -> None:
        """See Remote.close. A call that hangs in the network is left behind: its thread does not keep the program alive."""
        if self._listener is not None:
            self._listener.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                await self._thread.call(self._link.close)
        self._thread.close()

    async def _call(self, statement: TextClause, made: Callable[[Any], Result], **values: Any) -> Result:
        """Ask, for a bounded time: what accepts and never answers, a proxy whose server is gone, would hold up the sync for ever.

        Args:
            made: what is made of the answer, on the connection's thread: a page takes longer than a frame of the window's.
        """
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await self._thread.call(lambda: made(self._link.one(statement, {**values, "token": self._token})))
        except TimeoutError:
            raise Unreachable("Server silent", "The server took the request and does not answer.", "It is tried again by itself.") from None


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Call on the loop's thread; a loop that has closed meanwhile needs no news."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)


def _body(listener: Listener, loop: asyncio.AbstractEventLoop, ended: asyncio.Future[None]) -> None:
    """Run a listener and hand its end to the loop."""
    failure: BaseException | None = None
    try:
        listener.run()
    except BaseException as error:  # noqa: BLE001 (it belongs to who listens)
        failure = error

    def end() -> None:
        if ended.done():
            return
        if failure is None:
            ended.set_result(None)
        else:
            ended.set_exception(failure)

    _tell(loop, end)
