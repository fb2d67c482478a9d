"""The text of a row in which a search has found something: with marks below what was found."""

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QStyleOptionViewItem

from devots_desktop.domain.search import marks
from devots_desktop.domain.text import one_line
from devots_desktop.domain.todo import Todo
from devots_desktop.ui import theme

_BEFORE = 16
"""Characters shown before a place that would not fit on the line."""
_LOOKED_AT = 10_000


def draw_found(painter: QPainter, zone: QRect, todo: Todo, words: str, option: QStyleOptionViewItem, colours: theme.Scheme) -> None:
    """Draw a todo's text with its marks into a zone, with the font and the pen that the painter has."""
    metrics = QFontMetrics(painter.font())
    text = _from_first_mark(one_line(todo.text[:_LOOKED_AT]), words, metrics, zone.width())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, zone.width())
    layout = QTextLayout(shown, painter.font())
    wrap = QTextOption()
    wrap.setWrapMode(QTextOption.WrapMode.NoWrap)
    wrap.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
    layout.setTextOption(wrap)
    layout.setFormats([_range(shown, start, end, colours) for start, end in marks(shown, words)])
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(1 << 20)
    layout.endLayout()
    # The line is as wide as may be; where its text lies in it depends on the text's own direction.
    used = line.naturalTextRect()
    right_to_left = option.direction is Qt.LayoutDirection.RightToLeft
    left = zone.right() + 1 - used.width() if right_to_left else zone.left()
    layout.draw(painter, QPointF(left - used.left(), zone.top() + (zone.height() - line.height()) / 2))


def _range(text: str, start: int, end: int, colours: theme.Scheme) -> QTextLayout.FormatRange:
    """A mark; Qt counts in units of UTF-16."""
    mark = QTextLayout.FormatRange()
    mark.start = _units(text[:start])
    mark.length = _units(text[start:end])
    style = QTextCharFormat()
    style.setBackground(QBrush(QColor(colours.found)))
    style.setForeground(QBrush(QColor(colours.text)))
    mark.format = style
    return mark


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _from_first_mark(text: str, words: str, metrics: QFontMetrics, width: int) -> str:
    """The text from a little before the first place found, where that would not fit on the line."""
    found = marks(text, words)
    if not found or metrics.horizontalAdvance(text[: found[0][1] + 2]) < width:
        return text
    start = max(0, found[0][0] - _BEFORE)
    return "…" + text[start:]
