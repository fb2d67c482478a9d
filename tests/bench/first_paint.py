"""From the start of the process to the first painted row of 10,000 cached todos, against an empty window of PySide6."""

import compileall
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.prepared import filled
from tests.bench.report import Row
from tests.window.display import Display, missing_programs
from tests.window.program import ROOT, Window, environment

ROUNDS = 9
GOAL = 1.5
HEAVY = ("sqlalchemy", "httpx", "pydantic", "supabase", "psycopg", "alembic", "keyring", "asyncio")


def run() -> Iterator[Row]:
    """The real window and an empty one take turns, in a private X server and on the offscreen platform."""
    compileall.compile_dir(ROOT / "devots_desktop", quiet=2)
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder:
        profile = filled(Path(folder) / "profile")
        if missing_programs():
            sys.stderr.write(f"first-paint in an X server not measured: {' and '.join(missing_programs())} missing\n")
        else:
            with Display() as display:
                yield _against_empty("first-paint", profile, display.environment())
        yield _against_empty("first-paint offscreen", profile, environment())
        loaded = heavy_modules(profile)
        if loaded:
            sys.stderr.write(f"loaded before the first paint: {', '.join(loaded)}\n")
        yield Row.of("first-paint heavy imports", len(loaded), 0, goal=0.0, unit="modules")


def _against_empty(name: str, profile: Path, environ: dict[str, str]) -> Row:
    _ours(profile, environ)
    _empty(environ)
    pairs = [(_ours(profile, environ), _empty(environ)) for _ in range(ROUNDS)]
    ours, empty = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Row.of(name, ours, empty, goal=GOAL)


def _ours(profile: Path, environ: dict[str, str]) -> float:
    with Window.open(profile, environ=environ) as window:
        return float(window.said("painted")["ns"] - window.started) / 1e6


def _empty(environ: dict[str, str]) -> float:
    started = time.monotonic_ns()
    command = [sys.executable, "-m", "tests.bench.empty_window"]
    shown = subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, timeout=30)
    return (int(shown.stdout) - started) / 1e6


def heavy_modules(profile: Path) -> list[str]:
    """Which of HEAVY the program has loaded when it paints its first row."""
    command = [sys.executable, "-m", "tests.bench.first_modules", str(profile)]
    with Window("the window that lists its modules", command, environment()) as window:
        names = set(window.said("modules")["names"])
    return [name for name in HEAVY if name in names]
