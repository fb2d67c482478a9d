"""Ctrl+C and SIGTERM end the program in order."""

import signal
import socket
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier


class QuitSignals(QObject):
    """Calls back when the program is asked to end from outside.

    Python runs its signal handlers between bytecodes, and while Qt waits for events there are none: the number of the signal is also
    written to a socket (`signal.set_wakeup_fd`), which Qt watches, so that no timer has to tick for it.
    """

    def __init__(self, on_quit: Callable[[], None], parent: QObject | None = None) -> None:
        """Listen until `close`."""
        super().__init__(parent)
        self._inner, self._outer = socket.socketpair()
        for end in (self._inner, self._outer):
            end.setblocking(False)
        self._before = {number: signal.signal(number, lambda *_: None) for number in _NUMBERS}
        self._wakeup = signal.set_wakeup_fd(self._outer.fileno(), warn_on_full_buffer=False)
        self._notifier = QSocketNotifier(self._inner.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(lambda: self._take(on_quit))

    def close(self) -> None:
        """Put everything back."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._inner.close()
        self._outer.close()

    def _take(self, on_quit: Callable[[], None]) -> None:
        if set(self._inner.recv(64)) & set(_NUMBERS):
            on_quit()


_NUMBERS = (signal.SIGINT,) if sys.platform == "win32" else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
