"""HTTP to a Supabase project: one client of ours below the parts of supabase-py, and what an answer says that is an error.

The libraries lose what tells errors apart: postgrest the status, supabase_auth the code where a gateway answers; and both take a captive portal's page for
data (supabase-contract.md, section 4.2). So each answer is looked at here before they see it.
"""

import asyncio
import re
import ssl
import urllib.request
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpcore  # noqa: F401 (httpx loads it with its first client, which is made on the event loop)
import httpx

from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.remote.certificates import verifying
from devots_desktop.remote.supabase.keys import Project

_ANSWER_S = 20.0
"""Seconds between two bytes of an answer: more than the servers give themselves (8 s for a statement, 10 s for a sign-in)."""
_CONNECT_S = 8.0
_REACH_S = 3.0
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


def load() -> None:
    """Load what httpcore loads with its first request: on a thread, not on the window's."""
    anyio.run(anyio.sleep, 0)


def tls(project: Project) -> ssl.SSLContext | None:
    """How the server's certificate is verified; None where the connection has none, on this computer. The first time is for a thread.

    Raises:
        AccountUnusable: a CA file cannot be used.
    """
    return verifying(project.ca) if project.url.startswith("https") else None


def proxy(project: Project) -> str:
    """The URL of the proxy that stands before a project, for HTTP and WebSockets alike; empty for none.

    It is that of HTTPS_PROXY or ALL_PROXY, or of the system's settings, and never stands before this computer's own addresses or what NO_PROXY excepts.
    """
    if project.loopback or urllib.request.proxy_bypass(f"{project.host}:{project.port}"):
        return ""
    found = urllib.request.getproxies()
    way = found.get("https") or found.get("all") or ""
    return way if "://" in way or not way else f"http://{way}"


def make_client(project: Project) -> httpx.AsyncClient:
    """A client for one event loop, to be closed there. Its requests raise `Rejected` for whatever is not a good answer in JSON.

    Raises:
        AccountUnusable: the proxy or a CA file cannot be used.
    """
    context = tls(project)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
        http2=False,
        follow_redirects=False,
        verify=context or False,
        proxy=_checked(proxy(project), context),
        trust_env=False,
        event_hooks={"response": [_look]},
    )


def _checked(way: str, context: ssl.SSLContext | None) -> httpx.Proxy | None:
    """What the client takes for the proxy of this URL. Raises AccountUnusable."""
    try:
        scheme, _ = urlsplit(way).scheme, urlsplit(way).port
        if not way or scheme in {"http", "https"}:
            return httpx.Proxy(way, ssl_context=context if scheme == "https" else None) if way else None
        why = f"of the kind {scheme}, which this program does not speak"
    except (httpx.InvalidURL, ValueError):
        why = "by what is no address"  # It can have a password in it.
    step = "Name an HTTP proxy in HTTPS_PROXY, or except the project's host in NO_PROXY."
    raise AccountUnusable("Proxy not usable", f"The environment names a proxy {why}.", step)


async def reachable(project: Project) -> bool:
    """Whether something answers at the project's address, or at that of the proxy before it. Raises nothing."""
    host, port = project.host, project.port
    if way := proxy(project):
        parts = urlsplit(way)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(_REACH_S):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


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
