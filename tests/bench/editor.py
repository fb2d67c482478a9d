"""The real program with somebody who edits at any place of its list: `python -m tests.bench.editor PROFILE`.

Commands are read from standard input, a JSON object a line: {"number": 1, "do": "toggle" | "edit" | "delete" | "undo" | "add", "row": 5, "text": "..."}.
The row is made the current one and painted first; then the keys are pressed. The trace tells the moment before the key that decides, and which todo it is:
{"event": "key", "at": CLOCK_MONOTONIC nanoseconds, "number": 1, "id": "..."}.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from devots_desktop.app import main
from devots_desktop.ui.trace import Trace
from devots_desktop.ui.window import MainWindow

Key = Qt.Key
_VERBS = {"add", "edit", "toggle", "delete", "undo"}
"""Names of the tasks that carry out what the keys ask for (ui/verbs.py)."""
_CTRL = Qt.KeyboardModifier.ControlModifier


class Editor(QObject):
    """Does what standard input says, one command at a time."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self._trace = trace
        self._input = QSocketNotifier(0, QSocketNotifier.Type.Read, self)
        self._input.activated.connect(lambda: self._prepare(json.loads(os.read(0, 1 << 16) or "null")))

    def _prepare(self, command: dict[str, Any] | None) -> None:
        """Go to the row; the keys follow when it has been painted."""
        self._input.setEnabled(command is not None)
        if command is None:
            return
        if _VERBS.intersection(task.get_name() for task in asyncio.all_tasks()):
            # The one before is painted, but still has to say so or to select what came back.
            QTimer.singleShot(0, lambda: self._prepare(command))
            return
        window = _window()
        if command["do"] == "add":
            window.view.scrollToTop()
            window.begin_todo()
            QTest.keyClicks(_focus(), command["text"])
        elif command["do"] != "undo":
            window.view.setFocus()
            # A key without Ctrl, which Qt would else take for held since the undo: the row would be added to the selection.
            QTest.keyClick(window.view, Key.Key_F24)
            window.view.setCurrentIndex(window.model.index(command["row"], 0))
        if command["do"] == "edit":
            QTest.keyClick(window.view, Key.Key_F2)
            QTest.keyClicks(_focus(), command["text"])
        QApplication.sync()
        QTimer.singleShot(0, lambda: self._press(command))

    def _press(self, command: dict[str, Any]) -> None:
        window = _window()
        current = window.model.todo(max(window.view.currentIndex().row(), 0))
        focus, at = _focus(), time.monotonic_ns()
        match command["do"]:
            case "toggle":
                QTest.keyClick(focus, Key.Key_Space)
            case "delete":
                QTest.keyClick(focus, Key.Key_Delete)
            case "undo":
                QTest.keyClick(window, Key.Key_Z, _CTRL)
            case _:
                QTest.keyClick(focus, Key.Key_Return)
        self._trace.event("key", at=at, number=command["number"], id=current.client_id if current else "")


def _window() -> MainWindow:
    return next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow))


def _focus() -> QWidget:
    focus = QApplication.focusWidget()
    if focus is None:
        raise RuntimeError("no widget has the focus")
    return focus


if __name__ == "__main__":
    app = QApplication(sys.argv[:1])
    editor = Editor(Trace(int(os.environ["DEVOTS_TRACE"])))
    sys.exit(main(["--profile", sys.argv[1]]))
