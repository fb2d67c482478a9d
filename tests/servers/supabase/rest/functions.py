"""Requests to a function of the database: /rest/v1/rpc/<name>."""

import json
from typing import Any

from aiohttp import web

from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.rest import statements
from tests.servers.supabase.rest.answers import check_affected, check_schema, check_single, content_range, is_singular, json_answer
from tests.servers.supabase.rest.catalogue import Function, find_function
from tests.servers.supabase.rest.errors import RestRefused
from tests.servers.supabase.rest.person import person_of
from tests.servers.supabase.rest.preferences import Preferences, read_preferences
from tests.servers.supabase.rest.transaction import connected, transaction


async def answer(request: web.Request, gateway: Gateway) -> web.Response:
    """GET and HEAD for functions that only read, POST for all."""
    person = person_of(request, gateway)
    if request.method not in {"GET", "HEAD", "POST"}:
        raise RestRefused(405, "PGRST101", f"Cannot use the {request.method} method on RPC")
    check_schema(request)
    wishes, singular = read_preferences(request, "max-affected"), is_singular(request)
    given, text = await _arguments(request)
    async with connected(gateway, person) as connection:
        function = await find_function(connection, request.match_info["name"], set(given))
        _check_wishes(function, wishes)
        statement = statements.call(function, given, text, gateway.settings.max_rows)
        writes = function.writes and request.method == "POST"
        async with transaction(gateway, connection, request, person, writes=writes) as open_one:
            row = await open_one.row(statement)
            check_single(singular, row["number"])
            check_affected(wishes, row["number"])
    number = row["number"]
    headers = {"Content-Range": content_range(0, number, number if wishes.count else None), **wishes.headers()}
    if function.void:
        return web.Response(status=204, headers=headers)
    return json_answer(200, row["body"] if function.many else row["first"], headers, singular=singular and function.many)


def _check_wishes(function: Function, wishes: Preferences) -> None:
    if wishes.max_affected is not None and not function.many:
        message = "Function must return SETOF or TABLE when max-affected preference is used with handling=strict"
        raise RestRefused(400, "PGRST128", message)


async def _arguments(request: web.Request) -> tuple[dict[str, Any], str]:
    """The arguments that came, and as JSON text for the database."""
    if request.method == "POST" and request.query:
        raise RestRefused(400, "PGRST127", "Feature not implemented", "This stand-in does not choose among the rows of a function.")
    if request.method != "POST":
        given = dict(request.query)
        return given, json.dumps(given)
    try:
        text = (await request.read()).decode() or "{}"
        given = json.loads(text)
    except ValueError:
        raise RestRefused(400, "PGRST102", "Empty or invalid json") from None
    if not isinstance(given, dict):
        raise RestRefused(400, "PGRST102", "Empty or invalid json")
    return given, text
