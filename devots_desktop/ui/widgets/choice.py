"""One of a few ways to go on: a card with an icon, a name and a sentence, which is pressed."""

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_card, draw_icon, leading, mirrored, scaled
from devots_desktop.ui.widgets.buttons import SmallButton

_PADDING = theme.SPACE * 2
_MOST = 10_000


class ChoiceCard(SmallButton):
    """Says what it stands for; a press goes on that way."""

    def __init__(self, icon: str, name: str, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._icon = icon
        self._sentence = sentence
        self.setAccessibleDescription(sentence)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def changeEvent(self, event: QEvent) -> None:
        """Grow with the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Wide enough for a line of its sentence."""
        width = self.fontMetrics().averageCharWidth() * 48
        return QSize(width, self.heightForWidth(width))

    def heightForWidth(self, width: int) -> int:
        """Room for the name and all of the sentence."""
        words = self._words(QRect(0, 0, width, _MOST))
        return words.top() + self._name_height() + self._sentence_box(words).height() + _PADDING

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        colours = theme.of(self)
        painter = QPainter(self)
        ground = colours.selected if self.isDown() else colours.hover if self.underMouse() else colours.base
        width, edge = (2, colours.accent) if self.hasFocus() else (1, colours.edge)
        draw_card(painter, self.rect(), ground, edge, width=width)
        size = theme.icon_size(self.fontMetrics())
        icon = QRect(QPoint(_PADDING, 0), QSize(size, self.height()))
        draw_icon(painter, mirrored(self.layoutDirection(), self.rect(), icon), self._icon, colours.accent, size)
        words = self._words(self.rect())
        name = QRect(words.topLeft(), QSize(words.width(), self._name_height()))
        painter.setFont(scaled(self.font(), 1.1, bold=True))
        painter.setPen(QColor(colours.text))
        painter.drawText(mirrored(self.layoutDirection(), self.rect(), name), leading(self.layoutDirection()), self.text())
        painter.setFont(self.font())
        painter.setPen(QColor(colours.muted))
        sentence = mirrored(self.layoutDirection(), self.rect(), words.adjusted(0, name.height(), 0, 0))
        painter.drawText(sentence, self._wrapped(), self._sentence)

    def _words(self, within: QRect) -> QRect:
        beside = _PADDING * 2 + theme.icon_size(self.fontMetrics())
        return within.adjusted(beside, _PADDING, -_PADDING, -_PADDING)

    def _name_height(self) -> int:
        return QFontMetrics(scaled(self.font(), 1.1, bold=True)).height() + theme.SPACE // 2

    def _sentence_box(self, words: QRect) -> QRect:
        return self.fontMetrics().boundingRect(words, self._wrapped(), self._sentence)

    def _wrapped(self) -> Qt.AlignmentFlag:
        side = leading(self.layoutDirection()) & ~Qt.AlignmentFlag.AlignVCenter
        return side | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
