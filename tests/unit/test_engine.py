"""The engine over a server in memory, on virtual time: its states, its patience, and what it never stores."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from devots_desktop.domain.account import Live, Status
from devots_desktop.domain.changes import ChangeSet, Via
from devots_desktop.domain.errors import BatchRefused, NotMigrated, SignedOut, Unreachable
from devots_desktop.domain.mutation import Answer, Mutation, Page
from devots_desktop.remote.base import Position, Remote
from devots_desktop.remote.memory import MemoryRemote, MemoryServer
from devots_desktop.store import edits, parking
from devots_desktop.store.cache import Cache
from devots_desktop.store.lock import SyncLock
from devots_desktop.sync import apply, engine
from devots_desktop.sync.engine import Engine, SyncReport
from tests.sim.loop import VirtualLoop
from tests.unit.building import ME, make_cache, queue, shown

Result = TypeVar("Result")


class Scripted(MemoryRemote):
    """A MemoryRemote that keeps what it was asked and can be told to fail."""

    def __init__(self, world: "World") -> None:
        super().__init__(world.server, "token")
        self.world = world

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        self.world.pushed.append([mutation.mutation_id for mutation in mutations])
        if self.world.refuse_batch(mutations):
            raise BatchRefused("Not accepted", "The server refused the change as a whole.", "Edit it.")
        answers = await super().push(mutations)
        if self.world.lose_answers:
            self.world.lose_answers -= 1
            raise Unreachable("Offline", "The answer was lost.", "It is tried again.")
        return answers

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        self.world.pulls.append((since, after))
        if self.world.on_pull is not None:
            self.world.on_pull()
        page = await super().pull(since, after, self.world.page_rows)
        return self.world.twist(page)

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        if self.world.deaf:
            await asyncio.Event().wait()
        await super().listen(ready, changed)

    async def close(self) -> None:
        self.world.closed += 1


class World:
    """One device and its server."""

    def __init__(self, folder: Path) -> None:
        self.loop = VirtualLoop()
        self.server = MemoryServer(self.loop.microseconds, {"token": ME}, forbidden=lambda text: text.startswith("forbidden"))
        self.cache = make_cache(folder)
        self.statuses: list[Status] = []
        self.told: list[ChangeSet] = []
        self.pushed: list[list[str]] = []
        self.pulls: list[tuple[int, Position | None]] = []
        self.slept: list[float] = []
        self.remotes: list[Scripted] = []
        self.on_pull: Callable[[], None] | None = None
        self.page_rows = engine.PAGE_ROWS
        self.lose_answers = self.closed = 0
        self.deaf = False
        self.refusal: BaseException | None = None
        self.engine = self.make_engine()

    def make_engine(self, cache: Cache | None = None, user_id: str = ME) -> Engine:
        return Engine(
            cache or self.cache,
            self.connect,
            user_id=user_id,
            run=self.run,
            publish=self.told.append,
            tell=self.statuses.append,
            sleep=self.sleep,
            rng=random.Random(1),
        )

    async def connect(self) -> Remote:
        if self.refusal is not None:
            raise self.refusal
        self.remotes.append(Scripted(self))
        return self.remotes[-1]

    async def run(self, work: Callable[[], Result]) -> Result:
        await asyncio.sleep(0)
        return work()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(seconds)

    def refuse_batch(self, mutations: Sequence[Mutation]) -> bool:
        return False

    def twist(self, page: Page) -> Page:
        return page

    def write(self, *texts: str) -> None:
        transaction = self.server.begin()
        for number, text in enumerate(texts):
            transaction.add(ME, f"{len(self.server.todos(ME)) + number:08}-0000-4000-8000-000000000000", text)
        transaction.commit()

    def play(self, scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a scene while the engine runs."""

        async def main() -> None:
            life = asyncio.create_task(self.engine.run())
            try:
                await scene()
            finally:
                life.cancel()
                with suppress(asyncio.CancelledError):
                    await life
                await self.engine.close()

        self.loop.run_until_complete(main())

    def once(self, timeout: float = 5.0) -> SyncReport:
        return self.loop.run_until_complete(self.engine.once(timeout))

    @property
    def states(self) -> list[Live]:
        """The states told, each change once."""
        all_of_them = [status.live for status in self.statuses]
        return [state for place, state in enumerate(all_of_them) if place == 0 or all_of_them[place - 1] is not state]

    @property
    def state(self) -> str:
        return str(self.statuses[-1].live)

    @property
    def texts(self) -> list[str]:
        return sorted(text for text, _, _ in shown(self.cache).values())

    @property
    def server_texts(self) -> list[str]:
        return sorted(row.text for row in self.server.todos(ME).values())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.cache.close()
    made.loop.close()


class TestStates:
    def test_checking_then_live(self, world: World) -> None:
        world.write("milk")
        world.play(lambda: asyncio.sleep(1))
        assert (world.states, world.texts) == ([Live.CHECKING, Live.LIVE], ["milk"])

    def test_live_only_after_a_pull_that_began_when_changes_were_told(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(30)

        world.deaf = True
        world.play(scene)
        assert (world.states, len(world.pulls)) == ([Live.CHECKING], 1)

    def test_a_change_that_is_told_is_there_at_once(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            world.write("milk")
            await asyncio.sleep(0.1)
            assert world.texts == ["milk"]

        world.play(scene)
        assert [change.via for changes in world.told for change in changes.changes] == [Via.LIVE]

    def test_while_changes_are_not_told_it_looks_every_minute(self, world: World) -> None:
        world.deaf = True
        world.play(lambda: asyncio.sleep(185))
        assert len(world.pulls) == 4

    def test_while_they_are_told_it_looks_every_five_minutes_all_the_same(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(400)
            looks = len(world.pulls)
            await asyncio.sleep(1000)
            assert len(world.pulls) - looks in (3, 4)

        world.play(scene)

    def test_an_own_change_is_pushed_at_a_nudge(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            edits.add(world.cache, "milk")
            world.engine.nudge()
            await asyncio.sleep(0.1)
            assert world.server_texts == ["milk"]
            assert queue(world.cache) == []

        world.play(scene)

    def test_an_own_echo_is_told_nobody(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            edits.add(world.cache, "milk")
            world.engine.nudge()
            await asyncio.sleep(400)

        world.play(scene)
        assert not any(change.from_elsewhere for changes in world.told for change in changes.changes)


class TestAway:
    @pytest.mark.parametrize("away", [5, 20, 600, 8 * 3600])
    def test_it_is_live_within_fifteen_seconds_of_the_servers_return(self, world: World, away: float) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            world.server.up = False
            world.remotes[-1].cut()
            await asyncio.sleep(away)
            assert world.state == "offline"
            edits.add(world.cache, "written offline")
            world.engine.nudge()
            world.server.up = True
            world.write("written elsewhere")
            await asyncio.sleep(15)
            assert world.state == "live"
            assert world.texts == world.server_texts == ["written elsewhere", "written offline"]

        world.play(scene)

    def test_started_while_the_server_is_away(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(3600)
            assert world.states == [Live.CHECKING, Live.OFFLINE]
            world.server.up = True
            await asyncio.sleep(15)
            assert world.state == "live"

        world.server.up = False
        world.play(scene)

    def test_it_is_back_soon_where_even_making_a_connection_needs_the_server(self, world: World) -> None:
        async def scene() -> None:
            world.refusal = Unreachable("Offline", "No name server answers.", "It is tried again.")
            await asyncio.sleep(3600)
            world.refusal = None
            await asyncio.sleep(15)
            assert world.state == "live"

        world.play(scene)

    def test_a_server_that_answers_and_refuses_is_asked_less_and_less_often_and_for_ever(self, world: World) -> None:
        def refuse() -> None:
            raise Unreachable("Server busy", "The database starts.", "It is tried again.")

        async def scene() -> None:
            await asyncio.sleep(3600)
            assert 60 < len(world.pulls) < 300
            world.on_pull = None
            await asyncio.sleep(61)
            assert world.state == "live"

        world.on_pull = refuse
        world.play(scene)
        pauses = [pause for pause in world.slept if pause not in (engine.CHECK_EVERY_S, engine.CHECK_LIVE_EVERY_S)]
        assert max(pauses) <= engine.BACKOFF_MOST_S
        assert max(pauses) > 45
        assert max(pauses[:2]) <= 8

    def test_a_server_that_was_away_is_not_kept_waiting_for_its_refusals_before(self, world: World) -> None:
        def refuse() -> None:
            raise Unreachable("Server busy", "The database starts.", "It is tried again.")

        def refuse_thrice_more() -> None:
            if len(world.pulls) >= asked + 3:
                world.on_pull = None
            refuse()

        asked = 0

        async def scene() -> None:
            nonlocal asked
            await asyncio.sleep(1800)
            world.server.up = False
            await asyncio.sleep(600)
            asked, world.on_pull, world.server.up = len(world.pulls), refuse_thrice_more, True
            await asyncio.sleep(engine.PROBE_EVERY_S + 0 + 4 + 8 + 1)
            assert world.state == "live"

        world.on_pull = refuse
        world.play(scene)

    def test_a_lost_listening_connection_begins_anew_at_once(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            world.remotes[-1].cut()
            world.write("meanwhile")
            await asyncio.sleep(1)
            assert (world.states[-1], world.texts) == (Live.LIVE, ["meanwhile"])

        world.play(scene)
        assert len(world.remotes) == 2
        assert world.closed == 2

    def test_an_account_that_only_a_person_can_mend_is_tried_again_each_minute(self, world: World) -> None:
        async def scene() -> None:
            world.refusal = NotMigrated("Database not prepared", "It is not prepared.", "Ask its owner.")
            await asyncio.sleep(30)
            assert world.statuses[-1] == Status(Live.OFFLINE, "It is not prepared. Ask its owner.")
            world.refusal = None
            await asyncio.sleep(60)
            assert world.state == "live"

        world.play(scene)

    @pytest.mark.expects_log("The sync of an account failed")
    def test_a_bug_does_not_end_the_sync(self, world: World) -> None:
        def bug() -> None:
            world.on_pull = None
            raise ZeroDivisionError

        async def scene() -> None:
            await asyncio.sleep(1)
            assert world.state == "offline"
            await asyncio.sleep(61)
            assert world.state == "live"

        world.on_pull = bug
        world.play(scene)


@pytest.mark.parametrize("steps", range(1, 16))
def test_cancelled_at_any_step_of_a_failing_session_it_ends(world: World, steps: int) -> None:
    async def main() -> None:
        life = asyncio.create_task(world.engine.run())
        for _ in range(steps):
            await asyncio.sleep(0)
        life.cancel()
        async with asyncio.timeout(1):
            await asyncio.wait([life])
        await world.engine.close()

    world.server.up = False
    world.loop.run_until_complete(main())


@pytest.mark.expects_log("The sync of an account failed")
def test_of_several_failures_at_once_a_bug_is_not_hidden(world: World) -> None:
    def bug() -> None:
        world.remotes[-1].cut()
        world.on_pull = None
        raise ZeroDivisionError

    world.on_pull = bug
    world.play(lambda: asyncio.sleep(1))


class TestSession:
    def test_signed_out_it_waits_and_goes_on_after_a_new_sign_in(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            del world.server.sessions["token"]
            edits.add(world.cache, "kept")
            world.engine.nudge()
            await asyncio.sleep(3600)
            assert world.states[-1] is Live.SIGNED_OUT
            asked = len(world.pushed)
            assert asked == 1
            assert len(queue(world.cache)) == 1
            world.server.sessions["token"] = ME
            world.engine.resume()
            await asyncio.sleep(1)
            assert (world.states[-1], world.server_texts) == (Live.LIVE, ["kept"])

        world.play(scene)

    def test_a_sign_in_while_the_old_session_is_being_refused_is_not_missed(self, world: World) -> None:
        def sign_in_meanwhile() -> None:
            world.on_pull = None
            world.engine.resume()
            raise SignedOut

        world.on_pull = sign_in_meanwhile
        world.play(lambda: asyncio.sleep(5))
        assert world.states == [Live.CHECKING, Live.SIGNED_OUT, Live.CHECKING, Live.LIVE]

    def test_another_persons_page_is_never_stored_and_its_cursor_neither(self, world: World) -> None:
        world.write("bob's now")
        world.server.sessions["token"] = "bob"
        world.server.begin().commit()
        transaction = world.server.begin()
        transaction.add("bob", "b0b00000-0000-4000-8000-000000000000", "bob's")
        transaction.commit()
        world.play(lambda: asyncio.sleep(5))
        assert (world.states[-1], world.texts, apply.cursor(world.cache).since) == (Live.SIGNED_OUT, [], None)

    def test_neither_in_the_middle_of_a_pull(self, world: World) -> None:
        world.write("one")
        world.once()
        before = apply.cursor(world.cache)
        world.write("two", "three", "four")
        world.page_rows = 2
        pages = iter([ME, "bob"])
        world.twist = lambda page: Page(next(pages), page.horizon, page.epoch, page.rows, page.more)  # type: ignore[method-assign]
        assert world.once().live is Live.SIGNED_OUT
        assert (world.texts, apply.cursor(world.cache)) == (["one"], before)


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
            if len(world.texts) >= 500:
                raise Unreachable("Dead", "The device died.", "")
            return result

        dead = world.make_engine()
        dead._run = dying
        with pytest.raises(Unreachable):
            world.loop.run_until_complete(dead.once(5))
        assert (len(world.texts), apply.cursor(world.cache)) == (500, before)
        assert world.once().pulled == 1_800
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


class TestLock:
    def test_two_engines_on_one_profile_one_of_them_syncs(self, world: World, tmp_path: Path) -> None:
        other = make_cache(tmp_path)
        second = world.make_engine(other)

        async def scene() -> None:
            await asyncio.sleep(1)
            assert len(world.remotes) == 1
            life = asyncio.create_task(second.run())
            await asyncio.sleep(10)
            assert len(world.remotes) == 1
            assert "Another program" in world.statuses[-1].sentence
            edits.add(other, "typed in the other")
            report = asyncio.create_task(second.once(5))
            await asyncio.sleep(0.2)
            assert not report.done()
            world.engine.nudge()
            await asyncio.sleep(0.2)
            assert (report.result().pending, report.result().live) == (0, Live.CHECKING)
            # The first one ends: the second takes over.
            world.engine._lock.release()
            await asyncio.sleep(5)
            assert len(world.remotes) == 2
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life
            await second.close()

        world.play(scene)
        other.close()

    def test_the_lock_is_one_objects(self, tmp_path: Path) -> None:
        one, two = SyncLock(tmp_path / "cache.sqlite3"), SyncLock(tmp_path / "cache.sqlite3")
        assert one.acquire()
        assert one.acquire()
        assert not two.acquire()
        one.release()
        one.release()
        assert two.acquire()
        two.release()


class TestOnce:
    def test_it_reports_what_it_did(self, world: World) -> None:
        world.write("elsewhere")
        edits.add(world.cache, "here")
        assert world.once() == SyncReport(Live.LIVE, pushed=1, pulled=1, pending=0, parked=0)
        assert world.once() == SyncReport(Live.LIVE)

    def test_a_server_that_does_not_answer_is_given_up_in_time(self, world: World) -> None:
        async def hang(mutations: Sequence[Mutation]) -> list[Answer]:
            await asyncio.sleep(3600)
            return []

        async def connect() -> Remote:
            remote = Scripted(world)
            remote.push = hang  # type: ignore[method-assign]
            return remote

        edits.add(world.cache, "here")
        world.engine._connect = connect
        report = world.once(5.0)
        assert (report.live, report.pending, world.loop.time()) == (Live.OFFLINE, 1, 5.0)
        assert report.sentence

    @pytest.mark.parametrize(
        ("refusal", "live"), [(SignedOut(), Live.SIGNED_OUT), (Unreachable("Offline", "Away.", "Wait."), Live.OFFLINE)]
    )
    def test_a_failure_is_in_the_report(self, world: World, refusal: Exception, live: Live) -> None:
        edits.add(world.cache, "here")
        world.refusal = refusal
        report = world.once()
        assert (report.live, report.pending, report.sentence) == (live, 1, str(refusal))

    def test_it_lets_go_of_the_lock(self, world: World, tmp_path: Path) -> None:
        world.once()
        lock = SyncLock(world.cache.path)
        assert lock.acquire()
        lock.release()

    def test_a_damaged_outbox_is_said_and_not_sent(self, world: World) -> None:
        edits.add(world.cache, "here")
        world.cache.db.execute("UPDATE outbox SET payload = replace(payload, 'here', 'hare')")
        report = world.once()
        assert (report.live, world.server_texts, report.pending) == (Live.OFFLINE, [], 1)
        assert "damaged" in report.sentence
