"""The stand-in's Auth, asked by the library that the program uses (supabase-contract.md, section 8.7)."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from supabase import AuthApiError
from supabase_auth.errors import AuthWeakPasswordError

from tests.servers.supabase import NO_TLS, SupabaseServer
from tests.standin.conftest import People
from tests.standin.library import Library

ADA = "ada@example.org"
PASSWORD = "correct horse"


def refusal(act: Callable[[], Any]) -> tuple[int, str | None]:
    """Status and code of the AuthApiError that it ends with."""
    with pytest.raises(AuthApiError) as caught:
        act()
    return caught.value.status, caught.value.code


def mailed(project: SupabaseServer) -> tuple[str, str]:
    """Code and link of the newest mail."""
    return project.mail[-1].code, project.mail[-1].link


class TestSigningUp:
    def test_whoever_needs_no_confirmation_is_in_at_once(self, library: Library) -> None:
        answer = library.client.auth.sign_up({"email": ADA, "password": PASSWORD, "options": {"data": {"name": "Ada"}}})
        assert answer.session is not None
        assert answer.user is not None
        assert answer.user.user_metadata["name"] == "Ada"
        assert [each.provider for each in answer.user.identities or []] == ["email"]
        assert (answer.session.expires_in, answer.session.token_type) == (3600, "bearer")
        verified = library.client.auth.get_claims()
        assert verified is not None
        claims: Any = verified["claims"]
        assert {name: claims[name] for name in ("sub", "role", "aud", "email", "aal")} == {
            "sub": answer.user.id,
            "role": "authenticated",
            "aud": "authenticated",
            "email": ADA,
            "aal": "aal1",
        }

    def test_a_code_confirms_an_address(self, plain_project: SupabaseServer, library: Library) -> None:
        plain_project.settings.autoconfirm = False
        answer = library.client.auth.sign_up({"email": ADA, "password": PASSWORD})
        assert answer.session is None
        assert answer.user is not None
        assert answer.user.confirmation_sent_at is not None
        sign_in = {"email": ADA, "password": PASSWORD}
        assert refusal(lambda: library.client.auth.sign_in_with_password(sign_in)) == (400, "email_not_confirmed")  # type: ignore[arg-type]
        code, _ = mailed(plain_project)
        assert refusal(lambda: library.client.auth.verify_otp({"email": ADA, "token": "x" + code, "type": "email"})) == (403, "otp_expired")
        assert library.client.auth.verify_otp({"email": ADA, "token": code, "type": "email"}).session is not None
        assert library.client.auth.sign_in_with_password({"email": ADA, "password": PASSWORD}).session is not None
        assert refusal(lambda: library.client.auth.verify_otp({"email": ADA, "token": code, "type": "email"})) == (403, "otp_expired")

    def test_a_taken_address(self, plain_project: SupabaseServer, library: Library) -> None:
        plain_project.sign_up(ADA)
        assert refusal(lambda: library.client.auth.sign_up({"email": ADA, "password": PASSWORD})) == (422, "user_already_exists")
        plain_project.settings.autoconfirm = False
        answer = library.client.auth.sign_up({"email": ADA, "password": PASSWORD})
        assert answer.user is not None
        assert (answer.session, answer.user.identities, answer.user.role) == (None, [], "")

    def test_a_weak_password(self, library: Library) -> None:
        with pytest.raises(AuthWeakPasswordError) as caught:
            library.client.auth.sign_up({"email": ADA, "password": "short"})
        assert (caught.value.reasons, caught.value.status) == (["length"], 422)
        assert refusal(lambda: library.client.auth.sign_up({"email": ADA, "password": "x" * 73})) == (400, "validation_failed")

    def test_a_project_that_takes_nobody(self, plain_project: SupabaseServer, library: Library) -> None:
        plain_project.settings.sign_up = False
        assert refusal(lambda: library.client.auth.sign_up({"email": ADA, "password": PASSWORD})) == (422, "signup_disabled")
        assert refusal(lambda: library.client.auth.sign_in_with_otp({"email": ADA})) == (422, "signup_disabled")
        plain_project.settings.sign_up, plain_project.settings.email_provider = True, False
        assert refusal(lambda: library.client.auth.sign_up({"email": ADA, "password": PASSWORD})) == (422, "email_provider_disabled")

    def test_somebody_without_a_name(self, plain_project: SupabaseServer, library: Library) -> None:
        assert refusal(library.client.auth.sign_in_anonymously) == (422, "anonymous_provider_disabled")
        plain_project.settings.anonymous = True
        answer = library.client.auth.sign_in_anonymously()
        assert answer.user is not None
        assert answer.user.is_anonymous
        assert library.rows(library.client.table("todo").insert({"text": "milk"}))[0]["user_id"] == answer.user.id


class TestPassword:
    def test_a_wrong_one_and_an_unknown_address_are_told_alike(self, plain_project: SupabaseServer, library: Library) -> None:
        plain_project.sign_up(ADA)
        for email in (ADA, "nobody@example.org"):
            with pytest.raises(AuthApiError) as caught:
                library.client.auth.sign_in_with_password({"email": email, "password": "wrong one"})
            assert (caught.value.status, caught.value.code, caught.value.message) == (
                400,
                "invalid_credentials",
                "Invalid login credentials",
            )

    def test_both_dialects_of_an_error(self, http: httpx.Client) -> None:
        path, body = "/auth/v1/token?grant_type=password", {"email": ADA, "password": "x"}
        old = http.post(path, json=body)
        assert (old.status_code, old.headers["x-sb-error-code"]) == (400, "invalid_credentials")
        assert old.json() == {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"}
        new = http.post(path, json=body, headers={"X-Supabase-Api-Version": "2024-01-01"})
        assert new.headers["x-supabase-api-version"] == "2024-01-01"
        assert new.json() == {"code": "invalid_credentials", "message": "Invalid login credentials"}

    def test_grants_that_make_no_sense(self, http: httpx.Client) -> None:
        for grant, body, status, code in (
            ("password", "{}", 400, "validation_failed"),
            ("password", '{"email":"a@b","phone":"1","password":"x"}', 400, "validation_failed"),
            ("password", "{", 400, "bad_json"),
            ("password", "[]", 400, "bad_json"),
            ("magic", "{}", 400, "invalid_credentials"),
            ("refresh_token", '{"refresh_token":"UPPER"}', 400, "validation_failed"),
            ("refresh_token", '{"refresh_token":"abcdefghijkl"}', 400, "refresh_token_not_found"),
            ("pkce", '{"auth_code":"x"}', 400, "validation_failed"),
            ("pkce", '{"auth_code":"x","code_verifier":"y"}', 404, "flow_state_not_found"),
        ):
            answer = http.post(f"/auth/v1/token?grant_type={grant}", content=body)
            assert (answer.status_code, answer.json()["error_code"]) == (status, code)

    def test_a_missing_refresh_token_is_told_in_the_words_of_oauth(self, http: httpx.Client) -> None:
        answer = http.post("/auth/v1/token?grant_type=refresh_token", json={})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_somebody_who_is_banned_is_told_so_before_the_password_is_looked_at(
        self, plain_project: SupabaseServer, library: Library
    ) -> None:
        plain_project.sign_up(ADA)
        plain_project.ban(ADA)
        sign_in = {"email": ADA, "password": "wrong one"}
        assert refusal(lambda: library.client.auth.sign_in_with_password(sign_in)) == (400, "user_banned")  # type: ignore[arg-type]

    def test_another_password(self, plain_project: SupabaseServer, people: People, library: Library) -> None:
        ada = people("ada")
        library.client.auth.sign_in_with_password({"email": ADA, "password": PASSWORD})
        assert refusal(lambda: ada.client.auth.update_user({"password": PASSWORD})) == (422, "same_password")
        ada.client.auth.update_user({"password": "battery staple"})
        assert refusal(library.client.auth.refresh_session) == (400, "refresh_token_not_found")
        assert library.client.auth.sign_in_with_password({"email": ADA, "password": "battery staple"}).session is not None
        plain_project.settings.reauthentication = True
        plain_project.clock.advance(25 * 3600)
        ada.client.auth.refresh_session()
        assert refusal(lambda: ada.client.auth.update_user({"password": "a third one"})) == (400, "reauthentication_needed")

    def test_a_forgotten_one(self, plain_project: SupabaseServer, library: Library) -> None:
        plain_project.sign_up(ADA)
        library.client.auth.reset_password_for_email("nobody@example.org")
        assert plain_project.mail == []
        library.client.auth.reset_password_for_email(ADA)
        library.client.auth.verify_otp({"email": ADA, "token": mailed(plain_project)[0], "type": "recovery"})
        library.client.auth.update_user({"password": "battery staple"})
        assert library.client.auth.sign_in_with_password({"email": ADA, "password": "battery staple"}).session is not None


class TestRefreshing:
    def test_a_lost_answer_is_given_again_and_a_stolen_token_ends_the_session(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        first = ada.refresh_token
        ada.client.auth.refresh_session(first)
        second = ada.refresh_token
        assert second != first
        ada.client.auth.refresh_session(first)
        assert ada.refresh_token == second
        ada.client.auth.refresh_session(second)
        third = ada.refresh_token
        plain_project.clock.advance(11)
        assert refusal(lambda: ada.client.auth.refresh_session(first)) == (400, "refresh_token_already_used")
        plain_project.clock.advance(11)
        assert refusal(lambda: ada.client.auth.refresh_session(third)) == (400, "refresh_token_already_used")

    def test_an_old_token_is_good_for_a_few_seconds(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        first = ada.refresh_token
        for _ in range(2):
            ada.client.auth.refresh_session()
        newest = ada.refresh_token
        ada.client.auth.refresh_session(first)
        assert ada.refresh_token not in {first, newest}

    def test_a_lost_parent_is_good_for_ever(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        first = ada.refresh_token
        plain_project.faults.auth.lose = 1
        with pytest.raises(Exception, match="disconnected"):
            ada.client.auth.refresh_session(first)
        plain_project.clock.advance(86_400)
        ada.client.auth.refresh_session(first)
        assert ada.refresh_token != first

    def test_who_may_not_go_on(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        plain_project.ban(ADA)
        assert refusal(ada.client.auth.refresh_session) == (400, "user_banned")
        plain_project.ban(ADA, until="2000-01-01")
        ada.client.auth.refresh_session()
        plain_project.end_sessions(ADA)
        assert refusal(ada.client.auth.refresh_session) == (400, "refresh_token_not_found")

    def test_a_deleted_account(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        plain_project.forget(ADA)
        assert refusal(ada.client.auth.refresh_session) == (400, "refresh_token_not_found")
        assert refusal(ada.client.auth.get_user) == (403, "user_not_found")


class TestCountedTokens:
    """The newer kind of refresh tokens, which a project may give instead."""

    @pytest.fixture(autouse=True)
    def _on(self, plain_project: SupabaseServer) -> None:
        plain_project.settings.counted_tokens = True

    def test_the_one_before_is_always_good_and_brings_the_newest(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        first = ada.refresh_token
        assert 50 <= len(first) <= 56
        ada.client.auth.refresh_session(first)
        second = ada.refresh_token
        plain_project.clock.advance(86_400)
        ada.client.auth.refresh_session(first)
        assert ada.refresh_token == second != first
        assert ada.last.headers["sb-auth-refresh-token-reuse-cause"] == "fail-to-save"

    def test_an_older_one_is_good_for_a_few_seconds_and_then_ends_the_session(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        first = ada.refresh_token
        for _ in range(130):  # more than one byte counts
            ada.client.auth.refresh_session()
        newest = ada.refresh_token
        ada.client.auth.refresh_session(first)
        assert ada.refresh_token == newest
        plain_project.clock.advance(11)
        assert refusal(lambda: ada.client.auth.refresh_session(first)) == (400, "refresh_token_already_used")
        assert ada.last.headers["sb-auth-refresh-token-rotated"] == "true"
        assert refusal(lambda: ada.client.auth.refresh_session(newest)) == (400, "refresh_token_not_found")

    def test_what_was_changed_is_no_token(self, people: People) -> None:
        ada = people("ada")
        token = ada.refresh_token
        changed = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]
        assert refusal(lambda: ada.client.auth.refresh_session(changed)) == (400, "validation_failed")

    def test_a_database_that_was_set_back(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        ada.client.auth.refresh_session()
        with plain_project.database.connect("postgres") as admin:
            admin.execute("update auth.sessions set counter = 0")
        assert refusal(ada.client.auth.refresh_session) == (400, "validation_failed")


class TestSigningOut:
    def test_locally_the_other_session_goes_on(self, people: People, library: Library) -> None:
        ada = people("ada")
        library.client.auth.sign_in_with_password({"email": ADA, "password": PASSWORD})
        token, refresh_token = ada.access_token, ada.refresh_token
        ada.client.auth.sign_out({"scope": "local"})
        library.client.auth.refresh_session()
        assert refusal(lambda: ada.client.auth.refresh_session(refresh_token)) == (400, "refresh_token_not_found")
        assert refusal(lambda: ada.client.auth.get_user(token)) == (403, "session_not_found")
        ada.client.postgrest.auth(token)
        assert ada.rows(ada.client.table("todo").select("*")) == []

    @pytest.mark.parametrize(("scope", "left"), [("global", []), ("others", ["mine"]), ("local", ["other"])])
    def test_who_is_signed_out(self, http: httpx.Client, plain_project: SupabaseServer, scope: str, left: list[str]) -> None:
        sessions = {"mine": plain_project.sign_up(ADA)}
        sessions["other"] = http.post("/auth/v1/token?grant_type=password", json={"email": ADA, "password": PASSWORD}).json()
        headers = {name: {"Authorization": f"Bearer {session['access_token']}"} for name, session in sessions.items()}
        assert http.post(f"/auth/v1/logout?scope={scope}", headers=headers["mine"]).status_code == 204
        assert [name for name in headers if http.get("/auth/v1/user", headers=headers[name]).status_code == 200] == left

    def test_what_is_no_scope(self, http: httpx.Client, plain_project: SupabaseServer) -> None:
        headers = {"Authorization": f"Bearer {plain_project.sign_up(ADA)['access_token']}"}
        assert http.post("/auth/v1/logout?scope=all", headers=headers).json()["error_code"] == "validation_failed"


class TestBearer:
    def test_who_is_not_somebody(self, plain_project: SupabaseServer, http: httpx.Client) -> None:
        unknown = "8d0fd2b3-9ca7-4d9e-a95f-9e13dded323e"
        assert http.get("/auth/v1/user").json()["error_code"] == "no_authorization"
        for claims, status, code in (
            ({"sub": "x8Rn2f"}, 400, "bad_jwt"),
            ({"sub": unknown}, 403, "user_not_found"),
            ({"sub": unknown, "exp": 1}, 403, "bad_jwt"),
        ):
            answer = http.get("/auth/v1/user", headers={"Authorization": f"Bearer {plain_project.tokens.sign(claims)}"})
            assert (answer.status_code, answer.json()["error_code"]) == (status, code)


class TestMails:
    def test_a_code_signs_in_and_another_mail_has_to_wait(self, plain_project: SupabaseServer, library: Library) -> None:
        plain_project.sign_up(ADA)
        library.client.auth.sign_in_with_otp({"email": ADA, "options": {"should_create_user": False}})
        with pytest.raises(AuthApiError, match="only request this after 60 seconds") as caught:
            library.client.auth.sign_in_with_otp({"email": ADA})
        assert (caught.value.status, caught.value.code) == (429, "over_email_send_rate_limit")
        plain_project.clock.advance(61)
        library.client.auth.sign_in_with_otp({"email": ADA})
        first, second = (each.code for each in plain_project.mail)
        if first != second:
            assert refusal(lambda: library.client.auth.verify_otp({"email": ADA, "token": first, "type": "email"})) == (403, "otp_expired")
        assert library.client.auth.verify_otp({"email": ADA, "token": second, "type": "email"}).session is not None

    def test_a_code_ends_after_an_hour(self, plain_project: SupabaseServer, library: Library) -> None:
        library.client.auth.sign_in_with_otp({"email": ADA})
        plain_project.clock.advance(3601)
        code, _ = mailed(plain_project)
        assert refusal(lambda: library.client.auth.verify_otp({"email": ADA, "token": code, "type": "email"})) == (403, "otp_expired")

    def test_an_unknown_address_that_is_not_to_be_known(self, library: Library) -> None:
        options: Any = {"email": ADA, "options": {"should_create_user": False}}
        assert refusal(lambda: library.client.auth.sign_in_with_otp(options)) == (422, "otp_disabled")

    def test_a_link_brings_a_code_back_to_the_computer(self, library: Library, plain_project: SupabaseServer, http: httpx.Client) -> None:
        back = "http://127.0.0.1:53123/callback"
        library.client.auth.sign_in_with_otp({"email": ADA, "options": {"email_redirect_to": back}})
        answer = http.get(mailed(plain_project)[1])
        assert answer.status_code == 303
        there = urlsplit(answer.headers["location"])
        assert (there.netloc, there.path) == ("127.0.0.1:53123", "/callback")
        code: Any = {"auth_code": parse_qs(there.query)["code"][0]}
        session = library.client.auth.exchange_code_for_session(code).session
        assert session is not None
        again = urlsplit(http.get(mailed(plain_project)[1]).headers["location"])
        assert parse_qs(again.query)["error_code"] == parse_qs(again.fragment)["error_code"] == ["otp_expired"]

    def test_a_link_without_pkce_hides_the_session_behind_the_hash(self, plain_project: SupabaseServer, http: httpx.Client) -> None:
        http.post("/auth/v1/otp", json={"email": ADA})
        there = urlsplit(http.get(mailed(plain_project)[1]).headers["location"])
        assert (there.query, there.netloc) == ("", "site.example.org")
        assert {"access_token", "refresh_token", "expires_in", "type"} <= set(parse_qs(there.fragment))

    def test_another_address(self, plain_project: SupabaseServer, people: People) -> None:
        ada, bob = people("ada"), people("bob")
        assert refusal(lambda: bob.client.auth.update_user({"email": ADA})) == (422, "email_exists")
        plain_project.settings.autoconfirm = False
        changed = ada.client.auth.update_user({"email": "lovelace@example.org"})
        assert (changed.user.email, changed.user.new_email) == (ADA, "lovelace@example.org")
        code, _ = mailed(plain_project)
        answer = ada.client.auth.verify_otp({"email": "lovelace@example.org", "token": code, "type": "email_change"})
        assert answer.user is not None
        assert answer.user.email == "lovelace@example.org"


class TestBrowser:
    def began(self, library: Library, back: str) -> str:
        """Where the browser is sent."""
        answer = library.client.auth.sign_in_with_oauth({"provider": "github", "options": {"redirect_to": back}})
        return httpx.get(answer.url, verify=NO_TLS).headers["location"]

    def test_a_round_trip_to_the_computer_itself(self, plain_project: SupabaseServer, library: Library) -> None:
        back = self.began(library, "http://127.0.0.1:53123/callback")
        assert back.startswith("http://127.0.0.1:53123/callback?code=")
        code: Any = {"auth_code": parse_qs(urlsplit(back).query)["code"][0]}
        session = library.client.auth.exchange_code_for_session(code).session
        assert session is not None
        assert session.provider_token
        assert (session.user.email, session.user.app_metadata["provider"]) == (plain_project.settings.provider_email, "github")
        self.began(library, "http://127.0.0.1:53123/callback")
        assert refusal(lambda: library.client.auth.exchange_code_for_session(code)) == (404, "flow_state_not_found")

    def test_where_a_browser_may_go(self, plain_project: SupabaseServer, library: Library) -> None:
        plain_project.settings.allowed.append("https://app.example.org/**")
        allowed = {
            "http://127.0.0.1:9/x": True,
            "http://[::1]:9/x": True,
            "http://site.example.org/elsewhere": True,
            "https://app.example.org/a/b": True,
            "https://app.example.org.evil.org/a": False,
            "http://localhost:9/x": False,
            "http://evil.example.com/x": False,
            "http://127.0.0.1.evil.org/x": False,
        }
        site = f"{plain_project.settings.site_url}?code="
        sent = {wanted: self.began(library, wanted) for wanted in allowed}
        assert {wanted: there.startswith(f"{wanted}?code=") for wanted, there in sent.items()} == allowed
        assert all(there.startswith(site) for wanted, there in sent.items() if not allowed[wanted])

    def test_somebody_who_says_no(self, plain_project: SupabaseServer, library: Library) -> None:
        plain_project.settings.provider_refuses = "provider_disabled"
        there = urlsplit(self.began(library, "http://127.0.0.1:9/callback"))
        for part in (there.query, there.fragment):
            assert (parse_qs(part)["error"], parse_qs(part)["error_code"]) == (["access_denied"], ["provider_disabled"])

    def test_somebody_else_with_the_code(self, plain_project: SupabaseServer, library: Library, http: httpx.Client) -> None:
        code = parse_qs(urlsplit(self.began(library, "http://127.0.0.1:9/callback")).query)["code"][0]
        answer = http.post("/auth/v1/token?grant_type=pkce", json={"auth_code": code, "code_verifier": "x" * 43})
        assert (answer.status_code, answer.json()["error_code"]) == (400, "bad_code_verifier")
        plain_project.clock.advance(301)
        late: Any = {"auth_code": code}
        assert refusal(lambda: library.client.auth.exchange_code_for_session(late)) == (422, "flow_state_expired")

    def test_a_provider_that_is_off(self, http: httpx.Client) -> None:
        answer = http.get("/auth/v1/authorize?provider=google")
        assert (answer.status_code, answer.json()["error_code"]) == (400, "validation_failed")


class TestGate:
    def test_settings_say_what_is_on(self, http: httpx.Client) -> None:
        settings = http.get("/auth/v1/settings").json()
        assert [name for name, on in settings["external"].items() if on] == ["github", "email"]
        assert settings["mailer_autoconfirm"] is True

    def test_keys(self, plain_project: SupabaseServer) -> None:
        address = f"{plain_project.url}/auth/v1/settings"
        assert httpx.get(address, verify=NO_TLS).json() == {"message": "No API key found in request"}
        wrong = httpx.get(address, headers={"apikey": "sb_publishable_x"}, verify=NO_TLS)
        assert (wrong.status_code, wrong.json()["message"]) == (401, "Invalid API key")
        for key in (plain_project.publishable_key, plain_project.anon_key, plain_project.secret_key, plain_project.service_key):
            assert httpx.get(address, headers={"apikey": key}, verify=NO_TLS).status_code == 200
        for path in ("/auth/v1/.well-known/jwks.json", "/auth/v1/authorize?provider=github"):
            assert httpx.get(f"{plain_project.url}{path}", verify=NO_TLS).status_code in {200, 302}

    def test_requests_are_limited(self, plain_project: SupabaseServer, http: httpx.Client) -> None:
        plain_project.settings.request_limits = True
        answers = [http.post("/auth/v1/recover", json={"email": "nobody@example.org"}) for _ in range(32)]
        assert {answer.status_code for answer in answers[:30]} == {200}
        assert (answers[-1].status_code, answers[-1].json()["error_code"]) == (429, "over_request_rate_limit")
        assert "retry-after" not in answers[-1].headers
        plain_project.clock.advance(11)
        assert http.post("/auth/v1/recover", json={"email": "nobody@example.org"}).status_code == 200

    def test_a_project_that_wants_a_browser(self, plain_project: SupabaseServer, library: Library) -> None:
        plain_project.settings.captcha = True
        assert refusal(lambda: library.client.auth.sign_up({"email": ADA, "password": PASSWORD})) == (400, "captcha_failed")

    def test_a_body_that_is_too_large(self, http: httpx.Client) -> None:
        answer = http.post("/auth/v1/signup", json={"email": ADA, "password": "x" * 1_100_000})
        assert (answer.status_code, answer.json()["error_code"]) == (413, "request_entity_too_large")
