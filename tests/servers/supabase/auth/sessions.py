"""Sessions: access tokens, and refresh tokens that rotate (supabase-contract.md, sections 1.3 and 1.6)."""

import secrets
import uuid
from datetime import timedelta

from tests.servers.supabase.auth import counted, listed, users
from tests.servers.supabase.auth.call import Call, Row
from tests.servers.supabase.auth.errors import AuthRefused, OAuthRefused, invalid, unknown_token


async def begin(call: Call, user: Row, method: str) -> Row:
    """A new session of that person, as answers show it. `method`: how they proved who they are, as the claim `amr` says it."""
    session = await call.row(
        "insert into auth.sessions(user_id, method, key, created_at) values (%s, %s, %s, %s) returning *",
        *(user["id"], method, secrets.token_bytes(32), call.now),
    )
    assert session is not None
    await call.run("update auth.users set last_sign_in_at = %s, updated_at = %s where id = %s", call.now, call.now, user["id"])
    await call.run("update auth.identities set last_sign_in_at = %s where user_id = %s", call.now, user["id"])
    kind = counted if call.gateway.settings.counted_tokens else listed
    return await _shown(call, session, await kind.first(call, session))


async def refresh(call: Call) -> Row:
    """A session goes on with another refresh token."""
    token = call.text("refresh_token")
    if not token:
        raise OAuthRefused("invalid_request", "refresh_token required")
    kind = listed if listed.FORM.fullmatch(token) else counted
    # One at a time for each session, and each sees what the one before left.
    session = await call.row("select * from auth.sessions where id = %s for update", await kind.session_of(call, token))
    if session is None:
        raise unknown_token()
    user = await users.by_id(call, session["user_id"])
    if user is None or users.is_banned(call, user):
        raise AuthRefused(400, "user_banned", "Invalid Refresh Token: User Banned")
    return await _shown(call, session, await kind.rotated(call, session, token))


async def _shown(call: Call, session: Row, refresh_token: str) -> Row:
    user = await users.by_id(call, session["user_id"])
    assert user is not None
    seconds = call.gateway.settings.jwt_seconds
    expires = int((call.now + timedelta(seconds=seconds)).timestamp())
    call.headers.update({"sb-auth-user-id": str(user["id"]), "sb-auth-session-id": str(session["id"])})
    return {
        "access_token": access_token(call, session, user, expires),
        "token_type": "bearer",
        "expires_in": seconds,
        "expires_at": expires,
        "refresh_token": refresh_token,
        "user": await users.as_json(call, user),
    }


def as_fragment(session: Row) -> dict[str, str]:
    """What a browser gets to see of it, behind the `#` of an address."""
    names = ("access_token", "expires_at", "expires_in", "refresh_token", "token_type")
    return {**{name: str(session[name]) for name in names}, "sb": ""}


def access_token(call: Call, session: Row, user: Row, expires: int) -> str:
    """What REST and Realtime believe until it ends, whatever happens to the session."""
    return call.gateway.tokens.sign(
        {
            "iss": f"{call.gateway.url}/auth/v1",
            "sub": str(user["id"]),
            "aud": "authenticated",
            "exp": expires,
            "iat": int(call.now.timestamp()),
            "email": user["email"] or "",
            "phone": "",
            "app_metadata": user["app_metadata"],
            "user_metadata": user["user_metadata"],
            "role": "authenticated",
            "aal": "aal1",
            "amr": [{"method": session["method"], "timestamp": int(session["created_at"].timestamp())}],
            "session_id": str(session["id"]),
            "is_anonymous": user["is_anonymous"],
        }
    )


async def end(call: Call, user_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """Sign out: this session, the others, or all of them, which is what happens when nobody says."""
    condition = {
        "global": "user_id = %s or id = %s",
        "local": "user_id = %s and id = %s",
        "others": "user_id = %s and id <> %s",
    }.get(call.request.query.get("scope", "global"))
    if condition is None:
        raise invalid("Unsupported logout scope")
    await call.run(f"delete from auth.sessions where {condition}", user_id, session_id)
