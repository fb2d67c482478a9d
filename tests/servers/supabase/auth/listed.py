"""Refresh tokens that are rows of a table, each used once (supabase-contract.md, section 1.6, v1)."""

import re
import secrets
import string
import uuid
from typing import Final

from tests.servers.supabase.auth.call import Call, Row
from tests.servers.supabase.auth.errors import already_used, unknown_token

FORM: Final = re.compile(r"[a-z0-9]{12}")
_ALPHABET: Final = string.ascii_lowercase + string.digits


async def first(call: Call, session: Row) -> str:
    return await _new(call, session["id"], None)


async def session_of(call: Call, token: str) -> uuid.UUID:
    """Raises AuthRefused for a token that is not known."""
    row = await call.row("select session_id from auth.refresh_tokens where token = %s", token)
    if row is None:
        raise unknown_token()
    found: uuid.UUID = row["session_id"]
    return found


async def rotated(call: Call, session: Row, token: str) -> str:
    """The next token, of a session that is locked. Raises AuthRefused for one that was used up, and ends all of the session's."""
    presented = await call.row("select * from auth.refresh_tokens where token = %s", token)
    if presented is None:
        raise unknown_token()
    if not presented["revoked"]:
        await call.run("update auth.refresh_tokens set revoked = true, updated_at = %s where id = %s", call.now, presented["id"])
        return await _new(call, session["id"], token)
    active = await call.row(
        "select * from auth.refresh_tokens where session_id = %s and not revoked order by id desc limit 1", session["id"]
    )
    if active is not None and active["parent"] == token:
        return _told(call, active["token"])  # the client lost the answer
    if presented["updated_at"] > call.ago(call.gateway.settings.reuse_seconds):
        return await _new(call, session["id"], token)
    await call.run("update auth.refresh_tokens set revoked = true, updated_at = %s where session_id = %s", call.now, session["id"])
    raise already_used()


async def _new(call: Call, session: uuid.UUID, parent: str | None) -> str:
    token = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    await call.run(
        "insert into auth.refresh_tokens(token, parent, session_id, created_at, updated_at) values (%s, %s, %s, %s, %s)",
        *(token, parent, session, call.now, call.now),
    )
    return _told(call, token)


def _told(call: Call, token: str) -> str:
    call.headers["sb-auth-refresh-token-prefix"] = token[:5]
    return token
