"""Living through seeds: one, or many on all cores; and the shortest form of one that fails."""

import hashlib
import multiprocessing
import multiprocessing.util
import os
import shutil
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from devots_desktop.domain.mutation import Mutation
from tests.sim.checks import COLUMNS, Broken, check
from tests.sim.world import World

CHUNK = 20
SHRINKS = 200
"""Runs that shrinking takes at the most."""
Failure = tuple[str, str]
"""The promise that did not hold, and what was seen."""


@dataclass
class Lived:
    """What became of one seed.

    Attributes:
        did: the operations and faults that could be left out.
        trace: what happened, a line each; only where it was asked for.
    """

    seed: int
    operations: int
    faults: Counter[str]
    did: list[str]
    trace: list[str]
    failure: Failure | None = None


@dataclass
class Total:
    """What became of many."""

    seeds: int = 0
    operations: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    failures: dict[int, Failure] = field(default_factory=dict)

    def add(self, lived: Lived) -> None:
        """Count one more."""
        self.seeds += 1
        self.operations += lived.operations
        self.faults += lived.faults
        if lived.failure:
            self.failures[lived.seed] = lived.failure

    def line(self) -> str:
        """The closing line."""
        broken = Counter(COLUMNS[promise] for promise, _ in self.failures.values())
        promises = " ".join(f"{word} {broken[word]}" for word in dict.fromkeys(COLUMNS.values()))
        kinds = " ".join(f"{kind.replace(' ', '-')}={count}" for kind, count in sorted(self.faults.items()))
        return f"seeds {self.seeds} {promises} · operations {self.operations} · faults {kinds}"


@cache
def _folder() -> Path:
    """A place for this process's lock files, in memory where the system has such a place."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="devots-sim-", dir=memory if memory.is_dir() else None))
    # Not atexit: a pool's processes end without it.
    multiprocessing.util.Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=1)
    return folder


def live(seed: int, without: AbstractSet[str] = frozenset(), *, traced: bool = False) -> Lived:
    """Live through a seed and hold it to the promises."""
    world, failure = World(seed, _folder(), without), None
    try:
        world.live()
        check(world)
    except Broken as error:
        failure = (error.promise, str(error))
    except Exception as error:  # noqa: BLE001
        failure = ("engine", "".join(traceback.format_exception(error)))
    finally:
        world.end()
    did = [*world.acted, *(f"!{number + 1}" for number in range(world.struck))]
    trace = [f"{line[0]:8.2f}  {' '.join(map(_told, line[1:]))}" for line in world.trace] if traced else []
    return Lived(seed, world.operations, world.faults, [each for each in did if each not in without], trace, failure)


def _told(what: object) -> str:
    """Something that happened, for a line of the trace."""
    if isinstance(what, Mutation):
        return f"[{what.mutation_id[:6]} {what.kind} {what.client_id} {what.values} over {what.base}]"
    return " ".join(map(_told, what)) if isinstance(what, list) else str(what)


def live_all(seeds: Iterable[int], jobs: int) -> Iterator[Lived]:
    """Live through many seeds, in their order, on several processes."""
    if jobs < 2:
        yield from map(live, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(live, seeds, chunksize=CHUNK)
        # Let them end by themselves: leaving the block would kill them, and their folders would stay.
        pool.close()
        pool.join()


def digest(seed: int) -> str:
    """What happened in a seed, as a short text that differs when anything does."""
    return hashlib.sha256("\n".join(live(seed, traced=True).trace).encode()).hexdigest()[:16]


def shrink(seed: int, promise: str, most: int = SHRINKS) -> frozenset[str]:
    """What can be left out while the same promise still breaks: halves first, then smaller parts.

    Args:
        most: runs at the most.
    """
    without: frozenset[str] = frozenset()
    did, size = live(seed).did, 0
    size = max(1, len(did) // 2)
    while size and most:
        for start in range(0, len(did), size):
            part = frozenset(did[start : start + size]) - without
            most -= 1
            failure = live(seed, without | part).failure if part and most >= 0 else None
            without |= part if failure and failure[0] == promise else frozenset()
        did = [each for each in did if each not in without]
        size //= 2
        most = max(0, most)
    return without


def cores() -> int:
    """How many processes can run at once."""
    return os.cpu_count() or 1
