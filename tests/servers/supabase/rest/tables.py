"""Requests to a table: read, insert, update, delete."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.rest import statements
from tests.servers.supabase.rest.answers import check_schema, check_single, content_range, is_singular, json_answer
from tests.servers.supabase.rest.catalogue import Connection, Table, find_table
from tests.servers.supabase.rest.errors import RestRefused
from tests.servers.supabase.rest.person import Person, person_of
from tests.servers.supabase.rest.preferences import Preferences, read_preferences
from tests.servers.supabase.rest.query import Query
from tests.servers.supabase.rest.statements import Payload, Statement
from tests.servers.supabase.rest.transaction import begin, transaction

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
        most = self.wishes.max_affected()
        async with transaction(self.connection, self.web, self.person, writes=True) as open_one:
            row = await open_one.row(statement)
            check_single(self.singular, row["number"])
            if most is not None and row["number"] > most:
                details = f"The query affects {row['number']} rows"
                raise RestRefused(400, "PGRST124", "Query result exceeds max-affected preference constraint", details)
        return row


async def answer(request: web.Request, gateway: Gateway) -> web.Response:
    """Answer a request to /rest/v1/<table>."""
    method = _METHODS.get(request.method)
    if method is None:
        raise RestRefused(405, "PGRST117", f"Unsupported HTTP method: {request.method}")
    person = person_of(request, gateway)
    check_schema(request)
    query, wishes, singular = Query.read(request.query.items()), read_preferences(request), is_singular(request)
    async with begin(gateway, request, person) as connection:
        table = await find_table(connection, request.match_info["name"])
        return await method(_Request(request, gateway, person, connection, table, query, wishes, singular))


async def _read(call: _Request) -> web.Response:
    wanted = _RANGE.fullmatch(call.web.headers.get("Range", "")) if call.web.method == "GET" else None
    if wanted is not None:
        call.query.narrow(int(wanted[1]), int(wanted[2]) if wanted[2] else None)
    count = call.wishes.get("count") != ""
    statement = statements.read(call.table, call.query, call.gateway.settings.max_rows, count=count)
    async with transaction(call.connection, call.web, call.person, writes=False) as open_one:
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
    count = call.wishes.get("count") != ""
    if not payload.columns and several:
        return _written(call, {"body": "[]", "number": 0}, 201, count=count, returning=returning)
    row = await call.row(statements.insert(call.table, call.query, payload, resolution, returning))
    status = 200 if resolution == "merge-duplicates" and row["inserted"] == 0 else 201
    response = _written(call, row, status, count=count, returning=returning, span=False)
    if returning == "headers-only" and row["number"] == 1:
        key = json.loads(row["body"])[0]
        response.headers["Location"] = f"/{call.table.name}?" + "&".join(f"{name}=eq.{key[name]}" for name in call.table.key)
    return response


async def _update(call: _Request) -> web.Response:
    payload, _ = await _payload(call)
    returning, count = call.wishes.get("return", "minimal"), call.wishes.get("count") != ""
    status = 200 if returning == "representation" else 204
    if not payload.columns:
        check_single(call.singular, 0)
        return _written(call, {"body": "[]", "number": 0}, status, count=count, returning=returning)
    _refuse_unfiltered(call, "UPDATE")
    row = await call.row(statements.update(call.table, call.query, payload, returning))
    return _written(call, row, status, count=count, returning=returning)


async def _delete(call: _Request) -> web.Response:
    returning, count = call.wishes.get("return", "minimal"), call.wishes.get("count") != ""
    _refuse_unfiltered(call, "DELETE")
    row = await call.row(statements.delete(call.table, call.query, returning))
    status = 200 if returning == "representation" else 204
    return _written(call, row, status, count=count, returning=returning, span=False)


_METHODS: Final[dict[str, Callable[[_Request], Awaitable[web.Response]]]] = {
    "GET": _read,
    "HEAD": _read,
    "POST": _insert,
    "PATCH": _update,
    "DELETE": _delete,
}


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


def _written(call: _Request, row: dict[str, Any], status: int, *, count: bool, returning: str, span: bool = True) -> web.Response:
    """`span`: whether Content-Range says which rows, as only an update's does."""
    number = row["number"]
    headers = {"Content-Range": content_range(0, number if span else 0, number if count else None), **call.wishes.headers()}
    if returning == "representation":
        return json_answer(status, row["body"], headers, singular=call.singular)
    return web.Response(status=status, headers=headers)
