"""The Auth part: people, sessions and tokens (supabase-contract.md, section 1)."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.servers.supabase.auth import account, flows, mails, sessions
from tests.servers.supabase.auth.call import Call, Row, read_body
from tests.servers.supabase.auth.errors import AuthRefused
from tests.servers.supabase.auth.limits import Limits
from tests.servers.supabase.auth.sign_in import sign_up, with_password
from tests.servers.supabase.gateway import Gateway

_Endpoint = Callable[[Call], Awaitable[web.Response]]
_PROVIDERS = ("anonymous_users", "apple", "azure", "bitbucket", "discord", "facebook", "github", "gitlab", "google", "email", "phone")
_GUARDED = {"/signup", "/token", "/otp", "/magiclink", "/recover", "/resend"}


def add_routes(application: web.Application, gateway: Gateway) -> None:
    limits = Limits()
    for method, path, endpoint in (
        ("GET", "/health", _health),
        ("GET", "/settings", _settings),
        ("GET", "/.well-known/jwks.json", _public_keys),
        ("GET", "/authorize", flows.authorize),
        ("POST", "/signup", sign_up),
        ("POST", "/token", _token),
        ("POST", "/otp", mails.one_time_password),
        ("POST", "/magiclink", mails.one_time_password),
        ("POST", "/recover", mails.recover),
        ("POST", "/resend", mails.resend),
        ("POST", "/verify", mails.verify),
        ("GET", "/verify", mails.follow_link),
        ("GET", "/user", account.show),
        ("PUT", "/user", account.change),
        ("POST", "/logout", account.sign_out),
    ):
        application.router.add_route(method, f"/auth/v1{path}", _handler(gateway, limits, endpoint))


def _handler(gateway: Gateway, limits: Limits, endpoint: _Endpoint) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            if gateway.settings.request_limits:
                limits.take(request.path.removeprefix("/auth/v1"), gateway.clock())
            return await _in_transaction(gateway, request, endpoint)
        except AuthRefused as refused:
            return refused.response(request)

    return handle


async def _in_transaction(gateway: Gateway, request: web.Request, endpoint: _Endpoint) -> web.Response:
    body = await read_body(request)
    if gateway.settings.captcha and request.path.removeprefix("/auth/v1") in _GUARDED:
        _refuse_machines(request, body)
    async with gateway.admin.connection() as connection, connection.transaction():
        call = Call(request, gateway, connection, body)
        try:
            response = await endpoint(call)
        except AuthRefused as refused:
            if not refused.keep:
                raise
            response = refused.response(request)
    response.headers.update(call.headers)
    return response


def _refuse_machines(request: web.Request, body: Row) -> None:
    renewing = request.query.get("grant_type") in {"refresh_token", "pkce"}
    if not renewing and not (body.get("gotrue_meta_security") or {}).get("captcha_token"):
        raise AuthRefused(400, "captcha_failed", "captcha protection: request disallowed (no captcha_token found)")


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
    tokens = call.gateway.tokens
    keys = [key.public() for key in tokens.keys] if tokens.algorithm == "ES256" else []
    return web.json_response({"keys": keys}, headers={"Cache-Control": "public, max-age=600"})


async def _token(call: Call) -> web.Response:
    match call.request.query.get("grant_type"):
        case "password":
            return await with_password(call)
        case "refresh_token":
            return web.json_response(await sessions.refresh(call))
        case "pkce":
            return await flows.exchange(call)
        case _:
            raise AuthRefused(400, "invalid_credentials", "unsupported_grant_type")
