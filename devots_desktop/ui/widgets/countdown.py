"""A button that cannot be pressed for a while, and says for how long."""

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton, QWidget

_LOOK_MS = 250


class CountdownButton(QPushButton):
    """A button whose server takes no further requests for a while. Its clock counts seconds and never goes back."""

    def __init__(
        self, words: str, *, clock: Callable[[], float] = time.monotonic, default: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(words, parent, default=default, autoDefault=default)
        self._clock = clock
        self._words = words
        self._until = 0.0
        self._busy = False
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def seconds(self) -> int:
        """How long it still cannot be pressed; begun seconds count."""
        return max(0, -int(-(self._until - self._clock()) // 1))

    def show_words(self, words: str) -> None:
        """Say this, with the countdown behind it."""
        self._words = words
        self.tick()

    def wait(self, seconds: float) -> None:
        """Take no press for so long."""
        self._until = self._clock() + seconds
        self._timer.start()
        self.tick()

    def set_busy(self, *, busy: bool) -> None:
        """Take no press either while something is being done."""
        self._busy = busy
        self.tick()

    def tick(self) -> None:
        """Show how long it still takes."""
        left = self.seconds
        if not left:
            self._timer.stop()
        shown = f"{self._words} ({_span(left)})" if left else self._words
        if shown != self.text():
            self.setText(shown)
        self.setEnabled(not left and not self._busy)


def _span(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60}:{seconds % 60:02}"
