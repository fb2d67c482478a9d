"""The command line on what needs the user: what was refused, what was overruled, what the server has lost. First on a cache, then between two devices."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.account import Account, AccountKind, SecretStore
from devots_desktop.domain.mutation import DELETED_ELSEWHERE
from devots_desktop.domain.times import to_iso
from devots_desktop.services.account import now
from devots_desktop.store import conflicts, missing, outbox, parking, replica, rows
from devots_desktop.store.cache import Cache
from devots_desktop.store.profile import Profile
from tests.e2e.devots import Devots
from tests.e2e.test_cli_postgres import enter
from tests.servers.fixtures import Servers
from tests.servers.managed import Managed

AT = 1_700_000_000_000_000
REASON = "The text is too long for this server."


@pytest.fixture
def devots(tmp_path: Path) -> Devots:
    return Devots(tmp_path / "profile")


@pytest.fixture
def cache(devots: Devots) -> Iterator[Cache]:
    """The cache of the current account, which has a server and no session: nothing is sent."""
    profile = Profile(devots.profile)
    account = Account("ada", AccountKind.POSTGRES, "Ada", "ada@example.org", "u1", {"host": "127.0.0.1"}, SecretStore.FILE)
    profile.put(account)
    with Cache(profile.cache_path(account), syncs=True, clock=now) as made:
        yield made


def park(cache: Cache, reason: str = REASON) -> str:
    """Park the oldest change that waits; its id."""
    with cache.transaction() as db:
        (waiting,) = outbox.take(db, 1)
        parking.park(db, waiting.mutation_id, reason, AT)
        if reason == DELETED_ELSEWHERE:
            replica.bury(db, waiting.client_id, row_version=2)
        db.execute("UPDATE todo SET state = 'parked' WHERE client_id = ?", (waiting.client_id,))
        rows.stamp(db)
    return waiting.mutation_id


def sent(cache: Cache) -> None:
    """As if the server had taken all that waits."""
    with cache.transaction() as db:
        db.execute("DELETE FROM outbox")
        db.execute("UPDATE todo SET state = 'synced', server_id = key, row_version = 1")
        rows.stamp(db)


class TestParked:
    def test_show_tells_what_was_wanted_and_seen(self, devots: Devots, cache: Cache) -> None:
        todo = devots.add("milk")
        sent(cache)
        devots("edit", todo, "oat milk")
        change = park(cache)
        shown = {"id": change, "todo": todo, "kind": "edit", "text": "oat milk", "reason": REASON, "at": to_iso(AT)}
        assert devots.json("parked") == [shown]
        wanted = shown | {"values": {"text": "oat milk"}, "seen": {"text": "milk"}}
        for prefix in (change, change[:6], todo, todo[:4].upper()):
            assert devots.json("parked", "show", prefix) == wanted
        lines = devots("parked", "show", todo).out.splitlines()
        assert lines[:3] == [f"{todo[:8]}  edit    oat milk", f"          {REASON}", "          text: milk -> oat milk"]

    def test_retry_puts_it_back_into_the_outbox(self, devots: Devots, cache: Cache) -> None:
        todo = devots.add("milk")
        park(cache)
        answer = devots("parked", "retry", todo, "--json")
        assert (answer.json["id"], answer.json["text"], answer.json["state"]) == (todo, "milk", "pending")
        assert (devots.json("parked"), outbox.count(cache.db)) == ([], 1)

    def test_drop_of_a_create_takes_its_todo_off_the_list_and_undo_brings_it_back(self, devots: Devots, cache: Cache) -> None:
        todo = devots.add("milk")
        park(cache)
        answer = devots("parked", "drop", todo)
        assert answer.out == f"( ) {todo[:8]}  milk  [not in the list any more, parked]\n"
        assert (devots.json("list"), devots.json("parked")) == ([], [])
        devots("undo")
        assert devots.json("list")[0]["id"] == todo

    def test_drop_of_an_edit_shows_what_the_server_has(self, devots: Devots, cache: Cache) -> None:
        todo = devots.add("milk")
        sent(cache)
        devots("edit", todo, "oat milk")
        park(cache)
        assert devots("parked", "drop", todo).out == f"( ) {todo[:8]}  milk  [dropped]\n"
        assert outbox.count(cache.db) == 0

    def test_what_was_deleted_elsewhere_is_made_anew_by_retry(self, devots: Devots, cache: Cache) -> None:
        todo = devots.add("milk")
        sent(cache)
        devots("edit", todo, "oat milk")
        park(cache, DELETED_ELSEWHERE)
        devots("parked", "retry", todo)
        with cache.reading() as db:
            [kind] = [mutation.kind for mutation in outbox.pending(db, todo)]
        assert kind == "create"

    @pytest.mark.parametrize("verb", ["retry", "drop", "show"])
    def test_ids_that_mean_nothing_or_too_much(self, devots: Devots, cache: Cache, verb: str) -> None:
        devots("add", "milk")
        park(cache)
        assert devots("parked", verb, "ffffffff-nope", code=1).err.startswith("Nothing found: ")
        assert devots("parked", verb, "abc", code=1).err.startswith("Id too short: ")
        assert devots("parked", verb, code=2).out == ""
        assert devots("parked", verb, "", code=1).err.startswith("Id too short: ")

    def test_nothing(self, devots: Devots, cache: Cache) -> None:
        assert devots("parked").err == "Nothing is parked: the server refused nothing.\n"


class TestConflicts:
    @pytest.fixture
    def todo(self, devots: Devots, cache: Cache) -> str:
        todo = devots.add("milk")
        sent(cache)
        with cache.transaction() as db:
            conflicts.add(db, todo, "text", "oat milk", "milk", AT)
        return todo

    def test_each_with_both_values_and_when(self, devots: Devots, todo: str) -> None:
        [listed] = devots.json("conflicts")
        assert listed == {"id": f"{todo}.1", "todo": todo, "field": "text", "lost": "oat milk", "won": "milk", "at": to_iso(AT)}
        first, second = devots("conflicts").out.splitlines()
        assert first == f"{todo[:8]}.1  oat milk"
        assert second.strip().startswith("lost to milk, 2023-11-1")
        assert devots.json("list")[0]["conflicts"] == 1
        assert devots("list").out.endswith("  milk  [conflict]\n")

    @pytest.mark.parametrize("id_", ["{}.1", "{}"])
    def test_restore_is_an_edit(self, devots: Devots, cache: Cache, todo: str, id_: str) -> None:
        answer = devots.json("conflicts", "restore", id_.format(todo[:8]))
        assert (answer["text"], answer["state"], answer["conflicts"]) == ("oat milk", "pending", 0)
        assert devots.json("conflicts") == []
        assert devots.json("undo") == {"action": "edit", "text": "oat milk", "count": 1}
        assert len(devots.json("conflicts")) == 1

    def test_of_several_the_number_is_needed(self, devots: Devots, cache: Cache, todo: str) -> None:
        with cache.transaction() as db:
            conflicts.add(db, todo, "text", "soy milk", "milk", AT + 1)
        said = devots("conflicts", "restore", todo, code=1).err
        assert said.startswith("Which one?: ")
        assert f"{todo}.2" in said
        assert devots.json("conflicts", "restore", f"{todo}.2")["text"] == "soy milk"

    def test_a_row_that_a_delete_took_with_it(self, devots: Devots, cache: Cache, todo: str) -> None:
        with cache.transaction() as db:
            row = rows.row(db, todo)
            assert row is not None
            conflicts.add_row(db, row, AT)
        devots("delete", todo)
        [listed] = devots.json("conflicts")
        assert (listed["field"], listed["lost"], listed["won"]) == ("todo", {"text": "milk", "completed": False}, None)
        assert "lost to a delete" in devots("conflicts").out
        assert devots.json("conflicts", "restore", listed["id"])["text"] == "milk"

    def test_ids_that_mean_nothing(self, devots: Devots, cache: Cache) -> None:
        assert devots("conflicts", "restore", "ffffffff.9", code=1).err.startswith("Nothing found: ")
        assert devots("conflicts", "restore", "abc.1", code=1).err.startswith("Id too short: ")
        assert devots("conflicts", "restore", code=2).out == ""
        assert devots("conflicts").err == "No value was overruled that could be restored.\n"
        assert devots("conflicts", "--json").out == "[]\n"


class TestMissing:
    @pytest.fixture
    def todos(self, devots: Devots, cache: Cache) -> list[str]:
        made = [devots.add(text) for text in ("one", "two")]
        sent(cache)
        with cache.transaction() as db:
            missing.note(db, made, AT)
        return made

    def test_it_is_asked_and_marked(self, devots: Devots, todos: list[str]) -> None:
        assert devots.json("missing") == {"missing": 2, "shown": 2, "at": to_iso(AT)}
        assert devots("missing").out.startswith("The server no longer has 2 of your 2 todos, since 2023-11-1")
        assert devots("list").out.splitlines()[0].endswith("  two  [not on the server]")

    @pytest.mark.parametrize(("verb", "left"), [("remove", 0), ("put-back", 2), ("leave", 2)])
    def test_each_answer(self, devots: Devots, cache: Cache, todos: list[str], verb: str, left: int) -> None:
        assert devots.json("missing", verb) == {"choice": verb, "todos": 2}
        assert (devots.json("missing"), len(devots.json("list"))) == (None, left)
        assert outbox.count(cache.db) == (2 if verb == "put-back" else 0)
        assert devots("missing", verb, code=1).err.startswith("Nothing to decide: ")

    def test_nothing(self, devots: Devots, cache: Cache) -> None:
        assert devots("missing").err == "Nothing is missing on the server.\n"


def test_the_shell_is_offered_the_verbs(devots: Devots) -> None:
    script = devots("completion", "bash").out
    for place in ("parked retry", "parked drop", "parked show", "conflicts restore", "missing put-back"):
        assert f"'{place}')" in script


@pytest.mark.timeout(120)  # some thirty starts of the program
class TestTwoDevices:
    """On a real PostgreSQL; one version is enough, as in test_cli_postgres.py."""

    @pytest.fixture
    def managed(self, servers: Servers) -> Iterator[Managed]:
        made = servers.managed(18, "portal")
        yield made
        made.database.server.drop_database(made.database)

    @pytest.fixture
    def one(self, tmp_path: Path, managed: Managed) -> Devots:
        made = Devots(tmp_path / "one")
        enter(made, managed.database, "--sign-up", "--name", "Ada")
        with managed.owner() as owner:
            owner.execute("alter table todo add constraint short check (length(text) < 20)")
        return made

    @pytest.fixture
    def two(self, tmp_path: Path, managed: Managed, one: Devots) -> Devots:
        made = Devots(tmp_path / "two")
        enter(made, managed.database)
        return made

    def test_what_is_refused_is_retried_dropped_and_undone(self, one: Devots, managed: Managed) -> None:
        todo = one.add("milk")
        one("edit", todo, "a text that is longer than this server takes")
        [parked] = one.json("parked")
        assert parked["kind"] == "edit"
        assert one.json("list")[0]["state"] == "parked"
        assert one.json("parked", "retry", todo)["state"] == "parked"
        with managed.owner() as owner:
            owner.execute("alter table todo drop constraint short")
        assert one.json("parked", "retry", todo)["state"] == "synced"
        assert (one.json("parked"), self.on_server(managed)) == ([], ["a text that is longer than this server takes"])

    def test_dropped_it_is_as_the_server_has_it(self, one: Devots, managed: Managed) -> None:
        todo = one.add("milk")
        one("edit", todo, "a text that is longer than this server takes")
        dropped = one.json("parked", "drop", todo)
        assert (dropped["text"], dropped["state"], one.json("parked"), self.on_server(managed)) == ("milk", "synced", [], ["milk"])

    def test_an_undo_after_the_push_overrules_nobody_silently(self, one: Devots, two: Devots, managed: Managed) -> None:
        todo = self.made(one)
        one("edit", todo, "soy milk")
        two("sync", "--once")
        two("edit", todo, "oat milk")
        one("sync", "--once")
        answer = one("undo")
        assert "changed elsewhere meanwhile" in answer.err
        assert self.on_server(managed) == ["milk"]
        [conflict] = one.json("conflicts")
        assert (conflict["lost"], conflict["won"]) == ("oat milk", "milk")
        assert one.json("conflicts", "restore", todo)["state"] == "synced"
        assert self.on_server(managed) == ["oat milk"]

    def test_an_undo_that_has_not_heard_of_the_change_keeps_it_too(self, one: Devots, two: Devots, managed: Managed) -> None:
        todo = self.made(one)
        one("edit", todo, "soy milk")
        two("sync", "--once")
        two("edit", todo, "oat milk")
        one("undo")
        assert (self.on_server(managed), [each["lost"] for each in one.json("conflicts")]) == (["milk"], ["oat milk"])

    def test_a_delete_that_took_a_change_with_it_is_restored_as_the_same_todo(self, one: Devots, two: Devots, managed: Managed) -> None:
        todo = self.made(one)
        two("sync", "--once")
        two("edit", todo, "oat milk")
        one("delete", todo)
        assert self.on_server(managed) == []
        [conflict] = one.json("conflicts")
        assert conflict["lost"] == {"text": "oat milk", "completed": False}
        assert one.json("conflicts", "restore", conflict["id"])["id"] == todo
        assert self.on_server(managed) == ["oat milk"]
        two("sync", "--once")
        assert [each["id"] for each in two.json("list")] == [todo]

    def test_an_undone_delete_keeps_its_id_on_every_device(self, one: Devots, two: Devots, managed: Managed) -> None:
        todo = self.made(one)
        two("sync", "--once")
        one("delete", todo)
        two("sync", "--once")
        assert two.json("list") == []
        one("undo")
        two("sync", "--once")
        for device in (one, two):
            assert [(each["id"], each["text"], each["state"]) for each in device.json("list")] == [(todo, "milk", "synced")]
        assert one.json("list")[0]["created_at"] == two.json("list")[0]["created_at"]

    def test_an_edit_of_what_was_deleted_elsewhere_is_made_anew_or_dropped(self, one: Devots, two: Devots, managed: Managed) -> None:
        todo = self.made(one)
        for verb, left in (("retry", ["oat milk"]), ("drop", [])):
            two("sync", "--once")
            one("sync", "--once")
            one("delete", todo)
            two("edit", todo, f"{verb}: oat milk")
            assert [each["reason"] for each in two.json("parked")] == [DELETED_ELSEWHERE]
            assert two.json("parked", verb, todo)["id"] == todo
            assert self.on_server(managed) == [f"{verb}: {text}" for text in left]
        assert two.json("list") == []

    @staticmethod
    def made(devots: Devots) -> str:
        """A todo that the server has, also where the machine is too busy for that within a command's five seconds."""
        todo = devots.add("milk")
        devots("sync", "--once")
        return todo

    @staticmethod
    def on_server(managed: Managed) -> list[str]:
        with managed.owner() as owner:
            return [text for (text,) in owner.execute("select text from todo order by id")]
