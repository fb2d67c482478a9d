"""One connection to Realtime with one channel on it, over the library realtime-py (supabase-contract.md, sections 3 and 4.5).

It lives once. Whatever ends it, another one is made: the library's own ways to go on do not survive what happens. It gives up after five attempts, it does
not join again after a token expired, its second join closes the channel that it just opened, and an exception in a callback ends its listening unseen. So
nothing is left to it that could fail: our callbacks only put what they hear into a queue, and each end of the connection is put there, too.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from realtime import AsyncRealtimeClient, NotConnectedError, RealtimePostgresChangesListenEvent, RealtimeSubscribeStates
from realtime.types import PostgresChangesPayload
from websockets import connect
from websockets.exceptions import WebSocketException

from devots_desktop.remote import web
from devots_desktop.remote.supabase.keys import Project

_OPEN_S = 10
_CLOSE_S = 1.0
_MOST_BYTES = 8 * 2**20
"""Of a frame: a changed row comes with its old form, and up to a mebibyte of each."""
_LIBRARY = tuple(map(logging.getLogger, ("realtime._async.client", "realtime._async.channel")))


class Heard(Enum):
    """What a channel says."""

    LIVE = auto()
    """Every change that is committed from now on is told. Said again after the server lost its place: what came in between is not told."""
    CHANGED = auto()
    """Something changed, or a frame came that cannot be read and may have said so."""
    DELETED = auto()
    """Somebody's row was deleted: whose, nobody may know."""


class Lost(Exception):
    """The channel has ended. Nothing of the server's words is kept: they name the person.

    Attributes:
        stale: the token was not accepted.
        untold: the server will not tell changes of these tables, however often it is asked.
    """

    def __init__(self, why: str, *, stale: bool = False, untold: bool = False) -> None:
        super().__init__(why)
        self.stale = stale
        self.untold = untold


@dataclass(frozen=True, slots=True)
class Wanted:
    """The changes of one table.

    Attributes:
        user_id: of this person's rows; None for everybody's, of whom only deleted rows are told.
    """

    table: str
    user_id: str | None


class Channel:
    """A channel on a connection of its own. `join`, then `hear` again and again, then `close`."""

    def __init__(self, project: Project, key: str, token: str, wanted: list[Wanted]) -> None:
        """Make a channel that has sent nothing yet. May raise AccountUnusable: the project's CA file cannot be used."""
        self._heard: asyncio.Queue[Heard | Lost] = asyncio.Queue()
        self._client = _Client(project, key)
        self._client.access_token = token
        self._channel = self._client.channel("todo")
        for each in wanted:
            self._want(each)
        self._channel.on_system(lambda _: self._heard.put_nowait(Heard.LIVE))

    async def join(self) -> None:
        """Connect and join. That changes are told is heard later.

        Raises:
            Lost: it was refused, or no connection could be made.
        """
        _hints.add(self)
        try:
            await self._client.connect()
            self._watch(getattr(self._client, "_listen_task", None))
            await self._channel.subscribe(self._on_state)
        except (NotConnectedError, WebSocketException, OSError) as error:
            raise Lost(f"no connection: {type(error).__name__}") from None

    async def hear(self) -> Heard:
        """What the channel says next. Raises Lost: it has ended."""
        heard = await self._heard.get()
        if isinstance(heard, Lost):
            raise heard
        return heard

    async def renew(self, token: str) -> None:
        """The person's token from now on."""
        await self._client.set_auth(token)

    def end(self, why: str) -> None:
        """Give it up."""
        self._heard.put_nowait(Lost(why))

    def hint(self) -> None:
        """A frame came that could not be read, on this connection or another."""
        self._heard.put_nowait(Heard.CHANGED)

    async def close(self) -> None:
        """End the connection, and every task of the library with it. The server takes the end of the connection for leaving."""
        _hints.discard(self)
        left = self._tasks()
        for task in left:
            task.cancel()
        with suppress(Exception):
            async with asyncio.timeout(2 * _CLOSE_S):
                await self._client.close()
        # None is pending when the loop ends, and how each ended has been seen.
        await asyncio.gather(*left, return_exceptions=True)

    # Callbacks: they must not raise, and only put into the queue -------------------------------------------------------------

    def _want(self, wanted: Wanted) -> None:
        mine = wanted.user_id is not None
        self._channel.on_postgres_changes(
            RealtimePostgresChangesListenEvent.All if mine else RealtimePostgresChangesListenEvent.Delete,
            self._on_mine if mine else self._on_deleted,
            table=wanted.table,
            schema="public",
            filter=f"user_id=eq.{wanted.user_id}" if mine else None,
        )

    def _on_mine(self, _: PostgresChangesPayload) -> None:
        self._heard.put_nowait(Heard.CHANGED)

    def _on_deleted(self, told: PostgresChangesPayload) -> None:
        # Where a filter matched as well, the row was this person's.
        self._heard.put_nowait(Heard.DELETED if len(told["ids"]) == 1 else Heard.CHANGED)

    def _on_state(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        if state is RealtimeSubscribeStates.SUBSCRIBED:
            return
        words = str(error)
        stale = "JWT" in words or "Jwt" in words or "Token has expired" in words
        untold = "Unable to subscribe to changes with given parameters" in words
        why = "the tables are not published, or may not be read" if untold else f"the channel ended: {state.value}"
        self._heard.put_nowait(Lost(why, stale=stale, untold=untold))

    def _watch(self, listening: "asyncio.Task[None] | None") -> None:
        """The library's listening may end without a word."""
        if listening is not None:
            listening.add_done_callback(lambda _: self.end("the connection ended"))

    def _tasks(self) -> list["asyncio.Task[Any]"]:
        """What the library has under way: its listening, its heartbeat, and a timer for each frame that wants an answer."""
        channel, client = self._channel, self._client
        pushes = [channel.join_push, *channel.messages_waiting_for_ack.values(), *getattr(channel, "_push_buffer", ())]
        found = [getattr(client, "_listen_task", None), getattr(client, "_heartbeat_task", None), channel.rejoin_timer.timer]
        found += [push.timeout_task for push in pushes]
        found += getattr(channel, "_background_tasks", ())
        return [task for task in found if task is not None]


class _Client(AsyncRealtimeClient):
    """The library's client, connected once, with the project's certificates and a bound for everything.

    It leans on two private names of the library, `_ws_connection` and `_on_connect`: its version is pinned to 2.34 (pyproject.toml).
    """

    def __init__(self, project: Project, key: str) -> None:
        super().__init__(f"{project.url}/realtime/v1", token=key, auto_reconnect=False)
        self._tls = web.tls(project)
        self._proxy = web.proxy(project) or None

    async def connect(self) -> None:
        """Once; the library's own tries again and again, and knows no certificates but the system's."""
        if self.is_connected:
            return
        try:
            self._ws_connection = await connect(
                self.endpoint_url(),
                open_timeout=_OPEN_S,
                close_timeout=_CLOSE_S,
                max_size=_MOST_BYTES,
                ssl=self._tls,
                proxy=self._proxy,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise Lost(f"no connection: {type(error).__name__}") from None
        await self._on_connect()


class _Hints(logging.Filter):
    """Stands before the library's log while a channel is open. The library tells of a frame that it could not read there and nowhere else.

    Nothing passes on: its records carry frames, with the text of todos in them, and what becomes of a connection is said by this module.
    """

    def __init__(self) -> None:
        super().__init__()
        self._open: set[Channel] = set()

    def add(self, channel: Channel) -> None:
        if not self._open:
            self._each(logging.Logger.addFilter)
        self._open.add(channel)

    def discard(self, channel: Channel) -> None:
        self._open.discard(channel)
        if not self._open:
            self._each(logging.Logger.removeFilter)

    def filter(self, record: logging.LogRecord) -> bool:
        if str(record.msg).startswith("Unrecognized message format"):
            for channel in self._open:
                channel.hint()
        return False

    def _each(self, change: Callable[[logging.Logger, logging.Filter], None]) -> None:
        for logger in _LIBRARY:
            change(logger, self)


_hints = _Hints()
