"""Our icons: one style, drawn with one stroke, in whatever colour the place asks for."""

from functools import lru_cache

from PySide6 import QtGui
from PySide6.QtGui import QPixmap

from devots_desktop.bundled import bundled

_STROKE = "#000"
_SIZE = 'width="20" height="20"'
"""As they stand in the files."""


@lru_cache(maxsize=128)
def pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """An icon in a colour.

    Args:
        size: width and height in device-independent pixels.
        ratio: device pixels in each of them.
    """
    pixels = round(size * ratio)
    file = bundled("resources", "icons", f"{name}.svg").read_text(encoding="utf-8")
    drawn = QPixmap()
    drawn.loadFromData(file.replace(_SIZE, f'width="{pixels}" height="{pixels}"', 1).replace(_STROKE, colour).encode(), "svg")
    drawn.setDevicePixelRatio(ratio)
    return drawn


def program_icon() -> "QtGui.QIcon":
    """The program's icon."""
    return QtGui.QIcon(str(bundled("resources", "icons", "devots.svg")))
