"""Refresh tokens that carry their session and a number, which only the newest of has not been used (supabase-contract.md, section 1.6, v2)."""

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import Final, Self

from tests.servers.supabase.auth.call import Call, Row
from tests.servers.supabase.auth.errors import already_used, invalid, unknown_token

_MAC: Final = 16
_SUM: Final = 4


@dataclass(frozen=True, slots=True)
class Token:
    """What stands in one."""

    session: uuid.UUID
    counter: int
    mac: bytes

    @classmethod
    def read(cls, text: str) -> Self | None:
        """None for what is none of ours, or was damaged."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        body, mac, total = raw[: -_MAC - _SUM], raw[-_MAC - _SUM : -_SUM], raw[-_SUM:]
        if len(body) < 18 or body[0] != 0 or total != _checksum(raw[:-_SUM]):
            return None
        counter = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(body[17:]))
        return cls(uuid.UUID(bytes=body[1:17]), counter, mac)


async def first(call: Call, session: Row) -> str:
    return _written(call, session, 0)


async def session_of(_: Call, text: str) -> uuid.UUID:
    """Raises AuthRefused for what is no token."""
    token = Token.read(text)
    if token is None:
        raise invalid("Refresh token is not valid")
    return token.session


async def rotated(call: Call, session: Row, text: str) -> str:
    """The next token, of a session that is locked. Raises AuthRefused for one that was used up, and ends the session."""
    token = Token.read(text)
    if token is None or not hmac.compare_digest(token.mac, _mac(session, token.counter)):
        raise unknown_token()
    behind = session["counter"] - token.counter
    if behind < 0:
        raise invalid("Invalid Refresh Token: Not Issued By This Server")
    if behind == 0:
        await call.run("update auth.sessions set counter = counter + 1, refreshed_at = %s where id = %s", call.now, session["id"])
        return _written(call, session, session["counter"] + 1)
    lately = (session["refreshed_at"] or session["created_at"]) > call.ago(call.gateway.settings.reuse_seconds)
    if behind > 1 and not lately:
        await call.run("delete from auth.sessions where id = %s", session["id"])
        call.headers["sb-auth-refresh-token-rotated"] = "true"
        raise already_used()
    causes = ["concurrent-refresh"] * lately + ["fail-to-save"] * (behind == 1)
    call.headers["sb-auth-refresh-token-reuse-cause"] = ",".join(causes)
    return _written(call, session, session["counter"])


def _written(call: Call, session: Row, counter: int) -> str:
    call.headers["sb-auth-refresh-token-counter"] = str(counter)
    signed = _body(session["id"], counter) + _mac(session, counter)
    return base64.urlsafe_b64encode(signed + _checksum(signed)).rstrip(b"=").decode()


def _body(session: uuid.UUID, counter: int) -> bytes:
    """The number in groups of seven bits, the lowest first, each but the last marked."""
    groups = [counter & 0x7F]
    while counter := counter >> 7:
        groups[-1] |= 0x80
        groups.append(counter & 0x7F)
    return b"\0" + session.bytes + bytes(groups)


def _mac(session: Row, counter: int) -> bytes:
    return hmac.digest(session["key"], _body(session["id"], counter), "sha256")[:_MAC]


def _checksum(signed: bytes) -> bytes:
    return hashlib.sha256(signed).digest()[:_SUM]
