"""What stands where a list has no rows: what to do next."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_card, draw_icon
from devots_desktop.ui.widgets.buttons import WordButton
from devots_desktop.ui.widgets.labels import MUTED, plain_label

_DISC, _ICON = 88, 40


class EmptyState(QWidget):
    """An icon, a heading, a sentence, and perhaps a button.

    Signals:
        taken(): the button was clicked.
    """

    taken = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = plain_label(size=1.25, bold=True)
        self.sentence = plain_label(role=MUTED)
        self.sentence.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE * 4, 0, theme.SPACE * 4, theme.SPACE * 4)
        column.setSpacing(theme.SPACE)
        column.addStretch(2)
        self._picture = _Picture()
        column.addWidget(self._picture, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(theme.SPACE)
        for label in (self.heading, self.sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        self._button: WordButton | None = None
        self._column = column
        column.addStretch(3)

    def say(self, heading: str, sentence: str, icon: str = "done", offer: str = "") -> None:
        """Say what is empty, and what to do next.

        Args:
            offer: the word on the button; "" for none.
        """
        if offer and self._button is None:
            self._button = WordButton(offer)
            self._button.clicked.connect(self.taken)
            self.setFocusProxy(self._button)
            self._column.insertSpacing(self._column.count() - 1, theme.SPACE)
            self._column.insertWidget(self._column.count() - 1, self._button, alignment=Qt.AlignmentFlag.AlignHCenter)
        if self._button is not None:
            self._button.setVisible(bool(offer))
        self._picture.icon = icon
        self._picture.update()
        self.heading.setText(heading)
        self.sentence.setText(sentence)


class _Picture(QWidget):
    icon = "done"

    def sizeHint(self) -> QSize:
        return QSize(_DISC, _DISC)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.of(self)
        painter = QPainter(self)
        draw_card(painter, self.rect(), colours.selected, radius=_DISC // 2)
        draw_icon(painter, self.rect(), self.icon, colours.accent, _ICON)
