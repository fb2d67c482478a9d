"""An asyncio loop on virtual time: a sleep takes no time, and everything happens in one order."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Stalled(Exception):
    """Everybody waits for somebody else."""


class _Skipping(selectors.SelectSelector):
    """Moves the loop's clock on instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stalled
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time begins at 0 and moves only when all wait."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now

    def microseconds(self) -> int:
        """The time as a clock of the program tells it."""
        return 1_700_000_000_000_000 + int(self.time() * 1e6)


def run(main: Coroutine[Any, Any, Result], loop: VirtualLoop | None = None) -> Result:
    """Run a coroutine on virtual time; what it leaves behind is cancelled."""
    made = loop or VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: made) as runner:
        return runner.run(main)
