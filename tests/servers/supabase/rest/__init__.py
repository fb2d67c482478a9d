"""The REST part: tables and functions of the database, as PostgREST gives them (supabase-contract.md, section 2)."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.rest import functions, tables
from tests.servers.supabase.rest.errors import RestRefused

_Endpoint = Callable[[web.Request, Gateway], Awaitable[web.StreamResponse]]


def add_routes(application: web.Application, gateway: Gateway) -> None:
    for path, endpoint in (("/rest/v1/rpc/{name}", functions.answer), ("/rest/v1/{name}", tables.answer)):
        application.router.add_route("*", path, _handler(gateway, endpoint))


def _handler(gateway: Gateway, endpoint: _Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await endpoint(request, gateway)
        except RestRefused as refused:
            return refused.response()

    return handle
