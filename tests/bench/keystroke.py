"""From a keystroke to the row that is painted and on the disk, with 10,000 todos, against a frame and a bare fsync in the same folder.

The row is painted from what the cache tells after its transaction, which waits for the disk: painted means durable.
"""

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.prepared import filled
from tests.bench.report import ROUNDS, Row, percentile
from tests.window.program import Event, Window, environment

FRAME_MS = 16.0
KEYS = 40
"""Keystrokes in a round."""
_BLOCK = os.urandom(4096)


def run() -> Iterator[Row]:
    """Keystrokes and bare writes take turns."""
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder:
        profile = filled(Path(folder) / "profile")
        driver = [sys.executable, "-m", "tests.demo.driver", str(profile)]
        with Window("the window that is typed into", driver, environment()) as window, (Path(folder) / "block").open("wb") as block:
            window.said("ready")
            typist = _Typist(window, window.painted("The newest")["client_id"])
            rounds = [_round(typist, block.fileno()) for _ in range(ROUNDS)]
    ours, bare = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row.of("keystroke", ours, FRAME_MS + bare, goal=1.0)


def _round(typist: "_Typist", block: int) -> tuple[float, float]:
    """The 95th percentiles of keystroke to paint and of a bare write with fsync, milliseconds."""
    ours, bare = [], []
    for _ in range(KEYS):
        ours.append(typist.strike())
        bare.append(_bare_fsync(block))
    return percentile(ours, 95), percentile(bare, 95)


def _bare_fsync(block: int) -> float:
    started = time.monotonic_ns()
    os.write(block, _BLOCK)
    os.fsync(block)
    return (time.monotonic_ns() - started) / 1e6


class _Typist:
    """Adds todos, and edits and toggles one that is on screen."""

    def __init__(self, window: Window, client_id: str) -> None:
        self._window = window
        self._id, self._done, self._number = client_id, False, 0
        self._chance = random.Random(5)

    def strike(self) -> float:
        """Make one change; milliseconds from its key to its paint."""
        self._number += 1
        do, text = self._chance.choice(["add", "edit", "toggle"]), f"Todo number {self._number}"
        self._type({"number": self._number, "do": do, "id": self._id, "text": text})
        key = self._window.said("key", number=self._number)
        if do == "toggle":
            self._done = not self._done
            paint = self._window.said("painted", after=key["ns"], client_id=self._id, completed=self._done)
        else:
            paint = self._window.painted(text, after=key["ns"])
        if do == "add":
            self._id, self._done = paint["client_id"], False
        return _milliseconds(key, paint)

    def _type(self, command: dict[str, Any]) -> None:
        assert self._window.process.stdin is not None
        self._window.process.stdin.write(json.dumps(command).encode() + b"\n")
        self._window.process.stdin.flush()


def _milliseconds(first: Event, then: Event) -> float:
    return float(then["ns"] - first["ns"]) / 1e6
