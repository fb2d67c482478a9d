"""Scrolling the real window, which fills the screen, at 100,000 and a million todos: from the event to the picture, against a frame of 16 ms and a bare QTableView.

Three ways: the wheel, Page Down, and a jump to anywhere, whose rows have to be read from the disk. tests/bench/scroller.py moves both.
"""

import contextlib
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.prepared import indexed
from tests.bench.report import ROUNDS, Row, percentile
from tests.window.display import Display, missing_programs
from tests.window.program import Window, environment

FRAME_MS = 16.0
BARE_GOAL = 2.0
WAYS = ("wheel", "page", "jump")


def run() -> Iterator[Row]:
    """100,000 todos."""
    return _rows("100k", 100_000)


def run_million() -> Iterator[Row]:
    """A million todos; the bare list has 100,000, as its height makes no difference."""
    return _rows("1m", 1_000_000)


def _rows(name: str, count: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder, contextlib.ExitStack() as stack:
        profile = indexed(Path(folder) / "profile", count)
        if missing_programs():
            where, environ = " offscreen", environment()
        else:
            where, environ = "", stack.enter_context(Display()).environment()
        ours = stack.enter_context(_opened("ours", str(profile), environ))
        bare = stack.enter_context(_opened("bare", "100000", environ))
        rounds = [(_round(ours, number), _round(bare, number)) for number in range(1, ROUNDS + 1)]
    for way in WAYS:
        slow = statistics.median(percentile(mine[way], 99) for mine, _ in rounds)
        usual, floor = (statistics.median(statistics.median(each[way]) for each in column) for column in zip(*rounds, strict=True))
        yield Row.of(f"{name}-scroll-{way}{where} p99", slow, FRAME_MS, goal=1.0)
        yield Row.of(f"{name}-scroll-{way}{where} median", usual, floor, goal=BARE_GOAL)


@contextlib.contextmanager
def _opened(kind: str, what: str, environ: Mapping[str, str]) -> Iterator[Window]:
    command = [sys.executable, "-m", "tests.bench.scroller", kind, what]
    with Window(f"the list that is scrolled ({kind})", command, environ) as window:
        window.said("ready")
        yield window


def _round(window: Window, number: int) -> Mapping[str, list[float]]:
    """The milliseconds of the frames of a round, by way."""
    assert window.process.stdin is not None
    window.process.stdin.write(b"\n")
    window.process.stdin.flush()
    return window.said("frames", round=number)
