"""Scrolls a list and measures every frame, as standard input says: `python -m tests.bench.scroller ours PROFILE`, or `bare ROWS`.

`ours` is the real program on a profile; `bare` a QTableView with Qt's own delegate over texts in memory. For each line that it reads it scrolls through
the list in each way, and tells the milliseconds of the frames in the trace: {"event": "frames", "round": 1, "wheel": [...], "page": [...], "jump": [...]}.

A frame begins with the event, which goes to the widget that a hand would reach, and ends when the list is painted and the X server has the picture.
"""

import os
import random
import sys
import time
from collections.abc import Callable

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QPointF, QSocketNotifier, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QHeaderView, QMainWindow, QTableView

from devots_desktop.app import main
from devots_desktop.ui.trace import Trace
from devots_desktop.ui.window import MainWindow
from tests.bench.prepared import texts

FRAMES = 200
"""Of each way to scroll, in a round."""
ROW_HEIGHT = 40
_PATIENCE_S = 10.0
_ROOT = QModelIndex()


class Scroller(QObject):
    """Scrolls a list once for each line on standard input."""

    def __init__(self, find: Callable[[], QTableView], trace: Trace) -> None:
        """Scroll the list that `find` answers when it is wanted."""
        super().__init__()
        self._find = find
        self._trace = trace
        self._rounds = self._paints = 0
        self._chance = random.Random(5)
        self._input = QSocketNotifier(0, QSocketNotifier.Type.Read, self)
        self._input.activated.connect(self._take)

    def _take(self) -> None:
        self._input.setEnabled(False)  # A round goes through the event loop itself.
        for _ in os.read(0, 1 << 10).splitlines():
            self._rounds += 1
            self._trace.event("frames", round=self._rounds, **self._scroll(self._find()))
        self._input.setEnabled(True)

    def _scroll(self, view: QTableView) -> dict[str, list[float]]:
        view.window().setGeometry(view.screen().geometry())
        view.viewport().installEventFilter(self)
        bar = view.verticalScrollBar()
        bar.setValue(bar.maximum() // 2)
        ways: dict[str, Callable[[], None]] = {
            "wheel": lambda: _wheel(view, self._chance.choice([-360, -120, -120, -120, 120])),
            "page": lambda: _press(view, Qt.Key.Key_PageDown),
            "jump": lambda: bar.setValue(self._chance.randrange(bar.maximum())),
        }
        return {way: [self._frame(scroll) for _ in range(FRAMES)] for way, scroll in ways.items()}

    def _frame(self, scroll: Callable[[], None]) -> float:
        QApplication.sync()
        before, started = self._paints, time.perf_counter()
        scroll()
        while self._paints == before:
            QApplication.processEvents()
            if time.perf_counter() - started > _PATIENCE_S:
                raise RuntimeError("what should have scrolled was not painted")
        QApplication.sync()
        return round((time.perf_counter() - started) * 1e3, 3)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Count the paints of the list."""
        self._paints += event.type() is QEvent.Type.Paint
        return False


def _wheel(view: QTableView, turn: int) -> None:
    """Turn the wheel over the middle of the list; a notch is 120."""
    port = view.viewport()
    middle = port.rect().center()
    no = (Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase)
    QApplication.sendEvent(port, QWheelEvent(QPointF(middle), QPointF(port.mapToGlobal(middle)), QPoint(), QPoint(0, turn), *no, False))


def _press(view: QTableView, key: Qt.Key) -> None:
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(view, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier))


class _Texts(QAbstractTableModel):
    """Texts in memory."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._texts = list(texts(count))

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:  # noqa: N802 (Qt's name)
        return len(self._texts)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:  # noqa: N802 (Qt's name)
        return 1

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        return self._texts[index.row()] if role == Qt.ItemDataRole.DisplayRole else None


def _bare(count: int) -> QTableView:
    """The plainest list of as many rows, as high as ours are."""
    view = QTableView()
    view.setModel(_Texts(count))
    view.setShowGrid(False)
    view.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
    view.horizontalHeader().hide()
    view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    view.verticalHeader().hide()
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    return view


def _our_view() -> QTableView:
    return next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow)).view


def _run_bare(app: QApplication, count: int, trace: Trace) -> int:
    window, view = QMainWindow(), _bare(count)
    window.setCentralWidget(view)
    window.show()
    scroller = Scroller(lambda: view, trace)
    trace.event("ready")
    status = app.exec()
    scroller.deleteLater()
    return status


if __name__ == "__main__":
    app = QApplication(sys.argv[:1])
    trace = Trace(int(os.environ["DEVOTS_TRACE"]))
    kind, what = sys.argv[1:]
    if kind == "bare":
        sys.exit(_run_bare(app, int(what), trace))
    scroller = Scroller(_our_view, trace)
    sys.exit(main(["--profile", what]))
