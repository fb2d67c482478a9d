"""What can go wrong on purpose: switches that a test turns, in its own process or over HTTP (`/__test/faults`)."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Final

from tests.servers.supabase.realtime.faults import RealtimeFaults


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that some box on the way, or a server in trouble, gives instead of the real one."""

    status: int
    body: str
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def _postgrest(status: int, code: str, message: str, **headers: str) -> Canned:
    body = json.dumps({"code": code, "details": None, "hint": None, "message": message})
    return Canned(status, body, headers={"Proxy-Status": f"PostgREST; error={code}", **headers})


_PAGE: Final = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
ANSWERS: Final[dict[str, Canned]] = {
    "html_500": Canned(500, _PAGE.format("Internal Server Error"), "text/html"),
    "bad_gateway": Canned(502, _PAGE.format("Bad Gateway"), "text/html"),
    "gateway_timeout": Canned(504, _PAGE.format("Gateway Timeout"), "text/html"),
    "paused": Canned(540, _PAGE.format("Project paused"), "text/html"),
    "captive_portal": Canned(200, _PAGE.format("Welcome to our network"), "text/html"),
    "rate_limit": Canned(429, json.dumps({"code": 429, "error_code": "over_request_rate_limit", "msg": "Request rate limit reached"})),
    "conflict": Canned(
        409,
        json.dumps(
            {
                "code": 409,
                "error_code": "conflict",
                "msg": "Too many concurrent token refresh requests on the same session or refresh token",
            }
        ),
    ),
    "schema_cache": _postgrest(503, "PGRST002", "Could not query the database for the schema cache. Retrying.", **{"Retry-After": "1"}),
    "pool_timeout": _postgrest(504, "PGRST003", "Timed out acquiring connection from connection pool."),
    "jwt_expired": _postgrest(
        401, "PGRST303", "JWT expired", **{"WWW-Authenticate": 'Bearer error="invalid_token", error_description="JWT expired"'}
    ),
    "serialization": _postgrest(500, "40001", "could not serialize access due to concurrent update"),
    "statement_timeout": _postgrest(500, "57014", "canceling statement due to statement timeout"),
}
"""By the names that tests use."""


@dataclass(slots=True)
class PartFaults:
    """The troubles of one part, Auth or REST.

    Attributes:
        offline: end each connection without an answer.
        latency: seconds before anything is done.
        answers: names of ANSWERS, one for each of the next requests, which do nothing else.
        lose: of how many next requests the answer is lost after all was done.
        cut: of how many next requests the connection ends in the middle of the answer.
        only: a part of the paths that the switches above apply to; all when empty.
        method: the same for the method.
    """

    offline: bool = False
    latency: float = 0.0
    answers: list[str] = field(default_factory=list)
    lose: int = 0
    cut: int = 0
    only: str = ""
    method: str = ""

    def touch(self, method: str, path: str) -> bool:
        return self.only in path and self.method in {"", method}

    async def before(self) -> Canned | None:
        """Wait as long as it takes; the answer that stands for the real one, if any."""
        await asyncio.sleep(self.latency)
        return ANSWERS[self.answers.pop(0)] if self.answers else None


@dataclass(slots=True)
class AuthFaults(PartFaults):
    """Those of Auth.

    Attributes:
        clock_offset: seconds by which its clock is ahead of that of REST and Realtime.
    """

    clock_offset: float = 0.0


@dataclass(slots=True)
class Faults:
    """All switches, each off at first."""

    auth: AuthFaults = field(default_factory=AuthFaults)
    rest: PartFaults = field(default_factory=PartFaults)
    realtime: RealtimeFaults = field(default_factory=RealtimeFaults)
