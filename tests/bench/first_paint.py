"""From the start of the process to the first painted row of cached todos, against an empty window of PySide6.

By the clock, and by CPU time (of the whole process, until then), which says more on a machine that has other things to do.
"""

import compileall
import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Self

from devots_desktop.services.account import now
from devots_desktop.store.cache import Cache
from devots_desktop.store.profile import Profile
from tests.bench.prepared import filled, kept
from tests.bench.report import Row
from tests.window.display import Display, missing_programs
from tests.window.program import ROOT, Window, environment

ROUNDS = 9
GOAL = 1.4
LARGE = {100_000: 1.6, 1_000_000: 3.0}
"""The goals of longer lists."""
HEAVY = ("sqlalchemy", "httpx", "pydantic", "supabase", "psycopg", "alembic", "keyring", "asyncio")


class Taken(NamedTuple):
    """Milliseconds until the paint."""

    wall: float
    cpu: float

    @classmethod
    def of(cls, started: int, painted: int, cpu: int) -> Self:
        """From nanoseconds."""
        return cls((painted - started) / 1e6, cpu / 1e6)


def run() -> Iterator[Row]:
    """The real window and an empty one take turns, in a private X server and on the offscreen platform."""
    compileall.compile_dir(ROOT / "devots_desktop", quiet=2)
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder:
        profile = filled(Path(folder) / "profile")
        if missing_programs():
            sys.stderr.write(f"first-paint in an X server not measured: {' and '.join(missing_programs())} missing\n")
        else:
            with Display() as display:
                yield from _against_empty("first-paint", profile, display.environment(), GOAL)
        yield from _against_empty("first-paint offscreen", profile, environment(), GOAL)
        loaded = heavy_modules(profile)
        if loaded:
            sys.stderr.write(f"loaded before the first paint: {', '.join(loaded)}\n")
        yield Row.of("first-paint heavy imports", len(loaded), 0, goal=0.0, unit="modules")


def run_large() -> Iterator[Row]:
    """The same for 100,000 and for a million todos. Their lists are kept in build/ from one run to the next."""
    compileall.compile_dir(ROOT / "devots_desktop", quiet=2)
    for count, goal in LARGE.items():
        yield from _against_empty(f"first-paint {count:,}", kept(count), environment(), goal)


def _against_empty(name: str, profile: Path, environ: Mapping[str, str], goal: float) -> Iterator[Row]:
    _ours(profile, environ)
    _empty(environ)
    ours, empty = zip(*((_ours(profile, environ), _empty(environ)) for _ in range(ROUNDS)), strict=True)
    yield Row.of(name, statistics.median(each.wall for each in ours), statistics.median(each.wall for each in empty), goal=goal)
    yield Row.of(f"{name} cpu", statistics.median(each.cpu for each in ours), statistics.median(each.cpu for each in empty), goal=goal)


def _ours(profile: Path, environ: Mapping[str, str]) -> Taken:
    _as_after_an_end(profile)
    with Window.open(profile, environ=environ) as window:
        painted = window.said("painted")
        return Taken.of(window.started, painted["ns"], painted["cpu_ns"])


def _as_after_an_end(profile: Path) -> None:
    """The window of the last round was killed. What that leaves behind, the next start would look through."""
    shutil.rmtree(profile / "running", ignore_errors=True)
    (profile / "window.open").unlink(missing_ok=True)
    it = Profile(profile)
    with contextlib.closing(Cache(it.cache_path(it.current()), syncs=False, clock=now)):
        pass  # SQLite's last connection puts the log into the file.


def _empty(environ: Mapping[str, str]) -> Taken:
    started = time.monotonic_ns()
    command = [sys.executable, "-m", "tests.bench.empty_window"]
    shown = subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, timeout=60)
    return Taken.of(started, *map(int, shown.stdout.split()))


def heavy_modules(profile: Path) -> list[str]:
    """Which of HEAVY the program has loaded when it paints its first row."""
    command = [sys.executable, "-m", "tests.bench.first_modules", str(profile)]
    with Window("the window that lists its modules", command, environment()) as window:
        names = set(window.said("modules")["names"])
    return [name for name in HEAVY if name in names]
