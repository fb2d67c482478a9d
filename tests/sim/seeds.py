"""Living through seeds: one, or many on all cores; and finding the shortest form of one that fails."""

import gc
import shutil
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.sim.checks import Broken, check
from tests.sim.world import World


@dataclass
class Lived:
    """What became of one seed.

    Attributes:
        broken: the promise that did not hold; None where all did.
        did: the operations and faults that can be left out.
    """

    seed: int
    operations: int
    faults: Counter[str]
    trace: list[str]
    did: list[str] = field(default_factory=list)
    broken: Broken | None = None


@cache
def _folder() -> Path:
    """A place for the lock files."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="devots-sim-", dir=memory if memory.is_dir() else None))


def live(seed: int, without: Set[str] = frozenset(), *, traced: bool = False) -> Lived:
    """Live through a seed and hold it to the promises."""
    world = World(seed, _folder(), without)
    broken = None
    try:
        world.live()
        check(world)
    except Broken as error:
        broken = error
    except Exception as error:  # noqa: BLE001
        broken = Broken("engine", "".join(traceback.format_exception(error)))
    finally:
        world.end()
    trace = [" ".join(map(str, line)) for line in world.trace] if traced or broken else []
    did = [*world.acted, *(f"!{number + 1}" for number in range(world.struck))]
    faults = world.faults
    return Lived(seed, world.operations, faults, trace, [each for each in did if each not in without], broken)
