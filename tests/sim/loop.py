"""An asyncio loop on virtual time: a sleep takes no time, and everything happens in one order.

It knows no sockets, processes or threads, and does for tasks and timers only what asyncio's own loops do, at a third of their cost.
"""

import asyncio
import contextlib
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, TypeVar

Result = TypeVar("Result")


class Stalled(Exception):
    """Everybody waits for somebody else."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """Time begins at 0, in seconds, and moves only when all wait."""

    def __init__(self) -> None:
        self._now = 0.0
        self._number = 0
        self._ready: deque[asyncio.Handle] = deque()
        self._later: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    def time(self) -> float:
        return self._now

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        return self.call_at(self._now + max(0.0, delay), callback, *args, context=context)

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._number += 1
        heapq.heappush(self._later, (when, self._number, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Generator[Any, None, Result] | Coroutine[Any, Any, Result], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Result]:
        task: asyncio.Task[Result] = asyncio.Task(coro, loop=self, name=name or "", context=context)  # type: ignore[arg-type]  # typeshed: no generators
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What nobody awaited is no news here: a device that died awaits nothing."""

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is skipped when its time comes."""

    def run_until_complete(self, future: Generator[Any, None, Result] | Coroutine[Any, Any, Result] | Any) -> Any:
        """Run a coroutine to its end; what it leaves behind is cancelled.

        Raises:
            Stalled: nothing is left to do, and it has not ended.
        """
        events._set_running_loop(self)
        try:
            main = self.create_task(future)
            self._until(main)
            return main.result()
        finally:
            self._cancel_all()
            events._set_running_loop(None)

    def _cancel_all(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        while self._ready:
            with contextlib.suppress(Exception):
                self._step()

    def _until(self, main: asyncio.Task[Any]) -> None:
        ready, later, step = self._ready, self._later, self._step
        while not main.done():
            while ready and not main.done():
                step()
            if later and not ready:
                when, _, handle = heapq.heappop(later)
                if not handle._cancelled:  # type: ignore[attr-defined]  # asyncio's loops look at it too
                    self._now = max(self._now, when)
                    ready.append(handle)
            elif not ready and not main.done():
                raise Stalled

    def _step(self) -> None:
        handle = self._ready.popleft()
        if not handle._cancelled:  # type: ignore[attr-defined]  # as above
            handle._context.run(handle._callback, *handle._args)  # type: ignore[attr-defined]  # as above, without a second frame
