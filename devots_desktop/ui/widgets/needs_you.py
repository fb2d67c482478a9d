"""The page of what needs the user: nothing of it is thrown away before somebody has decided."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_card, draw_icon, mirrored
from devots_desktop.ui.needs import MOST, Card
from devots_desktop.ui.widgets.buttons import WordButton, follow
from devots_desktop.ui.widgets.empty_state import EmptyState
from devots_desktop.ui.widgets.labels import DANGER, MUTED, TEXT, plain_label
from devots_desktop.ui.widgets.scroll_bar import SlimScrollBar


class NeedsYou(QScrollArea):
    """The cards, each with its buttons.

    Signals:
        asked(Card, Act): a button was pressed.
        left(): the way back to the list, where nothing is left to decide.
    """

    asked = Signal(object, object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Needs you"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if theme.is_plain():
            self.setVerticalScrollBar(SlimScrollBar())
        self._shown: list[Card] | None = None
        self._places: list[_Place] = []

    def show_cards(self, cards: Sequence[Card]) -> None:
        """Show these cards. The focus stays on its card; where that is gone, it goes to the one in its place."""
        if list(cards) == self._shown:
            return
        where = self._focus()
        self._shown, scrolled = list(cards), self.verticalScrollBar().value()
        self._places = [_Place(card) for card in cards[:MOST]]
        for place in self._places:
            place.asked.connect(self.asked)
        self.setWidget(self._page(len(cards)) if cards else self._nothing())
        follow(self, [button for place in self._places for button in place.buttons])
        self.verticalScrollBar().setValue(scrolled)
        if where is not None:
            self._focus_on(*where)

    def _page(self, count: int) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.SPACE * 2, theme.SPACE, theme.SPACE * 2, theme.SPACE * 2)
        column.setSpacing(theme.SPACE)
        why = plain_label(self.tr("This is kept here until you decide."), role=MUTED)
        why.setWordWrap(True)
        column.addWidget(why)
        column.addSpacing(theme.SPACE)
        for place in self._places:
            column.addWidget(place)
        if count > MOST:
            column.addWidget(plain_label(f"{count - MOST:,} more", role=MUTED))
        column.addStretch(1)
        return page

    def _nothing(self) -> QWidget:
        empty = EmptyState()
        empty.say(
            self.tr("Nothing needs you"),
            self.tr("All that you changed is on the server, or waits to be sent."),
            "done",
            self.tr("To the list"),
        )
        empty.taken.connect(self.left)
        return empty

    def _focus(self) -> tuple[int, object, int] | None:
        """Where the focus is among the cards: the card's place, what it is about, the button's place. None where it is elsewhere."""
        focused = self.window().focusWidget()  # Also while a dialog is in front, or another program.
        for number, place in enumerate(self._places):
            if focused in place.buttons:
                return number, place.card.about, place.buttons.index(focused)
        return None

    def _focus_on(self, number: int, about: object, button: int) -> None:
        page = self.widget()
        if not self._places and page is not None:
            page.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        same = next((place for place in self._places if place.card.about == about), None)
        buttons = (same or self._places[min(number, len(self._places) - 1)]).buttons
        chosen = buttons[min(button, len(buttons) - 1)]
        chosen.setFocus(Qt.FocusReason.OtherFocusReason)
        self.ensureWidgetVisible(chosen)


class _Place(QWidget):
    """A card."""

    asked = Signal(object, object)

    def __init__(self, card: Card) -> None:
        super().__init__()
        self.card = card
        self._sign = theme.icon_size(self.fontMetrics()) + theme.SPACE * 5 // 2
        column = QVBoxLayout(self)
        column.setContentsMargins(self._sign, theme.SPACE * 5 // 4, theme.SPACE * 2, theme.SPACE * 5 // 4)
        column.setSpacing(theme.SPACE // 2)
        self._title = plain_label(card.title, bold=True)
        *before, last = card.said
        for label in (self._title, *(plain_label(each) for each in before), plain_label(last, role=DANGER if before else TEXT)):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.setContentsMargins(0, theme.SPACE // 2, 0, 0)
        self.buttons: list[QWidget] = []
        for act, word in card.acts:
            button = WordButton(word)
            button.setAccessibleName(f"{word}: {card.title}")
            button.setAccessibleDescription(" ".join(card.said))
            button.clicked.connect(lambda _=False, act=act: self.asked.emit(card, act))
            self.buttons.append(button)
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card and its sign."""
        colours = theme.of(self)
        painter = QPainter(self)
        draw_card(painter, self.rect(), colours.hover)
        line = self.fontMetrics().height()
        sign = mirrored(self.layoutDirection(), self.rect(), QRect(0, self._title.y(), self._sign, line))
        draw_icon(painter, sign, "alert", colours.bad, theme.icon_size(self.fontMetrics()))
