"""The Realtime part of one project: its connections, what they subscribed to, and the poller that feeds them."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import psycopg
from aiohttp import web

from tests.servers.postgres import SUPERUSER
from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.realtime.access import AccessDenied, of_key
from tests.servers.supabase.realtime.audience import Listener, Told, audience, refused
from tests.servers.supabase.realtime.channel import Channel
from tests.servers.supabase.realtime.connection import Connection
from tests.servers.supabase.realtime.faults import RealtimeFaults
from tests.servers.supabase.realtime.pgoutput import Change
from tests.servers.supabase.realtime.poller import Poller
from tests.servers.supabase.realtime.subscription import SubscriptionRefused, check, not_published

_log = logging.getLogger(__name__)
_WAIT_S = 10.0
_REFUSALS = {401: "API key is missing", 429: "Too many connected users", 500: "Error connecting to Realtime"}


class Realtime:
    """Tells changes of the publication supabase_realtime to whom they concern. Lives on the loop that made it.

    The verbs at the end are for tests, on any other thread.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._url = gateway.database.url(SUPERUSER)
        self._loop = asyncio.get_running_loop()
        self._connections: set[Connection] = set()
        self._entered: dict[Channel, list[Listener]] = {}
        self._closing = False
        self._poller = self._make_poller()
        self._polling: asyncio.Task[None] | None = None
        self._mending: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer GET /realtime/v1/websocket."""
        status = self._faults.refuse
        if status is not None:
            return web.json_response({"error": _REFUSALS.get(status, "Error connecting to Realtime")}, status=status)
        key = request.query.get("apikey")
        if not key:
            return web.json_response({"error": "API key is missing"}, status=401)
        try:
            claims = of_key(key, self._gateway)
        except AccessDenied as denied:
            return web.json_response({"error": denied.sentence}, status=401)
        connection = Connection(self._gateway, claims, self)
        self._connections.add(connection)
        try:
            return await connection.serve(request)
        finally:
            self._connections.discard(connection)

    async def close(self) -> None:
        """End everything."""
        self._closing = True
        for task in (self._mending, self._polling):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, psycopg.Error):
                    await task
        for connection in list(self._connections):
            await connection.close(1006)
        if self._polling is not None:
            await self._until_released()

    async def _until_released(self) -> None:
        """A slot ends with its connection's process, which takes a moment more; until then the database cannot be dropped."""
        query = "select pg_sleep(0.01) from pg_replication_slots where database = current_database()"
        async with self._gateway.admin.connection() as connection:
            while (await connection.execute(query)).rowcount:
                pass

    # Subscriptions -----------------------------------------------------------------------------------------------------------

    async def enter(self, channel: Channel) -> None:
        """See Subscriptions.enter."""
        if self._faults.unpublished:
            raise SubscriptionRefused(not_published(channel.bindings[0]))
        if self._faults.take("failing_subscriptions"):
            raise psycopg.OperationalError("a switch says so")
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            for binding in channel.bindings:
                await check(connection, binding, channel.role)
        await self._until_polling()
        self._entered[channel] = channel.listeners()

    def remove(self, channel: Channel) -> None:
        """See Subscriptions.remove."""
        self._entered.pop(channel, None)

    # The poller --------------------------------------------------------------------------------------------------------------

    async def _until_polling(self) -> None:
        """Have a slot. Raises psycopg.Error where there is none to be had."""
        async with self._starting:
            if self._polling is None or self._polling.done():
                self._poller = self._make_poller()
                self._polling = asyncio.create_task(self._poller.run())
                self._polling.add_done_callback(self._on_stopped)
            running = asyncio.create_task(self._poller.running.wait())
            await asyncio.wait({running, self._polling}, return_when=asyncio.FIRST_COMPLETED)
            running.cancel()
            if self._polling.done():
                raise psycopg.OperationalError("the poller did not start")

    def _make_poller(self) -> Poller:
        return Poller(self._url, lambda: (self._faults.poll_s, self._faults.poll_idle_s), self._deliver)

    def _on_stopped(self, task: asyncio.Task[None]) -> None:
        """The slot is gone, with all that it had not read yet. In a while everybody is subscribed again, and told so."""
        if self._closing:
            return
        if not task.cancelled():
            _log.info("the poller stopped: %s", task.exception())
        self._entered.clear()
        self._mending = self._loop.create_task(self._mend())

    async def _mend(self) -> None:
        await asyncio.sleep(self._faults.resub_delay)
        for connection in list(self._connections):
            for channel in list(connection.channels.values()):
                channel.subscribe(0)

    # Telling -----------------------------------------------------------------------------------------------------------------

    async def _deliver(self, change: Change, beside: psycopg.AsyncConnection) -> None:
        faults = self._faults
        if faults.event_delay:
            await asyncio.sleep(faults.event_delay)
        for told in await self._audience(change, beside):
            if faults.take("drop_events"):
                continue
            if faults.take("malformed"):
                told.channel.say('{"topic": ')
                continue
            for _ in range(2 if faults.take("duplicate_events") else 1):
                told.channel.tell(told.ids, _without(faults.without, told.data))

    async def _audience(self, change: Change, beside: psycopg.AsyncConnection) -> list[Told]:
        listeners = [listener for entered in self._entered.values() for listener in entered]
        if self._faults.take("unauthorised"):
            return refused(change, listeners, "Error 401: Unauthorized")
        return await audience(beside, change, listeners, oversized=self._faults.take("too_large"))

    # For tests ---------------------------------------------------------------------------------------------------------------

    def close_sockets(self, code: int) -> None:
        """End every connection: 1001, 1011, 1012 with this code, 1006 without a word. Does not wait for the clients to answer."""
        for connection in list(self._connections):
            asyncio.run_coroutine_threadsafe(connection.close(code), self._loop)

    def crash_poller(self) -> None:
        """The slot is lost."""

        async def crash() -> None:
            if self._polling is not None:
                self._polling.cancel()

        self._on_loop(crash())

    def crash_channels(self, reason: dict[str, Any]) -> None:
        """Every channel dies with `phx_error`; the sockets stay. `reason`: `{"reason": "channel_crash"}`, of older servers nothing."""

        async def crash() -> None:
            for channel in self._channels():
                channel.crash(reason)

        self._on_loop(crash())

    def channels(self) -> list[str]:
        """The topics that are joined now."""

        async def topics() -> list[str]:
            return [channel.topic for channel in self._channels()]

        return list(self._on_loop(topics()))

    def _channels(self) -> list[Channel]:
        return [channel for connection in self._connections for channel in connection.channels.values()]

    def _on_loop(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WAIT_S)

    @property
    def _faults(self) -> RealtimeFaults:
        return self._gateway.faults.realtime


def _without(column: str | None, data: dict[str, Any]) -> dict[str, Any]:
    if column is None or not data.get("record"):
        return data
    return {**data, "record": {name: value for name, value in data["record"].items() if name != column}}
