"""HTTP as all accounts speak it: one client of ours with the system's certificates and proxy, and what it means that no answer came."""

import asyncio
import socket
import ssl
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlsplit

import anyio
import httpcore  # noqa: F401 (httpx loads it with its first client, which is made on the event loop)
import httpx

from devots_desktop.domain.errors import AccountUnusable, DevotsError, Unreachable, UntrustedCertificate
from devots_desktop.remote.certificates import verifying
from devots_desktop.remote.place import Place

_ANSWER_S = 20.0
"""Seconds between two bytes of an answer: more than the servers give themselves (8 s for a statement, 10 s for a sign-in)."""
_CONNECT_S = 8.0
_REACH_S = 3.0
_AGAIN = "It is tried again by itself."


def load(place: Place) -> None:
    """Load what httpcore loads with its first request, and the certificates: on a thread, not on the window's. Raises AccountUnusable."""
    anyio.run(anyio.sleep, 0)
    tls(place)


def tls(place: Place) -> ssl.SSLContext | None:
    """How the server's certificate is verified; None where the connection has none, on this computer. The first time is for a thread.

    Raises:
        AccountUnusable: a CA file cannot be used.
    """
    return verifying(place.ca) if place.url.startswith("https") else None


def proxy(place: Place) -> str:
    """The URL of the proxy that stands before a server, for HTTP and WebSockets alike; empty for none.

    It is that of HTTPS_PROXY or ALL_PROXY, or of the system's settings, and never stands before this computer's own addresses or what NO_PROXY excepts.
    """
    if place.loopback or urllib.request.proxy_bypass(f"{place.host}:{place.port}"):
        return ""
    found = urllib.request.getproxies()
    way = found.get("https") or found.get("all") or ""
    return way if "://" in way or not way else f"http://{way}"


def open_client(place: Place, *looks: Callable[[httpx.Response], Awaitable[None]]) -> httpx.AsyncClient:
    """A client for one event loop, to be closed there. It keeps no cookies.

    Args:
        looks: called with each answer, before its body is read.

    Raises:
        AccountUnusable: the proxy or a CA file cannot be used.
    """
    context = tls(place)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
        http2=False,
        follow_redirects=False,
        verify=context or False,
        proxy=_checked(proxy(place), context),
        trust_env=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        event_hooks={"response": list(looks)},
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
    step = "Name an HTTP proxy in HTTPS_PROXY, or except the server's host in NO_PROXY."
    raise AccountUnusable("Proxy not usable", f"The environment names a proxy {why}.", step)


async def reachable(place: Place) -> bool:
    """Whether something answers at the server's address, or at that of the proxy before it. Raises nothing."""
    host, port = place.host, place.port
    if way := proxy(place):
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


def transport(error: httpx.TransportError, place: Place) -> DevotsError:
    """What it means that no answer came."""
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in causes(error)):
        return UntrustedCertificate(
            "Certificate not trusted",
            f"The certificate of {place.host} does not prove that it is the server you asked for.",
            "Check the address, or choose the CA file that signed the certificate.",
        )
    if isinstance(error, httpx.ProxyError):
        return Unreachable("Proxy refuses", "The proxy does not let the connection through.", "Check HTTPS_PROXY; it is tried again.")
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return Unreachable("Server silent", "The server took the request and does not answer.", _AGAIN)
    return Unreachable("Offline", f"No server answers at {place.host}.", "Check address and network; it is tried again by itself.")


def unknown_name(error: httpx.TransportError) -> bool:
    """Whether no answer came because nobody knows the server's name."""
    return any(isinstance(each, socket.gaierror) for each in causes(error))


def captive() -> Unreachable:
    """The error for an answer that is somebody else's: a public network's sign-in page."""
    return Unreachable(
        "Network wants a sign-in",
        "Something on the way answers instead of the server, as the sign-in page of a public network does.",
        "Open a page in the browser; it is tried again by itself.",
    )


def unreadable() -> Unreachable:
    """The error for an answer that is not what was asked for."""
    return Unreachable("Answer not readable", "The server's answer is not what was asked for.", _AGAIN)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those behind it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
