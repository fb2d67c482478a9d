"""Signing in through a browser: a provider that is always the same person, and the proof that who began is who ends (PKCE, RFC 7636)."""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta

from aiohttp import web

from tests.servers.supabase.auth import redirects, sessions, users
from tests.servers.supabase.auth.call import Call, Row
from tests.servers.supabase.auth.errors import AuthRefused, invalid

_METHODS = {"s256", "plain"}


async def begin(call: Call, challenge: str, method: str, how: str, user: Row | None = None) -> Row:
    """Keep the challenge until the code is exchanged. `how`: the method for the claim `amr`."""
    if method.lower() not in _METHODS or not 43 <= len(challenge) <= 128:
        raise invalid("PKCE flow requires code_challenge_method and code_challenge")
    row = await call.row(
        "insert into auth.flow_state(challenge, challenge_method, user_id, method, created_at) values (%s, %s, %s, %s, %s) returning *",
        *(challenge, method.lower(), None if user is None else user["id"], how, call.now),
    )
    assert row is not None
    return row


async def begin_if_asked(call: Call, how: str, user: Row) -> Row | None:
    """For a body that carries a challenge."""
    challenge = call.text("code_challenge")
    return await begin(call, challenge, call.text("code_challenge_method"), how, user) if challenge else None


async def authorize(call: Call) -> web.Response:
    """GET /authorize: where a browser is sent. The provider agrees at once, or refuses where the settings say so."""
    query, settings = call.request.query, call.gateway.settings
    if query.get("provider") != settings.provider:
        raise invalid("Unsupported provider: provider is not enabled")
    address, challenge = redirects.destination(settings, query.get("redirect_to")), query.get("code_challenge", "")
    if settings.provider_refuses is not None:
        refused = redirects.failure(address, "access_denied", settings.provider_refuses, "The person said no", in_query=True)
        return redirects.go(302, refused)
    user = await users.find(call, settings.provider_email)
    user = user or await users.create(call, settings.provider_email, None, {}, provider=settings.provider or "", confirmed=True)
    if challenge:
        flow = await begin(call, challenge, query.get("code_challenge_method", ""), "oauth", user)
        return redirects.go(302, redirects.with_query(address, code=flow["auth_code"]))
    session = await sessions.begin(call, user, "oauth")
    return redirects.go(302, redirects.with_fragment(address, **sessions.as_fragment(session), provider_token=secrets.token_hex(20)))


async def exchange(call: Call) -> web.Response:
    """The grant `pkce`: a code and the verifier become a session. A code is good once."""
    code, verifier = call.text("auth_code"), call.text("code_verifier")
    if not code or not verifier:
        raise invalid("invalid request: both auth code and code verifier should be non-empty")
    flow = await call.row("select * from auth.flow_state where auth_code = %s for update", code)
    if flow is None or flow["user_id"] is None:
        raise AuthRefused(404, "flow_state_not_found", "invalid flow state, no valid flow state found")
    if flow["created_at"] + timedelta(seconds=call.gateway.settings.flow_seconds) < call.now:
        raise AuthRefused(422, "flow_state_expired", "invalid flow state, flow state has expired")
    if not hmac.compare_digest(_challenge(verifier, flow["challenge_method"]), flow["challenge"]):
        raise AuthRefused(400, "bad_code_verifier", "code challenge does not match previously saved code verifier")
    await call.run("delete from auth.flow_state where id = %s", flow["id"])
    user = await users.by_id(call, flow["user_id"])
    assert user is not None
    more = {"provider_token": secrets.token_hex(20), "provider_refresh_token": ""} if flow["method"] == "oauth" else {}
    return web.json_response({**await sessions.begin(call, user, flow["method"]), **more})


def _challenge(verifier: str, method: str) -> str:
    if method == "plain":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
