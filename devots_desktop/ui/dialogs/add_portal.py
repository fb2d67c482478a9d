"""The dialog that adds a portal account: its address, a look at what it offers, then who somebody is."""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import AccountUnusable, DevotsError
from devots_desktop.remote.portal.address import Portal
from devots_desktop.services.portal_form import PortalForm
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui import theme
from devots_desktop.ui.dialogs.keeping import Keeping
from devots_desktop.ui.dialogs.portal_dialog import PortalDialog, PortalVerbs
from devots_desktop.ui.widgets.buttons import WordButton
from devots_desktop.ui.widgets.ca_field import CaField
from devots_desktop.ui.widgets.fields import Field
from devots_desktop.ui.widgets.labels import plain_label

if TYPE_CHECKING:
    from devots_desktop.remote.portal.signing import Granted

_OF_THE_ADDRESS = (
    "Not this address",
    "Address not usable",
    "Address not the portal's",
    "Connection not safe",
    "No portal there",
    "Sent elsewhere",
)


class AddPortalDialog(PortalDialog):
    """Asks for the portal, and then for the person.

    Attributes:
        account: the account that was added, None before.
        portal: where a portal has answered, None before.
    """

    def __init__(
        self,
        verbs: PortalVerbs,
        add: Callable[[PortalForm, "Granted"], Awaitable[Account]],
        tasks: Tasks,
        parent: QWidget | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask.

        Args:
            add: remembers the account of a session.
        """
        super().__init__(self.tr("Add a portal account"), self.tr("Continue"), verbs, tasks, parent, clock=clock)
        self._add = add
        self.account: Account | None = None
        self.portal: Portal | None = None
        self.address = Field(self.tr("Portal"), placeholder="https://todos.example.org")
        self.ca = CaField()
        self.keeping = Keeping()
        self._lay_out()
        self.address.edit.textChanged.connect(self._look_at_address)
        self.ca.hide()
        self._change_portal()
        self.finish(back=True)

    def _lay_out(self) -> None:
        self._asked, self._chosen, self._person = QWidget(), QWidget(), QWidget()
        asked, person = QVBoxLayout(self._asked), QVBoxLayout(self._person)
        for each in (self.address, self.ca):
            asked.addWidget(each)
        person.addWidget(self.entry)
        person.addWidget(self.keeping)
        for column in (asked, person):
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(theme.SPACE * 3 // 2)
        line = QHBoxLayout(self._chosen)
        line.setContentsMargins(0, 0, 0, 0)
        self._host = plain_label(bold=True)
        self._host.setWordWrap(True)
        self.change = WordButton(self.tr("Change"))
        self.change.setAccessibleName(self.tr("Change the portal"))
        self.change.clicked.connect(self._change_portal)
        line.addWidget(self._host, 1)
        line.addWidget(self.change)
        for part in (self._asked, self._chosen, self._person):
            self.column.addWidget(part)

    # The portal

    def _look_at_address(self, text: str) -> None:
        """Refuse a password in it as soon as it is there; ask for a CA file where the connection is verified."""
        portal = None
        try:
            portal = Portal.from_text(text) if text.strip() else None
        except AccountUnusable as error:
            if error.title == "Not this address":
                self.fail(error)
        self.ca.setVisible(portal is not None and portal.url.startswith("https") and not portal.loopback)

    def fail(self, error: DevotsError) -> None:
        """Say what went wrong. What may be a password leaves its field for good."""
        if error.title == "Not this address":
            blocked = self.address.edit.blockSignals(True)
            self.address.edit.setText("")  # It cannot be undone, unlike clear().
            self.address.edit.blockSignals(blocked)
        super().fail(error)

    def _change_portal(self) -> None:
        """Ask for the portal again."""
        self.portal = None
        self.begin_again()
        self.address.setFocus()

    def show_step(self) -> None:
        """Show what this step asks for."""
        chosen = self.portal is not None
        for part, shown in ((self._asked, not chosen), (self._chosen, chosen), (self._person, chosen)):
            part.setVisible(shown)
        self.keeping.setVisible(not self.entry.waiting)
        self.why.setText(
            self.tr("Sign in as you do on the portal's own pages.")
            if chosen
            else self.tr("Enter the address that you open the portal with in your browser.")
        )
        super().show_step()
        if not chosen:
            self.confirm.show_words(self.tr("Continue"))
        self.grow()

    async def _find_portal(self) -> None:
        form = PortalForm.from_text(self.address.text(), ca=self.ca.text())
        methods = await self.verbs.methods(form)
        self.portal = form.portal
        self.entry.offer(browser=methods.device)

    def _found(self) -> None:
        assert self.portal is not None  # noqa: S101 (it was found)
        self._host.setText(self.portal.url.removeprefix("https://"))
        (self.entry.browser if self.entry.in_browser else self.entry.email).setFocus()

    def submit(self) -> None:
        """Look for the portal; then what a person's form does."""
        if self.portal is not None:
            super().submit()
        elif not self.busy:
            self.begin(self._find_portal(), self._found, self.confirm)

    # The person

    def go_back(self) -> None:
        """As FormDialog.go_back; from a second factor to the password first, and from there to the portal."""
        if self.entry.factors:
            self.begin_again()
        elif self.portal is not None:
            self._change_portal()
        else:
            super().go_back()

    def inputs(self) -> list[QWidget]:
        """As FormDialog.inputs; nothing can be changed while something is done."""
        return [*super().inputs(), self.change, self.keeping]

    def entered(self) -> PortalForm:
        """What was entered."""
        email, password = self.entry.email.text(), self.entry.password.text()
        return PortalForm.from_text(self.address.text(), ca=self.ca.text(), email=email, password=password, secrets=self.keeping.store)

    async def take(self, granted: "Granted") -> None:
        """Remember the account."""
        self.account = await self._add(self.entered(), granted)

    def place(self, error: DevotsError) -> Field | None:
        """The field that an error belongs to."""
        if error.title in _OF_THE_ADDRESS:
            return self.address
        return self.ca if error.title == "No CA file" else super().place(error)
