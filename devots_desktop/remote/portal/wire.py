"""Requests to a portal, and what answers them. No cookie is kept by itself: a portal refuses a request that carries one and no Origin.

Belongs to one event loop. portal-contract.md, sections 2 and 4, says what comes.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Self
from urllib.parse import unquote

import httpx

from devots_desktop.domain.errors import Unreachable
from devots_desktop.remote import web
from devots_desktop.remote.portal.address import Portal

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Unsent(Unreachable):
    """The portal cannot have got the request."""


class Reply(NamedTuple):
    """An answer of any status.

    Attributes:
        body: what its JSON says, whatever the content type; None, too, for an error without a body.
        foreign: not the portal's: a page of a proxy or a captive portal, or nothing where there should be something.
        cookies: what Set-Cookie says, in order: names with values as they are written, of which an empty one takes the cookie away.
    """

    status: int
    body: Any
    foreign: bool
    headers: httpx.Headers
    cookies: Sequence[tuple[str, str]]

    @property
    def good(self) -> bool:
        """Whether it is the answer that was asked for, as far as the status says."""
        return not self.foreign and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Credential:
    """What presents a session: a token or a cookie, whichever is not empty. Both are secrets.

    Attributes:
        bearer: for a portal with the bearer plugin.
        cookie: NAME=VALUE, as the portal has set it.
    """

    bearer: str = field(default="", repr=False)
    cookie: str = field(default="", repr=False)

    @classmethod
    def from_secrets(cls, kept: Mapping[str, str]) -> Self | None:
        """The credential among an account's secrets; None where there is none."""
        found = cls(kept.get("bearer", ""), kept.get("cookie", ""))
        return found if found.bearer or found.cookie else None

    @classmethod
    def granted(cls, reply: Reply) -> Self | None:
        """What an answer to a sign-in lets in with; None where it lets nobody in.

        The last session cookie that is not empty is always right: `token` in the body and `set-auth-token` may be those of a session that was replaced.
        The latter tells that there is a bearer plugin, which takes the cookie's value.
        """
        raw = reply.body.get("token") if isinstance(reply.body, dict) else None
        ours = [each for each in reply.cookies if each[1] and _is_session(each, raw)]
        if not ours or not isinstance(raw, str):
            return None
        name, value = ours[-1]
        return cls(bearer=value) if reply.headers.get("set-auth-token") else cls(cookie=f"{name}={value}")

    def to_secrets(self) -> dict[str, str]:
        """For an account's secrets."""
        return {"bearer": self.bearer} if self.bearer else {"cookie": self.cookie}


def _is_session(cookie: tuple[str, str], token: object) -> bool:
    """A portal may name its cookies as it likes; their values begin with the token."""
    name, value = cookie
    return name.endswith("session_token") or (isinstance(token, str) and unquote(value).startswith(f"{token}."))


NOBODY = Credential()


class Wire:
    """A connection to a portal.

    Attributes:
        ahead: by how many microseconds the server's clock is ahead of this one, as its newest answer says.
    """

    def __init__(self, portal: Portal, credential: Credential = NOBODY, *, clock: Callable[[], float] = time.time) -> None:
        """Make a connection; nothing is sent before it is used.

        Args:
            clock: the wall clock, in seconds since 1970.

        Raises:
            AccountUnusable: the proxy or the portal's CA file cannot be used.
        """
        self.portal = portal
        self.ahead = 0
        self._credential = credential
        self._clock = clock
        self._http = web.open_client(portal)

    async def get(self, path: str, **query: str) -> Reply:
        """Ask. Raises DevotsError: no answer came."""
        return await self._send("GET", path, params=query or None)

    async def post(self, path: str, body: object, *, cookies: str = "") -> Reply:
        """Send JSON.

        Args:
            cookies: to be sent instead of the session, as a browser would write them.

        Raises:
            Unsent: it was not sent.
            DevotsError: no answer came; whether the portal has done what it was asked for is unknown.
        """
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return await self._send("POST", path, content=content, cookies=cookies, headers={"content-type": "application/json"})

    async def close(self) -> None:
        """End it. Nothing else is called afterwards."""
        await self._http.aclose()

    async def _send(self, method: str, path: str, *, headers: Mapping[str, str] = {}, cookies: str = "", **rest: Any) -> Reply:
        cookie = cookies or self._credential.cookie
        sent = dict(headers)
        if cookie:
            sent |= {"cookie": cookie} | ({"origin": self.portal.origin} if method == "POST" else {})
        elif self._credential.bearer:
            sent["authorization"] = f"Bearer {self._credential.bearer}"
        try:
            response = await self._http.request(method, f"{self.portal.url}/{path}", headers=sent, **rest)
        except httpx.TransportError as error:
            # The library's errors carry requests: they must not be chained into a report.
            found = web.transport(error, self.portal)
            if isinstance(found, Unreachable) and isinstance(error, _UNSENT):
                found = Unsent(found.title, found.sentence, found.next_step)
            raise found from None
        except httpx.DecodingError:
            raise web.unreadable() from None
        self._note_clock(response.headers.get("date", ""))
        return _read(response)

    def _note_clock(self, date: str) -> None:
        try:
            self.ahead = int((parsedate_to_datetime(date).timestamp() - self._clock()) * 1_000_000)
        except ValueError:
            return


def _read(response: httpx.Response) -> Reply:
    body, foreign = None, response.is_redirect
    try:
        body = json.loads(response.content)
    except ValueError:
        # Better Auth answers a path that it does not know with nothing at all.
        foreign = foreign or bool(response.content) or not response.is_error
    return Reply(response.status_code, body, foreign, response.headers, list(map(_cookie, response.headers.get_list("set-cookie"))))


def _cookie(line: str) -> tuple[str, str]:
    name, _, value = line.partition(";")[0].partition("=")
    return name.strip(), value.strip()
