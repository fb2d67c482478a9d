"""The longest time that the window's thread is away: while a person's account starts, downloads 100,000 todos, and gets 10,000 changes at once.

Beside it a window that does nothing, in the same run: what a busy computer does to any window. tests/bench/heartbeat.py measures both.
"""

import contextlib
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from devots_desktop.store.profile import Profile
from tests.bench.report import ROUNDS, Row
from tests.bench.served import Served
from tests.demo.stage import Stage, stage
from tests.servers.managed import Managed, Person
from tests.window.display import Display, missing_programs
from tests.window.program import Event, Window, environment

TODOS = 100_000
CHANGES = 10_000
LONGEST_MS = 32.0
IDLE_S = 5.0
_PATIENCE_S = 300.0
_LOOK_S = 0.02
PHASES = ("start", "first-sync", "burst")


def run() -> Iterator[Row]:
    """Medians over the rounds of the longest time away in each phase."""
    with stage() as on, tempfile.TemporaryDirectory(prefix="devots-bench-") as name, contextlib.ExitStack() as stack:
        display = None if missing_programs() else stack.enter_context(Display())
        environ = display.environment() if display else environment()
        # Who they belong to is all that is used of a person here.
        served = Served(Managed(on.database), Person(on.account.user_id, "", ""))
        served.add(TODOS, migrated=False)
        rounds = [_round(on, served, Path(name) / str(number), environ) for number in range(ROUNDS)]
    for phase in (*PHASES, "idle"):
        away = statistics.median(each[phase] for each in rounds)
        yield Row.of(f"stall-{phase}", away, LONGEST_MS, goal=1.0)


def _round(on: Stage, served: Served, folder: Path, environ: dict[str, str]) -> dict[str, float]:
    """The longest time away in each phase, milliseconds."""
    # Signed in, and without the list.
    shutil.copytree(on.profiles[0], folder)
    cache = Profile(folder).cache_path(on.account)
    with opened(folder, environ) as window:
        live = window.wait("the first download", is_live, within=_PATIENCE_S)["ns"]
        away = {"first-sync": longest(window, window.said("ready")["ns"], live)}
        _, last, _ = served.change(CHANGES)
        before = time.monotonic_ns()
        _wait_for(cache, last)
        away["burst"] = longest(window, before, time.monotonic_ns())
    with opened(folder, environ) as window:
        live = window.live()["ns"]
        away["start"] = longest(window, window.said("ready")["ns"], live)
        quiet = time.monotonic_ns() + int(IDLE_S * 1e9)
        time.sleep(2 * IDLE_S)  # The first half is for what the start has left to do; the time that passes is what is measured.
        away["idle"] = longest(window, quiet, time.monotonic_ns())
    return away


def opened(folder: Path, environ: Mapping[str, str]) -> Window:
    """The window of a profile, with a heartbeat."""
    return Window("the window with a heartbeat", [sys.executable, "-m", "tests.bench.heartbeat", str(folder)], environ)


def is_live(event: Event) -> bool:
    """Whether an account became live."""
    return bool(event["event"] == "status" and event["live"] == "live")


def longest(window: Window, begin: int, end: int) -> float:
    """Milliseconds of the longest stall of which some lay between these times."""
    stalls = [each for each in window.events if each["event"] == "stall"]
    return max((each["ms"] for each in stalls if begin <= each["ns"] <= end + each["ms"] * 1e6), default=0.0)


def _wait_for(cache: Path, transaction: int) -> None:
    """Until the cache has a transaction of the server's: nobody is told."""
    ends = time.monotonic() + _PATIENCE_S
    while _since(cache) <= transaction:
        assert time.monotonic() < ends, "the changes did not come"
        time.sleep(_LOOK_S)


def _since(cache: Path) -> int:
    with contextlib.closing(sqlite3.connect(cache)) as db:
        found = db.execute("SELECT value FROM sync_state WHERE name = 'since'").fetchone()
    return int(found[0]) if found else 0
