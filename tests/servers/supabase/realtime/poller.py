"""The reader of the write-ahead log: a temporary slot of the plugin pgoutput that is looked at again and again, as Realtime does.

The slot lives as long as its connection. What is committed while there is none is told to nobody, as with the real server.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import psycopg

from tests.servers.supabase.realtime.pgoutput import Change, Decoder

_CREATE = "select pg_create_logical_replication_slot(%s, 'pgoutput', true)"
_READ = "select data from pg_logical_slot_get_binary_changes(%s, null, 100, 'proto_version', '1', 'publication_names', 'supabase_realtime')"


class Poller:
    """Reads changes until it is stopped or something fails; then it is finished, and a new one is made.

    Attributes:
        running: set while there is a slot: every change that is committed from then on is read.
    """

    def __init__(
        self, url: str, pauses: Callable[[], tuple[float, float]], handle: Callable[[Change, psycopg.AsyncConnection], Awaitable[None]]
    ) -> None:
        """Make a poller that does nothing yet.

        Args:
            url: of the database, for somebody who may replicate.
            pauses: seconds between two looks, after one that found something and after one that did not.
            handle: called with each change, in the order of commits, and with a connection to ask about it.
        """
        self._url = url
        self._pauses = pauses
        self._handle = handle
        self._slot = f"realtime_{secrets.token_hex(8)}"
        self.running = asyncio.Event()

    async def run(self) -> None:
        """Read until cancelled. Raises what PostgreSQL or `handle` raise."""
        async with (
            await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection,
            await psycopg.AsyncConnection.connect(self._url, autocommit=True) as beside,
        ):
            await connection.execute(_CREATE, [self._slot])
            self.running.set()
            try:
                await self._read(connection, beside)
            finally:
                self.running.clear()

    async def _read(self, connection: psycopg.AsyncConnection, beside: psycopg.AsyncConnection) -> None:
        decoder = Decoder()
        while True:
            found = await connection.execute(_READ, [self._slot])
            messages = [bytes(row[0]) for row in await found.fetchall()]
            for change in decoder.changes(messages):
                await self._handle(change, beside)
            busy, idle = self._pauses()
            await asyncio.sleep(busy if messages else idle)
