"""A world of devices and one server, seeded: the real engine over the real cache, on virtual time, with everything going wrong that a seed says.

Two to four devices of one person, a stranger who writes past them, and faults. When all is typed the faults stop, and when the world has come to rest
the checkers of tests/sim/checks.py look at what is left; some look all the time.
"""

import asyncio
import contextlib
import logging
import random
import traceback
import uuid
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from unittest import mock

from devots_desktop.sync import apply
from tests.sim.checks import FAULTS, OPERATIONS, Broken
from tests.sim.device import Device
from tests.sim.loop import VirtualLoop
from tests.sim.people import Stranger, User
from tests.sim.server import ME, OTHER, Server
from tests.sim.weather import Weather

QUIET_S = 400.0
PLAIN = 0.12
"""How many worlds begin with a server that is not managed."""
NAMES = ("desk", "lap", "pad", "fone")


class World:
    """Everything of one seed.

    Attributes:
        without: operations ("desk:12") and faults ("!7", in the order in which they strike) that are left out.
        plain: whether the server is not managed in the beginning.
        trace: what happened, in order; equal for two runs of one seed.
        faults: how many of each kind there were.
        again: how often undo or redo wrote a text once more.
    """

    me = ME

    def __init__(self, seed: int, folder: Path, without: AbstractSet[str] = frozenset()) -> None:
        self.seed, self.folder, self.without = seed, folder, without
        rng = random.Random(seed)
        self.loop = VirtualLoop()
        self.faulty = True
        self.badness = rng.choice((0.4, 1.0, 1.0, 1.8))
        self.page_rows = rng.choice((2, 3, 500, 500))
        self._slice = rng.choice(((2_000, 500), (2_000, 500), (4, 2)))
        self.server_skew = 0
        self.plain = rng.random() < PLAIN
        self.trace: list[tuple[object, ...]] = []
        self.acted: list[str] = []
        self.struck = self.operations = 0
        self.faults: Counter[str] = Counter()
        self.again: Counter[tuple[str, str]] = Counter()
        self._ids = self._rng = rng
        self.server = Server(lambda: self.loop.microseconds() + self.server_skew, self.loop.time)
        self.devices: list[Device] = []

    # Life --------------------------------------------------------------------------------------------------------------------

    def live(self) -> None:
        """From the first start to the last quiet minute.

        Raises:
            Broken: a promise did not hold.
        """
        handler = _Failures(self)
        log = logging.getLogger("devots_desktop.sync")
        log.addHandler(handler)
        propagate, log.propagate = log.propagate, False
        try:
            with mock.patch.object(uuid, "uuid4", self._uuid4), self._sliced():
                self.loop.run_until_complete(self._live())
        finally:
            log.removeHandler(handler)
            log.propagate = propagate

    async def _live(self) -> None:
        names = NAMES[: self._rng.choice((2, 2, 3, 3, 4))]
        self._people_the_server()
        if self.plain and self.strikes("plain server"):
            self.server.managed = False
        self.server.sessions.update(dict.fromkeys(names, ME))
        for name in names:
            self.devices.append(Device(self, name))
        users = [User(self, device) for device in self.devices]
        await self._storm(users)
        self.faulty = False
        self.server.up = True
        self.note("world", "quiet")
        await asyncio.sleep(QUIET_S / 4)
        for user in users:
            await user.decide()
        await asyncio.sleep(QUIET_S)
        for device in self.devices:
            await device.stop()

    def _people_the_server(self) -> None:
        transaction = self.server.begin()
        for number in range(self._rng.choice((0, 0, 1, 5, 9))):
            transaction.add(ME, self.new_id(self._rng), f"old-{number}", created_at=number)
        transaction.add(OTHER, self.new_id(self._rng), f"{OTHER}-1")
        transaction.commit()
        self.server.back_up()

    async def _storm(self, people: list[User]) -> None:
        """Everybody writes while everything fails."""
        operations, weather = OPERATIONS + self._rng.randint(2, 14), Weather(self)
        users = [user.type(operations // len(people) + (place < operations % len(people))) for place, user in enumerate(people)]
        await asyncio.gather(*users, Stranger(self).write(self._rng.randint(6, 12)), weather.rage(self._rng.randint(4, 9)))
        while not self.without and self.faults.total() < FAULTS:
            await weather.strike()

    def end(self) -> None:
        """Give back what it held."""
        for device in self.devices:
            device.end()

    # What the others need ----------------------------------------------------------------------------------------------------

    def acts(self, operation: str) -> bool:
        """Whether somebody does this, or it is left out."""
        self.acted.append(operation)
        return operation not in self.without

    def strikes(self, kind: str, *, silent: bool = False) -> bool:
        """Whether this fault happens, or is left out."""
        self.struck += 1
        if f"!{self.struck}" in self.without:
            return False
        if not silent:
            self.count(kind)
        return True

    def count(self, kind: str) -> None:
        """A fault happened."""
        self.faults[kind] += 1
        self.note("fault", kind)

    def breaks(self, promise: str, what: str) -> None:
        """A promise does not hold: the world ends, whoever would catch the error."""
        error = Broken(promise, what)

        def end() -> None:
            raise error

        self.loop.call_soon(end)
        raise error

    @contextlib.contextmanager
    def ids_from(self, chance: random.Random) -> Iterator[None]:
        """New ids come from this stream, so that they stay the same when other things are left out."""
        self._ids, before = chance, self._ids
        try:
            yield
        finally:
            self._ids = before

    def _uuid4(self) -> uuid.UUID:
        return uuid.UUID(self.new_id(self._ids))

    @staticmethod
    def new_id(chance: random.Random) -> str:
        """A UUID of version 4."""
        digits = f"{chance.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[int(digits[16], 16) % 4]}{digits[17:20]}-{digits[20:]}"

    def note(self, *what: object) -> None:
        """Remember it for the trace."""
        self.trace.append((self.loop.time(), *what))

    @contextlib.contextmanager
    def _sliced(self) -> Iterator[None]:
        reload_above, rows = self._slice
        with mock.patch.object(apply, "RELOAD_ABOVE", reload_above), mock.patch.object(apply, "SLICE", rows):
            yield


class _Failures(logging.Handler):
    """An error that the engine did not expect is one of ours."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, Broken):
            told = "".join(traceback.format_exception(error)) if error else record.getMessage()
            with contextlib.suppress(Broken):
                self._world.breaks("engine", told)
