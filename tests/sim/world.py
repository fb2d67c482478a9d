"""A world of devices and one server, seeded: the real engine over the real cache, on virtual time, with everything going wrong that a seed says.

Devices are 2 or 3 of one person. A stranger (the portal) writes with transactions of its own, slow ones too. Faults stop after a while; then the checkers of
tests/sim/checks.py look at what is left.
"""

import asyncio
import contextlib
import random
import shutil
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import Unreachable
from devots_desktop.domain.mutation import Answer, Kind, Mutation, Page
from devots_desktop.domain.todo import ServerRow
from devots_desktop.remote.base import Position
from devots_desktop.remote.memory import MemoryRemote, MemoryServer
from devots_desktop.remote.memory.server import Key
from devots_desktop.store import edits, history, rows, undo
from devots_desktop.store.cache import Cache
from devots_desktop.store.telling import telling
from devots_desktop.sync.engine import Engine
from tests.sim.loop import VirtualLoop, run

ME = "ada"
FAULTY_S = 120.0
QUIET_S = 400.0
Result = TypeVar("Result")


class Server(MemoryServer):
    """Remembers each text that a row ever took, in order."""

    history: list[tuple[str, str]]

    def committed(self, xid: int, written: dict[Key, ServerRow], answers: dict[Key, Answer]) -> None:
        for (_, client_id), row in written.items():
            old = self.stored((ME, client_id))
            assert old is None or row.row_version > old.row_version, "a version went backwards"
            if not row.deleted and (old is None or old.deleted or old.text != row.text):
                self.history.append((client_id, row.text))
        super().committed(xid, written, answers)


class FaultyRemote:
    """A MemoryRemote behind a bad network."""

    def __init__(self, world: "World", device: "Device") -> None:
        self.inner = MemoryRemote(world.server, device.name)
        self._world, self._device = world, device

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        self._world.note(
            f"{self._device.name} push {[f'{each.mutation_id[:4]} {each.kind} {each.client_id[:4]} {each.values}' for each in mutations]}"
        )

        async def ask() -> list[Answer]:
            answers = await self.inner.push(mutations)
            self._device.overruled.update(overruled(mutations, answers))
            return answers

        return await self._through(ask)

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        page = await self._through(lambda: self.inner.pull(since, after, self._world.page_rows))
        self._world.note(f"{self._device.name} pull {since} {after} -> {len(page.rows)} to {page.horizon}")
        return page

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        await self._pause()

        def late() -> None:
            if self._world.happens(0.1):
                self._world.note(f"{self._device.name} misses a hint")
            else:
                asyncio.get_running_loop().call_later(self._world.rng.choice((0.0, 0.05, 3.0)), changed)

        await self.inner.listen(ready, late)

    async def reachable(self) -> bool:
        await self._pause()
        return await self.inner.reachable()

    async def close(self) -> None:
        await self.inner.close()

    async def _through(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """A request: it may get lost, be doubled, or its answer may get lost."""
        world = self._world
        await self._pause()
        if world.happens(0.06):
            raise Unreachable("Offline", "The request was lost.", "")
        result = await ask()
        if world.happens(0.04):
            result = await ask()
        await self._pause()
        if world.happens(0.08):
            raise Unreachable("Offline", "The answer was lost.", "")
        return result

    async def _pause(self) -> None:
        await asyncio.sleep(self._world.rng.choice((0.0, 0.01, 0.2, 2.0)) if self._world.faulty else 0.01)


def overruled(mutations: Sequence[Mutation], answers: Sequence[Answer]) -> set[tuple[str, str]]:
    """The texts that these mutations wrote over or deleted although their user had seen another one: (client_id, text)."""
    found = set()
    for mutation, answer in zip(mutations, answers, strict=True):
        if answer.before is None or answer.duplicate or (mutation.kind is Kind.EDIT and "text" not in mutation.values):
            continue
        if answer.before.text not in (mutation.base["text"], mutation.values.get("text")):
            found.add((mutation.client_id, answer.before.text))
    return found


@dataclass
class Typed:
    """What somebody typed: a text, or nothing for a delete. Confirmed once the verb has returned; a device that died may have stored it all the same."""

    client_id: str
    text: str
    confirmed: bool = False


class Device:
    """One device: cache, engine, a screen, and somebody who types."""

    def __init__(self, world: "World", name: str) -> None:
        self.name, self.world = name, world
        self.path = world.folder / name / "cache.sqlite3"
        self.path.parent.mkdir()
        shutil.copy(world.template, self.path)
        self.typed: list[Typed] = []
        self.overruled: set[tuple[str, str]] = set()
        self.deaths = 0
        self._dying = False
        self.remotes: list[FaultyRemote] = []
        self._open()

    def _open(self) -> None:
        self.cache = Cache(self.path, syncs=True, clock=self.world.clock)
        self.screen = self._read()
        self.engine = Engine(
            self.cache,
            self._connect,
            user_id=ME,
            run=self.run,
            publish=self._paint,
            tell=lambda status: self.world.note(f"{self.name} {status.live}"),
            rng=self.world.rng,
            sleep=asyncio.sleep,
            wall=lambda: self.world.clock() / 1e6,
            monotonic=self.world.loop.time,
        )
        self.life = self.world.loop.create_task(self.engine.run(), name=f"{self.name} engine")

    async def _connect(self) -> FaultyRemote:
        self.remotes.append(FaultyRemote(self.world, self))
        return self.remotes[-1]

    async def run(self, work: Callable[[], Result]) -> Result:
        """The cache's thread. The device may die before or after any piece of work."""
        life = self.deaths
        await asyncio.sleep(0)
        if self._dying or life != self.deaths:
            raise asyncio.CancelledError
        self._maybe_die()
        result = work()
        self._maybe_die()
        return result

    def _maybe_die(self) -> None:
        if self.world.happens(0.004):
            self._dying = True
            self.reborn = self.world.loop.create_task(self._die())
            raise asyncio.CancelledError

    async def _die(self) -> None:
        """Die and start again from what is stored."""
        self.world.note(f"{self.name} dies")
        self.deaths += 1
        await self.stop()
        self._open()
        self._dying = False

    async def stop(self) -> None:
        self.life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.life
        await self.engine.close()
        self.cache.close()

    async def type(self) -> None:
        """One edit, as the services make it; recorded once it was confirmed."""
        rng, todos, text = self.world.rng, sorted(self.screen), self.world.unique(self.name)
        verb = rng.choice(("add", "text", "text", "toggle", "toggle", "delete", "undo", "undo", "redo")) if todos else "add"
        target = rng.choice(todos) if todos else ""
        self.world.note(f"{self.name} {verb} {target[:4]} {text}")
        if verb in ("undo", "redo"):
            await self._edit(lambda cache: self._turn(cache, undone=verb == "undo"))
            return
        if verb == "toggle":
            value = not self.screen[target][1]
            await self._edit(lambda cache: edits.edit(cache, target, {"completed": value}))
            return
        typed = Typed(target, "" if verb == "delete" else text)
        self.typed.append(typed)
        if verb == "add":
            typed.client_id = await self._edit(lambda cache: edits.add(cache, text))
            typed.confirmed = True
        elif verb == "delete":
            typed.confirmed = await self._edit(lambda cache: edits.delete(cache, target))
            await self._think_again(typed)
        else:
            typed.confirmed = await self._edit(lambda cache: edits.edit(cache, target, {"text": text}))

    async def _think_again(self, deleted: Typed) -> None:
        """Undo the delete, now and then: at once, or when the server has it."""
        if deleted.confirmed and self.world.rng.random() < 0.5:
            await asyncio.sleep(self.world.rng.choice((0.0, 0.1, 4.0)))
            self.world.note(f"{self.name} undo {deleted.client_id[:4]}")
            await self._edit(lambda cache: self._turn(cache, undone=True))

    def _turn(self, cache: Cache, *, undone: bool) -> None:
        """Undo or redo, and record what that wrote as if it had been typed. It is stored when this returns, whoever dies then."""
        number = history.newest(cache.db, undone=not undone)
        entries = history.entries(cache.db, number) if number is not None else []
        there = {entry.client_id for entry in entries if rows.row(cache.db, entry.client_id)}
        step = undo.undo(cache) if undone else undo.redo(cache)
        assert (step is None) == (not entries)
        for entry in entries:
            row, target, other = (
                rows.row(cache.db, entry.client_id),
                *((entry.before, entry.after) if undone else (entry.after, entry.before)),
            )
            if target is None:
                assert row is None, "what was undone is still there"
                self.typed.append(Typed(entry.client_id, "", confirmed=True))
            elif other is None:
                assert row is not None, "what was put back is not there"
                self.world.put_back.add(entry.client_id)
            if row is not None and target is not None and (other is None or target.text != other.text):
                assert row.text == target.text or other is None
                self.typed.append(Typed(entry.client_id, row.text, confirmed=True))
                self.world.again[entry.client_id, row.text] += 1
            assert row is None or other is None or entry.client_id in there

    async def _edit(self, work: Callable[[Cache], Result]) -> Result:
        cache = self.cache
        result = await self.run(telling(cache, lambda: work(cache), self._paint))
        self.engine.nudge()
        return result

    def _read(self) -> dict[str, tuple[str, bool]]:
        found = self.cache.db.execute("SELECT client_id, text, completed FROM todo")
        return {client_id: (text, bool(completed)) for client_id, text, completed in found}

    def _paint(self, changes: ChangeSet) -> None:
        """A screen that knows only what it is told."""
        if changes.reload:
            self.screen = self._read()
        for change in changes.changes:
            if change.todo is None:
                self.screen.pop(change.client_id, None)
            else:
                self.screen[change.client_id] = (change.todo.text, change.todo.completed)


class World:
    """Everything of one seed.

    Attributes:
        trace: what happened, in order; equal for two runs of one seed.
    """

    def __init__(self, seed: int, folder: Path, template: Path) -> None:
        self.rng = random.Random(seed)
        self.folder, self.template = folder, template
        self.loop = VirtualLoop()
        self.faulty = True
        self.page_rows = self.rng.choice((2, 3, 500))
        self.trace: list[str] = []
        self._numbers: Counter[str] = Counter()
        self.again: Counter[tuple[str, str]] = Counter()
        """How often undo or redo wrote a text once more."""
        self.put_back: set[str] = set()
        """The todos whose delete somebody took back."""
        self.server = Server(self.clock, forbidden=lambda text: text.endswith("7"))
        self.server.history = []
        self.devices: list[Device] = []

    def live(self) -> None:
        """From the first start to the last quiet minute."""
        original = uuid.uuid4
        uuid.uuid4 = lambda: uuid.UUID(int=self.rng.getrandbits(128), version=4)
        try:
            run(self._live(), self.loop)
        finally:
            uuid.uuid4 = original

    async def _live(self) -> None:
        names = ["desk", "lap", "pad"][: self.rng.choice((2, 2, 3))]
        self.server.sessions.update(dict.fromkeys(names, ME))
        self.devices = [Device(self, name) for name in names]
        actors = [self._typing(device) for device in self.devices] + [self._stranger(), self._weather()]
        await asyncio.gather(*actors)
        self.faulty = False
        self.server.up = True
        self.note("quiet")
        await asyncio.sleep(QUIET_S)
        for device in self.devices:
            await device.stop()

    async def _typing(self, device: Device) -> None:
        while self.loop.time() < FAULTY_S:
            await asyncio.sleep(self.rng.expovariate(1 / 6))
            with contextlib.suppress(asyncio.CancelledError):  # The device died under the fingers.
                await device.type()
            await asyncio.sleep(0.01)

    async def _stranger(self) -> None:
        """Writes with transactions that take their time."""
        while self.loop.time() < FAULTY_S:
            await asyncio.sleep(self.rng.expovariate(1 / 8))
            transaction = self.server.begin()
            known = sorted(client_id for client_id, _ in set(self.server.history))
            for _ in range(self.rng.choice((1, 1, 2))):
                verb, text = self.rng.choice(("add", "edit", "edit", "delete")), self.unique("web")
                target = self.rng.choice(known) if known else str(uuid.uuid4())
                with contextlib.suppress(Unreachable):
                    if verb == "add":
                        transaction.add(ME, str(uuid.uuid4()), text)
                    elif verb == "edit":
                        transaction.edit(ME, target, {"text": text})
                    else:
                        transaction.delete(ME, target)
            await asyncio.sleep(self.rng.choice((0.0, 0.1, 5.0, 20.0)))
            transaction.rollback() if self.rng.random() < 0.2 else transaction.commit()

    async def _weather(self) -> None:
        """The server goes away and comes back, connections are cut, sessions end, histories are restored."""
        while self.loop.time() < FAULTY_S:
            await asyncio.sleep(self.rng.expovariate(1 / 20))
            device = self.rng.choice(self.devices)
            match self.rng.choice(("down", "cut", "cut", "sign out", "epoch")):
                case "down":
                    self.server.up = False
                    self._cut(*self.devices)
                    await asyncio.sleep(self.rng.choice((1.0, 5.0, 25.0)))
                    self.server.up = True
                case "cut":
                    self._cut(device)
                case "sign out":
                    del self.server.sessions[device.name]
                    self._cut(device)
                    await asyncio.sleep(self.rng.choice((1.0, 15.0)))
                    self.server.sessions[device.name] = ME
                    device.engine.resume()
                case "epoch":
                    self.server.epoch += 1

    def _cut(self, *devices: Device) -> None:
        self.note(f"cut {[device.name for device in devices]}")
        for device in devices:
            for remote in device.remotes[-1:]:
                remote.inner.cut()

    def clock(self) -> int:
        return self.loop.microseconds()

    def happens(self, chance: float) -> bool:
        return self.faulty and self.rng.random() < chance

    def unique(self, who: str) -> str:
        self._numbers[who] += 1
        return f"{who}-{self._numbers[who]}"

    def note(self, what: str) -> None:
        self.trace.append(f"{self.loop.time():.3f} {what}")
