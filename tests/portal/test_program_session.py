"""How the program signs in to a portal and stays so: what it sends, what it believes, and what it says (portal-contract.md, sections 2 and 3)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from devots_desktop.domain.errors import AccountUnusable, DevotsError, SignedOut, TooManyTries, Unreachable, WrongCredentials
from devots_desktop.remote.portal import session
from devots_desktop.remote.portal.address import Portal
from devots_desktop.remote.portal.signing import Challenge, DeviceSignIn, Door, Granted
from devots_desktop.remote.portal.wire import Credential, Wire
from tests.portal.authenticator import switch_on, totp
from tests.portal.client import PASSWORD, Asking, Person, cookies, person
from tests.portal.device import Device
from tests.portal.front import Front, Page
from tests.servers.fixtures import Servers

Result = TypeVar("Result")
EMAIL = "ada@example.org"


@pytest.fixture
def fronted(either: Asking) -> Iterator[tuple[Asking, Front]]:
    """A portal that knows itself by the address of a proxy before it, and Ada."""
    with Front(either.portal.url) as front:
        either.portal.change(base_url=front.url)
        either.sign_up()
        yield either, front


def sign_in(url: str, password: str = PASSWORD) -> Granted:
    granted = asyncio.run(Door(Portal(url)).sign_in(EMAIL, password))
    assert isinstance(granted, Granted)
    return granted


def over(url: str, credential: Credential, ask: Callable[[Wire], Awaitable[Result]]) -> Result:
    async def use() -> Result:
        wire = Wire(Portal(url), credential)
        try:
            return await ask(wire)
        finally:
            await wire.close()

    return asyncio.run(use())


def refused(door: Awaitable[object]) -> DevotsError:
    async def run() -> object:
        return await door

    with pytest.raises(DevotsError) as caught:
        asyncio.run(run())
    return caught.value


class TestPassword:
    def test_a_session_by_cookie_or_token_and_never_both(self, fronted: tuple[Asking, Front]) -> None:
        asking, front = fronted
        granted = sign_in(front.url)
        assert (granted.email, bool(granted.credential.bearer)) == (EMAIL, asking.portal.settings.profile == "desktop")
        over(front.url, granted.credential, session.sign_out)
        [out] = front.asked("/sign-out")
        if granted.credential.bearer:
            assert not {"cookie", "origin"} & out.headers.keys()
            assert out.headers["authorization"] == f"Bearer {granted.credential.bearer}"
        else:
            assert (out.headers["origin"], "authorization" in out.headers) == (front.url, False)
            assert out.headers["cookie"] == granted.credential.cookie
        assert over(front.url, granted.credential, session.look) is None

    def test_signing_in_presents_nothing_of_an_earlier_session(self, fronted: tuple[Asking, Front]) -> None:
        _, front = fronted
        for _ in range(2):
            sign_in(front.url)
        assert all(not {"cookie", "authorization"} & each.headers.keys() for each in front.asked("/sign-in/email"))

    def test_a_stray_cookie_is_not_kept(self) -> None:
        """A token beside a cookie without Origin would be refused."""
        with Front("http://127.0.0.1:9") as front:
            front.instead = {"": Page(200, b"null", {"set-cookie": "stray=1; Path=/"})}

            async def twice(wire: Wire) -> None:
                await wire.get("api/auth/get-session")
                await wire.post("api/auth/sign-out", {})

            over(front.url, Credential(bearer="token"), twice)
            assert ["cookie" in each.headers for each in front.seen] == [False, False]

    def test_whatever_the_cookie_is_called(self, servers: Servers) -> None:
        with servers.portal(18, "seed", cookie_prefix="our-portal") as portal:
            Asking(portal).try_sign_up().raise_for_status()
            granted = sign_in(portal.url)
            assert granted.credential.cookie.startswith("our-portal.session_token=")
            assert over(portal.url, granted.credential, session.who).email == EMAIL

    def test_a_wrong_password(self, either: Asking) -> None:
        either.sign_up()
        assert isinstance(refused(Door(Portal(either.portal.url)).sign_in(EMAIL, "not this one")), WrongCredentials)

    def test_an_e_mail_that_is_not_confirmed(self, servers: Servers) -> None:
        with servers.portal(18, "seed", verify_email=True) as portal:
            Asking(portal).try_sign_up()
            error = refused(Door(Portal(portal.url)).sign_in(EMAIL, PASSWORD))
            assert (type(error), error.title) == (AccountUnusable, "E-mail not confirmed")

    def test_too_many_tries_are_told_with_the_seconds_to_wait_and_not_repeated(self, servers: Servers) -> None:
        with servers.portal(18, "seed", rate_limit=True) as portal, Front(portal.url) as front:
            door = Door(Portal(front.url))
            errors = [refused(door.sign_in(EMAIL, "not this one")) for _ in range(4)]
            assert [type(each) for each in errors] == [WrongCredentials] * 3 + [TooManyTries]
            assert isinstance(errors[3], TooManyTries)
            assert 0 < errors[3].seconds <= 10
            assert len(front.asked("/sign-in/email")) == 4

    def test_a_portal_under_another_address_says_which_to_enter(self, seed: Asking) -> None:
        seed.sign_up()
        seed.portal.change(base_url="http://localhost:1")
        granted = sign_in(seed.portal.url)
        with pytest.raises(AccountUnusable, match="knows itself under another address"):
            over(seed.portal.url, granted.credential, session.sign_out)


class TestEnd:
    def test_only_the_portal_ends_a_session(self, fronted: tuple[Asking, Front]) -> None:
        _, front = fronted
        credential = sign_in(front.url).credential
        trouble = b'{"message":"Failed to get session","code":"FAILED_TO_GET_SESSION"}'
        pages = [
            Page(500, trouble, {"content-type": "application/json"}),
            Page(502),
            Page(200),
            Page(200, b""),
            Page(302, b"", {"location": "/x"}),
        ]
        for page in pages:
            front.instead = {"/get-session": page}
            with pytest.raises(Unreachable):
                over(front.url, credential, session.who)
        front.instead.clear()
        assert over(front.url, credential, session.who).email == EMAIL

    def test_revoked_elsewhere(self, fronted: tuple[Asking, Front]) -> None:
        asking, front = fronted
        credential = sign_in(front.url).credential
        asking.auth("/revoke-sessions", {}, origin=front.url, **asking.sign_in().headers).raise_for_status()
        with pytest.raises(SignedOut):
            over(front.url, credential, session.who)

    def test_password_changed_elsewhere_with_the_other_sessions_ended(self, either: Asking) -> None:
        either.sign_up()
        credential = sign_in(either.portal.url).credential
        change = {"currentPassword": PASSWORD, "newPassword": "another one", "revokeOtherSessions": True}
        either.posted("/change-password", change, either.sign_in()).raise_for_status()
        with pytest.raises(SignedOut):
            over(either.portal.url, credential, session.who)
        assert sign_in(either.portal.url, "another one").email == EMAIL


class TestSecondFactor:
    def test_by_an_app_by_mail_and_by_a_saved_code(self, desktop: Asking) -> None:
        ada = desktop.sign_up()
        secret = switch_on(desktop, ada)
        saved = desktop.posted("/two-factor/generate-backup-codes", {"password": PASSWORD}, signed_in(desktop, secret)).json()[
            "backupCodes"
        ]
        door = Door(Portal(desktop.portal.url))

        async def enter(factor: str, code: Callable[[], str]) -> Granted:
            challenge = await door.sign_in(EMAIL, PASSWORD)
            assert isinstance(challenge, Challenge)
            assert challenge.factors == ("totp", "email", "backup")
            assert "session_token" not in challenge.cookies
            assert challenge.cookies not in repr(challenge)
            if factor == "email":
                await door.send_code(challenge)
            return await door.verify(challenge, factor, code())

        codes = {
            "totp": lambda: totp(secret),
            "email": lambda: desktop.portal.wait_for_mail(EMAIL, "otp").code,
            "backup": lambda: f" {saved[0]} ",
        }
        for factor, code in codes.items():
            granted = asyncio.run(enter(factor, code))
            assert (granted.user_id, over(desktop.portal.url, granted.credential, session.who).email) == (ada.user_id, EMAIL)

    def test_a_wrong_code_and_a_challenge_that_is_over(self, desktop: Asking) -> None:
        secret = switch_on(desktop, desktop.sign_up())
        door = Door(Portal(desktop.portal.url))
        challenge = asyncio.run(door.sign_in(EMAIL, PASSWORD))
        assert isinstance(challenge, Challenge)
        wrong = f"{(int(totp(secret)) + 500_000) % 1_000_000:06}"
        assert refused(door.verify(challenge, "totp", wrong)).title == "Code not right"
        over_ = Challenge(challenge.factors, "better-auth.two_factor=2fa-nobody")
        assert refused(door.verify(over_, "totp", totp(secret))).title == "Too late"


def signed_in(asking: Asking, secret: str) -> Person:
    """Ada in the browser, past the second factor."""
    name = "better-auth.two_factor"
    headers = {"origin": asking.portal.url, "cookie": f"{name}={cookies(asking.try_sign_in())[name]}"}
    return person(asking.auth("/two-factor/verify-totp", {"code": totp(secret)}, **headers))


class Waited:
    """Pauses that take no time here; the portal is told that they did."""

    def __init__(self, asking: Asking) -> None:
        self.pauses: list[float] = []
        self._asking = asking
        self.then: list[Callable[[], object]] = []

    async def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self.then:
            await asyncio.get_running_loop().run_in_executor(None, self.then.pop(0))

    def approving(self, device: DeviceSignIn) -> Callable[[], None]:
        """The next pause is long enough, and in it somebody lets the device in."""

        def approve() -> None:
            self._pass()
            decide(self._asking, device, "approve")

        return approve

    def _pass(self) -> None:
        with self._asking.portal.database.connect() as owner:
            owner.execute("update device_code set last_polled_at = last_polled_at - interval '1 minute'")


@pytest.fixture
def waited(desktop: Asking) -> Waited:
    return Waited(desktop)


def begun(desktop: Asking, waited: Waited) -> DeviceSignIn:
    async def begin() -> DeviceSignIn:
        return await Door(Portal(desktop.portal.url)).begin_device()

    device = asyncio.run(begin())
    device._sleep = waited
    return device


def decide(asking: Asking, device: DeviceSignIn, what: str) -> None:
    ada = asking.sign_in()
    asking.auth(f"/device?user_code={device.user_code}", **ada.headers).raise_for_status()
    asking.posted(f"/device/{what}", {"userCode": device.user_code}, ada).raise_for_status()


class TestDevice:
    def test_whether_it_is_offered(self, either: Asking) -> None:
        methods = asyncio.run(Door(Portal(either.portal.url)).methods())
        assert methods.device == (either.portal.settings.profile == "desktop")

    def test_somebody_lets_it_in(self, desktop: Asking, waited: Waited) -> None:
        ada = desktop.sign_up()
        device = begun(desktop, waited)
        assert device.address == f"{desktop.portal.url}/device"
        assert device.user_code in device.address_with_code
        assert 1_790 < device.left <= 1_800
        waited.then = [lambda: None, waited.approving(device)]
        granted = asyncio.run(device.wait())
        assert (granted.user_id, granted.email, waited.pauses) == (ada.user_id, EMAIL, [5.0, 5.0])
        assert granted.credential.bearer
        assert over(desktop.portal.url, granted.credential, session.who).email == EMAIL

    def test_asked_too_often_it_asks_less_often(self, desktop: Asking, waited: Waited) -> None:
        desktop.sign_up()
        device = begun(desktop, waited)
        waited.then = [lambda: None, lambda: None, waited.approving(device)]
        asyncio.run(device.wait())
        assert waited.pauses == [5.0, 5.0, 10.0]

    def test_somebody_refuses_it(self, desktop: Asking, waited: Waited) -> None:
        desktop.sign_up()
        device = begun(desktop, waited)
        waited.then = [lambda: decide(desktop, device, "deny")]
        assert refused(device.wait()).title == "Not let in"

    def test_nobody_comes_in_time(self, desktop: Asking, waited: Waited) -> None:
        device = begun(desktop, waited)
        waited.then = [lambda: Device.expires(Device(desktop))]
        assert refused(device.wait()).title == "Code too old"

    def test_the_portal_is_away_for_a_moment(self, desktop: Asking, waited: Waited) -> None:
        desktop.sign_up()
        with Front(desktop.portal.url) as front:
            device = asyncio.run(begin_at(front.url))
            device._sleep = waited
            front.instead = {"/device/token": Page(502)}
            waited.then = [lambda: None, front.instead.clear, waited.approving(device)]
            asyncio.run(device.wait())
        assert waited.pauses == [5.0, 10.0, 10.0]

    def test_giving_up_ends_the_questions(self, desktop: Asking) -> None:
        async def give_up() -> None:
            device = await Door(Portal(desktop.portal.url)).begin_device()
            task = asyncio.create_task(device.wait())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(give_up())


async def begin_at(url: str) -> DeviceSignIn:
    return await Door(Portal(url)).begin_device()


class TestNoPortal:
    @pytest.mark.parametrize(
        ("page", "title"),
        [
            (Page(), "Network wants a sign-in"),
            (Page(404), "No portal there"),
            (Page(404, b""), "No portal there"),
            (Page(301, b"", {"location": "https://example.org"}), "Sent elsewhere"),
            (Page(511), "Network wants a sign-in"),
            (Page(503), "Server busy"),
            (Page(200, b'{"status":"ok"}', {"content-type": "application/json"}), "Answer not readable"),
        ],
        ids=["captive", "other site", "nothing", "moved", "511", "busy", "other JSON"],
    )
    def test_what_answers_is_none(self, page: Page, title: str) -> None:
        with Front("http://127.0.0.1:9") as front:
            front.instead = {"": page}
            assert refused(Door(Portal(front.url)).methods()).title == title
