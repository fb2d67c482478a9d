"""Sessions on the wire, as portal-contract.md, section 2, says."""

import base64
import hashlib
import hmac
import re
from typing import Any
from urllib.parse import quote

from tests.portal.client import COOKIE, PASSWORD, Asking, cookies, person, told


def in_database(asking: Asking, statement: str) -> Any:
    """One value, or None where there is no row; of a change, nothing."""
    with asking.portal.database.connect() as owner:
        done = owner.execute(statement.encode())
        row = done.fetchone() if done.description else None
    return None if row is None else row[0]


def test_the_cookie_is_the_token_with_its_signature(either: Asking) -> None:
    either.sign_up()
    answer = either.try_sign_in()
    ada = person(answer)
    signature = base64.b64encode(hmac.digest(either.portal.secret.encode(), ada.token.encode(), hashlib.sha256)).decode()
    assert ada.cookie == quote(f"{ada.token}.{signature}", safe="")
    assert re.fullmatch("[A-Za-z0-9]{32}", ada.token)
    (line,) = answer.headers.get_list("set-cookie")
    assert line == f"{COOKIE}={ada.cookie}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"
    assert answer.json()["redirect"] is False
    assert in_database(either, f"select token from session where token = '{ada.token}'") == ada.token


def test_only_the_bearer_plugin_gives_a_token_in_a_header(seed: Asking, desktop: Asking) -> None:
    assert seed.sign_up().bearer is None
    ada = desktop.sign_up()
    assert ada.bearer == ada.signed


def test_the_three_ways_to_present_a_session(either: Asking) -> None:
    ada = either.sign_up()
    plugin = either.portal.settings.profile == "desktop"
    ways = [
        ({"cookie": f"{COOKIE}={ada.cookie}"}, True),
        ({"cookie": f"{COOKIE}={ada.token}"}, False),
        ({"authorization": f"Bearer {ada.signed}"}, plugin),
        ({"authorization": f"Bearer {ada.cookie}"}, plugin),
        ({"authorization": f"Bearer {ada.token}"}, plugin),
    ]
    assert [either.session(**headers) is not None for headers, _ in ways] == [counts for _, counts in ways]
    assert [either.trpc("todo.getAll", **headers).status_code for headers, _ in ways] == [200 if counts else 401 for _, counts in ways]


def test_who_is_signed_out_gets_null_and_never_401(either: Asking) -> None:
    ada = either.sign_up()
    assert either.session() is None
    assert either.posted("/sign-out", {}, ada).json() == {"success": True}
    answer = either.auth("/get-session", **ada.headers)
    assert (answer.status_code, answer.json()) == (200, None)
    assert set(cookies(answer).values()) == {""}, "a dead cookie is cleared"
    assert told(either.trpc("todo.getAll", **ada.headers)) == (401, "UNAUTHORIZED")


def test_the_session_tells_its_end_and_its_person(either: Asking) -> None:
    ada = either.sign_up()
    found = either.session(**ada.headers)
    assert (found["user"]["id"], found["session"]["userId"], found["session"]["token"]) == (ada.user_id, ada.user_id, ada.token)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["session"]["expiresAt"])


def test_the_origin_that_signing_in_asks_for(seed: Asking) -> None:
    cookie, own, foreign = seed.sign_up().headers, seed.portal.url, "http://elsewhere.example"
    table: list[tuple[dict[str, str], int, str | None]] = [
        (cookie, 403, "MISSING_OR_NULL_ORIGIN"),
        ({**cookie, "origin": foreign}, 403, "INVALID_ORIGIN"),
        ({**cookie, "origin": own}, 200, None),
        ({**cookie, "referer": own}, 200, None),
        ({}, 200, None),
        ({"origin": foreign}, 403, "INVALID_ORIGIN"),
        ({"origin": "null"}, 403, "MISSING_OR_NULL_ORIGIN"),
        ({"sec_fetch_site": "same-origin"}, 403, "MISSING_OR_NULL_ORIGIN"),
    ]
    answers = [seed.try_sign_in(**headers) for headers, _, _ in table]
    assert [told(answer) for answer in answers] == [(status, code) for _, status, code in table]


def test_localhost_is_another_origin_than_its_address(seed: Asking) -> None:
    ada = seed.sign_up()
    origin = seed.portal.url.replace("127.0.0.1", "localhost")
    assert told(seed.auth("/sign-out", {}, origin=origin, **ada.headers)) == (403, "INVALID_ORIGIN")


def test_with_a_bearer_token_no_origin_is_asked_for_unless_a_cookie_comes_along(desktop: Asking) -> None:
    ada = desktop.sign_up()
    bearer = {"authorization": f"Bearer {ada.token}"}
    assert told(desktop.auth("/update-user", {"name": "A"}, cookie="stray=1", **bearer)) == (403, "MISSING_OR_NULL_ORIGIN")
    assert desktop.auth("/update-user", {"name": "A"}, **bearer).json() == {"status": True}


def test_trpc_looks_at_no_origin(seed: Asking) -> None:
    ada = seed.sign_up()
    assert seed.trpc("todo.create", {"text": "x"}, origin="http://elsewhere.example", **ada.headers).status_code == 200


def test_a_session_slides_when_it_is_used_and_its_token_stays(either: Asking) -> None:
    """Through tRPC as well, but only get-session repeats the cookie: a client cannot go by the cookie's Max-Age."""
    ada = either.sign_up()
    for ask, repeats in (("/trpc/todo.getAll", False), ("/api/auth/get-session", True)):
        in_database(either, "update session set expires_at = now() at time zone 'utc' + interval '5 days'")
        answer = either.send(ask, **ada.headers)
        assert in_database(either, "select expires_at > now() at time zone 'utc' + interval '6 days' from session") is True
        assert (cookies(answer).get(COOKIE) == ada.cookie) is repeats
    assert in_database(either, "select token from session") == ada.token


def test_reading_without_refresh_stretches_nothing(either: Asking) -> None:
    ada = either.sign_up()
    in_database(either, "update session set expires_at = now() at time zone 'utc' + interval '5 days'")
    assert either.auth("/get-session?disableRefresh=true", **ada.headers).json() is not None
    assert in_database(either, "select expires_at < now() at time zone 'utc' + interval '6 days' from session") is True


def test_an_expired_session_is_deleted_when_it_is_used(either: Asking) -> None:
    ada = either.sign_up()
    in_database(either, "update session set expires_at = now() at time zone 'utc' - interval '1 second'")
    assert either.session(**ada.headers) is None
    assert in_database(either, "select count(*) from session") == 0


def test_a_session_that_is_not_to_be_remembered_lasts_a_day_and_without_its_second_cookie_a_week(desktop: Asking) -> None:
    desktop.sign_up()
    answer = desktop.auth("/sign-in/email", {"email": "ada@example.org", "password": PASSWORD, "rememberMe": False})
    ada = person(answer)
    first = answer.headers.get_list("set-cookie")[0]
    assert first.startswith(COOKIE)
    assert "Max-Age" not in first
    assert "better-auth.dont_remember" in cookies(answer)
    lasts = f"select expires_at > now() at time zone 'utc' + interval '2 days' from session where token = '{ada.token}'"
    assert in_database(desktop, lasts) is False
    desktop.session(authorization=f"Bearer {ada.token}")
    assert in_database(desktop, lasts) is True


def test_a_session_that_is_revoked_elsewhere_ends_at_once(either: Asking) -> None:
    ada, elsewhere = either.sign_up(), either.sign_in()
    assert either.posted("/revoke-session", {"token": ada.token}, elsewhere).json() == {"status": True}
    assert either.session(**ada.headers) is None
    assert told(either.trpc("todo.getAll", **ada.headers)) == (401, "UNAUTHORIZED")
    assert either.session(**elsewhere.headers) is not None


def test_a_password_that_is_changed_can_end_every_session_and_gives_a_new_one(either: Asking) -> None:
    ada, elsewhere = either.sign_up(), either.sign_in()
    body = {"currentPassword": PASSWORD, "newPassword": "another horse", "revokeOtherSessions": True}
    answer = either.posted("/change-password", body, ada)
    fresh = cookies(answer)[COOKIE]
    assert answer.json()["token"] not in {ada.token, None}
    assert [either.session(**each.headers) for each in (ada, elsewhere)] == [None, None]
    assert either.session(cookie=f"{COOKIE}={fresh}")["session"]["token"] == answer.json()["token"]
    assert told(either.try_sign_in()) == (401, "INVALID_EMAIL_OR_PASSWORD")


def test_the_list_of_sessions_shows_their_tokens_to_a_fresh_one_only(either: Asking) -> None:
    ada = either.sign_up()
    assert [each["token"] for each in either.auth("/list-sessions", **ada.headers).json()] == [ada.token]
    in_database(either, "update session set created_at = created_at - interval '2 days'")
    assert told(either.auth("/list-sessions", **ada.headers)) == (403, "SESSION_NOT_FRESH")


def test_what_signing_in_and_up_refuses(seed: Asking) -> None:
    seed.sign_up()
    table = [
        ("/sign-in/email", {"email": "ada@example.org", "password": "wrong horse"}, 401, "INVALID_EMAIL_OR_PASSWORD"),
        ("/sign-in/email", {"email": "eve@example.org", "password": PASSWORD}, 401, "INVALID_EMAIL_OR_PASSWORD"),
        ("/sign-in/email", {"email": "ada", "password": PASSWORD}, 400, "INVALID_EMAIL"),
        ("/sign-in/email", {"email": "ada@example.org"}, 400, "VALIDATION_ERROR"),
        ("/sign-up/email", {"name": "e", "email": "eve@example.org", "password": "seven77"}, 400, "PASSWORD_TOO_SHORT"),
        ("/sign-up/email", {"name": "e", "email": "eve@example.org", "password": "x" * 129}, 400, "PASSWORD_TOO_LONG"),
        ("/sign-up/email", {"name": "a", "email": "ada@example.org", "password": PASSWORD}, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
    ]
    answers = [seed.auth(path, body) for path, body, _, _ in table]
    assert [told(answer) for answer in answers] == [(status, code) for _, _, status, code in table]
    assert all(set(answer.json()) <= {"message", "code"} for answer in answers)


def test_an_unknown_path_has_no_body(either: Asking) -> None:
    answer = either.auth("/nothing-here")
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_callback_that_is_not_trusted_is_refused(seed: Asking) -> None:
    seed.sign_up()
    body = {"email": "ada@example.org", "password": PASSWORD, "callbackURL": "http://127.0.0.1:9/back"}
    assert told(seed.auth("/sign-in/email", body)) == (403, "INVALID_CALLBACK_URL")


def test_behind_https_the_cookie_has_another_name(seed: Asking) -> None:
    """And the name without the prefix is then ignored."""
    seed.portal.change(base_url="https://portal.example.org")
    answer = seed.try_sign_up()
    ((name, value),) = cookies(answer).items()
    assert name == f"__Secure-{COOKIE}"
    assert "; Secure" in answer.headers["set-cookie"]
    assert seed.session(cookie=f"{name}={value}") is not None
    assert seed.session(cookie=f"{COOKIE}={value}") is None


def test_a_prefix_changes_the_cookies_name(seed: Asking) -> None:
    seed.portal.change(cookie_prefix="devots")
    assert list(cookies(seed.try_sign_up())) == ["devots.session_token"]


def test_a_deleted_user_takes_sessions_and_todos_along(either: Asking) -> None:
    ada = either.sign_up()
    either.data("todo.create", {"text": "x"}, **ada.headers)
    in_database(either, f"delete from \"user\" where id = '{ada.user_id}'")
    assert told(either.trpc("todo.getAll", **ada.headers)) == (401, "UNAUTHORIZED")
    assert in_database(either, "select count(*) from todo") == 0
