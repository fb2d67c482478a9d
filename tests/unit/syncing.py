"""One device and its server in memory, on virtual time, for the tests of the engine."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from devots_desktop.domain.account import Live, Status
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import BatchRefused, Unreachable
from devots_desktop.domain.mutation import Answer, Mutation, Page
from devots_desktop.remote.base import Position, Remote
from devots_desktop.remote.memory import MemoryRemote, MemoryServer
from devots_desktop.store.cache import Cache
from devots_desktop.sync import exchange
from devots_desktop.sync.engine import Engine, SyncReport
from tests.sim.loop import VirtualLoop
from tests.unit.building import ME, make_cache, shown

Result = TypeVar("Result")


class Scripted(MemoryRemote):
    """A MemoryRemote that keeps what it was asked and can be told to fail."""

    def __init__(self, world: "World") -> None:
        super().__init__(world.server, "token")
        self.world = world

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        self.world.pushed.append([mutation.mutation_id for mutation in mutations])
        if self.world.refuse_batch(mutations):
            raise BatchRefused("Not accepted", "The server refused the change as a whole.", "Edit it.")
        answers = await super().push(mutations)
        if self.world.lose_answers:
            self.world.lose_answers -= 1
            raise Unreachable("Offline", "The answer was lost.", "It is tried again.")
        return answers

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        self.world.pulls.append((since, after))
        if self.world.on_pull is not None:
            self.world.on_pull()
        page = await super().pull(since, after, self.world.page_rows)
        return self.world.twist(page)

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        if self.world.deaf:
            await asyncio.Event().wait()
        await super().listen(ready, changed)

    async def close(self) -> None:
        self.world.closed += 1


class World:
    """One device and its server."""

    def __init__(self, folder: Path) -> None:
        self.loop = VirtualLoop()
        self.server = MemoryServer(self.loop.microseconds, {"token": ME}, forbidden=lambda text: text.startswith("forbidden"))
        self.cache = make_cache(folder)
        self.statuses: list[Status] = []
        self.told: list[ChangeSet] = []
        self.pushed: list[list[str]] = []
        self.pulls: list[tuple[int, Position | None]] = []
        self.slept: list[float] = []
        self.remotes: list[Scripted] = []
        self.on_pull: Callable[[], None] | None = None
        self.page_rows = exchange.FIRST_ROWS
        self.lose_answers = self.closed = 0
        self.deaf = False
        self.asleep = 0.0
        """Seconds that the computer has slept so far."""
        self.refusal: BaseException | None = None
        self.engine = self.make_engine()

    def make_engine(self, cache: Cache | None = None, user_id: str = ME) -> Engine:
        return Engine(
            cache or self.cache,
            self.connect,
            user_id=user_id,
            run=self.run,
            publish=self.told.append,
            tell=self.statuses.append,
            sleep=self.sleep,
            rng=random.Random(1),
            wall=lambda: self.loop.time() + self.asleep,
            monotonic=self.loop.time,
        )

    async def connect(self) -> Remote:
        if self.refusal is not None:
            raise self.refusal
        self.remotes.append(Scripted(self))
        return self.remotes[-1]

    async def run(self, work: Callable[[], Result]) -> Result:
        await asyncio.sleep(0)
        return work()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(seconds)

    def refuse_batch(self, mutations: Sequence[Mutation]) -> bool:
        return False

    def twist(self, page: Page) -> Page:
        return page

    def write(self, *texts: str) -> None:
        transaction = self.server.begin()
        for number, text in enumerate(texts):
            transaction.add(ME, f"{len(self.server.todos(ME)) + number:08}-0000-4000-8000-000000000000", text)
        transaction.commit()

    def play(self, scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a scene while the engine runs."""

        async def main() -> None:
            life = asyncio.create_task(self.engine.run())
            try:
                await scene()
            finally:
                life.cancel()
                with suppress(asyncio.CancelledError):
                    await life
                await self.engine.close()

        self.loop.run_until_complete(main())

    def once(self, timeout: float = 5.0) -> SyncReport:
        return self.loop.run_until_complete(self.engine.once(timeout))

    @property
    def states(self) -> list[Live]:
        """The states told, each change once."""
        all_of_them = [status.live for status in self.statuses]
        return [state for place, state in enumerate(all_of_them) if place == 0 or all_of_them[place - 1] is not state]

    @property
    def state(self) -> str:
        return str(self.statuses[-1].live)

    @property
    def texts(self) -> list[str]:
        return sorted(text for text, _, _ in shown(self.cache).values())

    @property
    def server_texts(self) -> list[str]:
        return sorted(row.text for row in self.server.todos(ME).values())
