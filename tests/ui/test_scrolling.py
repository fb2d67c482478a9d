"""What scrolling draws."""

from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from devots_desktop.ui.window import MainWindow
from tests.ui.places import Place


class Drawn(QObject):
    """The parts of a widget that were drawn since the last look."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.parts: list[QRect] = []
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if isinstance(event, QPaintEvent):
            self.parts.append(event.region().boundingRect())
        return False


def test_a_row_scrolled_into_view_is_drawn_alone(place: Place, qtbot: QtBot) -> None:
    place.add(*(f"Todo {number}" for number in range(100)))
    window = MainWindow(place.opened, place.accounts.all())
    window.hides = True
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    QApplication.processEvents()
    view, drawn = window.view, Drawn(window.view.viewport())
    height = view.verticalHeader().defaultSectionSize()
    view.verticalScrollBar().setValue(height)
    qtbot.waitUntil(lambda: bool(drawn.parts))
    assert sum(part.height() for part in drawn.parts) <= 2 * height < view.viewport().height()
