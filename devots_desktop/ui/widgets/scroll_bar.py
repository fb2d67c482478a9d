"""A slim scroll bar for platforms whose style has none of its own."""

from collections.abc import Callable

from PySide6 import QtWidgets
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollBar, QWidget

from devots_desktop.ui import theme

_WIDTH = theme.SPACE * 2


class SlimScrollBar(QScrollBar):
    """A rounded handle on no ground; how it is dragged and clicked stays the style's affair."""

    def __init__(self, parent: QWidget | None = None, *, known: Callable[[], bool] = lambda: True) -> None:
        """Make one.

        Args:
            known: whether it is known how long the list is; until then there is no handle.
        """
        super().__init__(Qt.Orientation.Vertical, parent)
        self._known = known
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        """Slimmer than the style's."""
        return QSize(_WIDTH, super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the handle only, and that only where there is something to scroll."""
        if self.maximum() <= self.minimum() or not self._known():
            return
        option = QtWidgets.QStyleOptionSlider()
        self.initStyleOption(option)
        style = QtWidgets.QStyle
        handle = self.style().subControlRect(style.ComplexControl.CC_ScrollBar, option, style.SubControl.SC_ScrollBarSlider, self)
        colours = theme.of(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.muted if self.underMouse() or self.isSliderDown() else colours.edge))
        bar = QRectF(handle).adjusted(6, 2, -5, -2)
        painter.setOpacity(0.9 if self.underMouse() else 0.55)
        painter.drawRoundedRect(bar, bar.width() / 2, bar.width() / 2)
