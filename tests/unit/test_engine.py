"""The engine over a server in memory, on virtual time: its states, its patience, its sessions and its lock."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from devots_desktop.domain.account import Live, Status
from devots_desktop.domain.changes import Via
from devots_desktop.domain.errors import NotMigrated, SignedOut, Unreachable
from devots_desktop.domain.mutation import Answer, Mutation, Page
from devots_desktop.remote.base import Remote
from devots_desktop.store import edits
from devots_desktop.store.sync_lock import SyncLock
from devots_desktop.sync import apply, engine
from devots_desktop.sync.engine import SyncReport
from tests.unit.building import ME, make_cache, queue
from tests.unit.syncing import Scripted, World


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

    def test_neither_in_a_second_session(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(1)
            assert world.state == "live"
            world.deaf = True
            world.remotes[-1].cut()
            await asyncio.sleep(30)
            assert world.state == "checking"

        world.play(scene)

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
        pauses = [pause for pause in world.slept if pause not in (engine.CHECK_EVERY_S, engine.CHECK_LIVE_EVERY_S, engine.DRIFT_EVERY_S)]
        assert max(pauses) <= engine.BACKOFF_MOST_S
        assert max(pauses) > 45
        assert max(pauses[:2]) <= 8
        # Full jitter: anything down to nothing, so that many devices do not come together.
        late = [pause for pause in pauses if pause > 0][8:]
        assert min(late) < 10
        assert 20 < sum(late) / len(late) < 40

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

    def test_a_computer_that_slept_looks_at_once(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(400)
            world.write("while it slept")
            looks = len(world.pulls)
            await asyncio.sleep(6)
            assert len(world.pulls) == looks
            world.asleep += 8 * 3600
            await asyncio.sleep(6)
            assert world.texts == ["while it slept"]

        world.deaf = True
        world.play(scene)

    @pytest.mark.parametrize("days", [-1, 1])
    def test_so_does_one_whose_clock_was_set(self, world: World, days: int) -> None:
        async def scene() -> None:
            await asyncio.sleep(400)
            looks = len(world.pulls)
            world.asleep += days * 24 * 3600
            await asyncio.sleep(6)
            assert len(world.pulls) == looks + 1

        world.play(scene)

    def test_a_clock_that_is_kept_right_is_no_sleep(self, world: World) -> None:
        async def scene() -> None:
            await asyncio.sleep(400)
            looks = len(world.pulls)
            for _ in range(20):
                world.asleep += 9
                await asyncio.sleep(5)
            assert len(world.pulls) == looks

        world.play(scene)

    def test_after_a_sleep_nobody_waits_for_the_end_of_a_pause(self, world: World) -> None:
        def refuse() -> None:
            raise Unreachable("Server busy", "The database starts.", "It is tried again.")

        begun = asyncio.Event()

        async def sleep(seconds: float) -> None:
            if 30 < seconds < engine.CHECK_EVERY_S:
                begun.set()
            await asyncio.sleep(seconds)

        async def scene() -> None:
            await begun.wait()
            world.on_pull = None
            world.asleep += 3600
            await asyncio.sleep(6)
            assert world.state == "live"

        world.on_pull = refuse
        world.engine._sleep = sleep
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

    def test_signed_out_once_more_it_waits_once_more(self, world: World) -> None:
        async def scene() -> None:
            world.engine.resume()
            await asyncio.sleep(1)
            for _ in range(2):
                del world.server.sessions["token"]
                world.engine.check()
                await asyncio.sleep(600)
                assert world.state == "signed-out"
                world.server.sessions["token"] = ME
                world.engine.resume()
                await asyncio.sleep(1)
                assert world.state == "live"
            assert len(world.remotes) <= 5

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

    def test_one_that_cannot_be_taken_is_said_and_tried_again(self, world: World) -> None:
        file = world.cache.path.with_name("sync.lock")
        file.mkdir()

        async def scene() -> None:
            await asyncio.sleep(1)
            assert (world.statuses[-1].live, "cannot be written" in world.statuses[-1].sentence) == (Live.OFFLINE, True)
            file.rmdir()
            await asyncio.sleep(120)
            assert world.statuses[-1].live is Live.LIVE

        world.play(scene)

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
