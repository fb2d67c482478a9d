"""Whose access token came, for the endpoints of people who are signed in (supabase-contract.md, section 1.7)."""

import uuid
from dataclasses import dataclass

from tests.servers.supabase.auth import users
from tests.servers.supabase.auth.call import Call, Row
from tests.servers.supabase.auth.errors import AuthRefused
from tests.servers.supabase.gate import bearer
from tests.servers.supabase.tokens import TokenRefused


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person and the session that the token belongs to."""

    user: Row
    session: Row


async def signed_in(call: Call) -> SignedIn:
    """Raises AuthRefused where nobody is, or nobody is any more."""
    token = bearer(call.request)
    if token is None:
        raise AuthRefused(401, "no_authorization", "This endpoint requires a valid Bearer token")
    try:
        claims = call.gateway.tokens.check(token, call.now.timestamp())
    except TokenRefused as refused:
        reason = "token has invalid claims: token is expired" if refused.reason == "expired" else "signature is invalid"
        raise AuthRefused(403, "bad_jwt", f"invalid JWT: unable to parse or verify signature, {reason}") from None
    try:
        subject = uuid.UUID(claims.get("sub", ""))
    except ValueError:
        raise AuthRefused(400, "bad_jwt", "invalid claim: sub claim must be a UUID") from None
    user = await users.by_id(call, subject)
    if user is None:
        raise AuthRefused(403, "user_not_found", "User from sub claim in JWT does not exist")
    session = await call.row("select * from auth.sessions where id::text = %s", claims.get("session_id", ""))
    if session is None:
        raise AuthRefused(403, "session_not_found", "Session from session_id claim in JWT does not exist")
    if users.is_banned(call, user):
        raise AuthRefused(403, "user_banned", "User is banned")
    return SignedIn(user, session)
