"""The dialog that signs in again after a session has ended."""

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QWidget

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import DevotsError, TooManyTries, WrongCredentials
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.dialogs.form_dialog import FormDialog
from devots_desktop.ui.widgets.fields import Field


class SignInDialog(FormDialog):
    """Asks for the password of one account; for that of the database's login only where it is gone or not accepted any more."""

    def __init__(
        self, account: Account, sign_in: Callable[[Account, str, str], Awaitable[None]], tasks: Tasks, parent: QWidget | None = None
    ) -> None:
        """Ask.

        Args:
            sign_in: signs in to the account with a password and, where it was asked for, the login's.
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
        self.login_password = Field(self.tr("Password of the login"), secret=True)
        self.login_password.note(self.tr("Of the database's login, shared by its people; the database's owner has it."))
        self.login_password.hide()
        self.column.addWidget(self.login_password)
        self.finish()
        self.password.setFocus()

    async def work(self) -> None:
        """Sign in."""
        await self._sign_in(self._account, self.password.text(), self.login_password.text())

    def fail(self, error: DevotsError) -> None:
        """Say what went wrong; ask for the login's password where that is it."""
        if self.place(error) is self.login_password:
            self.login_password.show()
        super().fail(error)

    def place(self, error: DevotsError) -> Field | None:
        """Wrong or unusable passwords are said beside the password that they are about."""
        if error.title == "Database login refused":
            return self.login_password
        known = isinstance(error, WrongCredentials | TooManyTries) or error.title == "Password not usable"
        return self.password if known else None
