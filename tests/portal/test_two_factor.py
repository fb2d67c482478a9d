"""Two-factor, as portal-contract.md, section 2, says."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.portal.authenticator import switch_on, totp
from tests.portal.client import COOKIE, PASSWORD, Asking, cookies, person, told

CHALLENGE = "better-auth.two_factor"


@pytest.fixture
def secret(desktop: Asking) -> str:
    """Of Ada, who has signed up and has it on."""
    return switch_on(desktop, desktop.sign_up())


def challenged(asking: Asking) -> dict[str, str]:
    """Headers of somebody whose password was right, for the question of the second factor."""
    answer = asking.try_sign_in()
    return {"origin": asking.portal.url, "cookie": f"{CHALLENGE}={cookies(answer)[CHALLENGE]}"}


def test_the_right_password_gives_a_question_and_no_session(desktop: Asking, secret: str) -> None:
    answer = desktop.try_sign_in()
    assert answer.json() == {"twoFactorRedirect": True, "twoFactorMethods": ["totp", "otp"]}
    assert not cookies(answer).get(COOKIE)
    (line,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(CHALLENGE)]
    assert "Max-Age=600" in line


def test_the_token_in_the_header_of_a_question_is_of_a_session_that_is_gone(desktop: Asking, secret: str) -> None:
    lying = desktop.try_sign_in().headers["set-auth-token"]
    assert desktop.session(authorization=f"Bearer {lying}") is None


def test_the_code_of_an_authenticator_signs_in(desktop: Asking, secret: str) -> None:
    ada = person(desktop.auth("/two-factor/verify-totp", {"code": totp(secret)}, **challenged(desktop)))
    assert desktop.session(**ada.headers)["user"]["twoFactorEnabled"] is True
    assert desktop.session(authorization=f"Bearer {ada.token}") is not None


def test_a_code_by_mail_signs_in(desktop: Asking, secret: str) -> None:
    headers = challenged(desktop)
    assert desktop.auth("/two-factor/send-otp", {}, **headers).json() == {"status": True}
    code = desktop.portal.wait_for_mail("ada@example.org", "otp").code
    assert len(code) == 6
    assert desktop.session(**person(desktop.auth("/two-factor/verify-otp", {"code": code}, **headers)).headers) is not None


def test_what_a_second_factor_refuses(desktop: Asking, secret: str) -> None:
    headers = challenged(desktop)
    wrong = f"{(int(totp(secret)) + 500_000) % 1_000_000:06}"
    assert told(desktop.auth("/two-factor/verify-totp", {"code": wrong}, **headers)) == (401, "INVALID_CODE")
    assert told(desktop.auth("/two-factor/verify-totp", {"code": totp(secret)})) == (401, "INVALID_TWO_FACTOR_COOKIE")
    cookie_alone = {"cookie": headers["cookie"]}
    assert told(desktop.auth("/two-factor/verify-totp", {"code": totp(secret)}, **cookie_alone)) == (403, "MISSING_OR_NULL_ORIGIN")


def test_a_question_takes_five_wrong_codes(desktop: Asking, secret: str) -> None:
    headers = challenged(desktop)
    wrong = f"{(int(totp(secret)) + 500_000) % 1_000_000:06}"
    codes = [told(desktop.auth("/two-factor/verify-totp", {"code": wrong}, **headers))[1] for _ in range(5)]
    assert codes == ["INVALID_CODE"] * 5
    assert told(desktop.auth("/two-factor/verify-totp", {"code": totp(secret)}, **headers)) == (400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")


def test_activating_it_replaces_the_session_and_its_body_names_the_old_one(desktop: Asking) -> None:
    ada = desktop.sign_up()
    enabled = desktop.posted("/two-factor/enable", {"password": PASSWORD}, ada).json()
    (secret,) = parse_qs(urlsplit(enabled["totpURI"]).query)["secret"]
    answer = desktop.posted("/two-factor/verify-totp", {"code": totp(secret)}, ada)
    assert answer.json()["token"] == ada.token
    assert desktop.session(authorization=f"Bearer {ada.token}") is None
    assert desktop.session(cookie=f"{COOKIE}={cookies(answer)[COOKIE]}") is not None
