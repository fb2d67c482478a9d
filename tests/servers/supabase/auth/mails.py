"""Mails with a code and a link, and what becomes of them (supabase-contract.md, section 1.8)."""

import hashlib
import math
import secrets
from datetime import datetime
from typing import Final

from aiohttp import web

from tests.servers.supabase.auth import flows, redirects, sessions, users
from tests.servers.supabase.auth.call import Call, Row
from tests.servers.supabase.auth.errors import AuthRefused, invalid
from tests.servers.supabase.gateway import Mail, MailKind

_SENT: Final[dict[MailKind, str]] = {
    "signup": "confirmation_sent_at",
    "magiclink": "recovery_sent_at",
    "recovery": "recovery_sent_at",
    "email_change": "email_change_sent_at",
}
_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "email": ("signup", "magiclink"),
    "signup": ("signup",),
    "magiclink": ("magiclink",),
    "recovery": ("recovery",),
    "email_change": ("email_change",),
    "invite": (),
}
"""By the type of a request to verify, the mails that it may come from."""


async def send(call: Call, user: Row, kind: MailKind) -> None:
    """A mail to a person; to the new address for a change of it. Raises AuthRefused where the last one was a moment ago."""
    column = _SENT[kind]
    _refuse_haste(call, user[column])
    flow = await flows.begin_if_asked(call, "recovery" if kind == "recovery" else "otp", user)
    email: str = user["new_email"] if kind == "email_change" else user["email"]
    code = f"{secrets.randbelow(10**6):06}"
    token = ("pkce_" if flow else "") + hashlib.sha224(f"{email}{code}".encode()).hexdigest()
    await call.run("delete from auth.one_time_tokens where user_id = %s and type = %s", user["id"], kind)
    await call.run(
        "insert into auth.one_time_tokens(user_id, type, email, code, token_hash, flow_id, created_at) values (%s, %s, %s, %s, %s, %s, %s)",
        *(user["id"], kind, email, code, token, flow["id"] if flow else None, call.now),
    )
    await call.run(f"update auth.users set {column} = %s where id = %s", call.now, user["id"])
    back = redirects.destination(call.gateway.settings, call.request.query.get("redirect_to"))
    link = redirects.with_query(f"{call.gateway.url}/auth/v1/verify", token=token, type=kind, redirect_to=back)
    call.gateway.mail.append(Mail(email, kind, code, link))


def _refuse_haste(call: Call, last: datetime | None) -> None:
    pause = call.gateway.settings.mail_seconds
    left = 0.0 if last is None else pause - (call.now - last).total_seconds()
    if left > 0:
        message = f"For security purposes, you can only request this after {math.ceil(left)} seconds."
        raise AuthRefused(429, "over_email_send_rate_limit", message)


async def one_time_password(call: Call) -> web.Response:
    """POST /otp and /magiclink: a mail that signs in."""
    email = _address(call)
    user = await users.find(call, email)
    if user is None:
        if not call.body.get("create_user", True):
            raise AuthRefused(422, "otp_disabled", "Signups not allowed for otp")
        if not call.gateway.settings.sign_up:
            raise AuthRefused(422, "signup_disabled", "Signups not allowed for this instance")
        user = await users.create(call, email, None, call.body.get("data") or {}, confirmed=call.gateway.settings.autoconfirm)
    await send(call, user, "magiclink" if user["email_confirmed_at"] else "signup")
    return web.json_response({})


async def recover(call: Call) -> web.Response:
    """POST /recover: the same answer for an address that nobody has."""
    user = await users.find(call, _address(call))
    if user is not None:
        await send(call, user, "recovery")
    return web.json_response({})


async def resend(call: Call) -> web.Response:
    """POST /resend, for mails that were not acted on."""
    kind = call.text("type")
    if kind not in {"signup", "email_change"}:
        raise invalid("Missing one of these types: signup, email_change, sms, phone_change")
    user = await users.find(call, _address(call))
    if user is not None and kind == "signup" and user["email_confirmed_at"] is None:
        await send(call, user, "signup")
    if user is not None and kind == "email_change" and user["new_email"] is not None:
        await send(call, user, "email_change")
    return web.json_response({})


def _address(call: Call) -> str:
    email = call.text("email")
    if not call.gateway.settings.email_provider:
        raise AuthRefused(422, "email_provider_disabled", "Email logins are disabled")
    if "@" not in email:
        raise invalid("Unable to validate email address: invalid format")
    return email


async def verify(call: Call) -> web.Response:
    """POST /verify: the code with the address, or the link's token, becomes a session."""
    kinds = _KINDS.get(call.text("type"))
    if kinds is None:
        raise invalid("Verify requires a verification type")
    token = await _by_hash(call, kinds) if call.text("token_hash") else await _by_code(call, kinds)
    return web.json_response(await sessions.begin(call, await _take(call, token), "otp"))


async def _by_hash(call: Call, kinds: tuple[str, ...]) -> Row:
    query = "select * from auth.one_time_tokens where token_hash = %s and type = any(%s) and created_at > %s"
    token = await call.row(query, call.text("token_hash"), list(kinds), call.ago(call.gateway.settings.code_seconds))
    if token is None:
        raise AuthRefused(403, "otp_expired", "Email link is invalid or has expired")
    return token


async def _by_code(call: Call, kinds: tuple[str, ...]) -> Row:
    if not call.text("token") or not call.text("email"):
        raise invalid("Only an email address and a token, or a token hash, should be provided on verify")
    query = "select * from auth.one_time_tokens where lower(email) = lower(%s) and code = %s and type = any(%s) and created_at > %s"
    oldest = call.ago(call.gateway.settings.code_seconds)
    token = await call.row(query, call.text("email"), call.text("token"), list(kinds), oldest)
    if token is None:
        raise AuthRefused(403, "otp_expired", "Token has expired or is invalid")
    return token


async def _take(call: Call, token: Row) -> Row:
    """Use it up; the person whose address is proven by it."""
    await call.run("delete from auth.one_time_tokens where token_hash = %s", token["token_hash"])
    user = await users.confirm(call, token["user_id"], token["email"])
    if users.is_banned(call, user):
        raise AuthRefused(403, "user_banned", "User is banned")
    return user


async def follow_link(call: Call) -> web.Response:
    """GET /verify: what opening the link of a mail does."""
    query = call.request.query
    address, in_query = redirects.destination(call.gateway.settings, query.get("redirect_to")), query.get("token", "").startswith("pkce_")
    token = await call.row(
        "select * from auth.one_time_tokens where token_hash = %s and type = any(%s) and created_at > %s",
        *(query.get("token", ""), list(_KINDS.get(query.get("type", ""), ())), call.ago(call.gateway.settings.code_seconds)),
    )
    if token is None:
        description = "Email link is invalid or has expired"
        return redirects.go(303, redirects.failure(address, "access_denied", "otp_expired", description, in_query=in_query))
    user = await _take(call, token)
    if token["flow_id"] is not None:
        flow = await call.row("select * from auth.flow_state where id = %s", token["flow_id"])
        assert flow is not None
        return redirects.go(303, redirects.with_query(address, code=flow["auth_code"]))
    session = sessions.as_fragment(await sessions.begin(call, user, "otp"))
    return redirects.go(303, redirects.with_fragment(address, **session, type=query["type"]))
