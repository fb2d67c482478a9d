"""The command line at the stand-in of a Supabase project, from signing up to two profiles that have the same list."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.e2e.devots import Answer, Devots
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.postgres import binaries
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.database import Form

EMAIL, PASSWORD = "ada@example.org", "correct horse"
SECRET = "sb_secret_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"
OTHER_KEY = "sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"


def made(servers: Servers, form: Form) -> Iterator[SupabaseServer]:
    """One version is enough: what differs between them lies below the command line, and is proven there."""
    version = next((version for version in reversed(VERSIONS) if binaries(version)), VERSIONS[-1])
    with servers.project(version, form) as project:
        yield project


@pytest.fixture
def project(servers: Servers) -> Iterator[SupabaseServer]:
    yield from made(servers, "managed")


@pytest.fixture
def empty(servers: Servers) -> Iterator[SupabaseServer]:
    yield from made(servers, "empty")


@pytest.fixture
def devots(tmp_path: Path) -> Devots:
    return Devots(tmp_path / "profile")


def enter(devots: Devots, *more: str, code: int = 0, environ: Mapping[str, str] | None = None) -> Answer:
    arguments = ("accounts", "add", "supabase", "--email", EMAIL, "--secrets", "file", "--password-stdin", *more)
    return devots(*arguments, stdin=f"{PASSWORD}\n", environ=environ, code=code)


def named(project: SupabaseServer) -> tuple[str, ...]:
    return "--url", project.url, "--key", project.publishable_key


def test_somebody_signs_up_and_another_device_has_the_list(tmp_path: Path, devots: Devots, project: SupabaseServer) -> None:
    answer = enter(devots, *named(project), "--sign-up", "--name", "Ada", "--json")
    assert answer.json == {"name": "Ada", "kind": "supabase", "email": EMAIL, "host": "127.0.0.1", "current": True}
    assert answer.err == ""
    devots("add", "Buy oat milk")
    assert devots.json("sync", "--once")["pending"] == 0
    two = Devots(tmp_path / "two")
    enter(two, *named(project))
    two("sync", "--once")
    assert [(todo["text"], todo["state"]) for todo in two.json("list")] == [("Buy oat milk", "synced")]
    assert devots.json("accounts", "remove", "Ada")["kind"] == "supabase"


@pytest.mark.parametrize(("where", "name"), [("environment", "SUPABASE_PUBLISHABLE_KEY"), ("file", "SUPABASE_ANON_KEY")])
def test_address_and_key_are_taken_from_where_the_guide_puts_them(
    tmp_path: Path, devots: Devots, project: SupabaseServer, where: str, name: str
) -> None:
    values = {"SUPABASE_URL": project.url, name: project.anon_key if "ANON" in name else project.publishable_key}
    if where == "environment":
        enter(devots, "--sign-up", environ=values)
        return
    file = tmp_path / ".env"
    lines = [f"{each}={value!r}" for each, value in {**values, "SUPABASE_SERVICE_KEY": project.service_key}.items()]
    file.write_text("\n".join(lines), encoding="utf-8")
    enter(devots, "--sign-up", "--env-file", str(file), environ={"SUPABASE_URL": "http://127.0.0.1:9"})


def test_a_service_key_in_the_environment_is_not_taken(devots: Devots, project: SupabaseServer) -> None:
    answer = enter(devots, "--sign-up", code=1, environ={"SUPABASE_URL": project.url, "SUPABASE_SERVICE_KEY": project.service_key})
    assert answer.err.startswith("Project not named: --key ")
    assert project.service_key not in answer.err


@pytest.mark.parametrize(
    ("more", "title"),
    [
        (("--url", "https://abcdefghijklmnopqrst.supabase.co", "--key", SECRET), "Not this key"),
        (("--url", "postgresql://postgres:pw@db.abcdefghijklmnopqrst.supabase.co/postgres", "--key", OTHER_KEY), "Not this address"),
        (("--url", "http://supabase.example.org", "--key", OTHER_KEY), "Connection not safe"),
        (("--key", OTHER_KEY), "Project not named"),
        (("--url", "https://abcdefghijklmnopqrst.supabase.co", "--key", OTHER_KEY, "--secrets", "memory"), "Not here"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anybody_is_asked(devots: Devots, more: tuple[str, ...], title: str) -> None:
    answer = enter(devots, *more, code=1)
    assert answer.err.startswith(f"{title}: ")
    assert SECRET not in answer.err
    assert len(devots.json("accounts")) == 1


def test_a_project_that_lacks_the_table_is_named_with_what_mends_it(devots: Devots, empty: SupabaseServer) -> None:
    answer = enter(devots, *named(empty), "--sign-up", code=1)
    assert answer.err.startswith("Project not ready: ")
    assert "devots db upgrade --sql --flavour supabase" in answer.err
    with empty.database.connect() as owner:
        owner.execute(devots("db", "upgrade", "--sql", "--flavour", "supabase").out.encode())
    enter(devots, *named(empty), "--sign-up")


def test_a_key_of_another_project_is_named(devots: Devots, project: SupabaseServer) -> None:
    assert "does not take this key" in enter(devots, "--url", project.url, "--key", OTHER_KEY, code=1).err


def test_what_is_worth_a_look_is_said_and_holds_up_nobody(devots: Devots, project: SupabaseServer) -> None:
    with project.database.connect("postgres") as admin:
        admin.execute("alter publication supabase_realtime drop table public.todo")
    answer = enter(devots, *named(project), "--sign-up")
    assert answer.err.startswith("publication: ")
    assert len(devots.json("accounts")) == 2


def test_an_email_that_is_to_be_confirmed(devots: Devots, project: SupabaseServer) -> None:
    project.settings.autoconfirm = False
    answer = enter(devots, *named(project), "--sign-up", code=1)
    assert answer.err.startswith("E-mail not confirmed: ")
    assert "without --sign-up" in answer.err
    httpx.get(project.mail[-1].link)
    enter(devots, *named(project))


def test_a_wrong_password(devots: Devots, project: SupabaseServer) -> None:
    project.sign_up(EMAIL, "another password")
    assert enter(devots, *named(project), code=1).err.startswith("Not signed in: ")
