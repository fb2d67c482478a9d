"""From the start of the process to the first painted row of 10,000 cached todos: the frozen program against the same sources in their environment."""

import compileall
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.prepared import filled
from tests.bench.report import Row
from tests.window.display import Display, missing_programs
from tests.window.program import ROOT, Window, environment

ROUNDS = 9
GOAL = 1.4


def run() -> Iterator[Row]:
    """Both programs take turns on one profile. The bundle is made first where it is not current."""
    subprocess.run([sys.executable, ROOT / "packaging" / "bundle.py"], check=True, stdout=subprocess.DEVNULL)
    compileall.compile_dir(ROOT / "devots_desktop", quiet=2)
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder:
        profile = filled(Path(folder) / "profile")
        if missing_programs():
            yield _against_source("frozen-first-paint offscreen", profile, environment())
        else:
            with Display() as display:
                yield _against_source("frozen-first-paint", profile, display.environment())


def _against_source(name: str, profile: Path, environ: dict[str, str]) -> Row:
    frozen, source = [str(ROOT / "dist" / "devots" / "devots")], [sys.executable, str(ROOT / "main.py")]
    for command in (frozen, source):
        _painted(command, profile, environ)
    pairs = [(_painted(frozen, profile, environ), _painted(source, profile, environ)) for _ in range(ROUNDS)]
    ours, reference = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Row.of(name, ours, reference, goal=GOAL)


def _painted(command: Sequence[str], profile: Path, environ: dict[str, str]) -> float:
    """Milliseconds until the first row is on screen."""
    with Window("the window", [*command, "--profile", str(profile)], environ) as window:
        return float(window.said("painted")["ns"] - window.started) / 1e6
