"""The command line's accounts where no server answers: what is refused before anything is sent, and what waits."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.account import Account, AccountKind, SecretStore
from devots_desktop.services.account import now
from devots_desktop.store import outbox, parking
from devots_desktop.store.cache import Cache
from devots_desktop.store.profile import Profile, write_private
from devots_desktop.store.sync_lock import SyncLock
from tests.e2e.devots import Devots, ended

COMPUTER = {"name": "This computer", "kind": "computer", "email": "", "host": "", "current": True}
ADA = {"name": "Ada", "kind": "postgres", "email": "ada@example.org", "host": "127.0.0.1", "current": True}
SECRET = "a password that nobody may see"


@pytest.fixture
def devots(tmp_path: Path) -> Devots:
    return Devots(tmp_path / "profile")


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port of this computer on which nobody answers, and which nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def ada(devots: Devots, dead_port: int) -> Account:
    """An account that was signed in once, and whose server is away."""
    profile = Profile(devots.profile)
    address = {"host": "127.0.0.1", "port": str(dead_port), "database": "d", "login": "devots_desktop", "ca": ""}
    account = Account("ada", AccountKind.POSTGRES, "Ada", "ada@example.org", "u1", address, SecretStore.FILE)
    profile.put(account)
    folder = profile.cache_path(account).parent
    folder.mkdir(parents=True)
    write_private(folder / "secrets.json", json.dumps({"token": "t" * 64, "login_password": SECRET}))
    return account


def add_postgres(url: str, *more: str) -> tuple[str, ...]:
    return ("accounts", "add", "postgres", "--url", url, "--email", "ada@example.org", "--secrets", "file", "--password-stdin", *more)


class TestAdding:
    @pytest.mark.parametrize(
        "url",
        [
            f"postgresql://devots_desktop:{SECRET.replace(' ', '%20')}@127.0.0.1/d",
            f"postgresql://devots_desktop@127.0.0.1/d?password={SECRET.replace(' ', '%20')}",
            "postgresql://devots_desktop:@127.0.0.1/d",
        ],
        ids=["before the host", "as an option", "empty"],
    )
    def test_a_password_in_the_url_is_refused(self, devots: Devots, url: str) -> None:
        answer = devots(*add_postgres(url), code=1, stdin="password 1\n")
        assert answer.err.startswith("Password in the URL: ")
        assert "nobody" not in answer.err
        assert devots.json("accounts") == [COMPUTER]

    @pytest.mark.parametrize("url", ["", "host=h password=p", "http://h/d", "postgresql://h", "postgresql://[x/d", "postgresql://h:x/d"])
    def test_what_is_no_address_is_refused(self, devots: Devots, url: str) -> None:
        assert devots(*add_postgres(url), code=1, stdin="password 1\n").err.startswith("Address not usable: ")

    def test_less_than_a_verified_connection_is_refused(self, devots: Devots) -> None:
        url = "postgresql://devots_desktop@db.example.org/d?sslmode=require"
        assert devots(*add_postgres(url), code=1, stdin="password 1\n").err.startswith("Connection not safe: ")

    def test_secrets_in_memory_are_for_the_window(self, devots: Devots) -> None:
        answer = devots(*add_postgres("postgresql://devots_desktop@127.0.0.1/d", "--secrets", "memory"), code=1, stdin="password 1\n")
        assert "for the window only" in answer.err

    @pytest.mark.parametrize("password", ["", "\n", "\r\npassword 1"], ids=["nothing", "an empty line", "in the second line"])
    def test_without_a_password(self, devots: Devots, password: str) -> None:
        answer = devots(*add_postgres("postgresql://devots_desktop@127.0.0.1/d"), code=1, stdin=password)
        assert answer.err.startswith("No password: ")

    @pytest.mark.parametrize("option", ["--password-file", "--login-password-file"])
    def test_a_file_that_is_not_there(self, devots: Devots, tmp_path: Path, option: str) -> None:
        arguments = [
            each for each in add_postgres("postgresql://devots_desktop@127.0.0.1/d") if option != "--password-file" or "stdin" not in each
        ]
        answer = devots(*arguments, option, str(tmp_path / "none"), code=1, stdin="password 1\n")
        assert answer.err.startswith("File not readable: ")

    def test_a_server_that_does_not_answer(self, devots: Devots, dead_port: int) -> None:
        answer = devots(*add_postgres(f"postgresql://devots_desktop@127.0.0.1:{dead_port}/d"), code=1, stdin="password 1\n")
        assert answer.err.startswith("Offline: ")
        assert devots.json("accounts") == [COMPUTER]


class TestChoosing:
    def test_the_current_account_is_marked(self, devots: Devots, ada: Account) -> None:
        assert devots.json("accounts") == devots.json("accounts", "list") == [COMPUTER | {"current": False}, ADA]
        assert devots("accounts").out == "  This computer  (computer)\n* Ada  (postgres)\n"

    def test_use_makes_another_one_current(self, devots: Devots, ada: Account) -> None:
        assert devots.json("accounts", "use", "This computer") == COMPUTER
        devots("add", "here")
        assert [todo["text"] for todo in devots.json("list")] == ["here"]
        assert devots.json("list", "--account", "Ada") == []

    @pytest.mark.parametrize(
        "arguments", [("list", "--account", "Bob"), ("accounts", "use", "Bob"), ("accounts", "remove", "ada")], ids=" ".join
    )
    def test_an_account_that_is_not_there(self, devots: Devots, ada: Account, arguments: tuple[str, ...]) -> None:
        assert devots(*arguments, code=1).err.startswith("No such account: ")
        assert len(devots.json("accounts")) == 2

    def test_the_list_on_this_computer_stays(self, devots: Devots) -> None:
        assert devots("accounts", "remove", "This computer", code=1).err.startswith("Not removed: ")

    def test_an_account_is_removed_unless_something_waits(self, devots: Devots, ada: Account) -> None:
        devots("add", "one")
        assert devots("accounts", "remove", "Ada", code=1).err.startswith("Not removed: ")
        cache = Cache(Profile(devots.profile).cache_path(ada), syncs=True, clock=now)
        cache.db.execute("DELETE FROM outbox")
        cache.close()
        assert devots.json("accounts", "remove", "Ada") == ADA | {"current": False}
        assert devots.json("accounts") == [COMPUTER]
        assert not Profile(devots.profile).cache_path(ada).parent.exists()


class TestServerAway:
    def test_a_change_is_kept_and_the_command_has_done_its_work(self, devots: Devots, ada: Account) -> None:
        answer = devots("add", "one", "--json")
        assert answer.json["state"] == "pending"
        assert answer.err.startswith("Not sent yet: ")
        assert SECRET not in answer.err
        assert devots("list").out.endswith("  one  [pending]\n")

    def test_while_another_program_syncs_it_is_left_to_that(self, devots: Devots, ada: Account) -> None:
        path = Profile(devots.profile).cache_path(ada)
        devots("list")
        lock = SyncLock(path)
        assert lock.acquire()
        try:
            assert devots("add", "one").err == ""
        finally:
            lock.release()

    def test_sync_once_says_what_waits_and_fails(self, devots: Devots, ada: Account) -> None:
        devots("add", "one")
        answer = devots("sync", "--once", "--json", code=1)
        assert list(answer.json) == ["state", "pushed", "pulled", "pending", "parked"]
        assert answer.json == {"state": "offline", "pushed": 0, "pulled": 0, "pending": 1, "parked": 0}
        assert devots("sync", "--once", code=1).out == "Offline: 0 sent, 0 received, 1 waiting, 0 parked\n"

    def test_sync_goes_on_trying_until_it_is_ended(self, devots: Devots, ada: Account) -> None:
        with devots.follow("sync") as sync:
            sync.terminate()
            code, out, err = ended(sync)
        assert (code, out) == (0, "")
        assert "Traceback" not in err

    def test_sync_has_an_answer_only_once(self, devots: Devots, ada: Account) -> None:
        assert devots("sync", "--json", code=2).out == ""

    def test_this_computer_has_nothing_to_sync(self, devots: Devots) -> None:
        assert devots("sync", "--once", code=1).err.startswith("Nothing to sync: ")

    def test_the_session_is_gone(self, devots: Devots, ada: Account) -> None:
        (Profile(devots.profile).cache_path(ada).parent / "secrets.json").unlink()
        assert devots.json("add", "one")["state"] == "pending"
        assert devots.json("sync", "--once", code=1)["state"] == "signed-out"


def test_what_the_server_refused_is_shown_with_the_reason(devots: Devots, ada: Account) -> None:
    devots("add", "one")
    cache = Cache(Profile(devots.profile).cache_path(ada), syncs=True, clock=now)
    with cache.transaction() as db:
        (waiting,) = outbox.take(db, 1)
        parking.park(db, waiting.mutation_id, "The text is too long for this server.", 1_700_000_000_000_000)
    cache.close()
    assert devots.json("parked") == [
        {
            "id": waiting.mutation_id,
            "todo": waiting.client_id,
            "kind": "create",
            "text": "one",
            "reason": "The text is too long for this server.",
            "at": "2023-11-14T22:13:20.000000Z",
        }
    ]
    assert devots("parked").out == f"{waiting.client_id[:8]}  create  one\n          The text is too long for this server.\n"


class TestDatabase:
    def test_no_database_is_named(self, devots: Devots) -> None:
        assert devots("db", "status", code=1).err.startswith("No database named: ")

    def test_the_portals_file_is_read_and_its_name_for_it_comes_first(self, devots: Devots, tmp_path: Path, dead_port: int) -> None:
        env = tmp_path / ".env"
        env.write_text(
            f"# portal\nDATABASE_URL=http://elsewhere\nexport SUPABASE_POSTGRES_URL='postgres://o:{SECRET}@127.0.0.1:{dead_port}/d'\n"
        )
        answer = devots("db", "status", "--env-file", str(env), code=1, environ={"SUPABASE_POSTGRES_URL": "http://elsewhere"})
        assert answer.err.startswith("Offline: No PostgreSQL server answers at 127.0.0.1")
        assert SECRET not in answer.err

    def test_the_environment_is_read(self, devots: Devots) -> None:
        answer = devots("db", "upgrade", code=1, environ={"SUPABASE_POSTGRES_URL": "", "DATABASE_URL": f"mysql://o:{SECRET}@h/d"})
        assert SECRET not in answer.err
        assert "PostgreSQL" in answer.err
