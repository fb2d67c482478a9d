"""What people paste as a project's address and key (supabase-contract.md, section 1.11)."""

import base64
import json

import pytest

from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.remote.supabase.keys import KeyKind, Project, classify

REF = "abcdefghijklmnopqrst"
HOSTED = f"https://{REF}.supabase.co"
PUBLISHABLE = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"


def jwt(**claims: object) -> str:
    """A token that nobody has signed."""
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "c2lnbmF0dXJl"])


ANON = jwt(iss="supabase", ref=REF, role="anon", iat=1, exp=2_000_000_000)
SERVICE = jwt(iss="supabase", ref=REF, role="service_role", iat=1, exp=2_000_000_000)
SECRETS = {
    KeyKind.SECRET: "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz",
    KeyKind.SERVICE_ROLE: SERVICE,
    KeyKind.PERSONAL: "sbp_0102030405060708090a0b0c0d0e0f1011121314",
    KeyKind.DATABASE: "postgresql://postgres:hunter2@db.example.org:5432/postgres",
    KeyKind.PERSONS_TOKEN: jwt(sub="8d0fd2b3-9ca7-4d9e-a95f-9e13dded323e", role="authenticated"),
    KeyKind.ADDRESS: HOSTED,
    KeyKind.UNKNOWN: "super-secret-jwt-token-with-at-least-32-characters-long",
}


@pytest.mark.parametrize(
    "text",
    [
        HOSTED,
        f"{HOSTED}/",
        f"  {HOSTED}/rest/v1/todo?select=* \n",
        f"{REF}.supabase.co",
        REF,
        f"https://supabase.com/dashboard/project/{REF}",
        f"supabase.com/dashboard/project/{REF}/settings/api-keys",
        f"https://app.supabase.com/project/{REF}/editor",
        f"db.{REF}.supabase.co",
    ],
)
def test_a_hosted_project_is_known_however_it_is_named(text: str) -> None:
    assert Project.from_text(text) == Project(HOSTED)
    assert Project.from_text(text).ref == REF


@pytest.mark.parametrize(
    ("text", "url", "port"),
    [
        ("https://todos.example.org:8443/", "https://todos.example.org:8443", 8443),
        ("todos.example.org", "https://todos.example.org", 443),
        ("localhost:54321", "http://localhost:54321", 54321),
        ("http://127.0.0.1:54321", "http://127.0.0.1:54321", 54321),
        ("[::1]:54321", "http://[::1]:54321", 54321),
        ("https://localhost", "https://localhost", 443),
    ],
)
def test_a_server_of_ones_own(text: str, url: str, port: int) -> None:
    project = Project.from_text(text, ca="/etc/own.pem")
    assert (project.url, project.port, project.ref) == (url, port, "")
    assert Project.from_dict(project.to_dict()) == project


def test_in_the_clear_only_on_this_computer() -> None:
    with pytest.raises(AccountUnusable) as caught:
        Project.from_text("http://todos.example.org")
    assert caught.value.title == "Connection not safe"


@pytest.mark.parametrize(
    "text", ["", "not an address", "ftp://example.org", "https://", "https://[", "ada@example.org", "https://supabase.com/pricing"]
)
def test_what_is_no_address_is_said_so(text: str) -> None:
    with pytest.raises(AccountUnusable) as caught:
        Project.from_text(text)
    assert caught.value.title == "Address not usable"


@pytest.mark.parametrize(
    "text", [*(each for kind, each in SECRETS.items() if kind is not KeyKind.ADDRESS), PUBLISHABLE, ANON, "https://me:pw@x.org"]
)
def test_a_secret_in_the_field_of_the_address_goes_nowhere(text: str) -> None:
    with pytest.raises(AccountUnusable) as caught:
        Project.from_text(text)
    assert text not in str(caught.value)


@pytest.mark.parametrize("key", [PUBLISHABLE, f"  {PUBLISHABLE}\n", ANON])
def test_a_key_for_programs_is_taken(key: str) -> None:
    assert Project(HOSTED).check_key(key) == key.strip()


@pytest.mark.parametrize("kind", SECRETS)
def test_whatever_opens_more_is_refused_and_not_repeated(kind: KeyKind) -> None:
    key = SECRETS[kind]
    assert classify(f" {key} ") is kind
    with pytest.raises(AccountUnusable) as caught:
        Project(HOSTED).check_key(key)
    assert "neither stored nor sent" in str(caught.value)
    assert key not in str(caught.value)


@pytest.mark.parametrize("role", ["service_role", "supabase_admin", "postgres"])
def test_a_token_that_opens_everything_is_a_secret_whatever_else_it_says(role: str) -> None:
    assert classify(jwt(role=role, sub="somebody")) is KeyKind.SERVICE_ROLE


@pytest.mark.parametrize(
    "key", ["a.b.c", "..", "eyJ.é.x", f"{base64.urlsafe_b64encode(b'{}').decode()}.WzFd.x", jwt(role=["anon"]), "anon"]
)
def test_what_cannot_be_read_is_no_key(key: str) -> None:
    assert classify(key) is KeyKind.UNKNOWN


def test_a_key_of_another_project_is_named_as_such() -> None:
    other = "zzzzzzzzzzzzzzzzzzzz"
    with pytest.raises(AccountUnusable) as caught:
        Project(HOSTED).check_key(jwt(role="anon", ref=other))
    assert caught.value.title == "Key of another project"
    assert other in caught.value.sentence
    assert REF in caught.value.sentence
    assert Project("https://todos.example.org").check_key(ANON) == ANON


def test_a_missing_key_is_said_so() -> None:
    with pytest.raises(AccountUnusable) as caught:
        Project(HOSTED).check_key("  ")
    assert caught.value.title == "Key missing"
