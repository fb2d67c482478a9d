"""The form of `make sim` that every change has to pass. A failing seed is replayed by `make sim ARGS="replay SEED"`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim import long
from tests.sim.checks import FAULTS, OPERATIONS
from tests.sim.mutants import MUTANTS
from tests.sim.seeds import Total, digest, live, shrink

SEEDS = 30
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


def test_a_long_run_goes_on_where_it_was_stopped_unless_the_code_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "build" / "simulation.json"
    assert long.run(2, kept, jobs=1).seeds == 2
    kept.write_text(kept.read_text().replace('"operations": ', '"operations": 1000'))
    assert long.run(3, kept, jobs=1).operations > 1_000_000
    monkeypatch.setattr(long, "state", lambda: "another")
    assert long.load(kept).seeds == 0


def test_a_failing_seed_is_shrunk_and_still_fails() -> None:
    """Here on a bug that is there on purpose."""
    with MUTANTS["conflict not recorded"]():
        seed = next(seed for seed in range(20) if live(seed).failure)
        without = shrink(seed, "conflict", most=8)
        assert len(without) > 10
        assert (live(seed, without).failure or ("",))[0] == "conflict"


def test_the_closing_line_counts_every_promise() -> None:
    total = Total()
    total.add(live(3))
    total.failures = {3: ("own writes", ""), 4: ("torn", ""), 5: ("engine", "")}
    line = total.line()
    assert line.startswith("seeds 1 lost 1 doubled 0 diverged 0 stuck 1 torn 1 · operations ")
    assert " · faults " in line
    assert "=" in line.partition(" · faults ")[2]
