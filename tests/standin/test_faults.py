"""The stand-in's troubles, as they come over the wire."""

import httpx
import pytest

from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.faults import ANSWERS


def test_offline(plain_project: SupabaseServer, http: httpx.Client) -> None:
    plain_project.faults.auth.offline = True
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/auth/v1/settings")
    assert http.get("/rest/v1/todo").status_code == 401
    plain_project.faults.auth.offline = False
    assert http.get("/auth/v1/settings").status_code == 200


def test_answers_in_place_of_the_real_one(plain_project: SupabaseServer, http: httpx.Client) -> None:
    plain_project.faults.rest.answers = list(ANSWERS)
    for each in ANSWERS.values():
        answer = http.get("/rest/v1/todo")
        assert (answer.status_code, answer.text) == (each.status, each.body)
        assert answer.headers["content-type"].startswith(each.content_type)
    assert http.get("/rest/v1/todo").json()["code"] == "42501"


def test_only_some_requests(plain_project: SupabaseServer, http: httpx.Client) -> None:
    plain_project.faults.auth.only, plain_project.faults.auth.method = "/token", "POST"
    plain_project.faults.auth.answers = ["rate_limit"]
    assert http.get("/auth/v1/settings").status_code == 200
    assert http.post("/auth/v1/token?grant_type=password", json={}).status_code == 429
    assert http.post("/auth/v1/token?grant_type=password", json={}).status_code == 400


@pytest.mark.parametrize("how", ["lose", "cut"])
def test_an_answer_that_is_lost_after_all_was_done(plain_project: SupabaseServer, http: httpx.Client, how: str) -> None:
    headers = {"Authorization": f"Bearer {plain_project.sign_up('ada@example.org')['access_token']}", "Prefer": "return=representation"}
    setattr(plain_project.faults.rest, how, 1)
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/rest/v1/todo", headers=headers, json={"text": "milk"})
    assert [each["text"] for each in http.get("/rest/v1/todo", headers=headers).json()] == ["milk"]


def test_latency(plain_project: SupabaseServer, http: httpx.Client) -> None:
    plain_project.faults.rest.latency = 5
    with pytest.raises(httpx.ReadTimeout):
        http.get("/rest/v1/todo", timeout=0.2)


def test_the_switches_over_http(plain_project: SupabaseServer, http: httpx.Client) -> None:
    http.post("/__test/faults", json={"rest": {"answers": ["schema_cache"]}})
    assert http.get("/rest/v1/todo").json()["code"] == "PGRST002"
    http.post("/__test/settings", json={"autoconfirm": False})
    assert http.get("/auth/v1/settings").json()["mailer_autoconfirm"] is False
    http.post("/auth/v1/signup", json={"email": "ada@example.org", "password": "correct horse"})
    (mail,) = http.get("/__test/mail").json()
    assert (mail["to"], mail["kind"], len(mail["code"])) == ("ada@example.org", "signup", 6)
    before = plain_project.clock()
    http.post("/__test/clock", json={"advance": 100})
    assert plain_project.clock() >= before + 100
    http.post("/__test/keys")
    assert len(http.get("/auth/v1/.well-known/jwks.json").json()["keys"]) == 2
    assert http.post("/__test/faults", json={"weather": "bad"}).status_code == 400
    assert set(http.get("/__test/faults").json()) == {"auth", "rest", "realtime"}
