"""Small buttons beside other things: an icon, or a word."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_card, draw_check, draw_icon, leading, mirrored, scaled


class SmallButton(QAbstractButton):
    """The ground of both: what it looks like under the pointer, pressed, chosen and with the focus."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(name)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_words(self, words: str) -> None:
        """Say this now."""
        if words != self.text():
            self.setText(words)
            self.setAccessibleName(words)
            self.updateGeometry()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses it, too; Qt knows only Space."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
        else:
            super().keyPressEvent(event)

    def draw_ground(self, painter: QPainter, colours: theme.Scheme, ground: str | None = None) -> None:
        """Draw the ground; `ground` is its colour while nothing happens to the button."""
        if self.isChecked() or self.isDown():
            ground = colours.selected
        elif self.underMouse():
            ground = colours.line
        draw_card(painter, self.rect(), ground, colours.accent if self.hasFocus() else None, width=2, radius=theme.RADIUS - 2)


class IconButton(SmallButton):
    """An icon; its name is for screen readers and the tool tip."""

    def __init__(self, icon: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._icon = icon

    def sizeHint(self) -> QSize:
        """A square around the icon."""
        side = max(theme.TARGET + 4, theme.icon_size(self.fontMetrics()) + theme.SPACE)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        colours = theme.of(self)
        painter = QPainter(self)
        self.draw_ground(painter, colours)
        colour = colours.accent if self.isChecked() else colours.text if self.underMouse() else colours.muted
        draw_icon(painter, self.rect(), self._icon, colour, theme.icon_size(self.fontMetrics()))


class WordButton(SmallButton):
    """A word in the accent colour on a tinted ground, whose edge stands on the grid."""

    def sizeHint(self) -> QSize:
        """As wide as the word."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + theme.SPACE * 3, max(theme.TARGET, metrics.height() + theme.SPACE))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        colours = theme.of(self)
        painter = QPainter(self)
        self.draw_ground(painter, colours, colours.selected)
        painter.setFont(scaled(self.font(), 0.93, bold=True))
        painter.setPen(QColor(colours.text if self.underMouse() else colours.accent))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class QuietButton(SmallButton):
    """A sentence that stands back, and says more when it is pressed."""

    def _font(self) -> QFont:
        return scaled(self.font(), 0.93)

    def sizeHint(self) -> QSize:
        """As wide as the words."""
        metrics = QFontMetrics(self._font())
        return QSize(metrics.horizontalAdvance(self.text()) + theme.SPACE * 2, max(theme.TARGET, metrics.height() + theme.SPACE))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        colours = theme.of(self)
        painter = QPainter(self)
        self.draw_ground(painter, colours)
        painter.setFont(self._font())
        painter.setPen(QColor(colours.text if self.underMouse() else colours.muted))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class CheckButton(SmallButton):
    """The circle of a todo with a word beside it; its name says what a click does."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._word, self._done = "", False

    def show_done(self, word: str, name: str, *, done: bool) -> None:
        """Show whether it is done.

        Args:
            word: says so.
            name: says what a click would do.
        """
        self._word, self._done = word, done
        self.setAccessibleName(name)
        self.updateGeometry()
        self.update()

    def _font(self) -> QFont:
        return scaled(self.font(), 1.1, bold=True)

    def sizeHint(self) -> QSize:
        """The circle and its word."""
        metrics = QFontMetrics(self._font())
        height = max(theme.TARGET + 4, metrics.height() + theme.SPACE)
        return QSize(height + metrics.horizontalAdvance(self._word) + theme.SPACE * 3 // 2, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        colours = theme.of(self)
        painter = QPainter(self)
        self.draw_ground(painter, colours)
        side = self.height()
        width = round(side * 0.56)
        circle = QRectF(theme.SPACE // 2, (side - width) // 2, width, width)
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            circle.moveRight(self.width() - circle.left())
        draw_check(painter, circle, colours, done=self._done, warm=self.underMouse())
        painter.setFont(self._font())
        painter.setPen(QColor(colours.text))
        words = mirrored(self.layoutDirection(), self.rect(), self.rect().adjusted(width + theme.SPACE * 3 // 2, 0, 0, 0))
        painter.drawText(words, leading(self.layoutDirection()), self._word)


def follow(before: QWidget, widgets: Sequence[QWidget]) -> None:
    """Let Tab lead from a widget to these, one after the other: what is new in a window would come last."""
    for widget in widgets:
        QWidget.setTabOrder(before, widget)
        before = widget
