"""The gate in front of all parts: which project key came, and which role that gives to a request without a person."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from tests.servers.supabase.faults import Canned, PartFaults
from tests.servers.supabase.gateway import Gateway

_OPEN = ("/auth/v1/authorize", "/auth/v1/callback", "/auth/v1/verify", "/auth/v1/.well-known/", "/realtime/v1/", "/__test/")


ROLE: Final = web.RequestKey("role", str)
"""Of a request that passed: what its project key may do."""


def bearer(request: web.Request) -> str | None:
    """The token of the Authorization header; None where it names nobody: absent, a project key, or not of this kind."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or token.startswith("sb_") or token == request.headers.get("apikey"):
        return None
    return token


def make_gate(gateway: Gateway) -> Middleware:
    """The middleware. It sets request[ROLE] and carries out what went wrong on the way."""

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        faults = _faults(gateway, request)
        if faults is None:
            return _decorated(request, await _through(gateway, request, handler))
        if faults.offline:
            return await _hang_up(request)
        canned = await faults.before()
        if canned is not None:
            return _decorated(request, _as_response(canned))
        try:
            response = await _through(gateway, request, handler)
        except ConnectionResetError:
            return await _hang_up(request)  # Whoever asked did not wait so long.
        return await _on_the_way_back(faults, request, _decorated(request, response))

    return gate


def _faults(gateway: Gateway, request: web.Request) -> PartFaults | None:
    for part, faults in (("/auth/", gateway.faults.auth), ("/rest/", gateway.faults.rest)):
        if request.path.startswith(part) and faults.touch(request.method, request.path):
            return faults
    return None


async def _through(gateway: Gateway, request: web.Request, handler: Handler) -> web.StreamResponse:
    refusal = _refusal(gateway, request)
    return await handler(request) if refusal is None else refusal


def _refusal(gateway: Gateway, request: web.Request) -> web.StreamResponse | None:
    if request.method == "OPTIONS":
        return web.Response(status=204)
    if request.path.startswith(_OPEN):
        return None
    key = request.headers.get("apikey")
    if not key:
        return web.json_response({"message": "No API key found in request"}, status=401)
    role = gateway.keys.role(key)
    if role is None:
        hint = "Double check your Supabase `anon` or `service_role` API key."
        return web.json_response({"message": "Invalid API key", "hint": hint}, status=401)
    request[ROLE] = role
    return None


def _decorated(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Allow a page of elsewhere to read the answer, where it asks."""
    if "Origin" in request.headers and not response.prepared:
        response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "*")
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
        response.headers["Access-Control-Expose-Headers"] = "Content-Range, Preference-Applied, X-Supabase-Api-Version"
    return response


def _as_response(canned: Canned) -> web.Response:
    return web.Response(status=canned.status, text=canned.body, content_type=canned.content_type, charset="utf-8", headers=canned.headers)


async def _on_the_way_back(faults: PartFaults, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if faults.lose > 0:
        faults.lose -= 1
        return await _hang_up(request)
    if faults.cut > 0 and isinstance(response, web.Response) and response.body:
        faults.cut -= 1
        await response.prepare(request)
        return await _hang_up(request)
    return response


async def _hang_up(request: web.Request) -> web.StreamResponse:
    """End the connection; what is answered afterwards goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
