"""HTTP to a Supabase project: one client of ours below the parts of supabase-py, and what an answer says that is an error.

The libraries lose what tells errors apart: postgrest the status, supabase_auth the code where a gateway answers; and both take a captive portal's page for
data (supabase-contract.md, section 4.2). So each answer is looked at here before they see it.
"""

import re
from typing import Any

import httpx

from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.web import open_client

_CODE = re.compile(r"\w{1,64}", re.ASCII)


class Rejected(Exception):
    """An answer that is an error, or not Supabase's. Of its text nothing is kept that a person wrote.

    Attributes:
        code: Supabase's or PostgreSQL's word for it, empty where there is none.
        seconds: after which it may be tried again, where the answer says so; else 0.
        reasons: why a password is too weak.
        denied: what a right is lacking on: "table", "sequence", "function", "schema", or "row" where a policy stands in the way.
        foreign: its body is not JSON: a proxy's or a captive portal's page.
    """

    def __init__(
        self, status: int, code: str = "", *, seconds: int = 0, reasons: tuple[str, ...] = (), denied: str = "", foreign: bool = False
    ) -> None:
        super().__init__(f"HTTP {status} {code}".rstrip())
        self.status = status
        self.code = code
        self.seconds = seconds
        self.reasons = reasons
        self.denied = denied
        self.foreign = foreign


def make_client(project: Project) -> httpx.AsyncClient:
    """A client for one event loop, to be closed there. Its requests raise `Rejected` for whatever is not a good answer in JSON.

    Raises:
        AccountUnusable: the proxy or a CA file cannot be used.
    """
    return open_client(project, _look)


async def _look(response: httpx.Response) -> None:
    """Let a good answer through. Raises Rejected."""
    good, is_json = response.is_success, "json" in response.headers.get("content-type", "")
    if good and (is_json or response.status_code == httpx.codes.NO_CONTENT):
        return
    await response.aread()
    if good and not response.content:
        return
    raise _rejected(response)


def _rejected(response: httpx.Response) -> Rejected:
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return Rejected(response.status_code, foreign=True)
    words = (body.get("code"), body.get("error_code"), response.headers.get("x-sb-error-code"))
    code = next((word for word in words if isinstance(word, str) and _CODE.fullmatch(word)), "")
    said = [body.get(name) for name in ("msg", "message", "error_description")]
    if not code and any(isinstance(each, str) and each.startswith("Invalid Refresh Token") for each in said):
        code = "refresh_token_not_found"  # Servers of 2023 and before have no codes.
    return Rejected(response.status_code, code, seconds=_seconds(body), reasons=_reasons(body), denied=_denied(body))


def _seconds(body: dict[str, Any]) -> int:
    """There is no Retry-After: the number stands in the message (supabase-contract.md, section 1.9)."""
    found = re.search(r"after (\d{1,5}) second", str(body.get("message") or body.get("msg") or ""))
    return int(found[1]) if found else 0


def _reasons(body: dict[str, Any]) -> tuple[str, ...]:
    weak = body.get("weak_password")
    reasons = weak.get("reasons") if isinstance(weak, dict) else None
    return tuple(each for each in reasons if isinstance(each, str)) if isinstance(reasons, list) else ()


def _denied(body: dict[str, Any]) -> str:
    """PostgreSQL has one code for all of these, and its words for them are English at Supabase (supabase-contract.md, section 2.3)."""
    text = str(body.get("message", ""))
    found = re.match(r"permission denied for (table|sequence|function|schema)\b", text)
    return found[1] if found else "row" if "row-level security" in text else ""
