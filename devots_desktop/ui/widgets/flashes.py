"""Marks on rows that were changed elsewhere, for a moment."""

import time
from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from devots_desktop.ui import theme

_FLASH_S = 0.9
_FRAME_MS = 16


class Flashes(QObject):
    """The marks of one list: each stands, then fades in at most `theme.MOTION_MS`; without motion it only stands."""

    def __init__(self, view: QWidget, show: Callable[[dict[int, float]], None]) -> None:
        """Mark rows of a view.

        Args:
            show: takes how strong each mark is now, by key: 0 to 1.
        """
        super().__init__(view)
        self._view = view
        self._show = show
        self._ends: dict[int, float] = {}
        self.timer = QTimer(self, singleShot=True)
        self.timer.timeout.connect(self.fade)

    def add(self, keys: Iterable[int]) -> None:
        """Mark the rows of these keys."""
        ends = time.monotonic() + _FLASH_S
        self._ends.update(dict.fromkeys(keys, ends))
        if self._ends:
            self.fade()

    def fade(self) -> None:
        """Show the marks as they are now. While one stands nothing is drawn: news that come meanwhile have the thread to themselves."""
        now, fade = time.monotonic(), theme.MOTION_MS / 1000 if theme.moves(self._view) else 0.0
        self._ends = {key: ends for key, ends in self._ends.items() if ends > now}
        self._show({key: min(1.0, (ends - now) / fade) if fade else 1.0 for key, ends in self._ends.items()})
        if self._ends:
            stands = min(self._ends.values()) - fade - now
            self.timer.start(max(_FRAME_MS, int(stands * 1000) + 1))
