"""Requests to a function of the database: /rest/v1/rpc/<name>."""

import json
from typing import Any

from aiohttp import web

from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.rest import statements
from tests.servers.supabase.rest.answers import check_schema, check_single, content_range, is_singular, json_answer
from tests.servers.supabase.rest.catalogue import find_function
from tests.servers.supabase.rest.errors import RestRefused
from tests.servers.supabase.rest.person import person_of
from tests.servers.supabase.rest.preferences import read_preferences
from tests.servers.supabase.rest.transaction import begin, transaction


async def answer(request: web.Request, gateway: Gateway) -> web.Response:
    """GET and HEAD for functions that only read, POST for all."""
    if request.method not in {"GET", "HEAD", "POST"}:
        raise RestRefused(405, "PGRST101", "Cannot use the method on RPC")
    person = person_of(request, gateway)
    check_schema(request)
    wishes, singular = read_preferences(request), is_singular(request)
    given, text = await _arguments(request)
    async with begin(gateway, request, person) as connection:
        function = await find_function(connection, request.match_info["name"], set(given))
        statement = statements.call(function, given, text, gateway.settings.max_rows)
        async with transaction(connection, request, person, writes=function.writes and request.method == "POST") as open_one:
            row = await open_one.row(statement)
            if function.many:
                check_single(singular, row["number"])
    count = wishes.get("count") != ""
    headers = {"Content-Range": content_range(0, row["number"], row["number"] if count else None), **wishes.headers()}
    if function.void:
        return web.Response(status=204, headers=headers)
    return json_answer(200, row["body"] if function.many else row["first"], headers, singular=singular and function.many)


async def _arguments(request: web.Request) -> tuple[dict[str, Any], str]:
    """The arguments that came, and as JSON text for the database."""
    if request.method != "POST":
        given = {name: value for name, value in request.query.items() if name != "select"}
        return given, json.dumps(given)
    try:
        text = (await request.read()).decode() or "{}"
        given = json.loads(text)
    except ValueError:
        raise RestRefused(400, "PGRST102", "Empty or invalid json") from None
    if not isinstance(given, dict):
        raise RestRefused(400, "PGRST102", "Empty or invalid json")
    return given, text
