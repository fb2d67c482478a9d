"""One WebSocket: reads the frames of a client, keeps its channels, and sends what it is told in that order."""

import asyncio
import json
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.realtime import frames
from tests.servers.supabase.realtime.access import AccessDenied, admitted
from tests.servers.supabase.realtime.channel import Channel, Subscriptions
from tests.servers.supabase.realtime.faults import RealtimeFaults
from tests.servers.supabase.realtime.subscription import Binding
from tests.servers.supabase.tokens import Claims

_MOST_BYTES = 5 * 2**20


class Connection:
    """A client's connection, from the upgrade to its end."""

    def __init__(self, gateway: Gateway, key_claims: Claims, subscriptions: Subscriptions) -> None:
        """Make a connection; it begins with `serve`.

        Args:
            key_claims: of the API key that it was opened with, for channels without a person.
        """
        self._gateway = gateway
        self._key_claims = key_claims
        self._subscriptions = subscriptions
        self._request: web.Request | None = None
        self._socket = web.WebSocketResponse(max_msg_size=_MOST_BYTES)
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self.channels: dict[str, Channel] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Talk until one of the two ends it."""
        self._request = request
        await self._socket.prepare(request)
        self._spawn(self._write())
        try:
            await self._read()
        finally:
            for channel in list(self.channels.values()):
                channel.leave()
            for task in list(self._tasks):
                task.cancel()
        return self._socket

    async def close(self, code: int) -> None:
        """End the socket from this side; 1006 is the end without a word that a network gives."""
        if code != 1006:
            await self._socket.close(code=code)
        elif self._request is not None and self._request.transport is not None:
            self._request.transport.abort()

    def send(self, frame: frames.Frame | str) -> None:
        """Queue a frame, or a text that is none."""
        if not self._faults.mute:
            self._out.put_nowait(frame if isinstance(frame, str) else json.dumps(frame))

    # Reading -----------------------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            try:
                message = await self._socket.receive(timeout=self._faults.idle_s)
            except TimeoutError:
                await self._socket.close(code=1000)
                return
            if message.type is not WSMsgType.TEXT:
                return
            with suppress(json.JSONDecodeError, KeyError):
                self._take(json.loads(message.data))

    def _take(self, given: dict[str, Any]) -> None:
        topic, event, ref, join_ref = given["topic"], given["event"], given.get("ref"), given.get("join_ref")
        if self._faults.mute:
            return
        if topic == "phoenix":
            if event == "heartbeat" and self._faults.heartbeats:
                self.send(frames.reply(topic, ref, {}))
            return
        if event == "phx_join":
            self._spawn(self._join(topic, ref, join_ref or ref, given.get("payload") or {}))
            return
        channel = self.channels.get(topic)
        if channel is None:
            # Leaving what is not there has reached its aim; anything else is a mistake.
            unmatched = event != "phx_leave"
            self.send(frames.reply(topic, ref, {"reason": "unmatched topic"} if unmatched else {}, ok=not unmatched))
        elif join_ref in {None, channel.join_ref}:
            self._take_for(channel, event, ref, given.get("payload") or {})

    def _take_for(self, channel: Channel, event: str, ref: str | None, payload: dict[str, Any]) -> None:
        if event == "phx_leave":
            del self.channels[channel.topic]
            channel.leave()
            self.send(frames.reply(channel.topic, ref, {}))
            self.send(frames.close(channel.topic, channel.join_ref))
        elif event == "access_token":
            channel.renew(payload.get("access_token"))

    # Joining -----------------------------------------------------------------------------------------------------------------

    async def _join(self, topic: str, ref: str | None, join_ref: str | None, payload: dict[str, Any]) -> None:
        if self._faults.take("ignore_joins"):
            return
        if not topic.startswith("realtime:") or topic == "realtime:":
            self.send(frames.reply(topic, ref, {"reason": "unmatched topic"}, ok=False))
            return
        try:
            bindings = _bindings(payload)
            token, claims = self._person(payload.get("access_token"))
        except AccessDenied as refused:
            await asyncio.sleep(self._faults.join_error_delay)
            self.send(frames.reply(topic, ref, {"reason": refused.reason}, ok=False))
            return
        before = self.channels.pop(topic, None)
        answer = [{**binding.asked, "id": binding.id} for binding in bindings]
        self.send(frames.reply(topic, ref, {"postgres_changes": answer}))
        if before is not None:
            # Phoenix queues this end behind the answer: a client that ignores its ref takes the new channel's for it.
            before.leave()
            self.send(frames.close(topic, before.join_ref))
        self._open(topic, join_ref, bindings, token, claims)

    def _open(self, topic: str, join_ref: str | None, bindings: list[Binding], token: str | None, claims: Claims) -> None:
        channel = Channel(
            topic,
            join_ref,
            bindings,
            token,
            claims,
            gateway=self._gateway,
            subscriptions=self._subscriptions,
            send=self.send,
            ended=self._forget,
        )
        self.channels[topic] = channel
        channel.begin()

    def _person(self, token: object) -> tuple[str | None, Claims]:
        """The token and its claims; those of the connection's key where the client gives none.

        Raises:
            AccessDenied: the token is not good, or a switch says so.
        """
        if self._faults.take("join_errors"):
            code, _, sentence = self._faults.join_reason.partition(": ")
            raise AccessDenied(code, sentence)
        if not isinstance(token, str) or token.startswith("sb_"):
            return None, self._key_claims
        return token, admitted(token, self._gateway)

    def _forget(self, channel: Channel) -> None:
        if self.channels.get(channel.topic) is channel:
            del self.channels[channel.topic]

    # Writing -----------------------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while True:
                await self._socket.send_str(await self._out.get())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def _faults(self) -> RealtimeFaults:
        return self._gateway.faults.realtime


def _bindings(payload: dict[str, Any]) -> list[Binding]:
    config = payload.get("config") or {}
    return [Binding(asked) for asked in config.get("postgres_changes") or []]
