"""Whoever asks a portal over HTTP: no cookies are kept unless a test gives them, so that each request says what it presents."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx

from tests.servers.portal import PortalServer
from tests.servers.supabase import NO_TLS

PASSWORD = "correct horse"
COOKIE = "better-auth.session_token"
CLIENT_ID = "devots-desktop"


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
        """What a browser presents."""
        return {"cookie": f"{COOKIE}={self.cookie}"}

    @property
    def signed(self) -> str:
        """The cookie's value before it was percent-encoded."""
        return unquote(self.cookie)


class Asking:
    """Requests to one portal. Headers are named with underscores for hyphens."""

    def __init__(self, portal: PortalServer) -> None:
        self.portal = portal

    def auth(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A GET of /api/auth without a body, else a POST."""
        return self.send(f"/api/auth{path}", body, **headers)

    def posted(self, path: str, body: Any, person: Person) -> httpx.Response:
        """A POST of /api/auth as the portal's own pages send it."""
        return self.auth(path, body, origin=self.portal.url, **person.headers)

    def trpc(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A query without a body, else a mutation."""
        return self.send(f"/trpc/{path}", body, **headers)

    def data(self, path: str, body: Any = None, **headers: str) -> Any:
        """What a procedure answers, without superjson."""
        return self.trpc(path, body, **headers).raise_for_status().json()["result"]["data"]

    def send(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        if body is None:
            return httpx.get(self.portal.url + path, headers=_named(headers), verify=NO_TLS)
        return self.raw(path, json.dumps(body).encode(), **headers)

    def raw(self, path: str, body: bytes, **headers: str) -> httpx.Response:
        """A POST of these bytes, as JSON unless `content_type` says otherwise."""
        named = {"content-type": "application/json", **_named(headers)}
        return httpx.post(self.portal.url + path, content=body, headers=named, verify=NO_TLS, timeout=20)

    def session(self, **headers: str) -> Any:
        """What get-session says, None for nobody."""
        answer = self.auth("/get-session", **headers)
        assert answer.status_code == 200
        return answer.json()

    def sign_up(self, name: str = "ada", password: str = PASSWORD) -> Person:
        return person(self.try_sign_up(name, password))

    def try_sign_up(self, name: str = "ada", password: str = PASSWORD) -> httpx.Response:
        return self.auth("/sign-up/email", {"name": name, "email": f"{name}@example.org", "password": password})

    def sign_in(self, name: str = "ada", password: str = PASSWORD) -> Person:
        return person(self.try_sign_in(name, password))

    def try_sign_in(self, name: str = "ada", password: str = PASSWORD, **headers: str) -> httpx.Response:
        return self.auth("/sign-in/email", {"email": f"{name}@example.org", "password": password}, **headers)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def person(answer: httpx.Response) -> Person:
    """Whom an answer has signed in."""
    body = answer.raise_for_status().json()
    return Person(body["user"]["id"], body["user"]["email"], cookies(answer)[COOKIE], body["token"], answer.headers.get("set-auth-token"))


def cookies(answer: httpx.Response) -> dict[str, str]:
    """The values of the cookies that an answer sets, "" where it clears one."""
    lines = [line.partition(";")[0].partition("=") for line in answer.headers.get_list("set-cookie")]
    return {name: value for name, _, value in lines}


def told(answer: httpx.Response) -> tuple[int, str | None]:
    """The status, and an error's code: Better Auth's, a device's or tRPC's. Without an error None."""
    if answer.is_success or not answer.content:
        return answer.status_code, None
    body = answer.json()
    if isinstance(error := body.get("error"), dict):
        return answer.status_code, error.get("json", error)["data"]["code"]
    return answer.status_code, body.get("code", error)
