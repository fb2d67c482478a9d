"""The dialog that asks which kind of account is to be added."""

from PySide6.QtWidgets import QDialog, QPushButton, QWidget

from devots_desktop.domain.account import AccountKind
from devots_desktop.ui.dialogs.page import Page
from devots_desktop.ui.widgets.choice import ChoiceCard
from devots_desktop.ui.widgets.labels import MUTED, plain_label

_KINDS = (
    (AccountKind.PORTAL, "globe", "Devots Portal", "The portal that you or your team open in the browser: you sign in as you do there."),
    (
        AccountKind.SUPABASE,
        "cloud",
        "Supabase",
        "Your project, or one that you were invited to: you paste its URL and its publishable key.",
    ),
    (AccountKind.POSTGRES, "server", "PostgreSQL", "A database of your own or of your team, whose owner has prepared it for this program."),
)


class ChooseKindDialog(QDialog):
    """Offers the kinds; a press chooses.

    Attributes:
        kind: what was chosen, None before.
    """

    def __init__(self, parent: QWidget | None = None, *, before: AccountKind | None = None) -> None:
        """Ask; `before` was chosen the time before."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Add an account"))
        self.kind: AccountKind | None = None
        page = Page(self)
        why = plain_label(self.tr("Where are your todos to live? What is on this computer stays there."), role=MUTED)
        why.setWordWrap(True)
        page.column.addWidget(why)
        self.cards: dict[AccountKind, ChoiceCard] = {}
        for kind, icon, name, sentence in _KINDS:
            card = ChoiceCard(icon, name, sentence)
            card.clicked.connect(lambda _=False, kind=kind: self._choose(kind))
            page.column.addWidget(card)
            self.cards[kind] = card
        self.cancel = QPushButton(self.tr("Cancel"), autoDefault=False)
        self.cancel.clicked.connect(self.reject)
        page.finish(self.cancel)
        self.resize(page.sizeHint())
        self.cards[before or AccountKind.PORTAL].setFocus()

    def _choose(self, kind: AccountKind) -> None:
        self.kind = kind
        self.accept()
