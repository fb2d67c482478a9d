"""The simulation's speed: a seed beside the bare SQLite statements that its devices run in it, the same ones with the same values on the same kind of database."""

import statistics
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

from tests.bench.report import ROUNDS, Row
from tests.sim import device
from tests.sim.disk import Disk, blank, give_back
from tests.sim.seeds import live

SEEDS = 10
GOAL = 2.0
"""At least half the speed of the bare statements."""
Statement = tuple[int, str, str, tuple[Any, ...]]
"""The disk, the connection's method, the SQL and what is bound."""


def run() -> Iterator[Row]:
    """Seeds and their statements take turns; processor time, as nothing in a seed waits."""
    for seed in range(SEEDS):
        live(seed)
    pairs = [_round(range(number * SEEDS, (number + 1) * SEEDS)) for number in range(ROUNDS)]
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    yield Row.of("simulated-seed", ours, bare, goal=GOAL)


def _round(seeds: range) -> tuple[float, float]:
    """Milliseconds for a seed, and for its statements."""
    ours = floor = 0.0
    for seed in seeds:
        started = time.process_time()
        live(seed)
        ours += time.process_time() - started
        floor += _replayed(_recorded(seed))
    return ours * 1e3 / len(seeds), floor * 1e3 / len(seeds)


def _recorded(seed: int) -> list[Statement]:
    """What a seed's devices ask of SQLite."""
    statements: list[Statement] = []

    def recording() -> Disk:
        disk, number = blank(), len(disks)
        disks.append(disk)
        for name in ("execute", "executemany"):
            disk.__dict__[name] = _record(statements, number, name, getattr(disk, name))
        return disk

    disks: list[Disk] = []
    # A disk that is to die takes its own methods for that: these seeds are recorded without.
    with mock.patch.object(device, "blank", recording), mock.patch.object(Disk, "kill_at"), mock.patch.object(Disk, "spare"):
        live(seed)
    for disk in disks:
        disk.__dict__.clear()
    return statements


def _record(statements: list[Statement], number: int, name: str, method: Any) -> Any:
    def call(sql: str, *values: Any) -> Any:
        bound = tuple(list(each) if name == "executemany" and not isinstance(each, list | tuple) else each for each in values)
        statements.append((number, name, sql, bound))
        return method(sql, *bound)

    return call


def _replayed(statements: list[Statement]) -> float:
    """The seconds that the statements take by themselves."""
    disks = [blank() for _ in range(1 + max(number for number, *_ in statements))]
    started = time.process_time()
    for number, name, sql, values in statements:
        getattr(disks[number], name)(sql, *values).fetchall()
    taken = time.process_time() - started
    for disk in disks:
        give_back(disk)
    return taken
