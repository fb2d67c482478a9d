"""On whose behalf a request is carried out."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.servers.supabase.gate import ROLE, bearer
from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.rest.errors import RestRefused
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
    now = gateway.clock()
    try:
        claims = gateway.tokens.check(token, now)
    except TokenRefused as refused:
        raise _refused(refused, now) from None
    role = claims.get("role", "anon")
    return Person(role, {**claims, "role": role})


def _refused(refused: TokenRefused, now: float) -> RestRefused:
    """As PostgREST says it, with its header (supabase-contract.md, section 2.2)."""
    code, details = "PGRST301", None
    if refused.reason == "signature":
        details = "None of the keys was able to decode the JWT"
    elif refused.reason != "malformed":
        code, moment = "PGRST303", refused.claims.get({"expired": "exp"}.get(refused.reason, "iat"), now)
        details = f"Invalid by {abs(int(now - moment))} seconds"
    said = f'Bearer error="invalid_token", error_description="{refused.message}"'
    return RestRefused(401, code, refused.message, details, WWW_Authenticate=said)
