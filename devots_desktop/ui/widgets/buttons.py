"""Small buttons beside other things: an icon, or a word."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_icon, scaled


class SmallButton(QAbstractButton):
    """The ground of both: what it looks like under the pointer, pressed, chosen and with the focus."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(name)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def draw_ground(self, painter: QPainter, colours: theme.Scheme) -> None:
        """Draw the ground."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.isDown():
            painter.setBrush(QColor(colours.selected))
            painter.drawRoundedRect(card, theme.RADIUS - 2, theme.RADIUS - 2)
        elif self.underMouse():
            painter.setBrush(QColor(colours.line))
            painter.drawRoundedRect(card, theme.RADIUS - 2, theme.RADIUS - 2)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(card, theme.RADIUS - 2, theme.RADIUS - 2)


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
    """A word in the accent colour."""

    def sizeHint(self) -> QSize:
        """As wide as the word."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + theme.SPACE * 3, max(theme.TARGET, metrics.height() + theme.SPACE))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        colours = theme.of(self)
        painter = QPainter(self)
        self.draw_ground(painter, colours)
        painter.setFont(scaled(self.font(), 0.93, bold=True))
        painter.setPen(QColor(colours.accent))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
