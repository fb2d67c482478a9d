"""Requests to a table: read, insert, update, delete."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.rest import statements
from tests.servers.supabase.rest.answers import check_affected, check_schema, check_single, content_range, is_singular, json_answer
from tests.servers.supabase.rest.catalogue import Connection, Table, find_table
from tests.servers.supabase.rest.errors import RestRefused
from tests.servers.supabase.rest.person import Person, person_of
from tests.servers.supabase.rest.preferences import Preferences, read_preferences
from tests.servers.supabase.rest.query import Query
from tests.servers.supabase.rest.statements import Payload, Statement
from tests.servers.supabase.rest.transaction import connected, transaction

_RANGE: Final = re.compile(r"(?:items=)?(\d+)-(\d*)")


@dataclass(slots=True)
class _Request:
    """One, read as far as that is possible without the database."""

    web: web.Request
    gateway: Gateway
    person: Person
    connection: Connection
    table: Table
    query: Query
    wishes: Preferences
    singular: bool

    async def row(self, statement: Statement) -> dict[str, Any]:
        """The answer of a statement that writes, in a transaction of its own, if it is not more than was allowed."""
        async with transaction(self.gateway, self.connection, self.web, self.person, writes=True) as open_one:
            row = await open_one.row(statement)
            check_single(self.singular, row["number"])
            check_affected(self.wishes, row["number"])
        return row


async def answer(request: web.Request, gateway: Gateway) -> web.Response:
    """Answer a request to /rest/v1/<table>."""
    person = person_of(request, gateway)
    if request.method not in _METHODS:
        raise RestRefused(405, "PGRST117", f"Unsupported HTTP method: {request.method}")
    method, heard = _METHODS[request.method]
    check_schema(request)
    query, wishes, singular = Query.read(request.query.items()), read_preferences(request, *heard), is_singular(request)
    async with connected(gateway, person) as connection:
        table = await find_table(connection, request.match_info["name"])
        return await method(_Request(request, gateway, person, connection, table, query, wishes, singular))


async def _read(call: _Request) -> web.Response:
    wanted = _RANGE.fullmatch(call.web.headers.get("Range", "")) if call.web.method == "GET" else None
    if wanted is not None:
        call.query.narrow(int(wanted[1]), int(wanted[2]) if wanted[2] else None)
    statement = statements.read(call.table, call.query, call.gateway.settings.max_rows, count=call.wishes.count)
    async with transaction(call.gateway, call.connection, call.web, call.person, writes=False) as open_one:
        row = await open_one.row(statement)
    number, total, offset = row["number"], row.get("total"), call.query.offset
    check_single(call.singular, number)
    headers = {"Content-Range": content_range(offset, number, total), **call.wishes.headers()}
    if total is not None and offset > total:
        details = f"An offset of {offset} was requested, but there are only {total} rows."
        raise RestRefused(416, "PGRST103", "Requested range not satisfiable", details, Content_Range=f"*/{total}")
    status = 200 if total is None or number >= total else 206
    return json_answer(status, row["body"], headers, singular=call.singular)


async def _insert(call: _Request) -> web.Response:
    payload, several = await _payload(call)
    resolution, returning = call.wishes.get("resolution"), call.wishes.get("return", "minimal")
    if not payload.columns and several:
        return _written(call, {"body": "[]", "number": 0}, 201)
    row = await call.row(statements.insert(call.table, call.query, payload, resolution, returning))
    status = 200 if resolution == "merge-duplicates" and row["inserted"] == 0 else 201
    response = _written(call, row, status)
    if returning == "headers-only" and row["number"] == 1:
        key = json.loads(row["body"])[0]
        response.headers["Location"] = f"/{call.table.name}?" + "&".join(f"{name}=eq.{key[name]}" for name in call.table.key)
    return response


async def _update(call: _Request) -> web.Response:
    payload, _ = await _payload(call)
    returning = call.wishes.get("return", "minimal")
    status = 200 if returning == "representation" else 204
    if not payload.columns:
        check_single(call.singular, 0)
        return _written(call, {"body": "[]", "number": 0}, status)
    _refuse_unfiltered(call, "UPDATE")
    row = await call.row(statements.update(call.table, call.query, payload, returning))
    return _written(call, row, status, span=True)


async def _delete(call: _Request) -> web.Response:
    returning = call.wishes.get("return", "minimal")
    _refuse_unfiltered(call, "DELETE")
    row = await call.row(statements.delete(call.table, call.query, returning))
    return _written(call, row, 200 if returning == "representation" else 204)


_METHODS: Final[dict[str, tuple[Callable[[_Request], Awaitable[web.Response]], tuple[str, ...]]]] = {
    "GET": (_read, ()),
    "HEAD": (_read, ()),
    "POST": (_insert, ("resolution", "missing", "return")),
    "PATCH": (_update, ("missing", "return", "max-affected")),
    "DELETE": (_delete, ("return", "max-affected")),
}
"""What each does, and the preferences that it hears."""


def _refuse_unfiltered(call: _Request, verb: str) -> None:
    if call.gateway.settings.safe_update and not call.query.where:
        raise RestRefused(400, "21000", f"{verb} requires a WHERE clause")


async def _payload(call: _Request) -> tuple[Payload, bool]:
    """What the body asks to write, and whether it is a list. Raises RestRefused for a body or a column that makes no sense."""
    try:
        text = (await call.web.read()).decode()
        body = json.loads(text)
    except ValueError:
        raise RestRefused(400, "PGRST102", "Empty or invalid json") from None
    rows = body if isinstance(body, list) else [body]
    if not all(isinstance(each, dict) for each in rows):
        raise RestRefused(400, "PGRST102", "Empty or invalid json")
    columns = call.query.columns
    if columns is None:
        columns = sorted(rows[0]) if rows else []
        if any(set(each) != set(columns) for each in rows):
            raise RestRefused(400, "PGRST102", "All object keys must match")
    for name in columns:
        if name not in call.table.columns:
            raise RestRefused(400, "PGRST204", f"Could not find the '{name}' column of '{call.table.name}' in the schema cache")
    defaults = call.wishes.get("missing") == "default"
    return Payload(text if isinstance(body, list) else f"[{text}]", columns if rows else [], defaults), isinstance(body, list)


def _written(call: _Request, row: dict[str, Any], status: int, *, span: bool = False) -> web.Response:
    """`span`: whether Content-Range says which rows, as only an update's does."""
    number = row["number"]
    total = number if call.wishes.count else None
    headers = {"Content-Range": content_range(0, number if span else 0, total), **call.wishes.headers()}
    if call.wishes.get("return") == "representation":
        return json_answer(status, row["body"], headers, singular=call.singular)
    return web.Response(status=status, headers=headers)
