"""Two ears for what Realtime says: the real client library, and the bare WebSocket for what the library hides."""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import websockets.asyncio.client as websockets
from realtime import AsyncRealtimeClient, RealtimeSubscribeStates
from realtime.types import PostgresChangesPayload

from tests.servers.supabase import SupabaseServer

WAIT_S = 15.0
FENCE = "fence"
"""A table that every channel hears of without row-level security: what comes before its change has come, or never will."""

FENCED = f"""
    create table public.{FENCE}(id serial primary key);
    alter table public.{FENCE} disable row level security;
    grant select on public.{FENCE} to anon, authenticated;
    alter publication supabase_realtime add table public.{FENCE};"""


def token(server: SupabaseServer, user_id: str, *, lasts: int = 3600, **claims: Any) -> str:
    """An access token of somebody who need not exist: Realtime believes the signature."""
    now = int(server.clock())
    given = {"sub": user_id, "role": "authenticated", "aud": "authenticated", "iat": now, "exp": now + lasts, **claims}
    return server.tokens.sign(given)


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that has no event of its own."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"did not come: {what}"
        await asyncio.sleep(0.01)


class Ear:
    """A channel of the real library.

    Attributes:
        changes: payloads of `postgres_changes` on the table todo.
        states: what `subscribe` told, in order.
        systems: how often "Subscribed to PostgreSQL" came.
    """

    def __init__(self, client: AsyncRealtimeClient, filter_: str | None, topic: str) -> None:
        self.client = client
        self.changes: list[dict[str, Any]] = []
        self.states: list[RealtimeSubscribeStates] = []
        self.errors: list[str] = []
        self.systems = 0
        self._fences = 0
        self.channel = client.channel(topic)
        self.channel.on_postgres_changes("*", self._on_change, table="todo", schema="public", filter=filter_)  # type: ignore[arg-type]
        self.channel.on_postgres_changes("INSERT", self._on_fence, table=FENCE, schema="public")  # type: ignore[arg-type]
        self.channel.on_system(self._on_system)

    @property
    def kinds(self) -> list[str]:
        return [change["type"] for change in self.changes]

    async def join(self) -> None:
        await self.channel.subscribe(self._on_state)

    async def live(self, times: int = 1) -> None:
        """Wait for "Subscribed to PostgreSQL" to have come so often."""
        await until(lambda: self.systems >= times, "Subscribed to PostgreSQL")

    async def fenced(self, times: int) -> None:
        """Wait for the so-manieth change of the table fence."""
        await until(lambda: self._fences >= times, "the fence")

    def _on_change(self, told: PostgresChangesPayload) -> None:
        self.changes.append({**told["data"], "type": told["data"]["type"].value})

    def _on_fence(self, _: object) -> None:
        self._fences += 1

    def _on_system(self, _: object) -> None:
        self.systems += 1

    def _on_state(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        self.states.append(state)
        if error is not None:
            self.errors.append(str(error))


@contextlib.asynccontextmanager
async def ear(
    server: SupabaseServer, user_token: str | None, filter_: str | None = None, *, topic: str = "todo", key: str | None = None
) -> AsyncIterator[Ear]:
    """An ear that has joined and is not live yet. Without a token it is anonymous."""
    before = asyncio.all_tasks()
    client = AsyncRealtimeClient(f"{server.url}/realtime/v1", token=key or server.publishable_key, initial_backoff=0.05)
    if user_token is not None:
        await client.set_auth(user_token)
    made = Ear(client, filter_, topic)
    try:
        await made.join()
        yield made
    finally:
        await client.close()
        # The library leaves timers of up to ten seconds behind.
        rest = asyncio.all_tasks() - before - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


class Wire:
    """The bare WebSocket: frames as they come."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket

    async def send(self, topic: str, event: str, payload: dict[str, Any], ref: str | None, join_ref: str | None = None) -> None:
        frame = {"topic": topic, "event": event, "payload": payload, "ref": ref, "join_ref": join_ref}
        await self._socket.send(json.dumps(frame))

    async def join(self, topic: str, access_token: str | None, ref: str, filter_: str | None = None, table: str = "todo") -> None:
        binding = {"event": "*", "schema": "public", "table": table} | ({"filter": filter_} if filter_ else {})
        payload = {"config": {"postgres_changes": [binding]}, "access_token": access_token}
        await self.send(topic, "phx_join", payload, ref, ref)

    async def take(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(WAIT_S):
            frame: dict[str, Any] = json.loads(await self._socket.recv())
            return frame

    async def take_until(self, event: str) -> dict[str, Any]:
        """The next frame of that event; others are passed over."""
        while (frame := await self.take())["event"] != event:
            pass
        return frame


@contextlib.asynccontextmanager
async def wire(server: SupabaseServer, *, key: str | None = None) -> AsyncIterator[Wire]:
    """A bare WebSocket to the stand-in."""
    url = f"{server.url.replace('http', 'ws', 1)}/realtime/v1/websocket?apikey={server.publishable_key if key is None else key}&vsn=1.0.0"
    async with websockets.connect(url, open_timeout=WAIT_S) as socket:
        yield Wire(socket)


def add(owner: psycopg.Connection, user_id: str = "u1", text: str = "milk") -> int:
    row = owner.execute("insert into todo(text, user_id) values (%s, %s) returning id", [text, user_id]).fetchone()
    assert row is not None
    return int(row[0])


def fence(owner: psycopg.Connection) -> None:
    owner.execute(f"insert into {FENCE} default values")


def noise(length: int) -> str:
    """Text that does not get smaller by compression."""
    return secrets.token_urlsafe(length)[:length]


def heard_by_u1(
    server: SupabaseServer, owner: psycopg.Connection, act: Callable[[], object], filter_: str | None = "user_id=eq.u1"
) -> list[dict[str, Any]]:
    """What a live channel of u1 hears of what `act` does."""

    async def scene() -> list[dict[str, Any]]:
        async with ear(server, token(server, "u1"), filter_) as listening:
            await listening.live()
            act()
            fence(owner)
            await listening.fenced(1)
            return listening.changes

    return asyncio.run(scene())
