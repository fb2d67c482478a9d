"""Every error of a Supabase project has its meaning and its sentence (supabase-contract.md, sections 1 and 2.3), and none repeats what the server said."""

import asyncio
import json
import socket
import ssl
from collections.abc import Callable

import httpx
import pytest

from devots_desktop.domain.errors import (
    AccountUnusable,
    BatchRefused,
    ConfirmationNeeded,
    DevotsError,
    NotMigrated,
    SignedOut,
    TooManyTries,
    Unreachable,
    UntrustedCertificate,
    WrongCredentials,
)
from devots_desktop.remote import web
from devots_desktop.remote.supabase import failures, http
from devots_desktop.remote.supabase.http import Rejected
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.session import auth_client
from tests.servers.supabase.faults import ANSWERS

PROJECT = Project("https://abcdefghijklmnopqrst.supabase.co")
PRIVATE = "buy a ring for Grace"
"""What a server's message may carry."""

REST: list[tuple[int, str, type[DevotsError]]] = [
    (401, "PT401", SignedOut),
    (401, "PGRST301", Unreachable),
    (401, "PGRST303", Unreachable),
    (401, "PGRST302", Unreachable),
    (500, "PGRST300", Unreachable),
    (403, "42501", AccountUnusable),
    (401, "42501", Unreachable),
    (409, "23505", BatchRefused),
    (409, "23503", BatchRefused),
    (400, "23502", BatchRefused),
    (400, "23514", BatchRefused),
    (400, "22P02", BatchRefused),
    (400, "22P05", BatchRefused),
    (400, "54000", BatchRefused),
    (400, "P0001", BatchRefused),
    (400, "PGRST102", BatchRefused),
    (500, "57014", Unreachable),
    (503, "57P01", Unreachable),
    (500, "40001", Unreachable),
    (500, "40P01", Unreachable),
    (405, "25006", Unreachable),
    (504, "PGRST003", Unreachable),
    (503, "PGRST000", Unreachable),
    (503, "PGRST001", Unreachable),
    (503, "PGRST002", Unreachable),
    (404, "PGRST205", NotMigrated),
    (404, "42P01", NotMigrated),
    (404, "PGRST202", NotMigrated),
    (400, "PGRST204", AccountUnusable),
    (400, "42703", AccountUnusable),
    (406, "PGRST106", AccountUnusable),
    (413, "", BatchRefused),
    (401, "", AccountUnusable),
    (429, "", Unreachable),
    (418, "", Unreachable),
]
AUTH: list[tuple[int, str, type[DevotsError]]] = [
    (400, "invalid_credentials", WrongCredentials),
    (400, "email_not_confirmed", ConfirmationNeeded),
    (400, "user_banned", AccountUnusable),
    (422, "user_already_exists", AccountUnusable),
    (422, "email_exists", AccountUnusable),
    (422, "signup_disabled", AccountUnusable),
    (422, "email_provider_disabled", AccountUnusable),
    (422, "otp_disabled", AccountUnusable),
    (403, "otp_expired", AccountUnusable),
    (422, "weak_password", AccountUnusable),
    (422, "same_password", AccountUnusable),
    (400, "reauthentication_needed", AccountUnusable),
    (400, "captcha_failed", AccountUnusable),
    (400, "validation_failed", AccountUnusable),
    (400, "email_address_invalid", AccountUnusable),
    (400, "email_address_not_authorized", AccountUnusable),
    (403, "insufficient_aal", AccountUnusable),
    (422, "hook_payload_invalid_content_type", AccountUnusable),
    (429, "over_request_rate_limit", TooManyTries),
    (429, "over_email_send_rate_limit", TooManyTries),
    (409, "conflict", Unreachable),
    (504, "request_timeout", Unreachable),
    (500, "unexpected_failure", Unreachable),
    (401, "", AccountUnusable),
]


def answered(status: int, body: object, **headers: str) -> Rejected | None:
    """What our client makes of an answer; None where it lets it through."""
    text = body if isinstance(body, str) else json.dumps(body)
    given = {"content-type": "text/html" if text.startswith("<") else "application/json", **headers}

    async def ask() -> Rejected | None:
        hooks = {"response": [http._look]}
        transport = httpx.MockTransport(lambda _: httpx.Response(status, content=text, headers=given))
        async with httpx.AsyncClient(transport=transport, event_hooks=hooks) as client:
            try:
                await client.get(PROJECT.url)
            except Rejected as rejected:
                return rejected
            return None

    return asyncio.run(ask())


def said(error: DevotsError) -> str:
    return f"{error.title} {error.sentence} {error.next_step}"


@pytest.mark.parametrize(
    ("translate", "status", "code", "kind"),
    [*((failures.rest, *row) for row in REST), *((failures.sign_in, *row) for row in AUTH)],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_error_has_its_kind_and_sentence(
    translate: Callable[[Rejected], DevotsError], status: int, code: str, kind: type[DevotsError]
) -> None:
    body = {"code": code or None, "message": PRIVATE, "details": PRIVATE, "hint": PRIVATE}
    rejected = answered(status, body)
    assert rejected is not None
    error = translate(rejected)
    assert type(error) is kind
    assert all((error.title, error.sentence, error.next_step))
    assert PRIVATE not in said(error) + str(rejected)


@pytest.mark.parametrize("fault", ANSWERS)
def test_whatever_a_box_on_the_way_answers_is_trouble_and_nothing_more(fault: str) -> None:
    canned = ANSWERS[fault]
    rejected = answered(canned.status, canned.body, **canned.headers)
    assert rejected is not None
    assert isinstance(failures.rest(rejected), Unreachable)


@pytest.mark.parametrize(
    "body",
    [
        {"code": 400, "error_code": "weak_password", "msg": "x", "weak_password": {"reasons": ["length", "pwned"]}},
        {"code": "weak_password", "message": "x", "weak_password": {"reasons": ["length", "pwned"]}},
    ],
)
def test_both_dialects_of_auth_are_understood(body: object) -> None:
    rejected = answered(422, body)
    assert rejected is not None
    assert (rejected.code, rejected.reasons) == ("weak_password", ("length", "pwned"))
    assert "too short and it is known from a leak" in failures.sign_in(rejected).sentence


@pytest.mark.parametrize(
    "body",
    [
        {"code": 400, "msg": "Invalid Refresh Token: Already Used"},
        {"error": "invalid_grant", "error_description": "Invalid Refresh Token: Refresh Token Not Found"},
    ],
)
def test_a_refusal_of_an_old_server_that_has_no_codes_is_known(body: object) -> None:
    rejected = answered(400, body)
    assert rejected is not None
    assert rejected.code in failures.TERMINAL


def test_the_countdown_of_a_rate_limit_stands_in_its_message() -> None:
    message = "For security purposes, you can only request this after 58 seconds."
    rejected = answered(429, {"code": "over_email_send_rate_limit", "message": message})
    assert rejected is not None
    error = failures.sign_in(rejected)
    assert isinstance(error, TooManyTries)
    assert error.seconds == 58
    assert "58 seconds" in error.next_step


@pytest.mark.parametrize(("seconds", "wait"), [(60, "60 seconds"), (600, "10 minutes"), (121, "3 minutes")])
def test_a_wait_is_told_in_words_that_fit_it(seconds: int, wait: str) -> None:
    assert wait in TooManyTries(seconds).next_step


@pytest.mark.parametrize(("status", "body"), [(200, []), (201, [{}]), (206, []), (204, ""), (200, "")])
def test_a_good_answer_passes(status: int, body: object) -> None:
    assert answered(status, body) is None


@pytest.mark.parametrize("status", [301, 302, 307, 200])
def test_a_page_is_no_answer_and_a_redirection_is_not_followed(status: int) -> None:
    rejected = answered(status, "<html>sign in to the network</html>", location="http://portal.example.org")
    assert rejected is not None
    assert failures.sign_in(rejected).title == "Network wants a sign-in"


def caused(error: httpx.TransportError, cause: Exception) -> httpx.TransportError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "title"),
    [
        (caused(httpx.ConnectError(PRIVATE), ssl.SSLCertVerificationError()), UntrustedCertificate, "Certificate not trusted"),
        (httpx.ProxyError(PRIVATE), Unreachable, "Proxy refuses"),
        (httpx.ReadTimeout(PRIVATE), Unreachable, "Server silent"),
        (httpx.ConnectTimeout(PRIVATE), Unreachable, "Offline"),
        (httpx.ReadError(PRIVATE), Unreachable, "Offline"),
        (httpx.RemoteProtocolError(PRIVATE), Unreachable, "Offline"),
    ],
)
def test_no_answer_is_told_from_a_wrong_one(error: httpx.TransportError, kind: type[DevotsError], title: str) -> None:
    found = failures.transport(error, PROJECT)
    assert (type(found), found.title) == (kind, title)
    assert PRIVATE not in said(found)


def test_no_answer_to_the_library_of_the_auth_server_is_told_as_such() -> None:
    """It wraps what the network raised in an error of its own."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nowhere = Project(f"http://127.0.0.1:{held.getsockname()[1]}")

        async def ask() -> None:
            async with http.make_client(nowhere) as client:
                with failures.translated(nowhere):
                    await auth_client(nowhere, "key", client).refresh_session("abcdefghijkl")

        with pytest.raises(Unreachable) as caught:
            asyncio.run(ask())
    assert caught.value.title == "Offline"


def test_an_answer_that_cannot_be_unpacked_is_one_that_cannot_be_read() -> None:
    with pytest.raises(Unreachable) as caught, failures.translated(PROJECT):
        raise httpx.DecodingError(PRIVATE)
    assert caught.value.title == "Answer not readable"
    assert PRIVATE not in said(caught.value)


def test_no_error_promises_to_somebody_at_a_form_that_it_is_tried_again() -> None:
    page = Rejected(200, foreign=True)
    busy, paused, silent = Rejected(503), Rejected(540, foreign=True), httpx.ReadTimeout("")
    errors = [failures.either(each) for each in (page, busy, paused)] + [failures.transport(silent, PROJECT), web.unreadable()]
    offline = failures.transport(httpx.ConnectError(""), Project("https://supabase.example.org"))
    assert all("it is tried again" in each.next_step.lower() for each in (*errors, offline))
    assert not any("it is tried" in each.by_hand.lower() for each in errors)
    assert offline.by_hand == "Check address and network, then try again."
