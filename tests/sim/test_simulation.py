"""A hundred seeds of the world. A failing one is named in the report, with what happened last, and replays alike: `pytest tests/sim -k "from[10]"`."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.store.cache import Cache
from tests.sim.checks import check
from tests.sim.world import World

SEEDS = 100
AT_ONCE = 10


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """In memory where the system has such a place: thousands of transactions wait for the disk here."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="devots-sim-", dir=memory if memory.is_dir() else None))
    Cache(folder / "template.sqlite3", syncs=True, clock=lambda: 0).close()
    yield folder
    shutil.rmtree(folder)


def live(seed: int, place: Path) -> World:
    with tempfile.TemporaryDirectory(dir=place) as folder:
        world = World(seed, Path(folder), place / "template.sqlite3")
        try:
            world.live()
            check(world)
        except BaseException as error:
            error.add_note(f"seed {seed}; the last that happened:\n" + "\n".join(world.trace[-30:]))
            raise
    return world


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_the_promises_hold_for_seeds_from(first: int, place: Path) -> None:
    for seed in range(first, first + AT_ONCE):
        live(seed, place)


def test_a_seed_replays_alike(place: Path) -> None:
    for seed in range(5):
        assert live(seed, place).trace == live(seed, place).trace


def test_a_world_is_as_bad_as_it_claims(place: Path) -> None:
    """Else the promises would hold of nothing."""
    trace = "\n".join("\n".join(live(seed, place).trace) for seed in range(1000, 1010))
    for happening in ("dies", "misses a hint", "offline", "signed-out", "cut", "delete"):
        assert happening in trace
