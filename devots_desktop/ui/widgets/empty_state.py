"""What stands where a list has no rows: what to do next."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_icon
from devots_desktop.ui.widgets.labels import MUTED, plain_label

_ICON = 56


class EmptyState(QWidget):
    """An icon, a heading and a sentence."""

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
        column.addStretch(3)

    def say(self, heading: str, sentence: str, icon: str = "done") -> None:
        """Say what is empty, and what to do next."""
        self._picture.icon = icon
        self._picture.update()
        self.heading.setText(heading)
        self.sentence.setText(sentence)


class _Picture(QWidget):
    icon = "done"

    def sizeHint(self) -> QSize:
        return QSize(_ICON, _ICON)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), self.rect(), self.icon, theme.of(self).edge, _ICON)
