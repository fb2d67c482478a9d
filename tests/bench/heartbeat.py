"""The real program with a heartbeat on its window's thread: `python -m tests.bench.heartbeat PROFILE`.

Each time that the thread was away for longer than a few milliseconds, the trace says so: {"event": "stall", "ns": when it came back, "ms": how long}.
"""

import os
import sys
import time

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from devots_desktop.app import main
from devots_desktop.ui.trace import Trace

_EVERY_MS = 2
_WORTH_TELLING_MS = 6.0


class Heart(QObject):
    """Beats in each round of the event loop, every two milliseconds at the most."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self._trace = trace
        self._last = 0
        self._timer = QTimer(self, interval=_EVERY_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.monotonic_ns()
        away = (now - self._last) / 1e6 - _EVERY_MS
        if self._last and away > _WORTH_TELLING_MS:
            self._trace.event("stall", ms=round(away, 2))
        self._last = time.monotonic_ns()


if __name__ == "__main__":
    app = QApplication(sys.argv[:1])
    heart = Heart(Trace(int(os.environ["DEVOTS_TRACE"])))
    sys.exit(main(["--profile", sys.argv[1]]))
