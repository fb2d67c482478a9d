"""Signing up, and the password grant (supabase-contract.md, sections 1.4 and 1.5)."""

import uuid

from aiohttp import web

from tests.servers.supabase.auth import mails, sessions, users
from tests.servers.supabase.auth.call import Call, Row
from tests.servers.supabase.auth.errors import AuthRefused, invalid, wrong_credentials


async def sign_up(call: Call) -> web.Response:
    settings, email, password = call.gateway.settings, call.text("email"), call.text("password")
    if not settings.sign_up:
        raise AuthRefused(422, "signup_disabled", "Signups not allowed for this instance")
    if not email:
        return await _anonymous(call)
    if not settings.email_provider:
        raise AuthRefused(422, "email_provider_disabled", "Email signups are disabled")
    if not password:
        raise invalid("Signup requires a valid password")
    if "@" not in email:
        raise invalid("Unable to validate email address: invalid format")
    users.check_strength(call, password)
    return await _with_address(call, email, password)


async def _with_address(call: Call, email: str, password: str) -> web.Response:
    """The row of an address that was never confirmed stays as it is: who it belongs to is not known."""
    autoconfirm, known = call.gateway.settings.autoconfirm, await users.find(call, email)
    if known is not None and known["email_confirmed_at"] is not None:
        if autoconfirm:
            raise AuthRefused(422, "user_already_exists", "User already registered")
        return web.json_response(await _nobody(call, email))
    user = known or await users.create(call, email, password, call.body.get("data") or {}, confirmed=autoconfirm)
    if autoconfirm:
        return web.json_response(await sessions.begin(call, await users.confirm(call, user["id"], email), "password"))
    await mails.send(call, user, "signup")
    waiting = await users.by_id(call, user["id"])
    assert waiting is not None
    return web.json_response(await users.as_json(call, waiting))


async def _anonymous(call: Call) -> web.Response:
    if not call.gateway.settings.anonymous:
        raise AuthRefused(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
    user = await users.create(call, None, None, call.body.get("data") or {}, confirmed=False)
    return web.json_response(await sessions.begin(call, user, "anonymous"))


async def _nobody(call: Call, email: str) -> Row:
    """What a stranger learns of an address that is taken: nothing."""
    now = users.stamp(call.now)
    return {
        "id": str(uuid.uuid4()),
        "aud": "authenticated",
        "role": "",
        "email": email,
        "phone": "",
        "confirmation_sent_at": now,
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {},
        "identities": [],
        "created_at": now,
        "updated_at": now,
        "is_anonymous": False,
    }


async def with_password(call: Call) -> web.Response:
    """The order of the checks is the platform's: it decides what a stranger can learn."""
    email, password = call.text("email"), call.text("password")
    if not email and not call.text("phone"):
        raise invalid("missing email or phone")
    if email and call.text("phone"):
        raise invalid("Only an email address or phone number should be provided on login.")
    if not call.gateway.settings.email_provider:
        raise AuthRefused(422, "email_provider_disabled", "Email logins are disabled")
    user = await users.find(call, email)
    if user is None or user["encrypted_password"] is None:
        raise wrong_credentials()
    if users.is_banned(call, user):
        raise AuthRefused(400, "user_banned", "User is banned")
    if not users.matches(password, user["encrypted_password"]):
        raise wrong_credentials()
    if user["email_confirmed_at"] is None:
        raise AuthRefused(400, "email_not_confirmed", "Email not confirmed")
    return web.json_response(await sessions.begin(call, user, "password"))
