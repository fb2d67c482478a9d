"""`make soak`: the full form, and its figures as a line of JSON.

ARGS="0.1 kills" runs a tenth of the parts whose name has "kills" in it.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tests.soak import damages, kills, logs

SEED = 20_261_122
ACCOUNTS = {"this computer": False, "with an outbox": True}


Part = Callable[[Path], Mapping[str, object]]


def parts(scale: float) -> dict[str, Part]:
    """What there is to run, by name; 1 is the full form."""
    found: dict[str, Part] = {}
    for name, syncs in ACCOUNTS.items():
        found[f"kills, {name}"] = partial(_kill, syncs=syncs, scale=scale)
        found[f"damages, {name}"] = partial(damages.run, damages=round(500 * scale), syncs=syncs, todos=400, seed=SEED)
    found["torn logs"] = partial(logs.run, files=round(1_000 * scale), seed=SEED)
    return found


def _kill(folder: Path, *, syncs: bool, scale: float) -> Mapping[str, object]:
    return asdict(kills.run(folder, syncs=syncs, operations=round(1_000 * scale), kills=round(60 * scale), seed=SEED))


def main(scale: float = 1.0, chosen: str = "") -> int:
    """Run the parts; the first thing that does not hold ends it with an AssertionError."""
    figures: dict[str, object] = {}
    for name, part in parts(scale).items():
        if chosen in name:
            begun = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="devots-soak-") as folder:
                figures[name] = {**part(Path(folder)), "seconds": round(time.monotonic() - begun)}
            print(f"{name}: {figures[name]}", file=sys.stderr, flush=True)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    scale, chosen = (*sys.argv[1:], *("1", "")[len(sys.argv) - 1 :])
    sys.exit(main(float(scale), chosen))
