"""Whoever asks a portal over HTTP: no cookies are kept unless a test gives them, so that each request says what it presents."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx

from tests.servers.portal import PortalServer
from tests.servers.supabase import NO_TLS

PASSWORD = "correct horse"
COOKIE = "better-auth.session_token"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a session.

    Attributes:
        cookie: as Set-Cookie gave it: signed and percent-encoded.
        token: as it stands in the database.
        bearer: as the bearer plugin gave it, None without the plugin.
    """

    user_id: str
    email: str
    cookie: str
    token: str
    bearer: str | None

    @property
    def headers(self) -> dict[str, str]:
        return {"cookie": f"{COOKIE}={self.cookie}"}

    @property
    def signed(self) -> str:
        return unquote(self.cookie)


class Asking:
    """Requests to one portal. `origin` is what its own pages would send."""

    def __init__(self, portal: PortalServer) -> None:
        self.portal = portal

    def auth(self, path: str, body: Any = None, *, origin: bool = False, **headers: str) -> httpx.Response:
        """A GET of /api/auth without a body, else a POST. `headers` with underscores for hyphens."""
        return self._send(f"/api/auth{path}", body, origin=origin, headers=headers)

    def trpc(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self._send(f"/trpc/{path}", body, origin=False, headers=headers)

    def _send(self, path: str, body: Any, *, origin: bool, headers: dict[str, str]) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if origin:
            named["origin"] = self.portal.url
        method = "GET" if body is None else "POST"
        return httpx.request(method, self.portal.url + path, json=body, headers=named, verify=NO_TLS)

    def sign_up(self, name: str = "ada", password: str = PASSWORD) -> Person:
        body = {"name": name, "email": f"{name}@example.org", "password": password}
        return self._person(self.auth("/sign-up/email", body).raise_for_status())

    def sign_in(self, name: str = "ada", password: str = PASSWORD) -> Person:
        return self._person(self.auth("/sign-in/email", {"email": f"{name}@example.org", "password": password}).raise_for_status())

    @staticmethod
    def _person(answer: httpx.Response) -> Person:
        body = answer.json()
        cookie = session_cookie(answer)
        assert cookie is not None
        return Person(body["user"]["id"], body["user"]["email"], cookie, body["token"], answer.headers.get("set-auth-token"))


def session_cookie(answer: httpx.Response) -> str | None:
    """The value of the session's cookie that an answer sets, "" where it clears it."""
    for line in answer.headers.get_list("set-cookie"):
        name, _, rest = line.partition("=")
        if name == COOKIE:
            return str(rest.partition(";")[0])
    return None
