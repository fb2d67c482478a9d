"""A cache held against its server: every difference is found by few questions, named, and repaired without touching the outbox."""

import asyncio
import random
import uuid
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from devots_desktop.domain.digest import Digest, Hashes, Range, row_hash
from devots_desktop.domain.errors import SignedOut, Unreachable
from devots_desktop.domain.todo import ServerRow
from devots_desktop.remote.base import Remote
from devots_desktop.remote.memory import MemoryRemote, MemoryTable
from devots_desktop.remote.plain import PlainRemote
from devots_desktop.store import edits, known, missing, parking, rows
from devots_desktop.store.replica import Cursor
from devots_desktop.sync import apply, compare, repair
from devots_desktop.sync.compare import LISTED, Comparison, Verdict
from devots_desktop.sync.repair import Repaired
from tests.unit.building import ME, queue, shown
from tests.unit.syncing import World

Result = TypeVar("Result")


class Counting(MemoryRemote):
    """Counts the questions and the rows that were listed."""

    def __init__(self, world: World) -> None:
        super().__init__(world.server, "token")
        self.questions = self.listed = 0

    async def digest(self, ranges: Sequence[Range], most: int) -> Digest:
        self.questions += 1
        answer = await super().digest(ranges, most)
        assert len(ranges) <= compare.PARTS
        self.listed += sum(len(each.rows or ()) for each in answer.ranges)
        return answer


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.cache.close()
    made.loop.close()


@pytest.fixture
def remote(world: World) -> Counting:
    return Counting(world)


def compared(world: World, remote: Remote, user_id: str = ME) -> Comparison:
    async def read(hash_of: known.Hash) -> tuple[Cursor, dict[str, int]]:
        return known.everything(world.cache.db, hash_of)

    return _run(world, compare.compare(remote, user_id, read))


def repaired(world: World, remote: Remote, found: Comparison, user_id: str = ME) -> Repaired:
    return _run(world, repair.repair(world.cache, remote, user_id, found, run=world.run))


def _run(world: World, work: Coroutine[Any, Any, Result]) -> Result:
    return world.loop.run_until_complete(work)


def outbox(world: World) -> list[tuple[Any, ...]]:
    return world.cache.db.execute("SELECT * FROM outbox ORDER BY seq").fetchall()


def spoil(world: World, sql: str, *values: object) -> None:
    """Change the cache as no code of ours does, with checksums that fit."""
    world.cache.db.execute(sql, values)
    rows.stamp(world.cache.db)


def ids(world: World) -> dict[str, str]:
    """client_id by text, at the server."""
    return {row.text: row.client_id for row in world.server.todos(ME).values()}


SPOILS = {
    "another text": "UPDATE todo SET text = 'wrong' WHERE client_id = ?",
    "another mark": "UPDATE todo SET completed = 1 - completed WHERE client_id = ?",
    "another time of creation": "UPDATE todo SET created_at = created_at + 1 WHERE client_id = ?",
    "another time of change": "UPDATE todo SET updated_at = updated_at - 1 WHERE client_id = ?",
    "an older version": "UPDATE todo SET row_version = row_version - 1 WHERE client_id = ?",
    "a newer version": "UPDATE todo SET row_version = row_version + 1000 WHERE client_id = ?",
    "missing here": "DELETE FROM todo WHERE client_id = ?",
    "buried here": "INSERT INTO tombstone SELECT client_id, 999999, row_checksum(client_id, 999999) FROM todo WHERE client_id = ?",
}


@pytest.mark.parametrize("spoilt", SPOILS)
def test_a_difference_is_named_and_repaired(world: World, remote: Counting, spoilt: str) -> None:
    world.write(*(f"todo {number}" for number in range(50)))
    world.once()
    mine = edits.add(world.cache, "not sent")
    before = outbox(world)
    assert compared(world, remote).verdict is Verdict.EQUAL
    victim = ids(world)["todo 7"]
    spoil(world, SPOILS[spoilt], victim)
    found = compared(world, remote)
    assert (found.verdict, list(found.differing)) == (Verdict.DIFFERENT, [victim])
    assert repaired(world, remote, found) == Repaired(rows=1)
    assert compared(world, remote).verdict is Verdict.EQUAL
    assert shown(world.cache)[victim] == ("todo 7", False, "synced")
    assert (outbox(world), shown(world.cache)[mine][0]) == (before, "not sent")
    # What was repaired follows the server as before.
    transaction = world.server.begin()
    transaction.edit(ME, victim, {"text": "changed later"})
    transaction.commit()
    world.once()
    assert shown(world.cache)[victim][0] == "changed later"


def test_a_difference_among_many_takes_few_questions_and_no_list(world: World, remote: Counting) -> None:
    transaction = world.server.begin()
    for number in range(6_000):
        transaction.add(ME, str(uuid.UUID(int=random.Random(number).getrandbits(128))), f"todo {number}")
    transaction.commit()
    world.once(timeout=1_000)
    assert compared(world, remote).verdict is Verdict.EQUAL
    assert (remote.questions, remote.listed) == (1, 0)
    victim = ids(world)["todo 4321"]
    spoil(world, "UPDATE todo SET text = 'wrong' WHERE client_id = ?", victim)
    remote.questions = 0
    assert list(compared(world, remote).differing) == [victim]
    assert remote.questions == 3
    assert remote.listed < 2 * LISTED * 64


def test_nothing_is_overlooked_and_nothing_invented() -> None:
    """Random lists, some of them with keys so close to each other that the ranges have to be divided many times."""
    dice = random.Random(7)

    async def scene(here: dict[str, int], there: dict[str, int]) -> set[str]:
        theirs = Hashes(there)

        class Server(MemoryRemote):
            async def digest(self, ranges: Sequence[Range], most: int) -> Digest:
                return Digest(ME, "1", tuple(theirs.summary(part, most) for part in ranges))

        return await compare._in_ranges(Server.__new__(Server), ME, Cursor(since=1, epoch="1"), Hashes(here))

    for _ in range(60):
        bits = dice.choice([8, 12, 128])
        here = {str(uuid.UUID(int=dice.getrandbits(bits))): dice.getrandbits(63) for _ in range(dice.choice([0, 1, 40, 400, 900]))}
        there = {key: value for key, value in here.items() if dice.random() > 0.1}
        there |= {str(uuid.UUID(int=dice.getrandbits(bits))): dice.getrandbits(63) for _ in range(dice.choice([0, 0, 1, 500]))}
        wanted = {key for key in here.keys() | there.keys() if here.get(key) != there.get(key)}
        assert asyncio.run(scene(here, there)) == wanted


class TestWhatIsNoDifference:
    def test_changes_that_the_next_pull_brings(self, world: World, remote: Counting) -> None:
        world.write("edited", "deleted", "same")
        world.once()
        transaction = world.server.begin()
        transaction.edit(ME, ids(world)["edited"], {"text": "edited elsewhere"})
        transaction.delete(ME, ids(world)["deleted"])
        transaction.add(ME, str(uuid.uuid4()), "new elsewhere")
        transaction.commit()
        assert compared(world, remote).verdict is Verdict.EQUAL
        assert world.texts == ["deleted", "edited", "same"]

    def test_edits_that_wait(self, world: World, remote: Counting) -> None:
        world.write("edited", "deleted", "same")
        world.once()
        edits.edit(world.cache, ids(world)["edited"], {"text": "mine"})
        edits.delete(world.cache, ids(world)["deleted"])
        edits.add(world.cache, "new")
        assert compared(world, remote).verdict is Verdict.EQUAL

    def test_an_edit_that_was_changed_back_before_it_was_sent(self, world: World, remote: Counting) -> None:
        world.write("milk")
        world.once()
        milk = ids(world)["milk"]
        for completed in (True, False):
            edits.edit(world.cache, milk, {"completed": completed})
        assert queue(world.cache) == []
        assert compared(world, remote).verdict is Verdict.EQUAL

    def test_edits_that_were_sent_and_never_answered(self, world: World, remote: Counting) -> None:
        world.write("edited", "deleted")
        world.once()
        edits.edit(world.cache, ids(world)["edited"], {"text": "mine"})
        edits.delete(world.cache, ids(world)["deleted"])
        edits.add(world.cache, "new")
        world.lose_answers = 1
        world.once()
        assert len(queue(world.cache)) == 3
        assert compared(world, remote).verdict is Verdict.EQUAL

    def test_a_parked_edit(self, world: World, remote: Counting) -> None:
        world.write("milk")
        world.once()
        edits.edit(world.cache, ids(world)["milk"], {"text": "forbidden"})
        edits.add(world.cache, "forbidden too")
        world.once()
        assert len(parking.everything(world.cache.db)) == 2
        assert compared(world, remote).verdict is Verdict.EQUAL


def test_a_wrong_base_below_an_edit_is_found_and_the_edit_stays(world: World, remote: Counting) -> None:
    world.write("milk")
    world.once()
    victim = ids(world)["milk"]
    edits.edit(world.cache, victim, {"text": "mine"})
    before = outbox(world)
    spoil(world, "UPDATE base SET completed = 1, row_version = row_version - 1 WHERE client_id = ?", victim)
    found = compared(world, remote)
    assert list(found.differing) == [victim]
    repaired(world, remote, found)
    assert compared(world, remote).verdict is Verdict.EQUAL
    assert (shown(world.cache)[victim], outbox(world)) == (("mine", False, "pending"), before)


class TestWhatTheServerDoesNotHave:
    def test_one_that_was_deleted_there_goes(self, world: World, remote: Counting) -> None:
        world.write("milk", "eggs")
        world.once()
        victim = ids(world)["milk"]
        before = world.cache.db.execute("SELECT * FROM todo WHERE client_id = ?", (victim,)).fetchone()
        transaction = world.server.begin()
        transaction.delete(ME, victim)
        transaction.commit()
        world.once()
        marks = ",".join("?" * len(before))
        world.cache.db.execute(f"INSERT INTO todo VALUES ({marks})", before)
        world.cache.db.execute("DELETE FROM tombstone")
        found = compared(world, remote)
        assert list(found.differing) == [victim]
        assert repaired(world, remote, found) == Repaired(rows=1)
        assert world.texts == ["eggs"]

    def test_one_that_no_tombstone_speaks_of_stays_and_the_user_is_asked(self, world: World, remote: Counting) -> None:
        """As after a restore of an older copy that the owner said nothing of."""
        world.write("milk", "eggs")
        world.once()
        victim = ids(world)["milk"]
        world.server._rows.pop((ME, victim))
        found = compared(world, remote)
        assert list(found.differing) == [victim]
        assert repaired(world, remote, found) == Repaired(asked=1)
        assert world.texts == ["eggs", "milk"]
        question = missing.question(world.cache.db)
        assert question is not None
        assert question.missing == 1
        assert compared(world, remote).verdict is Verdict.EQUAL

    def test_an_edit_of_it_waits_for_the_servers_answer(self, world: World, remote: Counting) -> None:
        world.write("milk")
        world.once()
        victim = ids(world)["milk"]
        edits.edit(world.cache, victim, {"text": "mine"})
        world.server._rows.pop((ME, victim))
        found = compared(world, remote)
        repaired(world, remote, found)
        assert shown(world.cache)[victim] == ("mine", False, "pending")
        assert compared(world, remote).verdict is Verdict.EQUAL
        world.once()
        assert shown(world.cache)[victim] == ("mine", False, "parked")

    def test_a_value_that_an_older_server_overrules_is_kept_as_a_conflict(self, world: World, remote: Counting) -> None:
        world.write("milk")
        world.once()
        victim = ids(world)["milk"]
        old = world.server._rows[ME, victim]
        transaction = world.server.begin()
        transaction.edit(ME, victim, {"text": "oat milk"})
        transaction.commit()
        world.once()
        world.server._rows[ME, victim] = old
        repaired(world, remote, compared(world, remote))
        assert world.texts == ["milk"]
        assert world.cache.db.execute("SELECT client_id, field, lost, won FROM conflict").fetchall() == [
            (victim, "text", "oat milk", "milk")
        ]


class TestWhenNothingCanBeSaid:
    def test_the_first_download_has_not_ended(self, world: World, remote: Counting) -> None:
        assert compared(world, remote).verdict is Verdict.NOT_YET

    def test_another_history(self, world: World, remote: Counting) -> None:
        world.write("milk")
        world.once()
        world.server.epoch += 1
        assert compared(world, remote).verdict is Verdict.OTHER_HISTORY

    def test_somebody_elses_answer_is_none(self, world: World, remote: Counting) -> None:
        world.write("milk")
        world.once()
        with pytest.raises(SignedOut):
            compared(world, remote, "bob")
        spoil(world, "UPDATE todo SET text = 'wrong'")
        found = compared(world, remote)
        with pytest.raises(SignedOut):
            repaired(world, remote, found, "bob")
        assert world.texts == ["wrong"]

    def test_a_history_that_ends_before_the_repair(self, world: World, remote: Counting) -> None:
        world.write("milk")
        world.once()
        spoil(world, "UPDATE todo SET text = 'wrong'")
        found = compared(world, remote)
        world.server.epoch += 1
        with pytest.raises(Unreachable):
            repaired(world, remote, found)


def test_a_row_that_changed_meanwhile_is_left_alone(world: World, remote: Counting) -> None:
    world.write("milk")
    world.once()
    victim = ids(world)["milk"]
    spoil(world, "UPDATE todo SET text = 'wrong'")
    found = compared(world, remote)
    old = {victim: world.server.todos(ME)[victim]}
    transaction = world.server.begin()
    transaction.edit(ME, victim, {"text": "newer"})
    transaction.commit()
    world.once()
    assert apply.mend(world.cache, found.differing, old) == 0
    assert world.texts == ["newer"]


def test_a_plain_server_is_compared_by_its_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = PlainRemote(MemoryTable(world.server, "token"))

    async def connect() -> Remote:
        return remote

    world.server.managed = False
    monkeypatch.setattr(world, "connect", connect)
    world.engine = world.make_engine()
    world.write("milk", "eggs", "bread")
    edits.add(world.cache, "made here")
    world.once()
    edits.edit(world.cache, next(key for key, (text, _, _) in shown(world.cache).items() if text == "eggs"), {"text": "mine"})
    assert compared(world, remote).verdict is Verdict.EQUAL
    victims = [key for key, (text, _, _) in shown(world.cache).items() if text in ("made here", "bread")]
    spoil(world, "UPDATE todo SET text = 'wrong' WHERE text = 'made here'")
    transaction = world.server.begin()
    transaction.add(ME, str(uuid.uuid4()), "new elsewhere")
    transaction.commit()
    spoil(world, "UPDATE todo SET completed = 1 WHERE text = 'bread'")
    found = compared(world, remote)
    assert set(victims) < set(found.differing)
    assert len(found.differing) == 3
    assert repaired(world, remote, found) == Repaired(rows=3, again=True)
    assert len(queue(world.cache)) == 1
    world.once()
    assert world.texts == ["bread", "made here", "milk", "mine", "new elsewhere"]
    assert compared(world, remote).verdict is Verdict.EQUAL


def test_the_hash_sees_every_field_that_a_screen_shows() -> None:
    row = ServerRow("11111111-1111-4111-8111-111111111111", 7, "milk", completed=False, created_at=1, updated_at=2, row_version=3)
    others = [
        ServerRow("21111111-1111-4111-8111-111111111111", 7, "milk", completed=False, created_at=1, updated_at=2, row_version=3),
        ServerRow(row.client_id, 7, "Milk", completed=False, created_at=1, updated_at=2, row_version=3),
        ServerRow(row.client_id, 7, "milk", completed=True, created_at=1, updated_at=2, row_version=3),
        ServerRow(row.client_id, 7, "milk", completed=False, created_at=0, updated_at=2, row_version=3),
        ServerRow(row.client_id, 7, "milk", completed=False, created_at=1, updated_at=0, row_version=3),
        ServerRow(row.client_id, 7, "milk", completed=False, created_at=1, updated_at=2, row_version=4),
    ]
    assert len({row_hash(each) for each in [row, *others]}) == 7
