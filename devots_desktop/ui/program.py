"""The program with a window: the list is put on screen before anything else is loaded; then the session runs until the user quits."""

import os
import sys
from pathlib import Path

from PySide6.QtCore import QEventLoop as NestedLoop
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from devots_desktop.domain.errors import DevotsError
from devots_desktop.services import settings
from devots_desktop.services.start import Start
from devots_desktop.ui import theme, window_state
from devots_desktop.ui.trace import Trace, open_trace
from devots_desktop.ui.window import MainWindow

_FIRST_PAINT_MS = 2_000


def run(start: Start) -> int:
    """Run the window until the user quits; answer the exit status."""
    app = make_application()
    theme.apply(app, start.settings.appearance)
    trace, folder = open_trace(os.environ), start.profile.folder
    try:
        window = MainWindow(start.opened, start.accounts.all(), trace, sort=window_state.sort_of(folder))
    except DevotsError as error:
        start.running.end()
        return _show_trouble(app, error)
    window_state.restore(window, folder)
    window.show()
    window.activateWindow()  # where no window manager does it, shortcuts would be dead
    _paint(app, window)
    if trace is not None:
        trace.event("first-paint")
    status = _go_on(start, app, window, trace)
    start.running.end()
    return status


def make_application() -> QApplication:
    """Qt's application: this process's, where a test has made one."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)  # noqa: S101 (made by us or by a test)
    app.setApplicationName("Devots")
    app.setDesktopFileName("devots")
    app.setQuitOnLastWindowClosed(False)
    return app


def show_trouble(folder: Path, error: DevotsError) -> int:
    """Show why there is no list, until the user closes it; answer the exit status."""
    app = make_application()
    theme.apply(app, settings.load(folder).appearance)
    return _show_trouble(app, error)


def _show_trouble(app: QApplication, error: DevotsError) -> int:
    from devots_desktop.ui import icons
    from devots_desktop.ui.trouble import TroubleWindow

    trouble = TroubleWindow(error)
    trouble.setWindowIcon(icons.program_icon())
    trouble.show()
    sys.stderr.write(f"{error}\n")
    while trouble.isVisible():
        app.processEvents(NestedLoop.ProcessEventsFlag.WaitForMoreEvents)
    return 1


def _paint(app: QApplication, window: MainWindow) -> None:
    """Let the window appear before anything else is loaded. What the user types meanwhile waits for the verbs."""
    late = QTimer(singleShot=True, interval=_FIRST_PAINT_MS)
    late.start()
    wait = NestedLoop.ProcessEventsFlag.WaitForMoreEvents
    while not window.painted and late.isActive():
        app.processEvents(wait | NestedLoop.ProcessEventsFlag.ExcludeUserInputEvents)


def _go_on(start: Start, app: QApplication, window: MainWindow, trace: Trace | None) -> int:
    """Load the rest, and run it in an asyncio loop."""
    import asyncio

    from devots_desktop.services import logs

    logs.start(start.profile.folder)
    os.environ.setdefault("QT_API", "pyside6")
    from qasync import QEventLoop

    from devots_desktop.ui.session import Session

    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        return runner.run(Session(start.profile, start.accounts, start.opened, window, trace).run())
