"""Labels and tooltips that show text as it is: Qt would render HTML in them and load local images (ARCHITECTURE.md, decision 9)."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QWidget

from devots_desktop.ui.drawing import scaled

TEXT = QPalette.ColorRole.WindowText
MUTED = QPalette.ColorRole.PlaceholderText
ACCENT = QPalette.ColorRole.Link
DANGER = QPalette.ColorRole.BrightText


def plain_label(text: str = "", *, role: QPalette.ColorRole = TEXT, size: float = 1.0, bold: bool = False) -> QLabel:
    """A label that shows exactly this text, and whatever it is given later, as plain text.

    Args:
        role: which colour of the palette it has (ui/theme.py fills them all).
        size: times the size of the system's font.
    """
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setForegroundRole(role)
    if size != 1.0 or bold:
        label.setFont(scaled(label.font(), size, bold=bold))
    label.setText(text)
    return label


def plain_tooltip(widget: QWidget, text: str) -> None:
    """Give a widget a tooltip that shows exactly this text, wrapped where it is long."""
    # html.escape does no more between tags, and to load it takes 3 ms of the first paint.
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    widget.setToolTip(f"<span>{escaped}</span>" if text else "")
