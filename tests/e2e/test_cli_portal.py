"""The command line at a real portal: both ways in, the second factor, and two profiles that have the same list."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.devots import Answer, Devots, ended
from tests.portal.authenticator import switch_on, totp
from tests.portal.client import PASSWORD, Asking
from tests.servers.fixtures import Servers

EMAIL = "ada@example.org"


@pytest.fixture
def seed(servers: Servers) -> Iterator[Asking]:
    with servers.portal(18, "seed") as portal:
        yield Asking(portal)


@pytest.fixture
def desktop(servers: Servers) -> Iterator[Asking]:
    with servers.portal(18, "desktop", interval=1) as portal:
        yield Asking(portal)


@pytest.fixture
def devots(tmp_path: Path) -> Devots:
    return Devots(tmp_path / "profile")


def enter(devots: Devots, asking: Asking, *more: str, lines: str = PASSWORD, code: int = 0) -> Answer:
    arguments = ("accounts", "add", "portal", "--url", asking.portal.url, "--email", EMAIL, "--secrets", "file", "--password-stdin")
    return devots(*arguments, *more, stdin=f"{lines}\n", code=code)


def test_two_devices_have_one_list_and_a_text_is_read_only(tmp_path: Path, devots: Devots, seed: Asking) -> None:
    seed.sign_up()
    answer = enter(devots, seed, "--name", "Ada", "--json")
    assert answer.json == {"name": "Ada", "kind": "portal", "email": EMAIL, "host": "127.0.0.1", "current": True}
    devots("add", "Buy oat milk")
    [todo] = devots.json("list")
    assert todo["state"] == "synced"
    two = Devots(tmp_path / "two")
    enter(two, seed)
    two("sync", "--once")
    two("done", two.json("list")[0]["id"])
    devots("sync", "--once")
    assert [(each["text"], each["completed"]) for each in devots.json("list")] == [("Buy oat milk", True)]
    refused = devots("edit", todo["id"], "Buy milk", code=1)
    assert refused.err.startswith("Text read-only: ")
    assert [each["text"] for each in devots.json("list")] == ["Buy oat milk"]


def test_a_session_that_ended_is_begun_again(devots: Devots, seed: Asking) -> None:
    seed.sign_up()
    enter(devots, seed, "--name", "Ada")
    with seed.portal.database.connect() as owner:
        owner.execute("delete from session")
    devots("add", "milk")
    assert devots.json("sync", "--once", code=1)["state"] == "signed-out"
    assert "by the browser" in devots("accounts", "sign-in", "Ada", code=1).err
    devots("accounts", "sign-in", "Ada", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert devots.json("sync", "--once")["pending"] == 0


def test_a_second_factor_is_asked_for(devots: Devots, desktop: Asking) -> None:
    secret = switch_on(desktop, desktop.sign_up())
    assert enter(devots, desktop, code=1).err.startswith("Code needed: ")
    wrong = f"{(int(totp(secret)) + 500_000) % 1_000_000:06}"
    assert enter(devots, desktop, lines=f"{PASSWORD}\n{wrong}", code=1).err.startswith("Code not right: ")
    enter(devots, desktop, lines=f"{PASSWORD}\n{totp(secret)}")


def test_by_the_browser(devots: Devots, desktop: Asking) -> None:
    ada = desktop.sign_up()
    with devots.follow("accounts", "add", "portal", "--url", desktop.portal.url, "--secrets", "file", "--json") as program:
        assert program.stderr is not None
        said = program.stderr.readline()
        found = re.search(r"the code (\w+)\.", said)
        assert found is not None, said
        desktop.auth(f"/device?user_code={found[1]}", **ada.headers).raise_for_status()
        desktop.posted("/device/approve", {"userCode": found[1]}, ada).raise_for_status()
        code, out, err = ended(program)
    assert (code, json.loads(out)["kind"]) == (0, "portal"), err
    assert "token" not in out + err


def test_an_e_mail_without_a_password_is_explained(devots: Devots) -> None:
    answer = devots("accounts", "add", "portal", "--url", "https://todos.invalid", "--email", EMAIL, code=1)
    assert answer.err.startswith("E-mail and password: ")
