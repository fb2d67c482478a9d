"""The transaction that each request is: first who asks, then one statement (supabase-contract.md, section 2.1)."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import psycopg
from aiohttp import web

from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.rest.catalogue import Connection
from tests.servers.supabase.rest.errors import RestRefused, from_database
from tests.servers.supabase.rest.person import Person
from tests.servers.supabase.rest.statements import Statement

_PATH = '"public", "extensions"'


class Transaction:
    """An open one. What is not committed is rolled back."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def row(self, statement: Statement) -> dict[str, Any]:
        """The one row that each of our statements answers."""
        if any("\0" in value for value in statement.values if isinstance(value, str)):
            raise RestRefused(400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00')
        row = await (await self.connection.execute(statement.composed(), statement.values)).fetchone()
        assert row is not None
        return row


@contextlib.asynccontextmanager
async def connected(gateway: Gateway, person: Person) -> AsyncIterator[Connection]:
    """A connection on which nothing has begun yet. Errors of PostgreSQL become RestRefused."""
    try:
        async with gateway.rest.connection() as connection:
            yield connection
    except psycopg.Error as error:
        raise from_database(error, person.role) from None


@contextlib.asynccontextmanager
async def transaction(
    gateway: Gateway, connection: Connection, request: web.Request, person: Person, *, writes: bool
) -> AsyncIterator[Transaction]:
    """Committed at the end, rolled back on any error."""
    found = await (await connection.execute(b"select rolconfig from pg_roles where rolname = %s", [person.role])).fetchone()
    await connection.execute(b"begin" if writes else b"begin read only")
    try:
        await _say_who(connection, request, person, {**_pairs(found), **gateway.settings.role_settings})
        yield Transaction(connection)
        await connection.execute(b"commit")
    except BaseException:
        if not connection.closed:
            with contextlib.suppress(psycopg.Error):
                await connection.execute(b"rollback")
        raise


async def _say_who(connection: Connection, request: web.Request, person: Person, role_settings: dict[str, str]) -> None:
    settings = {
        "search_path": _PATH,
        **role_settings,
        "role": person.role,
        "request.jwt.claims": json.dumps(person.claims),
        "request.method": request.method,
        "request.path": request.path.removeprefix("/rest/v1"),
        "request.headers": json.dumps({name.lower(): value for name, value in request.headers.items()}),
        "request.cookies": "{}",
    }
    calls = ", ".join("set_config(%s, %s, true)" for _ in settings)
    values = [text for pair in settings.items() for text in pair]
    await connection.execute(f"select {calls}".encode(), values)


def _pairs(role: dict[str, Any] | None) -> dict[str, str]:
    """What ALTER ROLE has set for it."""
    return dict(each.split("=", 1) for each in (role or {}).get("rolconfig") or [])
