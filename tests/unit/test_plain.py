"""A plain server (the portal's table, untouched): the complete list as a pull, and what the device does for want of versions, keys and answers."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from devots_desktop.domain.account import Live
from devots_desktop.domain.changes import Via
from devots_desktop.domain.errors import Unreachable
from devots_desktop.domain.lines import Line
from devots_desktop.domain.mutation import PLAIN, Answer, Kind, Mutation, Outcome, Page
from devots_desktop.domain.question import Choice
from devots_desktop.domain.todo import UNVERSIONED, Patch, ServerRow, derived_id
from devots_desktop.remote.base import Position, Remote
from devots_desktop.remote.memory import MemoryTable
from devots_desktop.remote.plain import PlainRemote
from devots_desktop.store import edits, missing, undo
from devots_desktop.sync import apply
from devots_desktop.sync.plain import stamped, stamped_answer
from devots_desktop.sync.plan import Local
from tests.unit.building import ME, answer, mutation, queue, server_row, shown
from tests.unit.syncing import World

Result = TypeVar("Result")


class Unsure(MemoryTable):
    """A table behind a network that can lose requests and answers, by the name of the call."""

    def __init__(self, world: "PlainWorld") -> None:
        super().__init__(world.server, "token")
        self.world = world

    async def rows(self, after: int, limit: int) -> list[ServerRow]:
        self.world.asked.append("rows")
        if self.world.on_rows is not None:
            self.world.on_rows()
        return await super().rows(after, limit)

    async def insert(self, values: Patch, created_at: int) -> ServerRow:
        row = await super().insert(values, created_at)
        return self.world.answered("insert", row)

    async def update(self, server_id: int, values: Patch) -> ServerRow | None:
        row = await super().update(server_id, values)
        return self.world.answered("update", row)

    async def delete(self, server_id: int) -> bool:
        return self.world.answered("delete", await super().delete(server_id))


class PlainWorld(World):
    """One device and a plain server, which may become a managed one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.server.downgrade()
        self.asked: list[str] = []
        self.lose: list[str] = []
        self.on_rows: Callable[[], None] | None = None
        self.tables: list[Unsure] = []

    async def connect(self) -> Remote:
        if self.server.managed:
            return await super().connect()
        self.tables.append(Unsure(self))
        return _Paged(self.tables[-1], self)

    def answered(self, call: str, what: Result) -> Result:
        self.asked.append(call)
        if call in self.lose:
            self.lose.remove(call)
            raise Unreachable("Offline", "The answer was lost.", "")
        return what

    def add(self, text: str, created_at: int | None = None) -> int:
        transaction = self.server.begin()
        row = transaction.add(ME, f"{len(self.server.todos(ME)):08}-aaaa-4000-8000-000000000000", text, created_at=created_at)
        transaction.commit()
        return row.server_id

    def change(self, text: str, values: Patch | None) -> None:
        """Another program edits the todo with this text, or deletes it."""
        [key] = [key for key, row in self.server.todos(ME).items() if row.text == text]
        transaction = self.server.begin()
        transaction.delete(ME, key) if values is None else transaction.edit(ME, key, values)
        transaction.commit()

    async def make_page(self) -> Page:
        return await (await self.connect()).pull(0, None, 500)

    def conflicts(self) -> list[tuple[str, str, str]]:
        return list(self.cache.db.execute("SELECT field, lost, won FROM conflict"))


class _Paged(PlainRemote):
    """With pages as small as the test wants them."""

    def __init__(self, table: Unsure, world: PlainWorld) -> None:
        super().__init__(table)
        self.world = world

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        return await super().pull(since, after, min(limit, self.world.page_rows))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PlainWorld]:
    made = PlainWorld(tmp_path)
    yield made
    made.cache.close()
    made.loop.close()


def test_keys_are_derived_as_the_servers_migration_derives_them() -> None:
    """As select md5('todo:' || 1)::uuid does."""
    assert derived_id(1) == "3a53afc3-d607-f410-71a9-0e2293d5b0e4"
    assert derived_id(1, again=True) != derived_id(1)


class TestVersions:
    ROW = server_row(version=UNVERSIONED)

    @pytest.mark.parametrize(
        ("local", "version"),
        [
            (Local(), 0),
            (Local(row_version=5, shown=server_row(version=5)), 5),
            (Local(row_version=5, shown=server_row(version=5, text="other")), 6),
            (Local(row_version=5, shown=server_row(version=5, text="edited here"), base=server_row(version=5)), 5),
            (Local(row_version=5, base=server_row(version=5)), 5),
            (Local(buried=7), 8),
            (Local(row_version=5, buried=7, shown=server_row(version=5)), 8),
            (Local(row_version=UNVERSIONED, shown=server_row(version=UNVERSIONED)), 0),
        ],
        ids=["unknown", "as known", "changed", "as known below an edit", "as known, deleted here", "made anew", "buried", "never seen"],
    )
    def test_the_same_content_is_the_same_version_and_another_one_the_next(self, local: Local, version: int) -> None:
        assert stamped(local, self.ROW).row_version == version

    def test_a_servers_own_version_stays(self) -> None:
        assert stamped(Local(row_version=5, shown=server_row(version=5)), server_row(version=9)) == server_row(version=9)

    def test_what_an_answer_found_is_older_than_what_it_left(self) -> None:
        local = Local(row_version=5, base=server_row(version=5))
        found, left = server_row(text="theirs", version=UNVERSIONED), server_row(text="mine", version=UNVERSIONED)
        given = stamped_answer(local, answer(mutation(text="mine"), before=found, row=left))
        assert given.before
        assert given.row
        assert (given.before.row_version, given.row.row_version) == (6, 7)


class TestList:
    def test_it_comes_in_pages_and_is_shown_as_they_come(self, world: PlainWorld) -> None:
        seen: list[int] = []
        world.page_rows = 2
        for number in range(5):
            world.add(str(number))
        world.on_rows = lambda: seen.append(len(world.texts))
        assert world.once().pulled == 5
        # Asked first what kind of server it is, before anything would be sent.
        # Each page is asked for while the one before it is being stored.
        assert (seen, len(world.texts), apply.cursor(world.cache).epoch) == ([0, 0, 2], 5, PLAIN)

    def test_a_first_one_goes_on_where_it_broke_off(self, world: PlainWorld) -> None:
        def cut() -> None:
            if world.asked.count("rows") == 3:
                world.on_rows = None
                raise Unreachable("Offline", "Cut.", "")

        world.page_rows = 2
        for number in range(7):
            world.add(str(number))
        world.on_rows = cut
        world.once()
        assert len(world.texts) == 4
        assert world.once().pulled == 3
        assert len(world.texts) == 7

    def test_changes_additions_and_deletes_elsewhere_are_seen_and_told(self, world: PlainWorld) -> None:
        for text in ("kept", "edited", "gone"):
            world.add(text)
        world.once()
        keys = {text: key for key, (text, _, _) in shown(world.cache).items()}
        world.told.clear()
        world.add("new")
        world.change("edited", {"completed": True})
        world.change("gone", None)
        assert world.once().pulled == 2
        assert shown(world.cache)[keys["edited"]] == ("edited", True, "synced")
        assert world.texts == ["edited", "kept", "new"]
        told = [(str(change.op), change.via, change.text) for changes in world.told for change in changes.changes]
        assert sorted(told) == [("delete", Via.PULL, "gone"), ("insert", Via.PULL, "new"), ("update", Via.PULL, "edited")]

    def test_one_that_is_known_changes_nothing_and_tells_nobody(self, world: PlainWorld) -> None:
        world.page_rows = 2
        for number in range(5):
            world.add(str(number))
        world.once()
        world.told.clear()
        before, pages = world.cache.db.total_changes, 3
        assert world.once().pulled == 0
        # When the server answered last, and nothing else.
        assert (world.cache.db.total_changes - before, world.told) == (pages, [])

    def test_nothing_of_a_later_one_is_shown_before_its_last_page(self, world: PlainWorld) -> None:
        seen: list[int] = []
        world.once()
        world.page_rows = 2
        for number in range(5):
            world.add(str(number))
        world.on_rows = lambda: seen.append(len(world.texts))
        world.once()
        assert set(seen) == {0}
        assert len(world.texts) == 5

    def test_a_list_that_lost_most_is_looked_at_again_and_asked_about(self, world: PlainWorld) -> None:
        for number in range(30):
            world.add(f"todo {number:02}")
        world.once()
        world.server.truncate()
        assert world.once().live is Live.LIVE
        question = missing.question(world.cache.db)
        assert question is not None
        assert (question.missing, len(world.texts)) == (30, 30)
        assert missing.answer(world.cache, Choice.PUT_BACK) == 30
        before = shown(world.cache).keys()
        world.once()
        assert len(world.server_texts) == 30
        assert world.once().pulled == 0
        assert shown(world.cache).keys() == before

    def test_an_empty_answer_of_a_session_that_ended_takes_nothing_off(self, world: PlainWorld) -> None:
        """Row-level security answers nobody with an empty list."""

        def end_session() -> None:
            world.server.sessions["token"] = "nobody"

        world.add("one")
        world.once()
        world.on_rows = end_session
        assert world.once().live is Live.SIGNED_OUT
        assert world.texts == ["one"]

    def test_an_empty_list_that_the_second_look_contradicts_takes_nothing_off(self, world: PlainWorld) -> None:
        looks: list[None] = []
        world.add("one")
        world.once()
        rows = world.server._rows.copy()

        def empty_once() -> None:
            looks.append(None)
            world.server._rows = {} if len(looks) == 1 else rows.copy()

        world.on_rows = empty_once
        assert world.once().live is Live.OFFLINE
        assert world.texts == ["one"]
        world.on_rows = None
        assert world.once().live is Live.LIVE

    def test_rows_with_edits_of_this_device_are_never_removed(self, world: PlainWorld) -> None:
        world.add("one")
        world.add("two")
        world.once()
        [key] = [key for key, (text, _, _) in shown(world.cache).items() if text == "one"]

        def edit() -> None:
            world.on_rows = None
            edits.edit(world.cache, key, {"text": "mine"})
            world.change("one", None)

        world.once()
        world.on_rows = edit
        world.once()
        assert "mine" in world.texts


class TestPush:
    def test_what_is_made_here_gets_its_number_and_stays_the_same_todo(self, world: PlainWorld) -> None:
        key = edits.add(world.cache, "milk")
        edits.add(world.cache, "bread")
        assert world.once().pushed == 2
        edits.edit(world.cache, key, {"completed": True})
        world.once()
        assert sorted((row.text, row.completed) for row in world.server.todos(ME).values()) == [("bread", False), ("milk", True)]
        assert shown(world.cache)[key] == ("milk", True, "synced")
        assert (len(world.texts), world.once().pulled) == (2, 0)

    def test_an_edit_writes_its_own_fields_only(self, world: PlainWorld) -> None:
        world.add("milk")
        world.once()
        [key] = shown(world.cache)
        edits.edit(world.cache, key, {"completed": True})
        world.change("milk", {"text": "oat milk"})
        world.once()
        assert shown(world.cache)[key] == ("oat milk", True, "synced")
        assert world.conflicts() == []

    def test_the_same_field_changed_elsewhere_is_a_conflict_and_the_overruled_value_is_kept(self, world: PlainWorld) -> None:
        world.add("milk")
        world.once()
        [key] = shown(world.cache)
        edits.edit(world.cache, key, {"text": "mine"})
        world.change("milk", {"text": "theirs"})
        world.once()
        assert (world.server_texts, world.conflicts()) == (["mine"], [("text", "theirs", "mine")])

    def test_a_delete_of_what_was_changed_elsewhere_keeps_what_it_took(self, world: PlainWorld) -> None:
        world.add("milk")
        world.once()
        [key] = shown(world.cache)
        edits.delete(world.cache, key)
        world.change("milk", {"text": "theirs"})
        world.once()
        assert world.server_texts == []
        assert [field for field, _, _ in world.conflicts()] == ["todo"]

    def test_an_edit_of_what_was_deleted_elsewhere_is_parked(self, world: PlainWorld) -> None:
        world.add("milk")
        world.once()
        [key] = shown(world.cache)
        edits.edit(world.cache, key, {"text": "mine"})
        world.change("milk", None)
        report = world.once()
        assert (report.parked, world.server_texts, shown(world.cache)[key][2]) == (1, [], "parked")

    def test_a_refused_one_is_parked_with_a_reason_and_the_others_go_on(self, world: PlainWorld) -> None:
        for text in ("one", "forbidden", "two"):
            edits.add(world.cache, text)
        report = world.once()
        assert (report.parked, report.pending, world.server_texts) == (1, 0, ["one", "two"])

    def test_a_synced_delete_that_is_undone_is_the_same_todo_here(self, world: PlainWorld) -> None:
        world.add("milk")
        world.once()
        [key] = shown(world.cache)
        edits.delete(world.cache, key)
        world.once()
        undo.undo(world.cache)
        world.once()
        assert (world.server_texts, list(shown(world.cache)), world.once().pulled) == (["milk"], [key], 0)

    def test_each_answer_is_stored_before_the_next_request(self, world: PlainWorld) -> None:
        """Once the server is known to be plain."""
        world.once()
        left: list[int] = []
        insert = Unsure.insert

        async def watched(table: Unsure, values: Patch, created_at: int) -> ServerRow:
            left.append(len(queue(world.cache)))
            return await insert(table, values, created_at)

        for number in range(3):
            edits.add(world.cache, str(number))
        Unsure.insert = watched  # type: ignore[method-assign, assignment]
        try:
            world.once()
        finally:
            Unsure.insert = insert  # type: ignore[method-assign]
        assert left == [3, 2, 1]


class TestLostAnswers:
    def test_a_create_is_looked_for_and_never_sent_blindly(self, world: PlainWorld) -> None:
        edits.add(world.cache, "milk")
        world.lose = ["insert", "insert"]
        assert world.once().live is Live.OFFLINE
        assert world.once().live is Live.LIVE
        assert (world.server_texts, world.texts, queue(world.cache)) == (["milk"], ["milk"], [])
        assert world.asked.count("insert") == 1

    def test_one_that_was_edited_elsewhere_meanwhile_is_found_and_nothing_is_lost(self, world: PlainWorld) -> None:
        edits.add(world.cache, "milk")
        world.lose = ["insert"]
        world.once()
        world.change("milk", {"text": "oat milk"})
        world.once()
        assert (world.server_texts, world.texts, world.conflicts()) == (["oat milk"], ["oat milk"], [("text", "milk", "oat milk")])

    def test_another_todo_of_the_same_moment_is_not_taken_for_it(self, world: PlainWorld) -> None:
        """A portal makes several rows in one transaction, with one time."""
        for text in ("one", "two"):
            world.add(text, created_at=1_600_000_000_000_000)
        world.once()
        [key] = [key for key, (text, _, _) in shown(world.cache).items() if text == "one"]
        edits.delete(world.cache, key)
        world.once()
        undo.undo(world.cache)
        world.loop.run_until_complete(_lost_request(world))
        assert world.once().live is Live.LIVE
        assert world.server_texts == world.texts == ["one", "two"]

    def test_an_edit_and_a_delete_say_what_they_had_done(self, world: PlainWorld) -> None:
        world.add("milk")
        world.add("bread")
        world.once()
        keys = {text: key for key, (text, _, _) in shown(world.cache).items()}
        edits.edit(world.cache, keys["milk"], {"text": "oat milk"})
        edits.delete(world.cache, keys["bread"])
        world.lose = ["update", "delete"]
        while world.once().live is not Live.LIVE:
            pass
        assert (world.server_texts, world.texts, world.conflicts(), queue(world.cache)) == (["oat milk"], ["oat milk"], [], [])

    def test_a_list_that_shows_it_before_the_answer_does_is_the_same_todo(self, world: PlainWorld) -> None:
        key = edits.add(world.cache, "milk")
        world.lose = ["insert"]
        world.once()
        page = world.loop.run_until_complete(world.make_page())
        apply.receive_first(world.cache, page, apply.cursor(world.cache))
        assert list(shown(world.cache)) == [key]


async def _lost_request(world: PlainWorld) -> None:
    """A push whose request does not get there."""
    [sent] = apply.take(world.cache, 1)
    assert sent.kind is Kind.CREATE


class TestTimes:
    def test_a_profile_gives_no_time_of_creation_twice(self, world: PlainWorld) -> None:
        times = iter([1_000, 1_000, 900, 5_000, 5_000])
        world.cache.clock = lambda: next(times)
        for _ in range(3):
            edits.add(world.cache, "one")
        edits.add_all(world.cache, [Line(str(number), completed=False) for number in range(3)])
        edits.add_all(world.cache, [Line(str(number), completed=False) for number in range(2)])
        given = [each.created_at for each in queue(world.cache)]
        assert given == sorted(set(given))  # type: ignore[type-var]
        assert given[:3] == [1_000, 1_001, 1_002]
        assert given[3:] == [4_998, 4_999, 5_000, 5_001, 5_002]

    @pytest.mark.parametrize("days", [-1, 1])
    @pytest.mark.parametrize("managed", [False, True])
    def test_a_clock_that_is_a_day_off_changes_nothing(self, world: PlainWorld, days: int, *, managed: bool) -> None:
        world.cache.clock = lambda: world.loop.microseconds() + days * 86_400_000_000
        if managed:
            world.server.upgrade()
        world.add("theirs")
        world.once()
        for text in ("first", "second", "third"):
            edits.add(world.cache, text)
        [key] = [key for key, (text, _, _) in shown(world.cache).items() if text == "theirs"]
        edits.edit(world.cache, key, {"text": "mine"})
        world.lose = [] if managed else ["insert"]
        world.lose_answers = int(managed)
        while world.once().live is not Live.LIVE:
            pass
        assert world.server_texts == world.texts == ["first", "mine", "second", "third"]
        order = [text for (text,) in world.cache.db.execute("SELECT text FROM todo WHERE text <> 'mine' ORDER BY created_at, key")]
        assert order == ["first", "second", "third"]
        newest = max(row.created_at for row in world.server.todos(ME).values())
        # A managed server takes no time to come; on a plain one they lie in the order in which they were made, whoever's clock that was.
        assert newest < world.loop.microseconds() + (days > 0 and not managed) * 86_400_000_000 + 10


class TestSwitch:
    """The owner upgrades the database while edits wait, or takes the upgrade back."""

    def test_what_waits_goes_to_the_todos_that_it_was_made_on(self, world: PlainWorld) -> None:
        world.add("milk")
        made = edits.add(world.cache, "made here")
        world.once()
        [milk] = [key for key, (text, _, _) in shown(world.cache).items() if text == "milk"]
        edits.edit(world.cache, made, {"text": "edited here"})
        edits.delete(world.cache, milk)
        edits.add(world.cache, "new here")
        world.server.upgrade()
        report = world.once()
        assert (report.live, report.parked, report.pending) == (Live.LIVE, 0, 0)
        assert world.server_texts == world.texts == ["edited here", "new here"]
        assert shown(world.cache).keys() == world.server.todos(ME).keys()
        assert world.conflicts() == []

    def test_a_create_whose_answer_was_lost_is_looked_up_first(self, world: PlainWorld) -> None:
        world.once()
        edits.add(world.cache, "milk")
        world.lose = ["insert"]
        world.once()
        world.server.upgrade()
        assert world.once().live is Live.LIVE
        assert (world.server_texts, world.texts, queue(world.cache)) == (["milk"], ["milk"], [])
        assert shown(world.cache).keys() == world.server.todos(ME).keys()

    def test_keys_are_not_taken_from_an_empty_list_without_a_second_look(self, world: PlainWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        world.once()
        edits.add(world.cache, "milk")
        world.lose = ["insert"]
        world.once()
        world.server.upgrade()

        def twist(page: Page) -> Page:
            # The second one: the first tells that the server is another one, this one which keys it has.
            return replace(page, rows=(), more=False) if len(world.pulls) == 2 else page

        monkeypatch.setattr(world, "twist", twist)
        assert world.once().live is Live.LIVE
        assert (world.server_texts, world.texts, queue(world.cache)) == (["milk"], ["milk"], [])

    def test_one_whose_request_was_lost_is_sent(self, world: PlainWorld) -> None:
        world.once()
        edits.add(world.cache, "milk")
        apply.take(world.cache, 1)
        world.server.upgrade()
        assert world.once().live is Live.LIVE
        assert (world.server_texts, world.texts, queue(world.cache)) == (["milk"], ["milk"], [])

    def test_steps_conflicts_and_what_is_parked_go_along(self, world: PlainWorld) -> None:
        made = edits.add(world.cache, "made here")
        world.once()
        edits.edit(world.cache, made, {"text": "mine"})
        world.change("made here", {"text": "theirs"})
        world.once()
        edits.edit(world.cache, made, {"text": "forbidden"})
        world.once()
        world.server.upgrade()
        assert world.once().live is Live.LIVE
        [key] = world.server.todos(ME)
        assert key != made
        named = {
            table: {client_id for (client_id,) in world.cache.db.execute(f"SELECT client_id FROM {table}")}
            for table in ("todo", "base", "parked", "conflict", "undo_entry")
        }
        assert named == {table: {key} for table in named}
        undo.undo(world.cache)
        world.once()
        assert world.server_texts == ["mine"]
        undo.undo(world.cache)
        undo.undo(world.cache)
        world.once()
        assert world.server_texts == world.texts == []

    def test_a_device_that_dies_at_any_statement_of_the_switch_has_switched_or_not(self, world: PlainWorld) -> None:
        made = edits.add(world.cache, "made here")
        world.add("milk")
        world.once()
        edits.edit(world.cache, made, {"text": "edited here"})
        world.server.upgrade()
        for statement in range(1, 60):
            world.cache.db.set_progress_handler(None, 0)
            seen = iter(range(10_000))

            def die(_: str, seen: Iterator[int] = seen, last: int = statement) -> None:
                if next(seen) == last:
                    world.cache.db.interrupt()

            if not queue(world.cache):
                break
            world.cache.db.set_trace_callback(die)
            world.once()
            world.cache.db.set_trace_callback(None)
        world.once()
        assert world.server_texts == world.texts == ["edited here", "milk"]
        assert shown(world.cache).keys() == world.server.todos(ME).keys()

    def test_a_database_that_is_plain_again_keeps_the_todos_what_they_are(self, world: PlainWorld) -> None:
        world.server.upgrade()
        world.write("one", "two")
        made = edits.add(world.cache, "made here")
        world.once()
        before = shown(world.cache)
        edits.edit(world.cache, made, {"text": "edited here"})
        world.server.downgrade()
        assert world.once().live is Live.LIVE
        assert shown(world.cache) == before | {made: ("edited here", False, "synced")}
        assert world.server_texts == ["edited here", "one", "two"]
        assert world.once().pulled == 0

    def test_while_a_session_lasts_it_works_on_as_it_was(self, world: PlainWorld) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            world.server.upgrade()
            edits.add(world.cache, "after the upgrade")
            world.engine.nudge()
            await asyncio.sleep(1)
            assert "after the upgrade" in world.server_texts
            world.tables[-1].cut()
            await asyncio.sleep(30)
            assert shown(world.cache).keys() == world.server.todos(ME).keys()

        world.add("milk")
        world.play(scene)
        assert world.texts == world.server_texts == ["after the upgrade", "milk"]


def test_answers_of_one_push_know_each_others_numbers(world: PlainWorld) -> None:
    """Before the first contact nobody knows that the server is plain: then up to 50 go at once."""
    made = mutation(Kind.CREATE, text="one", completed=False)
    batch: Sequence[Mutation] = [made, mutation(Kind.EDIT, text="two", base={"text": "one"}), mutation(Kind.DELETE)]

    async def ask() -> list[Answer]:
        return await (await world.connect()).push(batch)

    answers = world.loop.run_until_complete(ask())
    assert [each.outcome for each in answers] == [Outcome.APPLIED] * 3
    assert world.server_texts == []
