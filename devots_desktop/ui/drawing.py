"""What the list and the other parts of the window draw alike."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QFont, QFontMetrics, QPainter

from devots_desktop.ui import icons


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
