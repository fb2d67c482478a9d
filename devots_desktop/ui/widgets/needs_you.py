"""What the server refused, with the reason: nothing of it is thrown away."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from devots_desktop.domain.text import one_line
from devots_desktop.store.lists import Lists
from devots_desktop.store.parking import Parked
from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_card, draw_icon, mirrored
from devots_desktop.ui.widgets.labels import MUTED, plain_label
from devots_desktop.ui.widgets.scroll_bar import SlimScrollBar

_SHOWN = 200


class NeedsYou(QScrollArea):
    """The parked changes, newest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Needs you"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        if theme.is_plain():
            self.setVerticalScrollBar(SlimScrollBar())

    def show_parked(self, lists: Lists) -> None:
        """Show what an account has parked; of very much, the newest."""
        parked = lists.parked()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.SPACE * 2, theme.SPACE, theme.SPACE * 2, theme.SPACE * 2)
        column.setSpacing(theme.SPACE)
        why = plain_label(self.tr("The server did not take these changes. They are kept here until you decide."), role=MUTED)
        why.setWordWrap(True)
        column.addWidget(why)
        column.addSpacing(theme.SPACE)
        for each in parked[:_SHOWN]:
            column.addWidget(_Entry(_text(each, lists), each.reason))
        if len(parked) > _SHOWN:
            column.addWidget(plain_label(f"{len(parked) - _SHOWN:,} more", role=MUTED))
        column.addStretch(1)
        self.setWidget(page)


def _text(parked: Parked, lists: Lists) -> str:
    """The text that the change is about: its own, else the todo's."""
    mutation = parked.mutation
    text = mutation.values.get("text") or mutation.base.get("text")
    if not text:
        text = next((todo.text for todo in lists.by_prefix(mutation.client_id)), "")
    return one_line(str(text)) or "A todo that is gone"


class _Entry(QWidget):
    """One of them: what it is about, and why it was refused."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__()
        self._sign = theme.icon_size(self.fontMetrics()) + theme.SPACE * 5 // 2
        column = QVBoxLayout(self)
        column.setContentsMargins(self._sign, theme.SPACE * 5 // 4, theme.SPACE * 2, theme.SPACE * 5 // 4)
        column.setSpacing(theme.SPACE // 2)
        upper = plain_label(text, bold=True)
        for label in (upper, plain_label(reason)):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
            column.addWidget(label)
        self._upper = upper

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card and its sign."""
        colours = theme.of(self)
        painter = QPainter(self)
        draw_card(painter, self.rect(), colours.hover)
        line = self.fontMetrics().height()
        sign = mirrored(self.layoutDirection(), self.rect(), QRect(0, self._upper.y(), self._sign, line))
        draw_icon(painter, sign, "alert", colours.bad, theme.icon_size(self.fontMetrics()))
