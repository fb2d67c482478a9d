"""Marks on rows that were changed elsewhere, for a moment."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from devots_desktop.ui import theme

if TYPE_CHECKING:
    from devots_desktop.ui.widgets.todo_view import TodoView

_FLASH_S = 0.9
_FRAME_MS = 16


class Flashes(QObject):
    """The marks of one view: each stands, then fades in at most `theme.MOTION_MS`; without motion it only stands."""

    def __init__(self, view: "TodoView") -> None:
        super().__init__(view)
        self._view = view
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
        """Draw the rows whose mark changes. While a mark stands nothing is drawn: news that come meanwhile have the thread to themselves."""
        view = self._view
        now, fade = time.monotonic(), theme.MOTION_MS / 1000 if theme.moves(view) else 0.0
        self._ends = {key: ends for key, ends in self._ends.items() if ends > now}
        before = view.rows.flashing
        view.rows.flashing = {key: min(1.0, (ends - now) / fade) if fade else 1.0 for key, ends in self._ends.items()}
        view.redraw({key for key in before.keys() | view.rows.flashing.keys() if before.get(key) != view.rows.flashing.get(key)})
        if self._ends:
            stands = min(self._ends.values()) - fade - now
            self.timer.start(max(_FRAME_MS, int(stands * 1000) + 1))
