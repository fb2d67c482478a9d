"""`make soak`: the full form, and its figures as a line of JSON.

ARGS="0.1 kills" runs a tenth of the parts whose name has "kills" in it, ARGS="1 damages 7" all of one part with another seed than the usual one. With the
same seed, damages and torn logs are the same ones again; where a kill hits is up to the machine. ARGS="1 simulation" lives through 50,000 simulated seeds
and goes on where it was stopped.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tests.sim import long
from tests.soak import damages, kills, logs

SEED = 20_261_122
ACCOUNTS = {"this computer": False, "with an outbox": True}


Part = Callable[[Path], Mapping[str, object]]


def parts(scale: float, seed: int) -> dict[str, Part]:
    """What there is to run, by name; 1 is the full form."""
    found: dict[str, Part] = {}
    for name, syncs in ACCOUNTS.items():
        found[f"kills, {name}"] = partial(_kill, syncs=syncs, scale=scale, seed=seed)
        found[f"damages, {name}"] = partial(damages.run, damages=round(500 * scale), syncs=syncs, todos=400, seed=seed)
        found[f"torn logs, {name}"] = partial(logs.run, files=round(1_000 * scale), syncs=syncs, seed=seed)
    found["simulation"] = partial(_simulate, seeds=round(50_000 * scale))
    return found


def _kill(folder: Path, *, syncs: bool, scale: float, seed: int) -> Mapping[str, object]:
    return asdict(kills.run(folder, syncs=syncs, operations=round(1_000 * scale), kills=round(60 * scale), seed=seed))


def _simulate(_: Path, *, seeds: int) -> Mapping[str, object]:
    total = long.run(seeds)
    assert not total.failures, f'make sim ARGS="replay {min(total.failures)}"'
    return {"line": total.line(), "state of the code": long.state()}


def main(scale: float = 1.0, chosen: str = "", seed: int = SEED) -> int:
    """Run the parts; the first thing that does not hold ends it with an AssertionError."""
    figures: dict[str, object] = {}
    for name, part in parts(scale, seed).items():
        if chosen in name:
            begun = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="devots-soak-") as folder:
                figures[name] = {**part(Path(folder)), "seconds": round(time.monotonic() - begun)}
            print(f"{name}: {figures[name]}", file=sys.stderr, flush=True)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    scale, chosen, seed = (*sys.argv[1:], *("1", "", str(SEED))[len(sys.argv) - 1 :])
    sys.exit(main(float(scale), chosen, int(seed)))
