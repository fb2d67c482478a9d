"""Ways to a session at a portal: letting a device in by the browser, e-mail and password, a second factor (portal-contract.md, sections 2 and 3).

Each has a connection of its own. All raise DevotsError with what is to be done; what was typed is in none of them. Nothing here is tried again by itself:
people who share an address share a portal's patience, too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from devots_desktop.domain.errors import TooManyTries, Unreachable
from devots_desktop.remote import web
from devots_desktop.remote.portal import failures, session
from devots_desktop.remote.portal.address import Portal
from devots_desktop.remote.portal.wire import NOBODY, Credential, Reply, Wire

CLIENT_ID = "devots-desktop"
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL_S = 5.0
"""Between two questions where the portal names no other pause, and what "slow_down" adds to it (RFC 8628, sections 3.2 and 3.5)."""
_EXPIRES_S = 1_800.0
_FACTORS = {"totp": "verify-totp", "email": "verify-otp", "backup": "verify-backup-code"}


@dataclass(frozen=True, slots=True)
class Methods:
    """What a portal offers to people who sign in.

    Attributes:
        device: by the browser, in which the person lets this device in. It works with every way that the portal has there.
    """

    device: bool


@dataclass(frozen=True, slots=True)
class Granted:
    """A session that has just begun.

    Attributes:
        credential: what presents it, a secret.
    """

    credential: Credential
    user_id: str
    email: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """A second factor is asked for.

    Attributes:
        factors: which the portal takes: "totp" (an authenticator app), "email" (a code is sent when it is asked for) and "backup" (one of the saved codes).
        cookies: what the answer has to carry, a secret.
    """

    factors: tuple[str, ...]
    cookies: str = field(repr=False)


class Door:
    """A portal, for somebody who has no session yet."""

    def __init__(self, portal: Portal) -> None:
        """Stand before a portal."""
        self._portal = portal

    async def methods(self) -> Methods:
        """What the portal offers. It proves, too, that a portal answers there: a question that does nothing is answered in its way."""
        async with self._wire() as wire:
            await session.look(wire)
            reply = await wire.post("api/auth/device/code", {})
        return Methods(device=reply.status == 400 and failures.code_of(reply) == "invalid_request")

    async def sign_in(self, email: str, password: str) -> Granted | Challenge:
        """Sign in with a password. Raises WrongCredentials, TooManyTries and others of the family."""
        async with self._wire() as wire:
            reply = await wire.post("api/auth/sign-in/email", {"email": email, "password": password})
        return _challenge(reply) or await self._granted(reply)

    async def send_code(self, challenge: Challenge) -> None:
        """Have a code sent by e-mail, for the factor "email"."""
        await self._ask("send-otp", {}, challenge)

    async def verify(self, challenge: Challenge, factor: str, code: str) -> Granted:
        """Go on with a second factor."""
        return await self._granted(await self._ask(_FACTORS[factor], {"code": code.strip()}, challenge))

    async def begin_device(self) -> "DeviceSignIn":
        """Ask for a code that is entered in the browser."""
        async with self._wire() as wire:
            reply = await wire.post("api/auth/device/code", {"client_id": CLIENT_ID, "scope": "todo"})
        if not reply.good:
            raise failures.auth(reply)
        return DeviceSignIn.from_answer(self, reply.body)

    async def ask_device(self, device_code: str) -> Reply:
        """Ask what has become of a code. The endpoint takes JSON only, unlike RFC 8628's."""
        async with self._wire() as wire:
            return await wire.post("api/auth/device/token", {"grant_type": _GRANT, "device_code": device_code, "client_id": CLIENT_ID})

    async def granted(self, credential: Credential) -> Granted:
        """A session that has begun, once the portal has confirmed whose it is."""
        async with self._wire(credential) as wire:
            person = await session.who(wire)
        return Granted(credential, person.user_id, person.email)

    async def leave(self, credential: Credential) -> None:
        """End a session."""
        async with self._wire(credential) as wire:
            await session.sign_out(wire)

    async def _ask(self, what: str, body: dict[str, Any], challenge: Challenge) -> Reply:
        async with self._wire() as wire:
            reply = await wire.post(f"api/auth/two-factor/{what}", body, cookies=challenge.cookies)
        if not reply.good:
            raise failures.auth(reply)
        return reply

    async def _granted(self, reply: Reply) -> Granted:
        if not reply.good:
            raise failures.auth(reply)
        credential = Credential.granted(reply)
        if credential is None:
            raise web.unreadable()
        return await self.granted(credential)

    @asynccontextmanager
    async def _wire(self, credential: Credential = NOBODY) -> AsyncIterator[Wire]:
        wire = Wire(self._portal, credential)
        try:
            yield wire
        finally:
            await wire.close()


class DeviceSignIn:
    """A code that waits for somebody to enter it in the browser (RFC 8628). Show it, then `wait`; cancelling that gives it up.

    Attributes:
        user_code: what is entered, as the portal writes it.
        address: the page on which it is entered.
        address_with_code: the same page with the code in it; the address where the portal has none.
        ends: when the code does, by the clock.
    """

    def __init__(
        self,
        door: Door,
        *,
        device_code: str,
        user_code: str,
        address: str,
        address_with_code: str,
        lasts: float,
        interval: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take what the portal answered.

        Args:
            lasts, interval: seconds until the code ends, and between two questions.
            clock: a clock in seconds that never goes back.
        """
        self._door = door
        self._device_code = device_code
        self._interval = interval
        self._clock = clock
        self._sleep = sleep
        self.user_code = user_code
        self.address = address
        self.address_with_code = address_with_code
        self.ends = clock() + lasts

    @classmethod
    def from_answer(cls, door: Door, given: Any) -> Self:
        """Raises Unreachable: the answer is none of a portal."""
        try:
            code, user_code, address = given["device_code"], given["user_code"], given["verification_uri"]
            complete = given.get("verification_uri_complete") or address
            lasts, interval = float(given.get("expires_in", _EXPIRES_S)), float(given.get("interval", _INTERVAL_S))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise web.unreadable() from None
        if not all(isinstance(each, str) for each in (code, user_code)) or not all(map(_is_page, (address, complete))):
            raise web.unreadable()
        return cls(door, device_code=code, user_code=user_code, address=address, address_with_code=complete, lasts=lasts, interval=interval)

    @property
    def left(self) -> float:
        """Seconds until the code ends."""
        return max(0.0, self.ends - self._clock())

    async def wait(self) -> Granted:
        """Until somebody has let the device in.

        Raises:
            AccountUnusable: somebody refused it, or the code has ended.
            DevotsError: the portal has no such code any more, or cannot be asked.
        """
        while True:
            if self.left <= 0:
                raise failures.code_ended()
            await self._sleep(self._interval)
            try:
                reply = await self._door.ask_device(self._device_code)
            except Unreachable:
                # Nobody's fault, and not the end: the code goes on, and so do the questions, less often (RFC 8628, section 3.5).
                self._interval *= 2
                continue
            credential = self._credential(reply)
            if credential is not None:
                return await self._door.granted(credential)

    def _credential(self, reply: Reply) -> Credential | None:
        """What lets in; None where it is to be asked again."""
        if reply.good:
            token = reply.body.get("access_token") if isinstance(reply.body, dict) else None
            if not isinstance(token, str) or not token:
                raise web.unreadable()
            return Credential(bearer=token)
        match failures.code_of(reply):
            case "authorization_pending":
                return None
            case "slow_down":
                self._interval += _INTERVAL_S
                return None
        error = failures.auth(reply)
        if isinstance(error, TooManyTries):
            self._interval = max(self._interval + _INTERVAL_S, float(error.seconds))
            return None
        if isinstance(error, Unreachable):
            self._interval *= 2
            return None
        raise error


def _challenge(reply: Reply) -> Challenge | None:
    """The second factor that an answer asks for; None where it asks for none."""
    if not reply.good or not isinstance(reply.body, dict) or reply.body.get("twoFactorRedirect") is not True:
        return None
    offered = reply.body.get("twoFactorMethods")
    offered = offered if isinstance(offered, list) else ["totp"]
    factors = [ours for theirs, ours in (("totp", "totp"), ("otp", "email")) if theirs in offered]
    kept = dict(reply.cookies)
    cookies = "; ".join(f"{name}={value}" for name, value in kept.items() if value and not name.endswith("session_token"))
    return Challenge((*factors, "backup"), cookies)


def _is_page(address: object) -> bool:
    """Whether a portal's address may be opened in the browser."""
    return isinstance(address, str) and address.startswith(("https://", "http://")) and address.isprintable()
