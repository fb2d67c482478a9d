"""The list's verbs as the faces call them: lines, several at once, undo, search on its own thread, and the index that follows by itself."""

import asyncio
import sqlite3
import threading
from array import array
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from devots_desktop.domain.changes import ChangeSet, Op
from devots_desktop.domain.errors import InvalidText
from devots_desktop.domain.steps import Action, Step
from devots_desktop.services import account as services_account
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.lists import Lists, View
from devots_desktop.store.profile import Profile

Scene = Callable[[OpenAccount], Awaitable[None]]


def play(folder: Path, scene: Scene, *, follow: bool = False) -> None:
    """Run a scene with "This computer" open; afterwards no task, thread or failure is left."""
    failures: list[str] = []

    async def main() -> None:
        profile, tasks = Profile(folder), Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
        account = OpenAccount(profile, profile.current())
        account.start(tasks, follow=follow)
        async with asyncio.timeout(20):
            await scene(account)
            await account.close()
        await tasks.close()

    before = threading.active_count()
    asyncio.run(main())
    assert (failures, threading.active_count()) == ([], before)


def texts(account: OpenAccount, keys: object) -> list[str]:
    todos = account.lists.todos(list(keys))  # type: ignore[call-overload]  # an array of keys
    return [todos[key].text for key in list(keys)]  # type: ignore[call-overload]  # as above


def test_pasted_lines_are_one_step_in_their_order(tmp_path: Path) -> None:
    async def scene(account: OpenAccount) -> None:
        told: list[ChangeSet] = []
        account.changes.subscribe(told.append)
        ids = await account.todos.add_lines("- milk\n- [x] bread\n\n* tea")
        assert texts(account, account.lists.keys(View.ALL)) == ["milk", "bread", "tea"]
        assert [todo.client_id for todo in account.lists.todos(account.lists.keys(View.DONE)).values()] == [ids[1]]
        await asyncio.sleep(0)
        assert [[change.op for change in changes.changes] for changes in told] == [[Op.INSERT] * 3]
        assert account.lists.steps().undo == Step(Action.ADD, "milk", 3)
        assert await account.todos.undo() == Step(Action.ADD, "milk", 3)
        assert account.lists.counts().all == 0
        await account.todos.redo()
        assert texts(account, account.lists.keys(View.ALL)) == ["milk", "bread", "tea"]

    play(tmp_path, scene)


def test_a_bad_line_refuses_all_of_them(tmp_path: Path) -> None:
    async def scene(account: OpenAccount) -> None:
        with pytest.raises(InvalidText, match="Line 2"):
            await account.todos.add_lines("milk\nbr\0ead\ntea")
        assert account.lists.counts().all == 0
        assert await account.todos.undo() is None

    play(tmp_path, scene)


def test_several_at_once_are_one_step(tmp_path: Path) -> None:
    async def scene(account: OpenAccount) -> None:
        ids = await account.todos.add_lines("milk\nbread\ntea")
        await account.todos.complete(ids[0])
        assert await account.todos.complete_all([*ids, ids[1]]) == 2
        assert await account.todos.delete_all([*ids[1:], "unknown"]) == 2
        assert account.lists.counts().done == 1
        await account.todos.undo()
        assert account.lists.counts().done == 3
        await account.todos.undo()
        assert [account.lists.counts().done, account.lists.counts().open] == [1, 2]

    play(tmp_path, scene)


def test_ten_thousand_are_told_as_one_and_taken_back_as_one(tmp_path: Path) -> None:
    async def scene(account: OpenAccount) -> None:
        told: list[ChangeSet] = []
        account.changes.subscribe(told.append)
        ids = await account.todos.add_lines("\n".join(f"todo {number}" for number in range(10_000)))
        assert len(set(ids)) == account.lists.counts().open == 10_000
        assert await account.todos.undo() == Step(Action.ADD, "todo 0", 10_000)
        assert account.lists.counts().all == 0
        await asyncio.sleep(0)
        assert [changes.reload for changes in told] == [True, True]

    play(tmp_path, scene)


def unindexed(path: Path) -> int:
    db = sqlite3.connect(path)
    try:
        found: int = db.execute("SELECT (SELECT count(*) FROM todo WHERE folded IS NULL) + (SELECT count(*) FROM unindexed)").fetchone()[0]
        return found
    finally:
        db.close()


async def all_indexed(account: OpenAccount) -> None:
    while unindexed(account.cache.path):  # noqa: ASYNC110 (nobody is told when it ends, on purpose)
        await asyncio.sleep(0.005)


def test_nothing_is_indexed_while_changes_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services_account, "INDEX_AFTER_S", 3_600.0)

    async def scene(account: OpenAccount) -> None:
        for number in range(20):
            await account.todos.add(f"todo {number}")
            assert unindexed(account.cache.path) == number + 1

    play(tmp_path, scene, follow=True)


def test_what_is_written_is_indexed_by_itself(tmp_path: Path) -> None:
    async def scene(account: OpenAccount) -> None:
        ids = await account.todos.add_lines("\n".join(f"todo {number}" for number in range(1_200)))
        await all_indexed(account)
        await account.todos.edit(ids[0], "milk")
        await account.todos.delete(ids[1])
        assert texts(account, await account.search.keys("milk", View.ALL)) == ["milk"]
        await all_indexed(account)
        assert texts(account, await account.search.keys("MIL", View.OPEN, limit=50)) == ["milk"]
        assert list(await account.search.keys("todo 1", View.DONE)) == []

    play(tmp_path, scene, follow=True)


class Slow(Lists):
    """A search that does not end by itself. The database is asked again and again until it is told to stop."""

    searching: threading.Event
    ended: threading.Event

    def search(self, *arguments: object, **options: object) -> "array[int]":
        self.searching.set()
        try:
            while True:
                self._db.execute(
                    "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000) SELECT max(x) FROM n"
                ).fetchone()
        finally:
            self.ended.set()


@pytest.mark.parametrize("how", ["cancelled", "closed"])
def test_a_search_that_is_not_wanted_any_more_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr("devots_desktop.services.search.Lists", Slow)
    Slow.searching, Slow.ended = threading.Event(), threading.Event()

    async def scene(account: OpenAccount) -> None:
        asked = asyncio.ensure_future(account.search.keys("milk", View.ALL))
        await asyncio.to_thread(Slow.searching.wait)
        if how == "cancelled":
            asked.cancel()
            await asyncio.to_thread(Slow.ended.wait)
        else:
            await account.close()
        [outcome] = await asyncio.gather(asked, return_exceptions=True)
        assert isinstance(outcome, BaseException)

    play(tmp_path, scene)
