"""The mark on a row that was changed elsewhere costs nothing while it stands."""

from PySide6.QtCore import QEvent, QObject
from pytestqt.qtbot import QtBot

from devots_desktop.ui.window import MainWindow
from tests.ui.places import Place
from tests.ui.test_window import elsewhere, fill


class Paints(QObject):
    """Counts how often a widget is painted."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        self.count += event.type() is QEvent.Type.Paint
        return False


def test_a_mark_is_drawn_when_it_comes_and_while_it_fades_and_not_in_between(window: MainWindow, place: Place, qtbot: QtBot) -> None:
    (own,) = fill(window, place, "own")
    paints = Paints()
    window.view.viewport().installEventFilter(paints)
    place.edit(own, "theirs")
    window.apply(elsewhere(place.news()))
    assert window.view.rows.flashing == {window.model.key(0): 1.0}
    qtbot.waitUntil(lambda: window.view.rows.flashing == {}, timeout=10_000)
    # A fade of 150 ms has at most ten frames; a mark that is drawn all the time would take more than fifty.
    assert 1 <= paints.count < 25
