"""The one thread that owns an account's cache."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Worker:
    """Runs functions one after the other on a thread of its own."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def __call__(self, work: Callable[[], Result]) -> Result:
        """Answer what `work` answers. A cancelled wait does not stop work that has begun: it is stored or not, never half."""
        return await asyncio.wrap_future(self._executor.submit(work))

    def close(self) -> None:
        """Wait for what has begun, then end the thread."""
        self._executor.shutdown(wait=True)
