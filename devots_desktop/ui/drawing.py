"""What the list and the other parts of the window draw and do alike."""

from PySide6 import QtGui
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QLineEdit

from devots_desktop.ui import icons, theme


def row_height(metrics: QFontMetrics) -> int:
    """The height of a row for a font."""
    return max(40, metrics.height() + 22)


def draw_icon(painter: QPainter, zone: QRect, name: str, colour: str, size: int = 20) -> None:
    """Draw an icon in the middle of a zone."""
    # Not from painter.device(): finding the type of that is as dear as of a viewport (widgets/todo_view.py).
    drawn = icons.pixmap(name, colour, size, painter.deviceTransform().m11())
    place = QRect(0, 0, size, size)
    place.moveCenter(zone.center())
    painter.drawPixmap(place, drawn)


def mirrored(direction: Qt.LayoutDirection, within: QRect, place: QRect) -> QRect:
    """A place as it lies in a window of this direction: QStyle.visualRect, without the 566 names that come with QStyle."""
    if direction is not Qt.LayoutDirection.RightToLeft:
        return place
    return place.translated(within.left() + within.right() - place.left() - place.right(), 0)


def leading(direction: Qt.LayoutDirection) -> Qt.AlignmentFlag:
    """Where text begins in a window of this direction, whatever the direction of the text itself."""
    side = Qt.AlignmentFlag.AlignRight if direction is Qt.LayoutDirection.RightToLeft else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter


def scaled(font: QFont, size: float, *, bold: bool = False) -> QFont:
    """A font of the type scale: `size` times the size of this one."""
    made = QFont(font)
    if made.pointSizeF() > 0:
        made.setPointSizeF(made.pointSizeF() * size)
    else:
        made.setPixelSize(round(made.pixelSize() * size))
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return made


def draw_card(
    painter: QPainter, box: QRect, ground: str | None, edge: str | None = None, *, width: int = 1, radius: int = theme.RADIUS
) -> None:
    """Draw a rounded ground, an edge around it, or both; the edge lies within the box, on whole pixels, so that it is sharp."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(edge), width) if edge else Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ground) if ground else Qt.BrushStyle.NoBrush)
    inset = width / 2 if edge else 0.0
    painter.drawRoundedRect(QRectF(box).adjusted(inset, inset, -inset, -inset), radius - inset, radius - inset)


def draw_check(painter: QPainter, circle: QRectF, colours: theme.Scheme, *, done: bool, warm: bool) -> None:
    """Draw the circle that says whether a todo is done.

    Args:
        warm: the pointer is over it: it shows what a click would draw.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    width, accent = circle.width(), QColor(colours.accent)
    painter.setPen(QPen(accent if done or warm else QColor(colours.edge), max(1.5, width / 12)))
    painter.setBrush(accent if done else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(circle)
    if done or warm:
        pen = QPen(QColor(colours.on_accent) if done else accent, max(1.6, width / 9.5))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        points = ((0.29, 0.52), (0.44, 0.66), (0.71, 0.36))
        painter.drawPolyline([circle.topLeft() + QPointF(x * width, y * width) for x, y in points])


def leaves_undo(field: QLineEdit, event: QEvent) -> bool:
    """Whether this is the question if a key is the field's own, and it is an undo or redo that the field has nothing for: then it is the list's."""
    if event.type() is not QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    key = QtGui.QKeySequence.StandardKey
    leaves = (event.matches(key.Undo) and not field.isUndoAvailable()) or (event.matches(key.Redo) and not field.isRedoAvailable())
    if leaves:
        event.ignore()
    return leaves
