"""Threads for calls that may block for ever: to a server, or to a keyring. They must not hold up the end of the program.

Not concurrent.futures' executor: its threads are joined at exit, and a call to a server that never answers would keep the program alive.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")


class BlockingThread:
    """Runs functions one after the other on a daemon thread."""

    def __init__(self, name: str) -> None:
        self._queue: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def call(self, work: Callable[[], Result]) -> Result:
        """Answer what `work` answers. A cancelled wait leaves the work to end by itself."""
        future: Future[Result] = Future()
        self._queue.put((work, future))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """End the thread after the work that was asked for. Nobody waits for it."""
        self._queue.put(None)

    def _serve(self) -> None:
        while (item := self._queue.get()) is not None:
            work, future = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 (it belongs to the caller)
                future.set_exception(error)


async def on_thread(name: str, work: Callable[[], Result]) -> Result:
    """Do one slow thing on a thread of its own."""
    thread = BlockingThread(name)
    try:
        return await thread.call(work)
    finally:
        thread.close()
