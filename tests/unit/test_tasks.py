"""Tasks: each is kept, its failure told once, its end waited for. And the worker and the telling that they wait on."""

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import InvalidText
from devots_desktop.services.hub import Hub
from devots_desktop.services.tasks import Tasks
from devots_desktop.services.todos import Todos
from devots_desktop.services.worker import Worker
from devots_desktop.store import edits
from devots_desktop.store.telling import telling
from tests.unit.building import make_cache, shown


async def fail() -> None:
    raise ValueError("a bug")


def test_a_failure_is_told_once_by_name() -> None:
    told: list[tuple[str, str]] = []

    async def main() -> None:
        tasks = Tasks(lambda name, error: told.append((name, str(error))))
        task = tasks.spawn("broken", fail())
        await asyncio.wait([task])
        await asyncio.sleep(0)
        await tasks.close()

    asyncio.run(main())
    assert told == [("broken", "a bug")]


def test_a_task_nobody_else_holds_is_kept() -> None:
    done = []

    async def main() -> None:
        tasks = Tasks(lambda *_: None)

        async def work() -> None:
            await asyncio.sleep(0.01)
            done.append(True)

        tasks.spawn("work", work())
        gc.collect()
        await asyncio.sleep(0.05)
        await tasks.close()

    asyncio.run(main())
    assert done


def test_closing_cancels_all_and_waits_for_their_last_words() -> None:
    said: list[str] = []
    told: list[str] = []

    async def main() -> None:
        tasks = Tasks(lambda name, _: told.append(name))

        async def work(name: str) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                said.append(name)
                tasks.spawn("late", asyncio.Event().wait())

        tasks.spawn("one", work("one"))
        tasks.spawn("two", work("two"))
        await asyncio.sleep(0)
        await tasks.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert (sorted(said), told) == (["one", "two"], [])


class TestWorker:
    def test_one_after_the_other_on_one_thread(self) -> None:
        async def main() -> tuple[list[int], set[int]]:
            worker, order, threads = Worker("cache"), list[int](), set[int]()

            def work(number: int) -> None:
                order.append(number)
                threads.add(threading.get_ident())

            await asyncio.gather(*(worker(lambda number=number: work(number)) for number in range(20)))  # type: ignore[misc]
            worker.close()
            return order, threads

        order, threads = asyncio.run(main())
        assert order == list(range(20))
        assert len(threads) == 1
        assert threads != {threading.get_ident()}

    def test_what_it_raises_is_raised(self) -> None:
        async def main() -> None:
            worker = Worker("cache")
            with pytest.raises(ZeroDivisionError):
                await worker(lambda: 1 // 0)
            worker.close()

        asyncio.run(main())

    def test_closing_waits_for_what_has_begun(self) -> None:
        done = []

        async def main() -> None:
            worker, begun = Worker("cache"), threading.Event()

            def work() -> None:
                begun.set()
                threading.Event().wait(0.05)
                done.append(True)

            waiting = asyncio.ensure_future(worker(work))
            await asyncio.to_thread(begun.wait)
            worker.close()
            assert done
            await waiting

        asyncio.run(main())


def held_up(main: Callable[[Worker, threading.Event, threading.Event], Awaitable[None]]) -> None:
    """Run `main` with a worker, an event that its work sets when it has begun, and one that lets it go on."""

    async def run() -> None:
        worker, begun, go_on = Worker("cache"), threading.Event(), threading.Event()
        await main(worker, begun, go_on)
        worker.close()

    asyncio.run(run())


def test_a_change_whose_waiting_task_was_cancelled_is_told_all_the_same(tmp_path: Path) -> None:
    told: list[ChangeSet] = []
    cache = make_cache(tmp_path)

    async def main(worker: Worker, begun: threading.Event, go_on: threading.Event) -> None:
        def work() -> None:
            edits.add(cache, "milk")
            begun.set()
            go_on.wait()

        waiting = asyncio.ensure_future(worker(telling(cache, work, told.append)))
        await asyncio.to_thread(begun.wait)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go_on.set()
        await worker(telling(cache, lambda: edits.add(cache, "bread"), told.append))

    held_up(main)
    assert [[change.text for change in each.changes] for each in told] == [["milk"], ["bread"]]
    cache.close()


def test_a_verb_is_told_before_it_returns_and_only_where_something_changed(tmp_path: Path) -> None:
    cache, heard = make_cache(tmp_path), list[str]()

    async def main() -> None:
        worker = Worker("cache")
        todos = Todos(cache, worker, lambda changes: heard.extend(change.op for change in changes.changes))
        added = await todos.add("  milk ")
        assert heard == ["insert"]
        assert await todos.edit(added, " soy ")
        assert not await todos.edit(added, "soy")
        assert await todos.complete(added)
        assert await todos.delete(added)
        assert not await todos.delete(added)
        await todos.refresh()
        worker.close()

    asyncio.run(main())
    assert heard == ["insert", "update", "update", "delete"]
    assert shown(cache) == {}
    cache.close()


@pytest.mark.parametrize("text", ["", "x" * 10_001, "a\0b", "\ud800"])
def test_a_text_that_cannot_be_stored_changes_nothing(tmp_path: Path, text: str) -> None:
    cache, heard = make_cache(tmp_path), list[ChangeSet]()

    async def main() -> None:
        worker = Worker("cache")
        todos = Todos(cache, worker, heard.append)
        added = await todos.add("milk")
        heard.clear()
        for verb in (todos.add(text), todos.edit(added, text)):
            with pytest.raises(InvalidText):
                await verb
        worker.close()

    asyncio.run(main())
    assert (heard, [text for text, _, _ in shown(cache).values()]) == ([], ["milk"])
    cache.close()


def test_another_processs_change_is_told_by_a_refresh(tmp_path: Path) -> None:
    cache, other, heard = make_cache(tmp_path), make_cache(tmp_path), list[str]()

    async def main() -> None:
        worker = Worker("cache")
        todos = Todos(cache, worker, lambda changes: heard.extend(change.text for change in changes.changes))
        edits.add(other, "milk")
        await todos.refresh()
        await todos.refresh()
        worker.close()

    asyncio.run(main())
    assert heard == ["milk"]
    for each in (cache, other):
        each.close()


class TestHub:
    def test_all_hear_in_order_until_they_end_it(self) -> None:
        hub, heard = Hub[int](), list[tuple[str, int]]()
        end = hub.subscribe(lambda event: heard.append(("a", event)))
        hub.subscribe(lambda event: heard.append(("b", event)))
        hub.publish(1)
        end()
        end()
        hub.publish(2)
        assert heard == [("a", 1), ("b", 1), ("b", 2)]

    @pytest.mark.expects_log("A subscriber failed on str")
    def test_one_that_fails_stops_nobody(self) -> None:
        hub, heard = Hub[str](), list[str]()
        hub.subscribe(lambda _: heard[10])  # type: ignore[arg-type]
        hub.subscribe(heard.append)
        hub.publish("x")
        assert heard == ["x"]
