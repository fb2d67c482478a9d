"""One request to the Auth part, and what its answer needs."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from aiohttp import web
from psycopg.rows import DictRow

from tests.servers.supabase.auth.errors import AuthRefused
from tests.servers.supabase.gateway import Gateway

Row = dict[str, Any]
_LARGEST: Final = 10**6


@dataclass(slots=True)
class Call:
    """A request in a transaction of its own.

    Attributes:
        body: the JSON object that came, empty where none did.
        headers: of the answer.
        now: the Auth server's clock, in UTC.
    """

    request: web.Request
    gateway: Gateway
    connection: psycopg.AsyncConnection[DictRow]
    body: Row
    headers: dict[str, str] = field(default_factory=dict)
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.now = datetime.fromtimestamp(self.gateway.clock() + self.gateway.faults.auth.clock_offset, UTC)

    def text(self, name: str) -> str:
        """A text of the body, empty where there is none."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""

    def ago(self, seconds: float) -> datetime:
        return self.now - timedelta(seconds=seconds)

    async def row(self, query: str, *values: Any) -> Row | None:
        """The first row of an answer."""
        return await (await self.connection.execute(query.encode(), values)).fetchone()

    async def rows(self, query: str, *values: Any) -> list[Row]:
        return await (await self.connection.execute(query.encode(), values)).fetchall()

    async def run(self, query: str, *values: Any) -> int:
        """How many rows it touched."""
        return (await self.connection.execute(query.encode(), values)).rowcount


async def read_body(request: web.Request) -> Row:
    """The JSON object of a request, empty where there is none. Raises AuthRefused."""
    if (request.content_length or 0) > _LARGEST:
        raise AuthRefused(413, "request_entity_too_large", "Request body exceeds 1 MB")
    text = await request.text()
    if not text:
        return {}
    try:
        body = json.loads(text)
    except ValueError as error:
        raise AuthRefused(400, "bad_json", f"Could not parse request body as JSON: {error}") from None
    if not isinstance(body, dict):
        raise AuthRefused(400, "bad_json", "Could not parse request body as JSON: not an object")
    return body
