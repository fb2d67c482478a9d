"""Mails of a portal: an address that is to be verified, and a forgotten password, as portal-contract.md, section 2, says."""

from urllib.parse import urlsplit

import httpx

from tests.portal.client import PASSWORD, Asking, told
from tests.servers.supabase import NO_TLS


def opened(link: str) -> httpx.Response:
    return httpx.get(link, verify=NO_TLS)


def test_nobody_signs_in_before_the_link_of_the_mail_was_opened(seed: Asking) -> None:
    seed.portal.change(verify_email=True)
    answer = seed.try_sign_up()
    assert (answer.json()["token"], "set-cookie" in answer.headers) == (None, False)
    assert told(seed.try_sign_in()) == (403, "EMAIL_NOT_VERIFIED")
    seed.auth("/send-verification-email", {"email": "ada@example.org", "callbackURL": "/"}).raise_for_status()
    mail = seed.portal.wait_for_mail("ada@example.org", "verification")
    assert urlsplit(mail.link).path == "/api/auth/verify-email"
    back = opened(mail.link)
    assert (back.status_code, back.headers["location"]) == (302, "/")
    assert seed.sign_in().email == "ada@example.org"


def test_a_second_sign_up_with_an_address_is_not_told_where_addresses_are_verified(seed: Asking) -> None:
    seed.portal.change(verify_email=True)
    first, second = (seed.try_sign_up().json()["user"]["id"] for _ in range(2))
    assert first != second, "it is invented"


def test_a_link_that_is_no_good_says_so_in_the_address_it_goes_back_to(seed: Asking) -> None:
    bad = f"{seed.portal.url}/api/auth/verify-email?token=x"
    assert opened(f"{bad}&callbackURL=/").headers["location"].endswith("error=INVALID_TOKEN")
    assert told(opened(bad)) == (401, "INVALID_TOKEN")


def test_a_password_is_reset_once_with_the_token_of_a_mail(seed: Asking) -> None:
    seed.sign_up()
    for email in ("ada@example.org", "nobody@example.org"):
        assert seed.auth("/request-password-reset", {"email": email, "redirectTo": "/"}).json()["status"] is True
    token = seed.portal.wait_for_mail("ada@example.org", "reset").code
    assert [mail.to for mail in seed.portal.mail] == ["ada@example.org"]
    body = {"newPassword": "another horse", "token": token}
    assert seed.auth("/reset-password", body).json() == {"status": True}
    assert told(seed.auth("/reset-password", body)) == (400, "INVALID_TOKEN")
    assert told(seed.try_sign_in(password=PASSWORD)) == (401, "INVALID_EMAIL_OR_PASSWORD")
    assert seed.sign_in(password="another horse").email == "ada@example.org"
