"""The command line at the stand-in of a Supabase project, from signing up to two profiles that have the same list."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import PIPE

import httpx
import pytest

from tests.e2e.devots import PROGRAM, Answer, Devots
from tests.e2e.test_cli import read_terminal
from tests.servers.fixtures import Servers, newest
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.database import Form

EMAIL, PASSWORD = "ada@example.org", "correct horse"
SECRET = "sb_secret_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"
OTHER_KEY = "sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"


def made(servers: Servers, form: Form) -> Iterator[SupabaseServer]:
    """One version is enough: what differs between them lies below the command line, and is proven there."""
    with servers.project(newest(), form) as project:
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


def test_a_code_that_confirms_the_email_is_read_behind_the_password(devots: Devots, project: SupabaseServer) -> None:
    project.settings.autoconfirm = False
    with begun(devots, project, "--password-stdin", stdin=PIPE) as run:
        assert run.stdin is not None
        run.stdin.write(f"{PASSWORD}\n".encode())
        run.stdin.flush()
        out, err = run.communicate(f" {mailed(project)}\n".encode(), timeout=40)
    assert (run.returncode, err) == (0, b"")
    assert EMAIL.encode() in out
    assert len(devots.json("accounts")) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="not run: pseudo-terminals")
def test_a_code_that_confirms_the_email_is_asked_for_at_a_terminal_and_not_shown(
    tmp_path: Path, devots: Devots, project: SupabaseServer
) -> None:
    project.settings.autoconfirm = False
    (tmp_path / "password").write_text(PASSWORD)
    keyboard, terminal = os.openpty()
    with begun(devots, project, "--password-file", str(tmp_path / "password"), stdin=terminal) as run:
        assert run.stderr is not None
        prompt = b""
        while not prompt.endswith(b": "):
            prompt += (letter := run.stderr.read(1))
            assert letter, prompt
        assert EMAIL.encode() in prompt
        os.write(keyboard, f"{mailed(project)}\n".encode())
        out, _ = run.communicate(timeout=40)
    os.close(terminal)
    assert run.returncode == 0
    assert EMAIL.encode() in out
    assert mailed(project).encode() not in read_terminal(keyboard)
    os.close(keyboard)
    assert len(devots.json("accounts")) == 2


def test_a_code_that_is_not_right_adds_nothing(devots: Devots, project: SupabaseServer) -> None:
    project.settings.autoconfirm = False
    arguments = ("accounts", "add", "supabase", "--email", EMAIL, "--secrets", "file", "--password-stdin", "--sign-up", *named(project))
    assert devots(*arguments, stdin=f"{PASSWORD}\n000000\n", code=1).err.startswith("Code not right: ")
    assert len(devots.json("accounts")) == 1


def begun(devots: Devots, project: SupabaseServer, *more: str, stdin: int) -> "subprocess.Popen[bytes]":
    """Somebody signs up with a command that is still running, in no terminal but the one that is its input."""
    arguments = ("accounts", "add", "supabase", "--email", EMAIL, "--secrets", "file", "--sign-up", *more, *named(project))
    command = [*PROGRAM, "--profile", str(devots.profile), *arguments]
    return subprocess.Popen(command, stdin=stdin, stdout=PIPE, stderr=PIPE, env=devots.environ, start_new_session=True)


def mailed(project: SupabaseServer) -> str:
    """The code in the newest message, as soon as there is one."""
    end = time.monotonic() + 40
    while not project.mail:
        assert time.monotonic() < end
        time.sleep(0.02)  # No event tells of it.
    return project.mail[-1].code


def test_a_wrong_password(devots: Devots, project: SupabaseServer) -> None:
    project.sign_up(EMAIL, "another password")
    assert enter(devots, *named(project), code=1).err.startswith("Not signed in: ")
