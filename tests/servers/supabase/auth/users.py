"""People: their rows, their passwords, and how an answer shows them (supabase-contract.md, section 1.2)."""

import hashlib
import hmac
import json
import secrets
import uuid
from datetime import datetime
from typing import Any

from tests.servers.supabase.auth.call import Call, Row
from tests.servers.supabase.auth.errors import AuthRefused, invalid

_LONGEST = 72
_TIMES = ("email_confirmed_at", "confirmation_sent_at", "recovery_sent_at", "email_change_sent_at", "last_sign_in_at", "banned_until")


async def find(call: Call, email: str) -> Row | None:
    return await call.row("select * from auth.users where lower(email) = lower(%s)", email)


async def by_id(call: Call, user_id: uuid.UUID) -> Row | None:
    return await call.row("select * from auth.users where id = %s", user_id)


async def create(call: Call, email: str | None, password: str | None, data: Row, *, provider: str = "email", confirmed: bool) -> Row:
    """A new person. Without an e-mail address an anonymous one."""
    user_id = uuid.uuid4()
    metadata = {} if email is None else {**data, "email": email, "email_verified": confirmed, "phone_verified": False, "sub": str(user_id)}
    row = await call.row(
        "insert into auth.users(id, email, encrypted_password, email_confirmed_at, app_metadata, user_metadata, is_anonymous,"
        " created_at, updated_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning *",
        user_id,
        email,
        None if password is None else hashed(password),
        call.now if confirmed else None,
        json.dumps({} if email is None else {"provider": provider, "providers": [provider]}),
        json.dumps(metadata or data),
        email is None,
        call.now,
        call.now,
    )
    assert row is not None
    if email is not None:
        await call.run(
            "insert into auth.identities(user_id, provider, provider_id, identity_data, last_sign_in_at, created_at, updated_at)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            *(user_id, provider, str(user_id), json.dumps(metadata), call.now, call.now, call.now),
        )
    return row


async def confirm(call: Call, user_id: uuid.UUID, email: str) -> Row:
    """The address is the person's, which may be a new one."""
    proven = json.dumps({"email": email, "email_verified": True})
    row = await call.row(
        "update auth.users set email = %s, new_email = null, email_confirmed_at = coalesce(email_confirmed_at, %s),"
        " user_metadata = user_metadata || %s::jsonb where id = %s returning *",
        *(email, call.now, proven, user_id),
    )
    assert row is not None
    await call.run(
        "update auth.identities set identity_data = identity_data || %s::jsonb where user_id = %s and provider = 'email'", proven, user_id
    )
    return row


async def as_json(call: Call, user: Row) -> Row:
    """A person as answers show them."""
    identities = await call.rows("select * from auth.identities where user_id = %s order by created_at", user["id"])
    shown = {
        "id": str(user["id"]),
        "aud": "authenticated",
        "role": "authenticated",
        "email": user["email"] or "",
        "phone": "",
        **{name: stamp(user[name]) for name in _TIMES if user[name] is not None},
        "app_metadata": user["app_metadata"],
        "user_metadata": user["user_metadata"],
        "identities": [_identity(each) for each in identities],
        "created_at": stamp(user["created_at"]),
        "updated_at": stamp(user["updated_at"]),
        "is_anonymous": user["is_anonymous"],
    }
    if user["email_confirmed_at"] is not None:
        shown["confirmed_at"] = stamp(user["email_confirmed_at"])
    if user["new_email"] is not None:
        shown["new_email"] = user["new_email"]
    return shown


def _identity(row: Row) -> Row:
    return {
        "identity_id": str(row["id"]),
        "id": row["provider_id"],
        "user_id": str(row["user_id"]),
        "identity_data": row["identity_data"],
        "provider": row["provider"],
        "last_sign_in_at": stamp(row["last_sign_in_at"]),
        "created_at": stamp(row["created_at"]),
        "updated_at": stamp(row["updated_at"]),
        "email": row["identity_data"].get("email", ""),
    }


def stamp(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def is_banned(call: Call, user: Row) -> bool:
    until: datetime | None = user["banned_until"]
    return until is not None and until > call.now


def check_strength(call: Call, password: str) -> None:
    """Raises AuthRefused for a password that is too short or too long."""
    shortest = call.gateway.settings.password_length
    if len(password.encode()) > _LONGEST:
        raise invalid(f"Password cannot be longer than {_LONGEST} characters")
    if len(password) < shortest:
        weak: dict[str, Any] = {"reasons": ["length"]}
        raise AuthRefused(422, "weak_password", f"Password should be at least {shortest} characters.", weak_password=weak)


def hashed(password: str, salt: str | None = None) -> str:
    """Quick on purpose: no secret of anybody is kept here."""
    salt = salt or secrets.token_hex(8)
    return f"{salt}:{hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**10, r=8, p=1).hex()}"


def matches(password: str, stored: str) -> bool:
    return hmac.compare_digest(hashed(password, stored.partition(":")[0]), stored)
