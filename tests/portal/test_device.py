"""Signing in a device (RFC 8628), as portal-contract.md, section 3, says."""

import re

import pytest

from tests.portal.client import CLIENT_ID, Asking, Person, told
from tests.portal.device import GRANT, Device
from tests.servers.fixtures import Servers


@pytest.fixture
def device(desktop: Asking) -> Device:
    return Device(desktop)


@pytest.fixture
def ada(desktop: Asking) -> Person:
    return desktop.sign_up()


def decide(asking: Asking, person: Person, code: str, verb: str = "approve") -> None:
    """What the page does with a code."""
    asking.auth(f"/device?user_code={code}", **person.headers).raise_for_status()
    assert asking.posted(f"/device/{verb}", {"userCode": code}, person).json() == {"success": True}


def test_a_device_that_is_approved_gets_a_session_of_its_own(desktop: Asking, device: Device, ada: Person) -> None:
    assert told(device.ask()) == (400, "authorization_pending"), "the first question may come at once"
    decide(desktop, ada, device.user_code)
    device.waited()
    answer = device.ask()
    body = answer.json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["scope"]) == ("Bearer", "todo")
    assert 604_790 < body["expires_in"] <= 604_800
    assert "set-cookie" not in answer.headers
    assert body["access_token"] != ada.token
    assert desktop.session(authorization=f"Bearer {body['access_token']}")["user"]["id"] == ada.user_id


def test_what_a_device_is_told_to_show(desktop: Asking, device: Device) -> None:
    codes = device.codes
    assert re.fullmatch("[A-Z2-9]{8}", codes["user_code"])
    assert re.fullmatch("[A-Za-z0-9]{40}", codes["device_code"])
    assert codes["verification_uri"] == f"{desktop.portal.url}/device"
    assert codes["verification_uri_complete"] == f"{desktop.portal.url}/device?user_code={codes['user_code']}"
    assert (codes["expires_in"], codes["interval"]) == (1800, 5)


def test_a_code_is_good_once(desktop: Asking, device: Device, ada: Person) -> None:
    decide(desktop, ada, device.user_code)
    device.ask().raise_for_status()
    assert told(device.ask()) == (400, "invalid_grant")


def test_a_device_that_asks_too_soon_is_told_to_slow_down(device: Device) -> None:
    assert told(device.ask()) == (400, "authorization_pending")
    assert told(device.ask()) == (400, "slow_down")
    device.waited()
    assert told(device.ask()) == (400, "authorization_pending")


def test_a_device_that_is_denied_is_told_so(desktop: Asking, device: Device, ada: Person) -> None:
    decide(desktop, ada, device.user_code, "deny")
    assert told(device.ask()) == (400, "access_denied")


def test_a_code_expires(device: Device) -> None:
    device.expires()
    assert told(device.ask()) == (400, "expired_token")


def test_an_unknown_code_or_client_is_refused(device: Device) -> None:
    assert told(device.ask(device_code="x" * 40)) == (400, "invalid_grant")
    assert told(device.ask(client_id="another")) == (400, "invalid_client")


def test_a_client_that_the_portal_does_not_know_gets_no_code(desktop: Asking) -> None:
    answer = desktop.auth("/device/code", {"client_id": "another"})
    assert told(answer) == (400, "invalid_client")
    assert answer.json().keys() == {"error", "error_description"}


def test_the_token_is_not_asked_for_in_a_form_as_other_libraries_do(desktop: Asking, device: Device) -> None:
    form = f"grant_type={GRANT}&device_code={device.codes['device_code']}&client_id={CLIENT_ID}".encode()
    answer = desktop.raw("/api/auth/device/token", form, content_type="application/x-www-form-urlencoded")
    assert told(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")
    code = desktop.raw("/api/auth/device/code", f"client_id={CLIENT_ID}".encode(), content_type="application/x-www-form-urlencoded")
    assert code.status_code == 200


def test_a_code_that_no_page_has_claimed_cannot_be_approved(desktop: Asking, device: Device, ada: Person) -> None:
    assert told(desktop.posted("/device/approve", {"userCode": device.user_code}, ada)) == (400, "invalid_request")


def test_a_code_may_be_typed_with_a_dash_and_in_lower_case(desktop: Asking, device: Device, ada: Person) -> None:
    typed = f"{device.user_code[:4]}-{device.user_code[4:]}".lower()
    claimed = desktop.auth(f"/device?user_code={typed}", **ada.headers).json()
    assert claimed == {"user_code": typed, "status": "pending", "client_id": CLIENT_ID, "scope": "todo"}, "repeated as it was typed"
    decide(desktop, ada, typed)
    assert device.ask().status_code == 200


def test_whether_a_portal_offers_it_is_told_by_a_request_without_a_client(either: Asking) -> None:
    answer = either.auth("/device/code", {})
    expected = (400, "invalid_request") if either.portal.settings.profile == "desktop" else (404, None)
    assert told(answer) == expected


def test_how_long_codes_last_and_how_often_to_ask_is_the_portals_choice(servers: Servers) -> None:
    with servers.portal(18, "desktop", code_seconds=60, interval=1) as portal:
        codes = Device(Asking(portal)).codes
    assert (codes["expires_in"], codes["interval"]) == (60, 1)
