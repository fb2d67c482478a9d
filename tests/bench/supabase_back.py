"""Live again after a long absence, with clocks that are set forward instead of waited for: an account without a window, on the stand-in.

`supabase-live-again-600s`: the network is away for ten minutes, in which all timers run. `supabase-live-again-slept`: the computer sleeps for two hours, after which
the network has gone and come back and the token has expired. Each from the network's return until the account is live and the todo that was added meanwhile is
told, against five seconds, which is how often the program looks whether the network is back.
"""

import asyncio
import contextlib
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any
from unittest import mock

from devots_desktop.domain.account import Live
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.lists import View
from devots_desktop.store.profile import Profile
from tests.bench.project import Stage, staged
from tests.bench.report import ROUNDS, Row

AWAY_S, SLEPT_S = 600, 7_200
AWAY_MOST_MS = 5_000.0
_TURN_S = 0.01
"""What passes on the wall for each second that is set forward: what has come due gets its turn."""
_PATIENCE_S = 60.0


class Clocks:
    """Both clocks of the process, and what was added to them."""

    def __init__(self) -> None:
        self._wall, self._monotonic = 0.0, 0.0

    async def run(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            self._wall, self._monotonic = self._wall + 1, self._monotonic + 1
            await asyncio.sleep(_TURN_S)

    def sleep(self, seconds: float) -> None:
        """Let time pass while the computer sleeps, which its monotonic clock does as well."""
        self._wall += seconds

    @contextlib.contextmanager
    def instead(self) -> Iterator[None]:
        """Be the process's clocks."""
        real_wall, real_monotonic = time.time, time.monotonic

        def wall() -> float:
            return real_wall() + self._wall

        def monotonic() -> float:
            return real_monotonic() + self._monotonic

        with mock.patch.object(time, "time", wall), mock.patch.object(time, "monotonic", monotonic):
            yield


def run() -> Iterator[Row]:
    """Medians over the rounds."""

    async def slept(clocks: Clocks) -> None:
        clocks.sleep(SLEPT_S)

    absences: dict[str, Callable[[Clocks], Awaitable[None]]] = {f"{AWAY_S}s": lambda clocks: clocks.run(AWAY_S), "slept": slept}
    for name, absence in absences.items():
        clocks = Clocks()
        with clocks.instead(), staged() as on:
            taken = asyncio.run(_follow(on, partial(absence, clocks)))
        yield Row.of(f"supabase-live-again-{name}", statistics.median(taken), AWAY_MOST_MS, goal=1.0)


async def _follow(on: Stage, absence: Callable[[], Awaitable[None]]) -> list[float]:
    """Milliseconds, for each round."""
    accounts, news = Accounts(Profile(on.profile)), asyncio.Event()

    def fail(name: str, error: BaseException) -> None:
        raise RuntimeError(name) from error

    def tell(_: Any) -> None:
        news.set()

    tasks, opened = Tasks(fail), accounts.open(accounts.current())
    opened.statuses.subscribe(tell)
    opened.changes.subscribe(tell)
    async with contextlib.AsyncExitStack() as network:
        network.enter_context(on.way())
        opened.start(tasks)
        await _until(news, lambda: opened.status.live is Live.LIVE)
        taken = [await _away(on, network, opened, news, absence, f"away {number}") for number in range(ROUNDS)]
        await opened.close()
        await tasks.close()
    return taken


async def _away(
    on: Stage,
    network: contextlib.AsyncExitStack,
    opened: OpenAccount,
    news: asyncio.Event,
    absence: Callable[[], Awaitable[None]],
    text: str,
) -> float:
    await network.aclose()
    with on.server.database.connect() as writer:
        writer.execute("insert into todo(text, user_id) values (%s, %s)", [text, on.user_id])
    await absence()
    back = time.perf_counter()
    network.enter_context(on.way())
    await _until(news, lambda: bool(opened.lists.search(text, View.ALL)) and opened.status.live is Live.LIVE)
    return (time.perf_counter() - back) * 1e3


async def _until(news: asyncio.Event, reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not reached():
            news.clear()
            await news.wait()
