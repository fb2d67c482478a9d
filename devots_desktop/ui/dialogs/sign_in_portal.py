"""The dialog that signs in to a portal account again after its session has ended."""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from devots_desktop.domain.account import Account
from devots_desktop.services.portal_form import PortalForm
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.dialogs.portal_dialog import PortalDialog, PortalVerbs

if TYPE_CHECKING:
    from devots_desktop.remote.portal.signing import Granted


class SignInPortalDialog(PortalDialog):
    """Looks what the portal offers, and asks for that."""

    def __init__(
        self,
        account: Account,
        verbs: PortalVerbs,
        sign_in: Callable[[Account, PortalForm, "Granted"], Awaitable[None]],
        tasks: Tasks,
        parent: QWidget | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask.

        Args:
            sign_in: goes on with a session that has begun.
        """
        super().__init__(self.tr("Sign in again"), self.tr("Try again"), verbs, tasks, parent, clock=clock)
        self.why.setText(self.tr("Your session has ended. Everything you changed meanwhile is kept and will be sent."))
        self._account = account
        self._sign_in = sign_in
        self._known = False
        self.entry.email.edit.setText(account.email)
        self.entry.email.edit.setReadOnly(True)
        self.column.addWidget(self.entry)
        self.show_step()
        self.finish()

    def showEvent(self, event: QShowEvent) -> None:
        """Look at the portal as soon as the form is there."""
        super().showEvent(event)
        if not self._known and not self.busy:
            self.submit()

    def show_step(self) -> None:
        """Ask for nothing before it is known what the portal offers."""
        self.entry.setVisible(self._known)
        super().show_step()
        if not self._known:
            self.confirm.show_words(self.tr("Try again"))

    def submit(self) -> None:
        """Look at the portal; then what a person's form does."""
        if self._known:
            super().submit()
        elif not self.busy:
            self.begin(self._look(), self._looked, self.confirm)

    async def _look(self) -> None:
        methods = await self.verbs.methods(self.entered())
        self._known = True
        self.entry.offer(browser=methods.device)

    def _looked(self) -> None:
        (self.entry.browser if self.entry.in_browser else self.entry.password).setFocus()
        self.grow()

    def entered(self) -> PortalForm:
        """What was entered."""
        return PortalForm.again(self._account, password=self.entry.password.text())

    async def take(self, granted: "Granted") -> None:
        """Go on with the session."""
        await self._sign_in(self._account, self.entered(), granted)
