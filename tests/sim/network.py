"""The way between a device and the server: requests and answers get lost, come twice, come late; hints too."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

from devots_desktop.domain.errors import BatchRefused, Unreachable
from devots_desktop.domain.mutation import Answer, Kind, Mutation, Outcome, Page
from devots_desktop.remote.base import Position, Remote
from devots_desktop.remote.memory import MemoryRemote, MemoryTable
from devots_desktop.remote.plain import PlainRemote, Table
from tests.sim.disk import Killed
from tests.sim.server import OTHER

if TYPE_CHECKING:
    from tests.sim.device import Device

Result = TypeVar("Result")
Push = Sequence[Mutation]


class BadTable:
    """The rows of a plain server behind a bad network: each call may get lost, or its answer. What comes twice there is written twice, so nothing does."""

    untold = ""

    def __init__(self, network: "BadNetwork", table: MemoryTable) -> None:
        self._network, self._table = network, table

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        call = getattr(self._table, name)

        async def request(*values: object) -> object:
            return await self._network.through(lambda: call(*values), twice=False)

        return request


class BadNetwork:
    """A device's way to the server. It belongs to one life of one process."""

    def __init__(self, device: "Device") -> None:
        self._device, self._world = device, device.world
        self._life = device.lives
        self._silenced = False
        server = self._world.server
        self.session: MemoryRemote | MemoryTable = (MemoryRemote if server.managed else MemoryTable)(server, device.name)
        managed = isinstance(self.session, MemoryRemote)
        self._remote: Remote = (
            self.session if isinstance(self.session, MemoryRemote) else PlainRemote(cast("Table", BadTable(self, self.session)))
        )
        self._through = self.through if managed else self._as_it_is

    async def push(self, mutations: Push) -> list[Answer]:
        self._world.note(self._device.name, "push", list(mutations))
        self._device.pulls.over()
        self._device.note_parked()
        if again := [mutation.mutation_id for mutation in mutations if mutation.mutation_id in self._device.parked]:
            self._world.breaks("parked", f"{self._device.name} sends {again} again, which the user has not decided about")

        async def ask() -> list[Answer]:
            return self._pushed(mutations, await self._remote.push(mutations))

        return await self._through(ask, late=lambda: self._late(mutations))

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        self._device.pulls.asks(since, after)
        page = self._falsified(await self._through(lambda: self._remote.pull(since, after, self._world.page_rows)), since, after)
        self._world.note(self._device.name, "pull", since, after, len(page.rows), page.horizon, page.epoch)
        self._device.pulls.gets(page)
        return page

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        await self._pause()
        world, device = self._world, self._device

        def hint() -> None:
            if not device.net.fault("hint dropped", 0.06):
                delay = device.net.choice((3.0, 15.0)) if device.net.fault("hint late", 0.06) else device.net.choice((0.0, 0.05))
                world.loop.call_later(delay, self._if_alive, changed)

        await self.session.listen(ready, hint)

    def _if_alive(self, call: Callable[[], None]) -> None:
        if self._life == self._device.lives:
            call()

    async def reachable(self) -> bool:
        await self._pause()
        return await self.session.reachable()

    async def close(self) -> None:
        await self.session.close()

    async def _as_it_is(self, ask: Callable[[], Awaitable[Result]], late: Callable[[], None] | None = None) -> Result:
        return await ask()

    async def through(self, ask: Callable[[], Awaitable[Result]], late: Callable[[], None] | None = None, *, twice: bool = True) -> Result:
        """A request and its answer."""
        net = self._device.net
        if net.fault("request lost", 0.03):
            await self._pause()
            raise Unreachable("Offline", "The request was lost.", "")
        try:
            await self._pause()
        except asyncio.CancelledError:
            # It was on its way when nobody waited for it any more.
            if late is not None and net.fault("request outlived its sender", 0.5):
                late()
            raise
        try:
            result = await ask()
            if twice and net.fault("request doubled", 0.03):
                result = await ask()
        except Unreachable as error:
            if error.title == "Server busy":
                self._world.count("lock timeout")
            raise
        except BatchRefused:
            self._world.count("batch refused")
            raise
        if late is not None and net.fault("late duplicate", 0.05):
            late()
        await self._pause()
        if net.fault("answer lost", 0.04):
            raise Unreachable("Offline", "The answer was lost.", "")
        return result

    def _late(self, mutations: Push) -> None:
        """These mutations arrive once more, behind what is sent meanwhile; nobody hears the answer."""
        server, generation = self._world.server, self._world.server.generation

        def arrive() -> None:
            if server.up and server.generation == generation and self._device.name in server.sessions:
                try:
                    self._pushed(mutations, server.push(server.sessions[self._device.name], mutations))
                except Exception:  # noqa: BLE001
                    self._world.note(self._device.name, "late duplicate failed")

        self._world.loop.call_later(self._device.net.choice((0.3, 4.0, 12.0)), arrive)

    def _pushed(self, mutations: Push, answers: list[Answer]) -> list[Answer]:
        if not self._world.server.managed:
            self._world.server.note_not_taken(answers)
        for mutation, answer in zip(mutations, answers, strict=True):
            if answer.outcome is Outcome.REFUSED and not answer.duplicate:
                self._world.count("write refused")
            if not answer.duplicate and (lost := _overruled(mutation, answer)):
                self._device.overruled[mutation.mutation_id] = (mutation.client_id, lost)
        return answers

    def _falsified(self, page: Page, since: int, after: Position | None) -> Page:
        """Somebody else's page, as from a mixed-up session; or an empty list, as from row-level security that does not know the session."""
        device = self._device
        if device.net.fault("another person's page", 0.004):
            return replace(page, user_id=OTHER, rows=self._world.server.pull(OTHER, 0, None, 50).rows, more=False)
        # Twice in a row nobody could tell it from the truth.
        first = after is None and (page.plain or not since) and not self._silenced
        if first and device.would_miss() and device.net.fault("empty answer", 0.03 if page.plain else 0.2):
            self._silenced = True
            return replace(page, rows=(), more=False)
        return page

    async def _pause(self) -> None:
        net = self._device.net
        await asyncio.sleep(net.choice((0.0, 0.01, 0.2, 2.0)) if self._world.faulty else 0.01)
        if self._life != self._device.lives:
            raise Killed
        if net.fault("crash at an await", 0.0015):
            self._device.die()
            raise Killed


def _overruled(mutation: Mutation, answer: Answer) -> str:
    """The text that this mutation wrote over or deleted although its user had seen another one; '' for none."""
    if answer.before is None or (mutation.kind is Kind.EDIT and "text" not in mutation.values):
        return ""
    before = answer.before.text
    return before if before not in (mutation.base["text"], mutation.values.get("text")) else ""
