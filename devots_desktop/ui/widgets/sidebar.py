"""The sidebar: accounts, views, and what needs the user."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QScrollArea, QVBoxLayout, QWidget

from devots_desktop.domain.account import Account, AccountKind, Live
from devots_desktop.store.lists import Counts, View
from devots_desktop.ui import theme, wording
from devots_desktop.ui.widgets.labels import plain_tooltip
from devots_desktop.ui.widgets.nav_button import NavButton

_ICONS = {View.ALL: "list", View.OPEN: "open", View.DONE: "done"}
_KINDS = {AccountKind.COMPUTER: "computer", AccountKind.POSTGRES: "server", AccountKind.SUPABASE: "cloud", AccountKind.PORTAL: "cloud"}


class Sidebar(QWidget):
    """Chooses what the window shows.

    Signals:
        account_chosen(account_id), view_chosen(View), needs_you_chosen(), add_account_asked(): what the user clicked.
    """

    account_chosen = Signal(str)
    view_chosen = Signal(object)
    needs_you_chosen = Signal()
    add_account_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._accounts: dict[str, NavButton] = {}
        self._views = {view: NavButton(_ICONS[view], wording.VIEW[view]) for view in View}
        self.needs_you = NavButton("alert", self.tr("Needs you"), alarming=True)
        self.add_account = NavButton("plus", self.tr("Add account…"))
        self._account_group, self._view_group = QButtonGroup(self), QButtonGroup(self)
        self._account_box = QVBoxLayout()
        self._account_box.setSpacing(2)
        column = QVBoxLayout()
        column.setContentsMargins(theme.SPACE, theme.SPACE * 3 // 2, theme.SPACE, theme.SPACE)
        column.setSpacing(2)
        column.addLayout(self._account_box)
        column.addSpacing(theme.SPACE * 2)
        for view, button in self._views.items():
            button.setCheckable(True)
            self._view_group.addButton(button)
            button.clicked.connect(lambda _=False, view=view: self.view_chosen.emit(view))
            column.addWidget(button)
        column.addSpacing(theme.SPACE)
        column.addWidget(self.needs_you)
        column.addStretch(1)
        column.addWidget(self.add_account)
        self._scroll(column)
        self.needs_you.setCheckable(True)
        self._view_group.addButton(self.needs_you)
        self.needs_you.hide()
        self.needs_you.clicked.connect(self.needs_you_chosen)
        self.add_account.clicked.connect(self.add_account_asked)

    def _scroll(self, column: QVBoxLayout) -> None:
        """With many accounts or large text the column scrolls."""
        inner = QWidget()
        inner.setLayout(column)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # Its own would be found by its type, at the price that todo_view.py tells.
        area.setViewport(QWidget())
        inner.setAutoFillBackground(False)
        area.setWidget(inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)

    def show_accounts(self, accounts: Sequence[Account], current: str) -> None:
        """Show these accounts."""
        for button in self._accounts.values():
            self._account_group.removeButton(button)
            self._account_box.removeWidget(button)
            button.deleteLater()
        self._accounts = {}
        for account in accounts:
            icon = _KINDS[account.kind]
            button = NavButton(icon, account.name)
            plain_tooltip(button, account.name)
            button.set_live(Live.LOCAL if account.kind is AccountKind.COMPUTER else Live.OFFLINE)
            button.setCheckable(True)
            button.setChecked(account.account_id == current)
            button.clicked.connect(lambda _=False, name=account.account_id: self.account_chosen.emit(name))
            self._account_group.addButton(button)
            self._account_box.addWidget(button)
            self._accounts[account.account_id] = button

    def show_live(self, account_id: str, live: Live) -> None:
        """Show what an account is doing."""
        if button := self._accounts.get(account_id):
            button.set_live(live)

    def show_waiting(self, account_id: str, changes: int) -> None:
        """Show how many changes of an account wait."""
        if button := self._accounts.get(account_id):
            button.set_waiting(changes)

    def show_account(self, account_id: str) -> None:
        """Mark an account as the current one."""
        if button := self._accounts.get(account_id):
            button.setChecked(True)

    def show_view(self, view: View) -> None:
        """Mark a view as the current one."""
        self._views[view].setChecked(True)

    def show_counts(self, counts: Counts) -> None:
        """Show how many todos each view has; "Needs you" is there only while something does, and while it is being looked at."""
        for view, number in {View.ALL: counts.all, View.OPEN: counts.open, View.DONE: counts.done}.items():
            self._views[view].set_number(number)
        self.needs_you.set_number(counts.needs_you)
        self.needs_you.setVisible(counts.needs_you > 0 or self.needs_you.isChecked())
