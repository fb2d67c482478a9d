"""The Auth part: people, sessions and tokens (supabase-contract.md, section 1)."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.servers.supabase.auth import sessions, users
from tests.servers.supabase.auth.bearer import signed_in
from tests.servers.supabase.auth.call import Call, read_body
from tests.servers.supabase.auth.errors import AuthRefused
from tests.servers.supabase.auth.sign_in import sign_up, with_password
from tests.servers.supabase.gateway import Gateway

_Endpoint = Callable[[Call], Awaitable[web.StreamResponse]]
_PROVIDERS = ("anonymous_users", "apple", "azure", "bitbucket", "discord", "facebook", "github", "gitlab", "google", "email", "phone")


def add_routes(application: web.Application, gateway: Gateway) -> None:
    for method, path, endpoint in (
        ("GET", "/health", _health),
        ("GET", "/settings", _settings),
        ("GET", "/.well-known/jwks.json", _public_keys),
        ("POST", "/signup", sign_up),
        ("POST", "/token", _token),
        ("GET", "/user", _user),
        ("POST", "/logout", _logout),
    ):
        application.router.add_route(method, f"/auth/v1{path}", _handler(gateway, endpoint))


def _handler(gateway: Gateway, endpoint: _Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await _in_transaction(gateway, request, endpoint)
        except AuthRefused as refused:
            return refused.response(request)

    return handle


async def _in_transaction(gateway: Gateway, request: web.Request, endpoint: _Endpoint) -> web.StreamResponse:
    body = await read_body(request)
    async with gateway.admin.connection() as connection, connection.transaction():
        try:
            return await endpoint(Call(request, gateway, connection, body))
        except AuthRefused as refused:
            if not refused.keep:
                raise
            return refused.response(request)


async def _health(call: Call) -> web.Response:
    description = "GoTrue is a user registration and authentication API"
    return web.json_response({"version": "v2.196.0", "name": "GoTrue", "description": description})


async def _settings(call: Call) -> web.Response:
    settings = call.gateway.settings
    on = {"email": settings.email_provider, "anonymous_users": settings.anonymous}
    return web.json_response(
        {
            "external": {name: on.get(name, name == settings.provider) for name in _PROVIDERS},
            "disable_signup": not settings.sign_up,
            "mailer_autoconfirm": settings.autoconfirm,
            "phone_autoconfirm": False,
            "sms_provider": "",
            "saml_enabled": False,
            "saml_private_key_next_configured": False,
            "passkeys_enabled": False,
        }
    )


async def _public_keys(call: Call) -> web.Response:
    keys = [key.public() for key in call.gateway.tokens.keys]
    return web.json_response({"keys": keys}, headers={"Cache-Control": "public, max-age=600"})


async def _token(call: Call) -> web.StreamResponse:
    grants: dict[str, _Endpoint] = {"password": with_password, "refresh_token": sessions.refresh}
    grant = grants.get(call.request.query.get("grant_type", ""))
    if grant is None:
        raise AuthRefused(400, "invalid_credentials", "unsupported_grant_type")
    return await grant(call)


async def _user(call: Call) -> web.Response:
    return web.json_response(await users.as_json(call, (await signed_in(call)).user))


async def _logout(call: Call) -> web.Response:
    person = await signed_in(call)
    return await sessions.end(call, person.user["id"], person.session_id)
