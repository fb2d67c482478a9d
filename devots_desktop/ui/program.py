"""The program with a window: start-up in the order that puts the list on screen first, and the way out."""

import os
import sys
from pathlib import Path

from PySide6.QtCore import QEventLoop as NestedLoop
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from devots_desktop.domain.errors import DevotsError
from devots_desktop.services import settings
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.notices import unclean_end
from devots_desktop.services.running import Running
from devots_desktop.store.profile import Profile
from devots_desktop.ui import icons, theme, window_state
from devots_desktop.ui.theme import colour_scheme
from devots_desktop.ui.trace import open_trace
from devots_desktop.ui.window import MainWindow
from devots_desktop.ui.window_state import OPEN_MARK

_FIRST_PAINT_MS = 2_000
_WAIT = NestedLoop.ProcessEventsFlag.WaitForMoreEvents


def run(folder: Path) -> int:
    """Run the window of a profile until the user quits; answer the exit status."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)  # noqa: S101 (made by us or by a test)
    app.setApplicationName("Devots")
    app.setDesktopFileName("devots")
    app.setQuitOnLastWindowClosed(False)
    theme.apply(app, colour_scheme(settings.load(folder).appearance))
    trace = open_trace(os.environ)
    try:
        profile = Profile(folder)
        if _hand_over(profile.folder):
            return 0
        accounts = Accounts(profile)
        running = Running(profile.folder)
        if running.begin():
            accounts.suspicious = True
            accounts.notices.add(unclean_end())
        opened = accounts.open(accounts.current())
        window = MainWindow(opened, accounts.all(), trace, sort=window_state.sort_of(profile.folder))
    except DevotsError as error:
        return _show_trouble(app, error)
    window_state.restore(window, profile.folder)
    window.show()
    window.activateWindow()  # where no window manager does it, shortcuts would be dead
    _paint(app, window)
    if trace is not None:
        trace.event("first-paint")
    import asyncio

    from devots_desktop.services import logs

    logs.start(profile.folder)
    os.environ.setdefault("QT_API", "pyside6")
    from qasync import QEventLoop

    from devots_desktop.ui.session import Session

    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        status = runner.run(Session(profile, accounts, opened, window, trace).run())
    running.end()
    return status


def _hand_over(folder: Path) -> bool:
    """Bring a window that this profile has already to the front."""
    if not (folder / OPEN_MARK).exists():
        return False
    from devots_desktop.services import wake  # Sockets cost 10 ms, which only a second start has to pay.

    return wake.ping(folder, wake.SHOW)


def _paint(app: QApplication, window: MainWindow) -> None:
    """Let the window appear before anything else is loaded. What the user types meanwhile waits for the verbs."""
    late = QTimer(singleShot=True, interval=_FIRST_PAINT_MS)
    late.start()
    while not window.painted and late.isActive():
        app.processEvents(_WAIT | NestedLoop.ProcessEventsFlag.ExcludeUserInputEvents)


def _show_trouble(app: QApplication, error: DevotsError) -> int:
    from devots_desktop.ui.trouble import TroubleWindow

    trouble = TroubleWindow(error)
    trouble.setWindowIcon(icons.program_icon())
    trouble.show()
    sys.stderr.write(f"{error}\n")
    while trouble.isVisible():
        app.processEvents(_WAIT)
    return 1
