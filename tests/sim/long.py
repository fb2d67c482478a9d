"""A long run that may be stopped: what was lived through is kept in build/simulation.json and gone on with.

The figures belong to one state of the code, named in the file and in the result: another state begins anew.
"""

import hashlib
import json
from collections import Counter
from pathlib import Path

from tests.sim.seeds import Total, cores, live_all

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "simulation.json"
STEP = 400
"""Seeds after which the figures are saved."""


def state() -> str:
    """Names the code that decides about the result: the engine, the cache and its tables, the server in memory, and the simulation."""
    program = ROOT / "devots_desktop"
    folders = [
        *(program / name for name in ("domain", "store", "sync", "remote/memory")),
        ROOT / "migrations" / "cache",
        ROOT / "tests" / "sim",
    ]
    files = [*(program / "remote").glob("*.py"), *(path for folder in folders for path in folder.rglob("*"))]
    found = hashlib.sha256()
    for path in sorted(files):
        if path.suffix in {".py", ".sql"}:
            found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def run(seeds: int, path: Path = KEPT, *, jobs: int = 0) -> Total:
    """Live through the seeds that were not lived through yet in this state of the code.

    Args:
        jobs: processes; 0 for one on each core.

    Returns:
        the figures of all.
    """
    total = load(path)
    while total.seeds < seeds:
        for lived in live_all(range(total.seeds, min(total.seeds + STEP, seeds)), jobs or cores()):
            total.add(lived)
        save(path, total)
    return total


def load(path: Path) -> Total:
    """The figures so far; none where they are of another state of the code."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if kept.get("state") != state():
        return Total()
    failures = {int(seed): (promise, what) for seed, (promise, what) in kept["failures"].items()}
    return Total(kept["seeds"], kept["operations"], Counter(kept["faults"]), failures)


def save(path: Path, total: Total) -> None:
    """Keep the figures, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {"state": state(), "seeds": total.seeds, "operations": total.operations, "faults": total.faults, "failures": total.failures}
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(kept), encoding="utf-8")
    fresh.replace(path)
