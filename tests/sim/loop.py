"""An asyncio loop on virtual time: a sleep takes no time, and everything happens in one order.

It knows no sockets, processes or threads, and does for tasks and timers only what asyncio's own loops do, at a third of their cost.
"""

import asyncio
import contextlib
import heapq
from asyncio import events
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

Result = TypeVar("Result")
Values = TypeVarTuple("Values")
EPOCH_US = 1_700_000_000_000_000
"""When the time of a loop begins, in microseconds since 1970 UTC."""


class Stalled(Exception):
    """Everybody waits for somebody else."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Time begins at 0, in seconds, and moves only when all wait."""

    _runs = False

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._number = 0
        self._next: deque[asyncio.Handle] = deque()
        self._later: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._all: set[asyncio.Task[Any]] = set()

    def time(self) -> float:
        return self._now

    def microseconds(self) -> int:
        """The time as a clock of the program tells it."""
        return EPOCH_US + int(self._now * 1e6)

    def call_soon(self, callback: Callable[[*Values], object], *args: *Values, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._next.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Values], object], *args: *Values, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + max(0.0, delay), callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Values], object], *args: *Values, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._number += 1
        heapq.heappush(self._later, (when, self._number, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Generator[Any, None, Result] | Coroutine[Any, Any, Result], *, name: object = None, context: Context | None = None
    ) -> asyncio.Task[Result]:
        task = asyncio.Task(coro, loop=self, name=str(name or ""), context=context)
        self._all.add(task)
        task.add_done_callback(self._all.discard)
        return task

    def is_running(self) -> bool:
        return self._runs

    def is_closed(self) -> bool:
        """It holds nothing that would have to be closed."""
        return not self._runs

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What a callback raises ends the run; what nobody awaited is no news here: a device that died awaits nothing."""
        if "handle" in context:
            raise context["exception"]

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is skipped when its time comes."""

    def run_until_complete(self, future: Generator[Any, None, Result] | Awaitable[Result]) -> Result:
        """Run a coroutine to its end; what it leaves behind is cancelled.

        Raises:
            Stalled: nothing is left to do, and it has not ended.
        """
        events._set_running_loop(self)
        self._runs = True
        try:
            main: asyncio.Future[Result] = asyncio.ensure_future(future, loop=self)  # type: ignore[arg-type]  # typeshed forgets generators
            self._until(main)
            return main.result()
        finally:
            self._cancel_all()
            self._runs = False
            events._set_running_loop(None)

    def _cancel_all(self) -> None:
        for task in list(self._all):
            task.cancel()
        while self._next:
            with contextlib.suppress(Exception):
                self._step()

    def _until(self, main: asyncio.Future[Any]) -> None:
        ready, later, step = self._next, self._later, self._step
        while not main.done():
            while ready and not main.done():
                step()
            if later and not ready:
                when, _, handle = heapq.heappop(later)
                if not handle._cancelled:
                    self._now = max(self._now, when)
                    ready.append(handle)
            elif not ready and not main.done():
                raise Stalled

    def _step(self) -> None:
        handle = self._next.popleft()
        if not handle._cancelled:
            handle._run()
