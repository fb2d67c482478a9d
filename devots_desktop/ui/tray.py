"""The tray icon, where the desktop has a tray, and notifications by it; else a line in the window."""

import sys
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.services.settings import Settings
from devots_desktop.ui import icons
from devots_desktop.ui.notify import Bursts, Notification, without_text
from devots_desktop.ui.trace import Trace


class Tray(QObject):
    """Tells bursts of changes from elsewhere, and offers the few things that a tray menu is for.

    Attributes:
        available: whether there is a tray icon; only then may the window hide.

    Signals:
        add_asked(), show_asked(), quit_asked(): chosen in the menu; a click on the icon shows the window.
        said(sentence): a notification where there is no tray to show it.
    """

    add_asked = Signal()
    show_asked = Signal()
    quit_asked = Signal()
    said = Signal(str)

    def __init__(self, trace: Trace | None = None, parent: QObject | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._trace = trace
        self._bursts = Bursts(clock)
        self._settings = Settings()
        self._soon = QTimer(self, singleShot=True)
        self._soon.timeout.connect(self._tell)
        self._menu = QMenu()
        for name, signal in (
            (self.tr("Add a todo…"), self.add_asked),
            (self.tr("Show Devots"), self.show_asked),
            (self.tr("Quit"), self.quit_asked),
        ):
            self._menu.addAction(name).triggered.connect(lambda _=False, signal=signal: signal.emit())
        self.available = QSystemTrayIcon.isSystemTrayAvailable()
        self._icon = QSystemTrayIcon(icons.program_icon(), self)
        self._icon.setToolTip("Devots")
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._on_activated)
        self._icon.messageClicked.connect(self.show_asked)
        if self.available:
            self._icon.show()

    def use(self, settings: Settings) -> None:
        """Tell as these settings say."""
        self._settings = settings

    def take(self, changes: ChangeSet) -> None:
        """Take what changed in an account."""
        if self._settings.notify:
            self._bursts.take(changes)
            self._wait()

    def close(self) -> None:
        """Take the icon away."""
        self._soon.stop()
        self._icon.hide()
        self._menu.deleteLater()

    def _wait(self) -> None:
        wait = self._bursts.wait()
        if wait is not None:
            # One more millisecond, because Qt's timers may fire early.
            self._soon.start(int(wait * 1000) + 1)

    def _tell(self) -> None:
        notification = self._bursts.due()
        if notification is None:
            self._wait()
            return
        if self._settings.hide_text:
            notification = without_text(notification)
        if self._trace is not None:
            self._trace.event("notified", count=notification.count)
        self._show(notification)

    def _show(self, notification: Notification) -> None:
        if self.available and QSystemTrayIcon.supportsMessages():
            self._icon.showMessage(notification.title, marked_up(notification.body), icons.program_icon())
        else:
            self.said.emit(f"{notification.title}: {notification.body}".replace("\n", "; "))

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self.show_asked.emit()


def marked_up(body: str, platform: str = sys.platform) -> str:
    """The body as the platform's notifications want it.

    On Linux it goes to a server that may render markup (Desktop Notifications Specification 1.2, "Markup"), and Qt passes it on as it is;
    elsewhere it is plain text.
    """
    from html import escape  # Its table of entities would be a megabyte of every start.

    return body if platform in {"win32", "darwin"} else escape(body, quote=False)
