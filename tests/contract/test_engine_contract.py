"""What a person's devices see whatever the server is: the real engine and caches on each backend (sync.md, sections 1, 2 and 4)."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from devots_desktop.domain.account import Live
from devots_desktop.domain.errors import Unreachable
from devots_desktop.domain.mutation import Answer, Mutation, Page
from devots_desktop.domain.question import Choice
from devots_desktop.remote.base import Position, Remote
from devots_desktop.services.account import now
from devots_desktop.store import edits, missing, parking, undo
from devots_desktop.store.cache import Cache
from devots_desktop.sync.engine import Engine, SyncReport
from tests.contract.asking import opened, runs
from tests.contract.backends import FORBIDDEN, Backend
from tests.unit.building import queue, shown

Result = TypeVar("Result")


class Unsure:
    """A remote whose answers get lost, as often as it is told."""

    def __init__(self, inner: Remote, device: "Device") -> None:
        self._inner, self._device = inner, device

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        answers = await self._inner.push(mutations)
        if self._device.lose:
            self._device.lose -= 1
            raise Unreachable("Offline", "The answer was lost.", "It is tried again.")
        return answers

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        return await self._inner.pull(since, after, limit)

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        await self._inner.listen(ready, changed)

    async def reachable(self) -> bool:
        return await self._inner.reachable()

    async def close(self) -> None:
        await self._inner.close()


class Device:
    """A cache and its engine."""

    def __init__(self, folder: Path, backend: Backend, user_id: str) -> None:
        folder.mkdir()
        self.cache = Cache(folder / "cache.sqlite3", syncs=True, clock=now)
        self.lose = 0
        self._backend, self._user_id = backend, user_id
        self._engine = Engine(
            self.cache,
            self._connect,
            user_id=user_id,
            run=self._run,
            publish=lambda _: None,
            tell=lambda _: None,
            sleep=asyncio.sleep,
            rng=random.Random(1),
            wall=time.time,
            monotonic=time.monotonic,
        )

    async def sync(self) -> SyncReport:
        """Push and pull until the server has answered all; a lost answer is asked for again."""
        while True:
            lost = self.lose
            report = await self._engine.once(10.0)
            if lost == self.lose:
                return report

    async def close(self) -> None:
        await self._engine.close()
        self.cache.close()

    def key(self, text: str) -> str:
        [key] = [key for key, (found, _, _) in shown(self.cache).items() if found == text]
        return key

    @property
    def todos(self) -> list[tuple[str, bool]]:
        return sorted((text, completed) for text, completed, _ in shown(self.cache).values())

    @property
    def conflicts(self) -> list[tuple[str, str]]:
        return list(self.cache.db.execute("SELECT field, lost FROM conflict"))

    async def _connect(self) -> Remote:
        return Unsure(self._backend.connect(self._user_id), self)

    async def _run(self, work: Callable[[], Result]) -> Result:
        return work()


async def one(backend: Backend, folder: Path, *texts: str) -> tuple[str, Device]:
    """A person with these todos, and a device that has them."""
    ada = backend.person("ada")
    for text in texts:
        backend.web.add(ada, text)
    device = Device(folder / "desk", backend, ada)
    assert (await device.sync()).live is Live.LIVE
    assert [text for text, _ in device.todos] == sorted(texts)
    return ada, device


class TestDay:
    @pytest.mark.table("no procedure of a portal changes a text")
    @runs
    async def test_what_is_done_here_is_there_and_what_is_done_there_is_here(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk", "bread", "old")
        lap = Device(tmp_path / "lap", backend, ada)
        async with opened(desk, lap):
            await lap.sync()
            edits.add(desk.cache, "added")
            edits.edit(desk.cache, desk.key("milk"), {"text": "oat milk"})
            edits.edit(desk.cache, desk.key("bread"), {"completed": True})
            edits.delete(desk.cache, desk.key("old"))
            assert (await desk.sync()).pending == 0
            backend.web.add(ada, "from the web")
            backend.web.edit(ada, "added", {"completed": True})
            for device in (lap, desk):
                await device.sync()
                expected = [("added", True), ("bread", True), ("from the web", False), ("oat milk", False)]
                assert device.todos == backend.web.todos(ada) == expected
                assert (queue(device.cache), device.conflicts) == ([], [])

    @runs
    async def test_marks_go_both_ways(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk", "bread", "old")
        lap = Device(tmp_path / "lap", backend, ada)
        async with opened(desk, lap):
            await lap.sync()
            edits.add(desk.cache, "added")
            edits.edit(desk.cache, edits.add(desk.cache, "done at once"), {"completed": True})
            edits.edit(desk.cache, desk.key("bread"), {"completed": True})
            edits.delete(desk.cache, desk.key("old"))
            assert (await desk.sync()).pending == 0
            backend.web.edit(ada, "added", {"completed": True})
            backend.web.edit(ada, "bread", {"completed": False})
            for device in (lap, desk):
                await device.sync()
                assert (
                    device.todos == backend.web.todos(ada) == [("added", True), ("bread", False), ("done at once", True), ("milk", False)]
                )
                assert (queue(device.cache), device.conflicts) == ([], [])

    @runs
    async def test_marks_and_deletes_are_undone_after_the_server_has_them(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk")
        async with opened(desk):
            key = desk.key("milk")
            edits.edit(desk.cache, key, {"completed": True})
            await desk.sync()
            edits.delete(desk.cache, key)
            await desk.sync()
            for completed in (True, False):
                undo.undo(desk.cache)
                await desk.sync()
                assert backend.web.todos(ada) == desk.todos == [("milk", completed)]
                assert desk.key("milk") == key

    @pytest.mark.table("no procedure of a portal changes a text")
    @runs
    async def test_undo_after_the_server_has_it(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk")
        async with opened(desk):
            key = desk.key("milk")
            edits.edit(desk.cache, key, {"text": "oat milk"})
            await desk.sync()
            edits.delete(desk.cache, key)
            await desk.sync()
            for expected in ("oat milk", "milk"):
                undo.undo(desk.cache)
                await desk.sync()
                assert backend.web.todos(ada) == desk.todos == [(expected, False)]
                assert desk.key(expected) == key

    @runs
    async def test_a_long_list_comes_whole(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path)
        async with opened(desk):
            for number in range(120):
                edits.add(desk.cache, f"{number:03}")
            await desk.sync()
            lap = Device(tmp_path / "lap", backend, ada)
            async with opened(lap):
                assert (await lap.sync()).pulled == 120
                assert lap.todos == desk.todos == backend.web.todos(ada)


class TestConflicts:
    @runs
    async def test_different_fields_both_survive(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk")
        async with opened(desk):
            edits.edit(desk.cache, desk.key("milk"), {"completed": True})
            backend.web.edit(ada, "milk", {"text": "oat milk"})
            await desk.sync()
            assert desk.todos == backend.web.todos(ada) == [("oat milk", True)]
            assert desk.conflicts == []

    @pytest.mark.table("no procedure of a portal changes a text")
    @runs
    async def test_of_the_same_field_the_last_to_come_wins_and_what_it_overruled_is_kept(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk")
        async with opened(desk):
            edits.edit(desk.cache, desk.key("milk"), {"text": "mine"})
            backend.web.edit(ada, "milk", {"text": "theirs"})
            await desk.sync()
            assert desk.todos == backend.web.todos(ada) == [("mine", False)]
            assert desk.conflicts == [("text", "theirs")]

    @runs
    async def test_a_delete_keeps_what_it_took_though_its_user_had_not_seen_it(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk")
        async with opened(desk):
            edits.delete(desk.cache, desk.key("milk"))
            backend.web.edit(ada, "milk", {"text": "theirs"})
            await desk.sync()
            assert desk.todos == backend.web.todos(ada) == []
            [(field, lost)] = desk.conflicts
            assert field == "todo"
            assert "theirs" in lost

    @runs
    async def test_an_edit_of_what_was_deleted_elsewhere_waits_for_the_user(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk")
        async with opened(desk):
            edits.edit(desk.cache, desk.key("milk"), {"text": "mine"})
            backend.web.delete(ada, "milk")
            report = await desk.sync()
            assert (report.pending, report.parked) == (0, 1)
            assert desk.todos == [("mine", False)]
            assert backend.web.todos(ada) == []


class TestRefusals:
    @runs
    async def test_a_refused_one_waits_for_the_user_and_stops_nobody(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path)
        async with opened(desk):
            for text in ("before", FORBIDDEN, "nul \0", "behind"):
                edits.add(desk.cache, text)
            report = await desk.sync()
            assert (report.live, report.pending, report.parked) == (Live.LIVE, 0, 2)
            assert backend.web.todos(ada) == [("before", False), ("behind", False)]
            assert all(parked.reason for parked in parking.everything(desk.cache.db))

    @pytest.mark.parametrize("verb", ["add", "edit", "delete"])
    @runs
    async def test_of_a_session_that_ended_nothing_is_believed(self, backend: Backend, tmp_path: Path, verb: str) -> None:
        """Not that the todo is gone, not that it is refused, not that the list is empty."""
        ada, desk = await one(backend, tmp_path, "milk", "bread")
        async with opened(desk):
            if verb == "add":
                edits.add(desk.cache, "new")
            elif verb == "edit":
                edits.edit(desk.cache, desk.key("milk"), {"text": "oat milk"})
            else:
                edits.delete(desk.cache, desk.key("milk"))
            before = shown(desk.cache)
            backend.sign_out(ada)
            for _ in range(2):
                report = await desk.sync()
                assert (report.live, report.pending, report.parked) == (Live.SIGNED_OUT, 1, 0)
            assert shown(desk.cache) == before
            assert backend.web.todos(ada) == [("bread", False), ("milk", False)]


class TestLostAnswers:
    @pytest.mark.table("no procedure of a portal changes a text")
    @runs
    async def test_nothing_is_done_twice_and_nothing_is_lost(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk", "old")
        async with opened(desk):
            edits.add(desk.cache, "first")
            edits.edit(desk.cache, desk.key("milk"), {"text": "oat milk"})
            edits.delete(desk.cache, desk.key("old"))
            edits.add(desk.cache, "last")
            desk.lose = 3
            await desk.sync()
            assert desk.todos == backend.web.todos(ada) == [("first", False), ("last", False), ("oat milk", False)]
            assert (queue(desk.cache), desk.conflicts, (await desk.sync()).pulled) == ([], [], 0)

    @runs
    async def test_neither_are_marks(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk", "old")
        async with opened(desk):
            edits.edit(desk.cache, edits.add(desk.cache, "first"), {"completed": True})
            edits.edit(desk.cache, desk.key("milk"), {"completed": True})
            edits.delete(desk.cache, desk.key("old"))
            edits.add(desk.cache, "last")
            desk.lose = 3
            await desk.sync()
            assert desk.todos == backend.web.todos(ada) == [("first", True), ("last", False), ("milk", True)]
            assert (queue(desk.cache), desk.conflicts, (await desk.sync()).pulled) == ([], [], 0)

    @pytest.mark.table("a portal's new todo is known by its text alone")
    @runs
    async def test_a_create_that_somebody_edited_since_is_found(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path)
        async with opened(desk):
            edits.add(desk.cache, "milk")
            desk.lose = 1
            await desk._engine.once(10.0)
            backend.web.edit(ada, "milk", {"text": "oat milk"})
            await desk.sync()
            assert desk.todos == backend.web.todos(ada) == [("oat milk", False)]

    @pytest.mark.managed("a plain server cannot tell a create whose answer was lost and that was deleted since from one that never came")
    @runs
    async def test_a_create_that_somebody_deleted_since_is_not_made_again(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path)
        async with opened(desk):
            edits.add(desk.cache, "milk")
            desk.lose = 1
            await desk._engine.once(10.0)
            backend.web.delete(ada, "milk")
            await desk.sync()
            assert desk.todos == backend.web.todos(ada) == []

    @pytest.mark.managed("a plain server does not say again what an edit overruled")
    @runs
    async def test_they_hide_no_conflict(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk")
        async with opened(desk):
            edits.edit(desk.cache, desk.key("milk"), {"text": "mine"})
            backend.web.edit(ada, "milk", {"text": "theirs"})
            desk.lose = 1
            await desk.sync()
            assert desk.conflicts == [("text", "theirs")]


class TestSilence:
    """Promise 7."""

    @runs
    async def test_many_that_are_gone_are_asked_about_and_can_be_put_back(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, *(f"{number:02}" for number in range(25)))
        async with opened(desk):
            before = shown(desk.cache)
            backend.web.lose(ada)
            for _ in range(2):
                assert (await desk.sync()).live is Live.LIVE
                question = missing.question(desk.cache.db)
                assert question is not None
                assert (question.missing, len(desk.todos)) == (25, 25)
            missing.answer(desk.cache, Choice.PUT_BACK)
            await desk.sync()
            assert backend.web.todos(ada) == desk.todos
            assert (shown(desk.cache), (await desk.sync()).pulled) == (before, 0)

    @runs
    async def test_few_are_believed_after_a_second_look(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, *(f"{number:02}" for number in range(20)))
        async with opened(desk):
            backend.web.lose(ada)
            await desk.sync()
            assert desk.todos == []

    @runs
    async def test_what_waits_is_kept_and_sent(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk", "bread")
        async with opened(desk):
            edits.add(desk.cache, "new")
            backend.web.lose(ada)
            await desk.sync()
            assert desk.todos == backend.web.todos(ada) == [("new", False)]

    @pytest.mark.managed("a plain server has no history that could begin anew: each pull is the complete list")
    @runs
    async def test_a_new_history_brings_everything_anew(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk", "bread")
        async with opened(desk):
            before = desk.cache.db.execute("SELECT value FROM sync_state WHERE name = 'epoch'").fetchone()
            backend.web.lose(ada)
            backend.web.add(ada, "of the new history")
            await desk.sync()
            assert desk.cache.db.execute("SELECT value FROM sync_state WHERE name = 'epoch'").fetchone() != before
            assert desk.todos == [("of the new history", False)]


class TestSwitch:
    """The owner runs our migrations, or takes them back, while changes wait."""

    @pytest.mark.table("no procedure of a portal changes a text")
    @runs
    async def test_what_waits_reaches_the_todos_that_it_was_made_on(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk", "old", "kept")
        async with opened(desk):
            made = edits.add(desk.cache, "made here")
            await desk.sync()
            edits.edit(desk.cache, made, {"text": "edited here"})
            edits.edit(desk.cache, desk.key("milk"), {"completed": True})
            edits.delete(desk.cache, desk.key("old"))
            edits.add(desk.cache, "new")
            backend.switch()
            report = await desk.sync()
            assert (report.live, report.pending, report.parked) == (Live.LIVE, 0, 0)
            expected = [("edited here", False), ("kept", False), ("milk", True), ("new", False)]
            assert desk.todos == backend.web.todos(ada) == expected
            assert ((await desk.sync()).pulled, desk.conflicts) == (0, [])
            undo.undo(desk.cache)
            undo.undo(desk.cache)
            await desk.sync()
            assert desk.todos == backend.web.todos(ada) == [*expected[:3], ("old", False)]

    @runs
    async def test_a_create_whose_answer_was_lost_is_looked_up_first(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk")
        async with opened(desk):
            edits.add(desk.cache, "new")
            desk.lose = 1
            await desk._engine.once(10.0)
            backend.switch()
            await desk.sync()
            assert desk.todos == backend.web.todos(ada) == [("milk", False), ("new", False)]
            assert queue(desk.cache) == []

    @pytest.mark.table("no procedure of a portal changes a text")
    @runs
    async def test_there_and_back(self, backend: Backend, tmp_path: Path) -> None:
        ada, desk = await one(backend, tmp_path, "milk")
        async with opened(desk):
            for number in range(2):
                edits.edit(desk.cache, desk.key("milk" if not number else "0"), {"text": str(number)})
                backend.switch()
                await desk.sync()
                assert desk.todos == backend.web.todos(ada) == [(str(number), False)]
            assert desk.conflicts == []
