"""The form of `make sim` that every change has to pass. A failing seed is replayed by `make sim ARGS="replay SEED"`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim.checks import FAULTS, OPERATIONS
from tests.sim.seeds import Total, digest, live

SEEDS = 40
AT_ONCE = 10
REGRESSIONS = [
    int(line.split()[0]) for line in (Path(__file__).parent / "regressions.txt").read_text().splitlines() if line and line[0] != "#"
]


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_the_promises_hold_for_seeds_from(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        lived = live(seed)
        assert lived.failure is None, f"seed {seed}: {lived.failure}"
        assert lived.operations >= OPERATIONS
        assert lived.faults.total() >= FAULTS


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_a_seed_that_once_failed_holds(seed: int) -> None:
    assert live(seed).failure is None


def test_seeds_replay_alike_whatever_the_process() -> None:
    """Also where sets and dictionaries are ordered in another way."""
    program = [sys.executable, "-m", "tests.sim", "digests", "100", "103"]
    other = subprocess.run(program, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert other.stdout.split() == [digest(seed) for seed in range(100, 103)]


def test_the_closing_line_counts_every_promise() -> None:
    total = Total()
    total.add(live(3))
    total.failures = {3: ("own writes", ""), 4: ("torn", ""), 5: ("engine", "")}
    line = total.line()
    assert line.startswith("seeds 1 lost 1 doubled 0 diverged 0 stuck 1 torn 1 · operations ")
    assert " · faults " in line
    assert " lock-timeout=" in line
