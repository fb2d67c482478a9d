"""On whose behalf a request is carried out."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.servers.supabase.gate import ROLE, bearer
from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.rest.errors import bad_token
from tests.servers.supabase.tokens import TokenRefused


@dataclass(frozen=True, slots=True)
class Person:
    """A role of the database, and the claims that policies look at."""

    role: str
    claims: dict[str, Any]


def person_of(request: web.Request, gateway: Gateway) -> Person:
    """Who the access token names; without one, the role of the project's key. Raises RestRefused for a token that is not good."""
    token = bearer(request)
    if token is None:
        role = request[ROLE]
        return Person(role, {"role": role})
    try:
        claims = gateway.tokens.check(token, gateway.clock())
    except TokenRefused as refused:
        raise bad_token("PGRST301" if refused.reason in {"malformed", "signature"} else "PGRST303", refused.message) from None
    role = claims.get("role", "anon")
    return Person(role, {**claims, "role": role})
