"""Our icons: one style, drawn with one stroke, in whatever colour the place asks for."""

from functools import lru_cache

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from devots_desktop.bundled import bundled


@lru_cache(maxsize=128)
def pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """An icon in a colour.

    Args:
        size: width and height in device-independent pixels.
        ratio: device pixels in each of them.
    """
    drawn = QIcon(str(bundled("resources", "icons", f"{name}.svg"))).pixmap(QSize(size, size), ratio)
    painter = QPainter(drawn)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(QRect(0, 0, size, size), QColor(colour))
    painter.end()
    return drawn


def program_icon() -> QIcon:
    """The program's icon."""
    return QIcon(str(bundled("resources", "icons", "devots.svg")))
