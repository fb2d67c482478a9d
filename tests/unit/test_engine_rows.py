"""The engine over a server in memory, on virtual time: what it sends, what it stores, and what it never stores."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from devots_desktop.domain.account import Live
from devots_desktop.domain.errors import Unreachable
from devots_desktop.domain.mutation import Page
from devots_desktop.store import edits, parking
from devots_desktop.sync import apply
from tests.unit.building import ME, queue, shown
from tests.unit.syncing import World

Result = TypeVar("Result")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.cache.close()
    made.loop.close()


class TestPush:
    def test_a_lost_answer_is_asked_for_again_and_nothing_is_applied_twice(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            edits.add(world.cache, "milk")
            world.lose_answers = 3
            world.engine.nudge()
            await asyncio.sleep(60)

        world.play(scene)
        assert len(world.pushed) == 4
        assert len(set(map(tuple, world.pushed))) == 1
        assert (world.server_texts, queue(world.cache)) == (["milk"], [])

    def test_a_lost_answer_does_not_hide_a_conflict(self, world: World) -> None:
        world.write("milk")
        world.once()
        [client_id] = shown(world.cache)
        edits.edit(world.cache, client_id, {"text": "mine"})
        transaction = world.server.begin()
        transaction.edit(ME, client_id, {"text": "theirs"})
        transaction.commit()
        world.lose_answers = 1
        assert world.once().live is Live.OFFLINE
        assert world.once().live is Live.LIVE
        assert world.cache.db.execute("SELECT field, lost, won FROM conflict").fetchall() == [("text", "theirs", "mine")]

    def test_a_refused_one_in_a_batch_is_parked_and_the_others_go_on(self, world: World) -> None:
        for number in range(50):
            edits.add(world.cache, "forbidden" if number == 20 else f"todo {number}")
        report = world.once()
        assert (report.pushed, report.pending, report.parked) == (49, 0, 1)
        assert len(world.server_texts) == 49
        [parked] = parking.everything(world.cache.db)
        assert parked.reason
        assert "forbidden" in world.texts

    @pytest.mark.parametrize("bad", [0, 1, 24, 49, 50, 79])
    def test_a_batch_that_is_refused_as_a_whole_is_halved_until_the_one_is_found(self, world: World, bad: int) -> None:
        for number in range(80):
            edits.add(world.cache, "poison" if number == bad else f"todo {number}")
        world.refuse_batch = lambda mutations: any(each.values["text"] == "poison" for each in mutations)  # type: ignore[method-assign]
        report = world.once()
        assert (report.pushed, report.pending, report.parked) == (79, 0, 1)
        assert len(world.server_texts) == 79
        assert len(world.pushed) < 30
        [parked] = parking.everything(world.cache.db)
        assert (parked.mutation.values["text"], parked.reason) == ("poison", "The server refused the change as a whole.")

    def test_a_batch_has_at_most_fifty(self, world: World) -> None:
        for number in range(120):
            edits.add(world.cache, str(number))
        world.once()
        assert [len(batch) for batch in world.pushed] == [50, 50, 20]

    def test_what_is_typed_while_the_outbox_is_sent_goes_as_well(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            for number in range(10):
                edits.add(world.cache, str(number))
                world.engine.nudge()
                await asyncio.sleep(0)
            await asyncio.sleep(1)
            assert len(world.server_texts) == 10

        world.play(scene)

    def test_an_edit_of_what_was_deleted_elsewhere_is_parked(self, world: World) -> None:
        world.write("milk")
        world.once()
        [client_id] = shown(world.cache)
        edits.edit(world.cache, client_id, {"text": "soy"})
        transaction = world.server.begin()
        transaction.delete(ME, client_id)
        transaction.commit()
        report = world.once()
        assert (report.pushed, report.parked, shown(world.cache)) == (0, 1, {client_id: ("soy", False, "parked")})
        assert world.server_texts == []


class TestPull:
    @pytest.mark.parametrize("first", [True, False])
    def test_what_a_slow_transaction_commits_between_two_pages_comes_with_the_next_pull(self, world: World, *, first: bool) -> None:
        def commit_at_the_second() -> None:
            if len(world.pulls) == asked + 2:
                slow.commit()

        if not first:
            world.once()
        asked = len(world.pulls)
        world.page_rows = 2
        slow = world.server.begin()
        slow.add(ME, "51000000-0000-4000-8000-000000000000", "slow")
        world.write("1", "2", "3", "4", "5")
        world.on_pull = commit_at_the_second
        report = world.once()
        assert (report.pulled, len(world.pulls) - asked) == (5, 3)
        assert world.once().pulled == 1
        assert world.texts == ["1", "2", "3", "4", "5", "slow"]

    def test_a_first_pull_shows_its_pages_as_they_come_and_goes_on_after_a_crash(self, world: World) -> None:
        def crash_at_the_third() -> None:
            if len(world.pulls) == 3:
                world.on_pull = None
                raise Unreachable("Offline", "Cut.", "")

        world.page_rows = 2
        world.write(*map(str, range(7)))
        world.on_pull = crash_at_the_third
        world.once()
        assert len(world.texts) == 4
        asked = len(world.pulls)
        assert world.once().pulled == 3
        assert len(world.texts) == 7
        assert [after is not None for _, after in world.pulls[asked:]] == [True, True]

    def test_a_later_pull_shows_nothing_before_its_last_page(self, world: World) -> None:
        seen: list[int] = []
        world.once()
        before = apply.cursor(world.cache)
        world.page_rows = 2
        world.write(*map(str, range(7)))
        world.on_pull = lambda: seen.append(len(world.texts))
        world.once()
        assert (seen, len(world.texts)) == ([0, 0, 0, 0], 7)
        assert apply.cursor(world.cache) != before

    def test_a_later_pull_that_breaks_off_leaves_nothing_and_begins_anew(self, world: World) -> None:
        def crash_at_the_third() -> None:
            if len(world.pulls) == 4:
                world.on_pull = None
                raise Unreachable("Offline", "Cut.", "")

        world.once()
        before = apply.cursor(world.cache)
        world.page_rows = 2
        world.write(*map(str, range(7)))
        world.on_pull = crash_at_the_third
        world.once()
        assert (world.texts, apply.cursor(world.cache)) == ([], before)
        assert world.once().pulled == 7

    def test_more_rows_than_one_transaction_should_have_come_in_slices_between_which_edits_fit(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            world.write(*map(str, range(2_300)))
            typed = 0
            while len(world.texts) < 2_300 + typed:
                if 0 < len(world.texts) < 2_000:
                    edits.add(world.cache, f"typed meanwhile {typed}")
                    typed += 1
                await asyncio.sleep(0)
            assert 0 < typed < 10
            world.engine.nudge()
            await asyncio.sleep(5)
            assert len(world.server_texts) == 2_300 + typed

        world.play(scene)
        assert world.state == "live"
        assert world.cache.db.execute("SELECT count(*) FROM staging").fetchone()[0] == 0

    def test_a_crash_between_two_slices_loses_nothing(self, world: World) -> None:
        world.once()
        before = apply.cursor(world.cache)
        world.write(*map(str, range(2_300)))
        done = []

        async def dying(work: Callable[[], Result]) -> Result:
            result = work()
            done.append(work)
            if len(world.texts) >= apply.SLICE:
                raise Unreachable("Dead", "The device died.", "")
            return result

        dead = world.make_engine()
        dead._run = dying
        with pytest.raises(Unreachable):
            world.loop.run_until_complete(dead.once(5))
        assert (len(world.texts), apply.cursor(world.cache)) == (apply.SLICE, before)
        assert world.once().pulled == 2_300 - apply.SLICE
        assert len(world.texts) == 2_300


class TestHistory:
    def test_a_new_epoch_brings_everything_anew_and_takes_off_what_is_gone(self, world: World) -> None:
        world.write("kept", "lost", "also kept")
        world.once()
        kept = {client_id for client_id, row in world.server.todos(ME).items() if "kept" in row.text}
        rows = {client_id: row.text for client_id, row in world.server.todos(ME).items()}
        typed = edits.add(world.cache, "typed")
        world.server.truncate()
        transaction = world.server.begin()
        for client_id in kept:
            transaction.add(ME, client_id, rows[client_id])
        transaction.commit()
        report = world.once()
        assert (report.live, world.texts) == (Live.LIVE, ["also kept", "kept", "typed"])
        assert shown(world.cache)[typed][2] == "synced"

    def test_versions_of_another_history_say_nothing(self, world: World) -> None:
        """A dump that is restored into a new cluster counts transactions from the beginning."""
        world.write("changed", "deleted")
        world.once()
        changed, deleted = sorted(world.server.todos(ME), key=lambda client_id: world.server.todos(ME)[client_id].text)
        transaction = world.server.begin()
        transaction.delete(ME, deleted)
        transaction.commit()
        world.once()
        assert world.texts == ["changed"]
        world.server.truncate()
        world.server._xid = 0
        transaction = world.server.begin()
        transaction.add(ME, changed, "as it was")
        transaction.add(ME, deleted, "back again")
        transaction.commit()
        world.once()
        assert world.texts == ["as it was", "back again"]
        transaction = world.server.begin()
        transaction.edit(ME, changed, {"text": "and on"})
        transaction.commit()
        world.once()
        assert world.texts == ["and on", "back again"]

    def test_a_new_epoch_in_the_middle_of_a_pull(self, world: World) -> None:
        def restore() -> None:
            if len(world.pulls) == 3:
                world.server.epoch += 1

        world.once()
        world.page_rows = 2
        world.write(*map(str, range(5)))
        world.on_pull = restore
        assert world.once().live is Live.LIVE
        assert (len(world.texts), apply.cursor(world.cache).epoch) == (5, "2")

    @pytest.mark.parametrize(("rows", "left"), [(1, 0), (20, 0), (21, 21)])
    def test_an_empty_list_is_believed_after_a_second_look_and_only_where_little_would_go(self, world: World, rows: int, left: int) -> None:
        world.write(*map(str, range(rows)))
        world.once()
        world.server.truncate()
        asked = len(world.pulls)
        assert world.once().live is Live.LIVE
        assert len(world.texts) == left
        assert len(world.pulls) - asked == 3  # since the cursor, everything, and the second look

    def test_an_empty_list_that_the_second_look_contradicts_takes_nothing_off(self, world: World) -> None:
        world.write("one", "two")
        world.once()
        world.server.epoch += 1
        asked = len(world.pulls)
        empty = {asked + 1, asked + 2}
        world.twist = lambda page: (  # type: ignore[method-assign]
            Page(page.user_id, page.horizon, page.epoch) if len(world.pulls) in empty else page
        )
        assert world.once().live is Live.OFFLINE
        assert world.texts == ["one", "two"]
        assert world.once().live is Live.LIVE
        assert world.texts == ["one", "two"]

    def test_a_second_look_by_somebody_else_takes_nothing_off(self, world: World) -> None:
        world.write("one", "two")
        world.once()
        world.server.truncate()
        asked = len(world.pulls)
        world.twist = lambda page: (  # type: ignore[method-assign]
            Page("nobody", page.horizon, page.epoch) if len(world.pulls) == asked + 3 else page
        )
        assert world.once().live is Live.SIGNED_OUT
        assert world.texts == ["one", "two"]

    def test_rows_with_edits_are_never_swept(self, world: World) -> None:
        world.write("one", "two", "three")
        world.once()
        edited = next(client_id for client_id, (text, _, _) in shown(world.cache).items() if text == "one")
        world.server.truncate()

        def edit() -> None:
            edits.edit(world.cache, edited, {"text": "mine"})

        world.on_pull = edit
        world.once()
        assert "mine" in world.texts
