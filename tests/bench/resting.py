"""The window with 100,000 todos when it has come to rest: its memory, against an empty window of PySide6, and the CPU that it takes while nobody does anything."""

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench import processes
from tests.bench.prepared import indexed
from tests.bench.report import ROUNDS, Row
from tests.window.display import Display, missing_programs
from tests.window.program import ROOT, Window, end_with_parent, environment

TODOS = 100_000
MEMORY_GOAL = 1.5
IDLE_PERCENT = 0.5
"""Of one core."""
_PATIENCE_S = 60.0
_EMPTY = """
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow()
window.resize(900, 640)
window.show()
app.exec()
"""


def run_memory() -> Iterator[Row]:
    """Resident memory at rest, medians; both take turns."""
    with _prepared() as (profile, environ):
        pairs = [(_ours(profile, environ), _empty(environ)) for _ in range(ROUNDS)]
    ours, empty = (statistics.median(column) for column in zip(*pairs, strict=True))
    yield Row.of("100k-memory", ours, empty, goal=MEMORY_GOAL, unit="MiB")


def run_idle() -> Iterator[Row]:
    """A short look: ten seconds, once."""
    return _idle(rounds=1, seconds=10.0)


def run_idle_long() -> Iterator[Row]:
    """A minute, five times; the figure is the worst one's."""
    return _idle(rounds=5, seconds=60.0)


def _idle(*, rounds: int, seconds: float) -> Iterator[Row]:
    with _prepared() as (profile, environ), Window.open(profile, environ=environ) as window:
        window.said("ready")
        processes.rest(window.process.pid, _PATIENCE_S)
        worst = max(_percent(window.process.pid, seconds) for _ in range(rounds))
    yield Row.of(f"idle {rounds} x {seconds:g} s", worst, IDLE_PERCENT, goal=1.0, unit="% CPU")


def _percent(pid: int, seconds: float) -> float:
    """Of one core, over so long. The time that passes is what is measured."""
    began, used = time.monotonic(), processes.cpu(pid)
    time.sleep(seconds)
    return 100 * (processes.cpu(pid) - used) / (time.monotonic() - began)


@contextlib.contextmanager
def _prepared() -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A profile, and the environment of a window: on a private X server where there is one."""
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder, contextlib.ExitStack() as stack:
        profile = indexed(Path(folder) / "profile", TODOS)
        display = None if missing_programs() else stack.enter_context(Display())
        yield profile, display.environment() if display else environment()


def _ours(profile: Path, environ: Mapping[str, str]) -> float:
    with Window.open(profile, environ=environ) as window:
        window.said("ready")
        processes.rest(window.process.pid, _PATIENCE_S)
        return processes.resident(window.process.pid)


def _empty(environ: Mapping[str, str]) -> float:
    # It ends with this process.
    with subprocess.Popen([sys.executable, "-c", _EMPTY], cwd=ROOT, env=environ, preexec_fn=end_with_parent) as process:  # noqa: PLW1509
        processes.rest(process.pid, _PATIENCE_S)
        memory = processes.resident(process.pid)
        process.terminate()
    return memory
