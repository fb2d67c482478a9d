"""What the server refused, with the reason: nothing of it is thrown away."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from devots_desktop.domain.text import one_line
from devots_desktop.store.lists import Lists
from devots_desktop.store.parking import Parked
from devots_desktop.ui import theme
from devots_desktop.ui.widgets.labels import DANGER, MUTED, plain_label
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
        column.setContentsMargins(theme.SPACE * 2, 0, theme.SPACE * 2, theme.SPACE * 2)
        column.setSpacing(theme.SPACE * 2)
        why = plain_label(self.tr("The server did not take these changes. They are kept here until you decide."), role=MUTED)
        why.setWordWrap(True)
        column.addWidget(why)
        for each in parked[:_SHOWN]:
            column.addLayout(_entry(_text(each, lists), each.reason))
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


def _entry(text: str, reason: str) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(theme.SPACE // 2)
    upper = plain_label(text, bold=True)
    upper.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
    for label in (upper, plain_label(reason, role=DANGER)):
        label.setWordWrap(True)
        column.addWidget(label)
    return column
