"""Why the account is as it is: said on a click on its state, and kept current while nothing else tells."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from devots_desktop.domain.account import Live
from devots_desktop.services.account import OpenAccount
from devots_desktop.ui import wording
from devots_desktop.ui.window import MainWindow

_LOOK_MS = 20_000
"""While the server is only asked now and then, no change of the list tells of the contact."""


class Standing(QObject):
    """Explains the state of the account on screen."""

    def __init__(self, window: MainWindow, current: Callable[[], OpenAccount]) -> None:
        """Serve a window from now on.

        Args:
            current: the account on screen.
        """
        super().__init__(window)
        self._window = window
        self._current = current
        window.status_line.why_asked.connect(self.explain)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def explain(self) -> None:
        """Say why the account is as it is, and what to do next."""
        opened = self._current()
        self._window.status_line.say(wording.why(opened.status, opened.lists.counts()))

    def _look(self) -> None:
        if self._window.isVisible() and self._current().status.live not in {Live.LIVE, Live.LOCAL}:
            self._window.recount()
