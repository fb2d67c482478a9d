"""Edits at any place of a list of 100,000 in the real window: from the key to the painted row, against a frame (16 ms) and a bare fsync on the same disk.

The row is painted from what the cache tells after its transaction, which waits for the disk: painted means durable. tests/bench/editor.py presses the keys.
"""

import contextlib
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tests.bench.prepared import indexed
from tests.bench.report import ROUNDS, Row, percentile
from tests.window.display import Display, missing_programs
from tests.window.program import Event, Window, environment

TODOS = 100_000
FRAME_MS = 16.0
EACH = 40
"""Edits of each kind in a round."""
KINDS = ("toggle", "edit", "add", "delete", "undo")
"""What is measured. What is undone is a delete."""


def run() -> Iterator[Row]:
    """Every kind of edit, of rows drawn anew for each; a write and fsync of a page takes turns with them."""
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        profile = indexed(folder / "profile", TODOS)
        display = None if missing_programs() else stack.enter_context(Display())
        command = [sys.executable, "-m", "tests.bench.editor", str(profile)]
        window = stack.enter_context(Window("the window that is edited", command, display.environment() if display else environment()))
        page = stack.enter_context((folder / "fsync").open("wb", buffering=0))
        window.said("ready")
        hand = _Hand(window)
        rounds = [{kind: _round(hand, kind, page) for kind in KINDS} for _ in range(ROUNDS)]
    for kind in KINDS:
        ours, fsync = (statistics.median(column) for column in zip(*(each[kind] for each in rounds), strict=True))
        yield Row.of(f"100k-{kind}", ours, FRAME_MS + fsync, goal=1.0)


def _round(hand: "_Hand", kind: str, page: BinaryIO) -> tuple[float, float]:
    """The 95th percentiles of an edit until it is painted, and of a bare fsync, milliseconds."""
    ours, bare = [], []
    for _ in range(EACH):
        if kind == "undo":
            hand.do("delete")
        ours.append(hand.do(kind))
        bare.append(_fsync(page))
    return percentile(ours, 95), percentile(bare, 95)


def _fsync(page: BinaryIO) -> float:
    started = time.perf_counter_ns()
    page.write(bytes(4096))
    os.fsync(page.fileno())
    return (time.perf_counter_ns() - started) / 1e6


class _Hand:
    """Edits rows of a window."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._numbers = itertools.count(1)
        self._chance = random.Random(5)
        self._last = ""

    def do(self, kind: str) -> float:
        """Do something at a row drawn anew; milliseconds from its key to its paint."""
        number = next(self._numbers)
        text = f"Edit number {number}"
        self._send({"number": number, "do": kind, "row": self._chance.randrange(TODOS // 2), "text": text})
        key = self._window.said("key", number=number)
        if kind != "undo":
            self._last = key["id"]
        shown = self._window.wait(f"the paint of {kind} {number}", self._shows(kind, text), after=key["at"])
        return float(shown["ns"] - key["at"]) / 1e6

    def _shows(self, kind: str, text: str) -> Callable[[Event], bool]:
        """What says that an edit is on screen."""
        match kind:
            case "delete":
                wanted: dict[str, Any] = {"event": "gone", "client_id": self._last}
            case "add" | "edit":
                wanted = {"event": "painted", "text": text}
            case _:
                wanted = {"event": "painted", "client_id": self._last}
        return lambda event: wanted.items() <= event.items()

    def _send(self, command: dict[str, Any]) -> None:
        assert self._window.process.stdin is not None
        self._window.process.stdin.write(json.dumps(command).encode() + b"\n")
        self._window.process.stdin.flush()
