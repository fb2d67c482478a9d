"""What getRealtimeChannel gives, and what Supabase makes of it, as portal-contract.md, sections 4 to 6, says."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import jwt
import psycopg
import pytest

from tests.portal.client import Asking
from tests.servers.fixtures import Servers
from tests.servers.portal import Profile
from tests.servers.supabase import NO_TLS, SupabaseServer
from tests.servers.supabase.tokens import unverified
from tests.standin.hearing import FENCED, ear, fence

Both = tuple[Asking, SupabaseServer]


@pytest.fixture
def seed_there(servers: Servers) -> Iterator[Both]:
    with servers.portal_on_supabase(18, "seed") as (portal, project):
        yield Asking(portal), project


@pytest.fixture
def desktop_there(servers: Servers) -> Iterator[Both]:
    with servers.portal_on_supabase(18, "desktop") as (portal, project):
        yield Asking(portal), project


def rows(project: SupabaseServer, key: str) -> httpx.Response:
    """What REST shows to whoever has this token."""
    headers = {"apikey": project.anon_key, "authorization": f"Bearer {key}"}
    return httpx.get(f"{project.url}/rest/v1/todo", params={"select": "text"}, headers=headers, verify=NO_TLS)


def test_a_seed_portal_gives_the_anon_key_alone(seed_there: Both) -> None:
    asking, project = seed_there
    ada = asking.sign_up()
    assert asking.data("todo.getRealtimeChannel", **ada.headers) == {
        "channel": "todos",
        "filter": f"user_id=eq.{ada.user_id}",
        "supabaseUrl": project.url,
        "supabaseAnonKey": project.anon_key,
    }


def test_a_desktop_portals_token_is_signed_for_supabase(desktop_there: Both) -> None:
    asking, project = desktop_there
    ada = asking.sign_up()
    token = asking.data("todo.getRealtimeChannel", **ada.headers)["accessToken"]
    (key,) = asking.auth("/jwks").json()["keys"]
    assert (key["alg"], key["crv"], key["kty"]) == ("ES256", "P-256", "EC")
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "JWT", "kid": key["kid"]}
    claims = project.tokens.check(token, time.time())
    session = asking.session(**ada.headers)["session"]["id"]
    told = {name: claims[name] for name in ("sub", "role", "aud", "email", "session_id", "iss")}
    assert told == {
        "sub": ada.user_id,
        "role": "authenticated",
        "aud": "authenticated",
        "email": ada.email,
        "session_id": session,
        "iss": asking.portal.url,
    }
    assert claims["exp"] - claims["iat"] == 3600


def test_the_plugins_own_token_does_not_name_its_type(desktop_there: Both) -> None:
    asking, project = desktop_there
    token = asking.auth("/token", **asking.sign_up().headers).json()["token"]
    assert "typ" not in jwt.get_unverified_header(token)
    assert unverified(token)["role"] == "authenticated"
    assert project.tokens.check(token, time.time())["aud"] == "authenticated"


def test_how_long_a_token_lasts_is_the_portals_choice(desktop: Asking) -> None:
    desktop.portal.change(token_seconds=7)
    claims = unverified(desktop.data("todo.getRealtimeChannel", **desktop.sign_up().headers)["accessToken"])
    assert claims["exp"] - claims["iat"] == 7


def test_with_the_token_people_see_their_own_rows_and_with_the_anon_key_none(desktop_there: Both) -> None:
    asking, project = desktop_there
    ada, bob = asking.sign_up(), asking.sign_up("bob")
    for person, text in ((ada, "ada's"), (bob, "bob's")):
        asking.data("todo.create", {"text": text}, **person.headers)
    channel = asking.data("todo.getRealtimeChannel", **ada.headers)
    assert rows(project, channel["accessToken"]).json() == [{"text": "ada's"}]
    assert rows(project, channel["supabaseAnonKey"]).json() == []


def test_the_seed_portals_row_level_security_lets_nothing_through(seed_there: Both) -> None:
    asking, project = seed_there
    asking.data("todo.create", {"text": "a"}, **asking.sign_up().headers)
    assert rows(project, project.anon_key).json() == []


def test_the_guides_policy_cannot_be_made(seed_there: Both) -> None:
    asking, _ = seed_there
    with asking.portal.database.connect() as owner, pytest.raises(psycopg.errors.UndefinedFunction, match="uuid = text"):
        owner.execute('create policy "Users can only view their own todos" on todo for select using (auth.uid() = user_id)')


def test_the_seed_portals_sessions_are_open_to_everybody_and_the_desktop_ones_are_not(seed_there: Both, desktop_there: Both) -> None:
    def read(project: SupabaseServer, table: str) -> int:
        headers = {"apikey": project.anon_key, "authorization": f"Bearer {project.anon_key}"}
        return len(httpx.get(f"{project.url}/rest/v1/{table}", headers=headers, verify=NO_TLS).raise_for_status().json())

    found = []
    for asking, project in (seed_there, desktop_there):
        asking.sign_up()
        found.append({table: read(project, table) for table in ("session", "account", "user")})
    assert found == [{"session": 1, "account": 1, "user": 1}, {"session": 0, "account": 0, "user": 0}]


@pytest.mark.parametrize("profile", ["seed", "desktop"])
def test_realtime_tells_a_change_to_the_portals_token_and_nothing_to_the_anon_key(servers: Servers, profile: Profile) -> None:
    with servers.portal_on_supabase(18, profile) as (portal, project):
        asking = Asking(portal)
        ada = asking.sign_up()
        channel = asking.data("todo.getRealtimeChannel", **ada.headers)
        with portal.database.connect() as owner:
            owner.execute(FENCED.encode())

        async def hears(token: str | None) -> list[tuple[str, str]]:
            async with ear(project, token, channel["filter"], topic=channel["channel"], key=channel["supabaseAnonKey"]) as listening:
                await listening.live()
                await asyncio.to_thread(asking.data, "todo.create", {"text": "a"}, **ada.headers)
                with portal.database.connect() as owner:
                    fence(owner)
                await listening.fenced(1)
                return [(change["type"], change["record"]["text"]) for change in listening.changes]

        assert asyncio.run(hears(channel.get("accessToken"))) == ([("INSERT", "a")] if profile == "desktop" else [])
        assert asyncio.run(hears(None)) == []
