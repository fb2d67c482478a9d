"""A device is let in by a person at a real browser, on the portal's page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.authenticator import switch_on, totp
from tests.portal.client import PASSWORD, Asking, told
from tests.portal.device import Device
from tests.servers.browser import Browser

pytestmark = pytest.mark.xdist_group("browser")
PICTURES = Path(__file__).parents[2] / "build" / "portal"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """To start it takes a second or two."""
    with Browser() as made:
        yield made


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """With nobody signed in."""
    chromium.begin()
    return chromium


@pytest.fixture
def device(desktop: Asking) -> Device:
    return Device(desktop)


def signs_in(browser: Browser) -> None:
    browser.type_into("E-mail", "ada@example.org")
    browser.type_into("Password", PASSWORD)
    browser.press("Sign in")


def dashed(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"


def test_a_person_signs_in_with_two_factors_and_approves_a_device(desktop: Asking, device: Device, browser: Browser) -> None:
    ada = desktop.sign_up()
    secret = switch_on(desktop, ada)
    browser.go(device.codes["verification_uri_complete"])
    browser.read("Sign in here first.")
    assert browser.has_focus() == "E-mail"
    browser.picture(PICTURES / "1-sign-in.png")
    signs_in(browser)
    browser.read("six digits")
    browser.picture(PICTURES / "2-second-factor.png")
    browser.type_into("Authentication code", totp(secret))
    browser.press("Continue")
    browser.read(dashed(device.user_code))
    assert "devots-desktop wants to sign in as ada@example.org." in browser.text()
    browser.picture(PICTURES / "3-decide.png")
    browser.picture(PICTURES / "3-decide-dark.png", dark=True)
    browser.press("Approve")
    browser.read("The device is signed in.")
    browser.picture(PICTURES / "4-done.png")
    token = device.ask().raise_for_status().json()["access_token"]
    assert desktop.session(authorization=f"Bearer {token}")["user"]["id"] == ada.user_id


def test_a_person_types_the_code_after_a_wrong_one_and_denies_it(desktop: Asking, device: Device, browser: Browser) -> None:
    desktop.sign_up()
    browser.go(device.codes["verification_uri"])
    signs_in(browser)
    browser.type_into("Code", "WRNG-CODE")
    browser.press("Continue")
    browser.read("Invalid user code")
    browser.picture(PICTURES / "5-wrong-code.png")
    browser.type_into("Code", dashed(device.user_code).lower())
    browser.press("Continue")
    browser.read(dashed(device.user_code))
    browser.press("Deny")
    browser.read("The device was refused.")
    assert told(device.ask()) == (400, "access_denied")


def test_a_wrong_password_is_told_and_the_form_stays(desktop: Asking, browser: Browser) -> None:
    browser.go(f"{desktop.portal.url}/device")
    signs_in(browser)
    browser.read("Invalid email or password")
    assert "Sign in here first." in browser.text()
