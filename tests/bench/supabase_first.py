"""The first download of 100,000 todos from a Supabase project on the stand-in, and the start of an account that has them.

`supabase-first-sync`: until the account is live, against the same pages with httpx, written with executemany; each in a process of its own, over one proxy.
`supabase-first-memory`: the most that the window takes while it downloads, above what it takes before.
`supabase-stall-start`: the longest time that the window's thread is away until the account is live.
"""

import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench import processes
from tests.bench.project import EMAIL, Stage, staged
from tests.bench.report import ROUNDS, Row
from tests.bench.served import Served
from tests.bench.stalls import LONGEST_MS, is_live, longest, opened
from tests.servers.managed import Managed, Person
from tests.window.display import Display, missing_programs
from tests.window.program import ROOT, environment

TODOS = 100_000
GOAL = 1.5
MEMORY_MIB = 100.0
_PATIENCE_S = 300.0


def run() -> Iterator[Row]:
    """Medians over the rounds."""
    with staged() as on, tempfile.TemporaryDirectory(prefix="devots-bench-") as folder, contextlib.ExitStack() as stack:
        display = None if missing_programs() else stack.enter_context(Display())
        environ = display.environment() if display else environment()
        # Who they belong to is all that is used of a person here.
        Served(Managed(on.server.database), Person(on.user_id, "", "")).add(TODOS, migrated=False)
        rounds = [_round(on, Path(folder) / str(number), environ) for number in range(ROUNDS)]
    ours, bare, memory, stall = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row.of("supabase-first-sync", ours, bare, goal=GOAL)
    yield Row.of("supabase-first-memory", memory, MEMORY_MIB, goal=1.0, unit="MiB")
    yield Row.of("supabase-stall-start", stall, LONGEST_MS, goal=1.0)


def _round(on: Stage, folder: Path, environ: Mapping[str, str]) -> tuple[float, float, float, float]:
    with on.way():
        on.enter(folder / "alone")
        ours = _printed("account_alone", str(folder / "alone"))
        bare = _bare(on)
        stall = _stall(folder / "alone", environ)
        on.enter(folder / "window")
    return ours, bare, _memory(on, folder / "window", environ), stall


def _bare(on: Stage) -> float:
    token = on.server.sign_in(EMAIL)["access_token"]
    return _printed("bare_rest", said=f"http://127.0.0.1:{on.port}\n{on.server.publishable_key}\n{token}\n")


def _printed(module: str, *arguments: str, said: str = "") -> float:
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    return float(subprocess.run(command, cwd=ROOT, input=said, stdout=subprocess.PIPE, text=True, timeout=_PATIENCE_S, check=True).stdout)


def _stall(profile: Path, environ: Mapping[str, str]) -> float:
    with opened(profile, environ) as window:
        live = window.wait("the account", is_live, within=_PATIENCE_S)["ns"]
        return longest(window, window.said("ready")["ns"], live)


def _memory(on: Stage, profile: Path, environ: Mapping[str, str]) -> float:
    """MiB. Before, the account is signed in, and the server away: all that it needs is loaded."""
    with opened(profile, environ) as window:
        window.said("status", live="offline")
        processes.rest(window.process.pid, _PATIENCE_S)
        before = processes.resident(window.process.pid)
        processes.forget_peak(window.process.pid)
        with on.way():
            window.wait("the first download", is_live, within=_PATIENCE_S)
            return processes.peak(window.process.pid) - before
