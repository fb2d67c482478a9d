"""`devots doctor` as people and scripts meet it; what it finds is proven in tests/contract/test_doctor.py."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devots_desktop.store import rows
from devots_desktop.store.checksum import register
from tests.e2e.devots import Devots
from tests.e2e.test_cli_postgres import enter
from tests.servers.fixtures import Servers
from tests.servers.managed import Managed
from tests.servers.postgres import PostgresServer


@pytest.fixture
def postgres(servers: Servers) -> PostgresServer:
    return servers.server(18)


def test_this_computers_list_is_examined_without_a_server(tmp_path: Path) -> None:
    devots = Devots(tmp_path / "profile")
    devots.add("milk")
    answer = json.loads(devots("doctor", "--json").out)
    assert list(answer) == ["version", "account", "kind", "state", "repaired", "findings"]
    assert [each["check"] for each in answer["findings"]] == ["folder", "disk space", "list"]
    assert list(answer["findings"][0]) == ["check", "state", "sentence", "next_step", "repairable", "ids"]
    assert (answer["kind"], answer["state"], answer["repaired"]) == ("computer", "ok", [])
    assert "usage" in devots("doctor", "--mend", code=2).err


def test_what_differs_is_named_with_exit_1_and_repaired_with_exit_0(tmp_path: Path, managed: Managed) -> None:
    devots = Devots(tmp_path / "profile")
    enter(devots, managed.database, "--sign-up")
    milk = devots.add("milk")
    devots("sync", "--once")
    [cache] = [path for path in devots.profile.glob("accounts/*/cache.sqlite3") if path.parent.name != "computer"]
    with closing(sqlite3.connect(cache, isolation_level=None)) as db:
        register(db)
        db.execute("UPDATE todo SET text = 'wrong'")
        rows.stamp(db)
    wrong = devots("doctor", code=1, said=False)
    assert wrong.err == ""
    assert f"wrong        list against server  1 todo differs from the server's: {milk}.\n" in wrong.out
    assert all(line.startswith(("ok  ", "wrong  ", "      ")) for line in wrong.out.splitlines())
    repaired = devots("doctor", "--repair", "--json").json
    assert (repaired["state"], repaired["repaired"]) == ("ok", ["Taken from the server again: 1 todo."])
    assert [todo["text"] for todo in devots.json("list")] == ["milk"]
