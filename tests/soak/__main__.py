"""`make soak`: the full form, and its figures as a line of JSON."""

import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.soak import damages, kills, logs

SEED = 20_261_122


def main(scale: float) -> int:
    """Run all of it; `scale` 1 is the full form."""
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="devots-soak-") as name:
        for syncs, account in ((False, "this computer"), (True, "with an outbox")):
            begun, folder = time.monotonic(), Path(name) / f"kills-{syncs}"
            done = kills.run(folder, syncs=syncs, operations=round(1_000 * scale), kills=round(60 * scale), seed=SEED)
            figures[f"kills, {account}"] = asdict(done) | {"seconds": round(time.monotonic() - begun)}
        begun = time.monotonic()
        (Path(name) / "logs").mkdir()
        figures["torn logs"] = logs.run(Path(name) / "logs", files=round(1_000 * scale), seed=SEED) | {
            "seconds": round(time.monotonic() - begun)
        }
        for syncs, account in ((False, "this computer"), (True, "with an outbox")):
            begun, folder = time.monotonic(), Path(name) / f"damages-{syncs}"
            counts = damages.run(folder, damages=round(500 * scale), syncs=syncs, todos=400, seed=SEED)
            figures[f"damages, {account}"] = counts | {"seconds": round(time.monotonic() - begun)}
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if sys.argv[1:] else 1.0))
