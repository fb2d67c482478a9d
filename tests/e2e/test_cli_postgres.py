"""The command line on a real PostgreSQL, from the owner's `db upgrade` to two profiles that follow each other."""

import json
from pathlib import Path

import pytest

from tests.e2e.devots import Devots, ended
from tests.servers.fixtures import Servers
from tests.servers.managed import DESKTOP, Managed
from tests.servers.postgres import Database, PostgresServer

PASSWORD = "correct horse"
EMAIL = "ada@example.org"


@pytest.fixture
def postgres(servers: Servers) -> PostgresServer:
    """One version is enough: what differs between them lies below the command line, and is proven there."""
    return servers.server(18)


def desktop_password(database: Database) -> str:
    """The login's password, the same for all databases of a server."""
    return database.server.passwords.setdefault(DESKTOP, "a password of the tests")


def enter(devots: Devots, database: Database, *more: str, password: str = PASSWORD, code: int = 0, email: str = EMAIL) -> str:
    """Add an account; what was said on standard error."""
    url = f"postgresql://{DESKTOP}@{database.server.host}:{database.server.port}/{database.name}"
    arguments = ("accounts", "add", "postgres", "--url", url, "--email", email, "--secrets", "file", "--password-stdin", *more)
    return devots(*arguments, stdin=f"{password}\n", environ={"PGPASSWORD": desktop_password(database)}, code=code).err


@pytest.fixture
def one(tmp_path: Path, managed: Managed) -> Devots:
    """A profile whose current account is Ada's."""
    made = Devots(tmp_path / "one")
    enter(made, managed.database, "--sign-up", "--name", "Ada")
    return made


@pytest.fixture
def two(tmp_path: Path, managed: Managed, one: Devots) -> Devots:
    """Ada's other device."""
    made = Devots(tmp_path / "two")
    enter(made, managed.database)
    return made


def test_an_owner_upgrades_a_database_and_somebody_signs_up(tmp_path: Path, database: Database) -> None:
    devots = Devots(tmp_path / "profile")
    environ = {"DATABASE_URL": database.url()}
    before = devots.json("db", "status", environ=environ)
    assert (before["state"], before["revision"], before["sign_up"]) == ("not migrated", None, None)

    secret = tmp_path / "password"
    secret.write_text(desktop_password(database))
    answer = devots("db", "upgrade", "--password-file", str(secret), "--sign-up", "on", "--json", environ=environ)
    assert list(answer.json) == ["before", "after", "flavour", "fresh", "roles_created", "desktop_password"]
    assert (answer.json["before"], answer.json["after"], answer.json["fresh"]) == (None, before["head"], True)
    assert answer.json["desktop_password"] is None
    assert secret.read_text() not in answer.out + answer.err

    after = devots.json("db", "status", environ=environ)
    keys = ["revision", "head", "state", "flavour", "missing", "trouble", "sign_up", "baseline", "blocking", "harmless", "drizzle"]
    assert list(after) == keys
    assert (after["state"], after["missing"], after["trouble"], after["sign_up"]) == ("current", [], [], True)
    enter(devots, database, "--sign-up")
    assert devots.json("add", "one")["state"] == "synced"


def test_an_owner_repairs_a_database_and_every_device_downloads_again(one: Devots, two: Devots, managed: Managed) -> None:
    environ = {"DATABASE_URL": managed.database.url()}
    one.add("milk")
    two("sync", "--once")
    with managed.owner() as owner:
        owner.execute("create or replace function devots.need_uid() returns text language sql as $$ select 'nobody' $$")
        owner.execute("create policy mine on todo using (true)")
    trouble = one.json("db", "status", environ=environ)["trouble"]
    assert [each.partition(" Mend")[0] for each in trouble] == [
        "The policy mine on public.todo is not ours and may let more rows through.",
        "The function devots.need_uid is not what the migrations made.",
    ]
    answer = one("db", "repair", environ=environ)
    assert answer.out.startswith("Repaired. Every device downloads its list again with its next sync.\nLeft      The policy mine ")
    assert one.json("db", "repair", environ=environ) == {"left": trouble[:1]}
    for devots in (one, two):
        assert devots.json("sync", "--once") == {"state": "live", "pushed": 0, "pulled": 1, "pending": 0, "parked": 0}
        assert [todo["text"] for todo in devots.json("list")] == ["milk"]


def test_an_owner_ends_signing_up(tmp_path: Path, managed: Managed) -> None:
    devots = Devots(tmp_path / "profile")
    environ = {"DATABASE_URL": managed.database.url()}
    answer = devots("db", "upgrade", "--sign-up", "off", environ=environ)
    assert answer.out == "Upgraded: as it was (portal).\n"
    assert devots("db", "status", environ=environ).out.startswith("State     current (revision ")
    assert "sign" in enter(devots, managed.database, "--sign-up", code=1).lower()


def test_an_account_is_added_used_and_removed(one: Devots, managed: Managed) -> None:
    host = managed.database.server.host
    ada = {"name": "Ada", "kind": "postgres", "email": EMAIL, "host": host, "current": True}
    assert one.json("accounts")[1] == ada
    assert enter(one, managed.database, code=1).startswith("Already here: ")
    assert one.json("accounts", "remove", "Ada") == ada | {"current": False}
    assert len(one.json("accounts")) == 1


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "wrong horse"), ("nobody@example.org", PASSWORD)], ids=["password", "e-mail"])
def test_one_sentence_for_a_wrong_password_and_an_unknown_e_mail(
    tmp_path: Path, one: Devots, managed: Managed, email: str, password: str
) -> None:
    said = enter(Devots(tmp_path / "two"), managed.database, email=email, password=password, code=1)
    assert said == "Not signed in: E-mail or password is not right. Check both and try again.\n"


def test_a_change_is_on_the_server_when_the_command_has_ended(one: Devots, two: Devots) -> None:
    added = one.json("add", "one")
    assert added["state"] == "synced"
    report = two.json("sync", "--once")
    assert list(report) == ["state", "pushed", "pulled", "pending", "parked"]
    assert report == {"state": "live", "pushed": 0, "pulled": 1, "pending": 0, "parked": 0}
    (seen,) = two.json("list")
    assert (seen["id"], seen["text"], seen["created_at"]) == (added["id"], "one", added["created_at"])
    two("done", added["id"])
    assert one.json("sync", "--once")["pulled"] == 1
    assert one.json("list")[0]["completed"]


def test_watch_tells_what_another_device_does(one: Devots, two: Devots) -> None:
    before = one.add("before")
    with two.follow("watch", "--json") as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        # The first pull, then live.
        first = json.loads(watch.stdout.readline())
        assert (first["op"], first["via"], first["id"]) == ("insert", "pull", before)
        while "Live" not in watch.stderr.readline():
            pass
        client_id = one.add("one")
        one("done", client_id)
        one("delete", client_id)
        lines = [json.loads(watch.stdout.readline()) for _ in range(3)]
        assert [(line["op"], line["via"], line["id"], line["completed"]) for line in lines] == [
            ("insert", "live", client_id, False),
            ("update", "live", client_id, True),
            ("delete", "live", client_id, True),
        ]
        # While it follows the server, it sends what others on its profile write, and its own acknowledgement is no news.
        own = two.add("own")
        assert json.loads(watch.stdout.readline())["via"] == "local"
        one("sync", "--once")
        assert own in {todo["id"] for todo in one.json("list")}
        watch.terminate()
        assert ended(watch)[:2] == (0, "")


def test_a_change_waits_while_the_server_is_gone(one: Devots, managed: Managed) -> None:
    server = managed.database.server
    server.kill()
    try:
        assert one.json("add", "one")["state"] == "pending"
    finally:
        server.restart()
    assert one.json("sync", "--once") == {"state": "live", "pushed": 1, "pulled": 0, "pending": 0, "parked": 0}
    assert one.json("list")[0]["state"] == "synced"


def test_a_session_that_was_ended_asks_for_a_sign_in_and_loses_nothing(one: Devots, managed: Managed) -> None:
    with managed.owner() as owner:
        owner.execute("delete from session")
    answer = one("add", "one", "--json")
    assert answer.json["state"] == "pending"
    assert answer.err.startswith("Not sent yet: Your session has ended.")
    assert one.json("sync", "--once", code=1)["state"] == "signed-out"
