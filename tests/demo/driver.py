"""The real program with somebody at its keyboard: `python -m tests.demo.driver PROFILE`.

The program runs as it is; beside it, in the same process, commands are read from standard input, a JSON object a line, and typed as key events
into the widgets that have the focus. Nothing of the program is called but Qt's own keyboard. Each command is answered in the trace by
{"event": "key", "number": n, "ns": when the key that decides was pressed}.

    {"number": 1, "do": "add", "text": "..."}              Ctrl+N, the text, Enter
    {"number": 2, "do": "edit", "id": "...", "text": "..."}   arrow keys to the row, F2, the text, Enter
    {"number": 3, "do": "toggle" | "delete", "id": "..."}     arrow keys to the row, Space or Delete
"""

import json
import os
import sys
import time
from collections import deque
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from devots_desktop.app import main
from devots_desktop.ui.models.todo_list import TodoListModel
from devots_desktop.ui.window import MainWindow

Key = Qt.Key


class Typist(QObject):
    """Types what standard input says, one command in each round of the event loop."""

    def __init__(self, trace: int) -> None:
        """Tell the moments of the keys on the trace's descriptor."""
        super().__init__()
        self._trace = trace
        self._waiting: deque[dict[str, Any]] = deque()
        self._rest = b""
        self._input = QSocketNotifier(0, QSocketNotifier.Type.Read, self)
        self._input.activated.connect(self._take)

    def _take(self) -> None:
        read = os.read(0, 1 << 16)
        self._input.setEnabled(bool(read))
        *lines, self._rest = (self._rest + read).split(b"\n")
        for line in lines:
            self._waiting.append(json.loads(line))
            QTimer.singleShot(0, self._type_next)

    def _type_next(self) -> None:
        if _window().view.state() is QAbstractItemView.State.EditingState:
            # Enter closes the editor in a later round of the event loop, which is sooner than any finger's next key.
            QTimer.singleShot(0, self._type_next)
            return
        command = self._waiting.popleft()
        match command["do"]:
            case "add":
                QTest.keyClick(_window(), Key.Key_N, Qt.KeyboardModifier.ControlModifier)
                QTest.keyClicks(_focus(), command["text"])
                self._decide(Key.Key_Return, command)
            case "edit":
                _go_to(command["id"])
                QTest.keyClick(_focus(), Key.Key_F2)
                QTest.keyClicks(_focus(), command["text"])
                self._decide(Key.Key_Return, command)
            case how:
                _go_to(command["id"])
                self._decide({"toggle": Key.Key_Space, "delete": Key.Key_Delete}[how], command)

    def _decide(self, key: Qt.Key, command: dict[str, Any]) -> None:
        """Press the key that makes the change, and tell when."""
        focus, at = _focus(), time.monotonic_ns()
        QTest.keyClick(focus, key)
        line = json.dumps({"event": "key", "ns": at, "number": command["number"]}) + "\n"
        os.write(self._trace, line.encode())


def _window() -> MainWindow:
    return next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow))


def _focus() -> QWidget:
    focus = QApplication.focusWidget()
    if focus is None:
        raise RuntimeError("no widget has the focus")
    return focus


def _go_to(client_id: str) -> None:
    """Move the focus into the list and the current row to a todo, by keys."""
    view = _window().view
    if not view.hasFocus():
        QTest.keyClick(_window(), Key.Key_N, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(_focus(), Key.Key_Tab)
    if _focus() is not view:
        raise RuntimeError(f"Tab led to {_focus()}")
    steps = _row(_window().model, client_id) - view.currentIndex().row()
    for _ in range(abs(steps)):
        QTest.keyClick(view, Key.Key_Down if steps > 0 else Key.Key_Up)


def _row(model: TodoListModel, client_id: str) -> int:
    shown = (model.todo(row) for row in range(model.rowCount()))
    return next(row for row, todo in enumerate(shown) if todo and todo.client_id == client_id)


if __name__ == "__main__":
    app = QApplication(sys.argv[:1])
    typist = Typist(int(os.environ["DEVOTS_TRACE"]))
    sys.exit(main(["--profile", sys.argv[1]]))
