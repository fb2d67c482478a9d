"""How a Supabase project stands, seen from here: each check as a finding, told as soon as it is known.

Usage: `async for finding in examine(project, key): …`. What stands behind a failure is left out. Nothing is written in the project, and neither keys nor
tokens are in a finding; the project's address is.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from devots_desktop.domain.errors import AccountUnusable, DevotsError, Unreachable
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote import clock, web
from devots_desktop.remote.clock import CLOCK
from devots_desktop.remote.supabase import failures, http, joining, rights
from devots_desktop.remote.supabase.checks import ADDRESS, KEY, NEEDED, RIGHTS, ROWS, SESSION, SIGN_IN, TABLE
from devots_desktop.remote.supabase.http import Rejected
from devots_desktop.remote.supabase.keys import KeyKind, Project, claims_of, classify
from devots_desktop.remote.supabase.rights import Mode, Person, Rest
from devots_desktop.remote.thread import on_thread

_DNS_S = 10.0
_LONG_S = 120.0
"""Seconds after which it is worth saying how long somebody has been signed in."""
_NO_SUPABASE = ("What answers at this address is no Supabase project.", "Check the address.")


@dataclass(slots=True)
class _Answer:
    """What the Auth server said of itself.

    Attributes:
        at: the middle of asking and being answered, seconds since 1970.
        date: the header Date; empty for none.
    """

    settings: dict[str, Any]
    at: float
    date: str


async def examine(
    project: Project,
    key: str,
    person: Person | None = None,
    *,
    now: Callable[[], float] = time.time,
    patience: float = joining.PATIENCE_S,
) -> AsyncIterator[Finding]:
    """Look at a project.

    Args:
        person: who is signed in, where somebody is.
        now: the wall clock, seconds since 1970.
        patience: seconds that Realtime may take.
    """
    try:
        key = project.check_key(key)
    except AccountUnusable as error:
        yield Finding(KEY, Level.WRONG, error.sentence, error.by_hand)
        return
    try:
        client = await on_thread("certificates", partial(http.make_client, project))
    except AccountUnusable as error:
        yield Finding(ADDRESS, Level.WRONG, error.sentence, error.by_hand)
        return
    async with client:
        looking = _Examination(project, key, person, client, now, patience)
        for step in looking.steps():
            found = await step()
            for each in found:
                yield each
            if any(each.check in NEEDED and each.level is Level.WRONG for each in found):
                return


class _Examination:
    """One look at a project, step by step."""

    def __init__(
        self, project: Project, key: str, person: Person | None, client: httpx.AsyncClient, now: Callable[[], float], patience: float
    ) -> None:
        self._project = project
        self._key = key
        self._person = person
        self._http = client
        self._now = now
        self._patience = patience
        self._nobody = Rest(client, project, key)
        self._answer = _Answer({}, 0.0, "")
        self._mode = Mode.PLAIN

    def steps(self) -> list[Callable[[], Awaitable[list[Finding]]]]:
        """The checks in their order."""
        asked = [partial(self._asked, TABLE, self._table), partial(self._asked, ROWS, self._rows)]
        if self._person is not None:
            asked += [partial(self._asked, SESSION, partial(self._session, self._person))]
            asked += [partial(self._asked, RIGHTS, partial(self._rights, self._person))]
        return [self._name, self._door, self._clock, self._methods, *asked, self._realtime]

    async def _name(self) -> list[Finding]:
        """The name is looked up by itself, because a wrong address and a network that is away need different words. A proxy does that for us."""
        if web.proxy(self._project):
            return []
        try:
            async with asyncio.timeout(_DNS_S):
                await asyncio.get_running_loop().getaddrinfo(self._project.host, self._project.port, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError, UnicodeError):
            sentence = f"The name {self._project.host} is not known here."
            hint = " A project that was paused for long loses its name." if self._project.ref else ""
            return [Finding(ADDRESS, Level.WRONG, sentence, f"Check the address and the network.{hint}")]
        return []

    async def _door(self) -> list[Finding]:
        try:
            self._answer = await self._settings()
        except Rejected as rejected:
            return self._rejected(rejected)
        except DevotsError as error:
            return [await self._unreachable(error)]
        return [self._reached(), self._fits()]

    async def _settings(self) -> _Answer:
        start = self._now()
        with failures.translated(self._project):
            response = await self._http.get(f"{self._project.url}/auth/v1/settings", headers={"apikey": self._key})
            given = response.json()
        if not isinstance(given, dict) or not isinstance(given.get("external"), dict):
            raise Unreachable("No Supabase there", *_NO_SUPABASE)
        return _Answer(given, (start + self._now()) / 2, response.headers.get("date", ""))

    def _reached(self) -> Finding:
        secured = " over a verified connection" if self._project.url.startswith("https") else ""
        return Finding(ADDRESS, Level.OK, f"A Supabase project answers at {self._project.host}{secured}{self._way()}.")

    def _fits(self) -> Finding:
        anon = classify(self._key) is KeyKind.ANON
        hint = "Better use the project's publishable key: Supabase is retiring this kind." if anon and self._project.ref else ""
        return Finding(KEY, Level.OK, f"The project takes this key ({'anon' if anon else 'publishable'}).", hint)

    def _rejected(self, rejected: Rejected) -> list[Finding]:
        if not rejected.foreign and rejected.status in {401, 403}:
            sentence = "The project does not take this key: it is mistyped, was replaced, or belongs to another project."
            step = "Copy the publishable key from the project's settings, under API keys."
            return [self._reached(), Finding(KEY, Level.WRONG, sentence, step)]
        if not rejected.foreign and rejected.status == httpx.codes.NOT_FOUND:
            return [Finding(ADDRESS, Level.WRONG, *_NO_SUPABASE)]
        error = failures.either(rejected)
        return [Finding(ADDRESS, Level.WRONG, error.sentence, error.by_hand)]

    async def _unreachable(self, error: DevotsError) -> Finding:
        way = self._way()
        if way and not await web.reachable(self._project):
            return Finding(ADDRESS, Level.WRONG, f"The proxy does not answer{way}.", "Check HTTPS_PROXY and the system's settings.")
        return Finding(ADDRESS, Level.WRONG, f"{error.sentence.removesuffix('.')}{way}.", error.by_hand)

    def _way(self) -> str:
        """Which proxy is in the way, without its password."""
        parts = urlsplit(web.proxy(self._project))
        return f" (through the proxy {parts.hostname}:{parts.port or 80})" if parts.hostname else ""

    async def _clock(self) -> list[Finding]:
        try:
            server = parsedate_to_datetime(self._answer.date).timestamp()
        except (TypeError, ValueError):
            return [Finding(CLOCK, Level.UNCHECKED, "The server does not say what time it is.")]
        # Date is cut to whole seconds (RFC 9110, section 5.6.7).
        return [clock.told(self._answer.at - server - 0.5)]

    async def _methods(self) -> list[Finding]:
        settings = self._answer.settings
        if settings["external"].get("email") is not True:
            sentence = "The project does not let people sign in by e-mail, which is how this program signs in."
            step = "For the project's owner: turn on the e-mail provider in the dashboard, under Authentication."
            return [Finding(SIGN_IN, Level.WRONG, sentence, step)]
        confirmed = "" if settings.get("mailer_autoconfirm") is True else " and confirm their e-mail"
        joining_in = f"people may sign up{confirmed}" if settings.get("disable_signup") is False else "only the owner adds people"
        return [Finding(SIGN_IN, Level.OK, f"Sign-in by password or by a code; {joining_in}.")]

    async def _table(self) -> list[Finding]:
        mode, found = await rights.mode_of(self._nobody)
        self._mode = mode or self._mode
        return found

    async def _rows(self) -> list[Finding]:
        return await rights.closed_to_strangers(self._nobody, self._mode)

    async def _session(self, person: Person) -> list[Finding]:
        with failures.translated(self._project):
            headers = {"apikey": self._key, "Authorization": f"Bearer {person.token}"}
            try:
                who = (await self._http.get(f"{self._project.url}/auth/v1/user", headers=headers)).json()["id"]
            except Rejected as rejected:
                if rejected.code not in failures.TERMINAL and rejected.code != "bad_jwt":
                    raise failures.either(rejected) from None
                ended = Finding(SESSION, Level.WRONG, "Your session has ended.", "Sign in again; your changes are kept and will be sent.")
                return [ended]
        if who != person.user_id:
            return [Finding(SESSION, Level.WRONG, "The session is another person's.", "Remove the account here and add it again.")]
        return [Finding(SESSION, Level.OK, f"You are signed in{self._since(person.token)}.")]

    def _since(self, token: str) -> str:
        """How long ago somebody signed in: the token says when, in `amr` (supabase-contract.md, section 1.3)."""
        try:
            ago = self._now() - min(float(each["timestamp"]) for each in claims_of(token)["amr"])
        except (KeyError, TypeError, ValueError):
            return ""
        return f", for {clock.span(ago)} now" if ago >= _LONG_S else ""

    async def _rights(self, person: Person) -> list[Finding]:
        return await rights.own_rows(Rest(self._http, self._project, self._key, person), person, self._mode)

    async def _realtime(self) -> list[Finding]:
        return await joining.examine(self._project, self._key, self._mode, self._person, patience=self._patience)

    async def _asked(self, check: str, step: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
        try:
            return await step()
        except DevotsError as error:
            return [Finding(check, Level.UNCHECKED, error.sentence, "Check again later.")]
