"""The dialog that signs in again after a session has ended."""

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QWidget

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import DevotsError, TooManyTries, WrongCredentials
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.dialogs.form_dialog import FormDialog
from devots_desktop.ui.widgets.fields import Field


class SignInDialog(FormDialog):
    """Asks for the password of one account."""

    def __init__(
        self, account: Account, sign_in: Callable[[Account, str], Awaitable[None]], tasks: Tasks, parent: QWidget | None = None
    ) -> None:
        """Ask.

        Args:
            sign_in: signs in to the account with a password.
        """
        why = self.tr("Your session has ended. Everything you changed meanwhile is kept and will be sent.")
        super().__init__(self.tr("Sign in again"), why, self.tr("Sign in"), tasks, parent)
        self._account = account
        self._sign_in = sign_in
        self.email = Field(self.tr("E-mail"))
        self.email.edit.setText(account.email)
        self.email.edit.setReadOnly(True)
        self.password = Field(self.tr("Password"), secret=True)
        self.column.addWidget(self.email)
        self.column.addWidget(self.password)
        self.finish()
        self.password.setFocus()

    async def work(self) -> None:
        """Sign in."""
        await self._sign_in(self._account, self.password.text())

    def place(self, error: DevotsError) -> Field | None:
        """Wrong or unusable passwords are said beside the password."""
        known = isinstance(error, WrongCredentials | TooManyTries) or error.title == "Password not usable"
        return self.password if known else None
