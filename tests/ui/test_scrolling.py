"""What scrolling draws."""

from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtGui import QPaintEvent
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
    view, drawn = window.view, Drawn(window.view.viewport())
    height = view.verticalHeader().defaultSectionSize()
    heights = []
    for row in range(1, 6):  # All of it may be drawn for another reason once or twice, while the window comes up.
        drawn.parts.clear()
        view.verticalScrollBar().setValue(row * height)
        qtbot.waitUntil(lambda: bool(drawn.parts))
        heights.append(sum(part.height() for part in drawn.parts))
    assert min(heights) <= 2 * height < view.viewport().height()
