"""What the list and the other parts of the window draw and do alike."""

from PySide6.QtCore import QEvent, QRect, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPen
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


def scaled(font: QFont, size: float, *, bold: bool = False) -> QFont:
    """A font of the type scale: `size` times the size of this one."""
    made = QFont(font)
    if made.pointSizeF() > 0:
        made.setPointSizeF(made.pointSizeF() * size)
    else:
        made.setPixelSize(round(made.pixelSize() * size))
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return made


def draw_field(painter: QPainter, box: QRect, colours: theme.Scheme, edge: str, *, strong: bool) -> None:
    """Draw the frame of a field that is typed into."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(edge), 2 if strong else 1))
    painter.setBrush(QColor(colours.base))
    painter.drawRoundedRect(QRectF(box).adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)


def leaves_undo(field: QLineEdit, event: QEvent) -> bool:
    """Whether this is the question if a key is the field's own, and it is an undo or redo that the field has nothing for: then it is the list's."""
    if event.type() is not QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    key = QKeySequence.StandardKey
    leaves = (event.matches(key.Undo) and not field.isUndoAvailable()) or (event.matches(key.Redo) and not field.isRedoAvailable())
    if leaves:
        event.ignore()
    return leaves
