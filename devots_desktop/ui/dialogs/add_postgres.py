"""The dialog that adds a PostgreSQL account."""

from collections.abc import Awaitable, Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QRadioButton, QWidget

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import (
    AccountUnusable,
    DevotsError,
    NotMigrated,
    ServerTooNew,
    TooManyTries,
    Unreachable,
    UnsafeLogin,
    UntrustedCertificate,
    WrongCredentials,
)
from devots_desktop.remote.postgres.address import LOGIN, Address
from devots_desktop.services.postgres_form import PostgresForm
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui import theme
from devots_desktop.ui.dialogs.form_dialog import FormDialog, Missing
from devots_desktop.ui.dialogs.keeping import Keeping
from devots_desktop.ui.widgets.ca_field import CaField
from devots_desktop.ui.widgets.fields import Field


class AddPostgresDialog(FormDialog):
    """Asks for the database and the person.

    Attributes:
        account: the account that was added, None before.
    """

    def __init__(self, add: Callable[[PostgresForm], Awaitable[Account]], tasks: Tasks, parent: QWidget | None = None) -> None:
        """Ask.

        Args:
            add: signs in or up with what was entered.
        """
        title, confirm = self.tr("Add a PostgreSQL account"), self.tr("Connect")
        why = self.tr(
            "Who runs the database gives you its address and the password of its login; paste the whole address, or fill in the fields."
        )
        super().__init__(title, why, confirm, tasks, parent)
        self._add = add
        self.account: Account | None = None
        self._make_fields()
        self._lay_out()
        self.url.edit.textChanged.connect(self._take_url)
        self.finish(back=True)
        self.url.setFocus()

    def _make_fields(self) -> None:
        self.url = Field(self.tr("Address"), placeholder="postgresql://devots_desktop@db.example.org:5432/todos")
        self.host = Field(self.tr("Host"), placeholder="db.example.org")
        self.port = Field(self.tr("Port"))
        self.port.edit.setText("5432")
        self.database = Field(self.tr("Database"), placeholder="todos")
        self.login = Field(self.tr("Login"))
        self.login.edit.setText(LOGIN)
        self.login_password = Field(self.tr("Password of the login"), secret=True)
        self.ca = CaField()
        self.email = Field(self.tr("E-mail"), placeholder="ada@example.org")
        self.password = Field(self.tr("Your password"), secret=True)
        self.sign_in = QRadioButton(self.tr("I have an account there"))
        self.sign_up = QRadioButton(self.tr("Create my account"))
        self.keeping = Keeping()
        self.sign_in.setChecked(True)
        for choice in (self.sign_in, self.sign_up):
            choice.setMinimumHeight(theme.line_height(choice.fontMetrics()))

    def _lay_out(self) -> None:
        self.column.addWidget(self.url)
        self.column.addLayout(_beside((self.host, 3), (self.port, 1), (self.database, 2)))
        self.column.addLayout(_beside((self.login, 1), (self.login_password, 1)))
        self.column.addWidget(self.ca)
        person = QHBoxLayout()
        person.setSpacing(theme.SPACE * 3)
        person.addWidget(self.sign_in)
        person.addWidget(self.sign_up)
        person.addStretch(1)
        self.column.addLayout(person)
        self.column.addLayout(_beside((self.email, 1), (self.password, 1)))
        self.column.addWidget(self.keeping)

    def _take_url(self, url: str) -> None:
        """Fill the fields from an address that is complete; the login's password leaves the visible field."""
        if "://" not in url:
            return
        try:
            address, password = Address.from_url(url)
        except AccountUnusable:
            return
        self.host.edit.setText(address.host)
        self.port.edit.setText(str(address.port))
        self.database.edit.setText(address.database)
        self.login.edit.setText(address.login)
        if address.ca:
            self.ca.edit.setText(address.ca)
        if password:
            self.login_password.edit.setText(password)
            self.url.edit.setText(_without_password(url))

    async def work(self) -> None:
        """Sign in or up, and remember the account."""
        self.account = await self._add(self._entered())

    def _entered(self) -> PostgresForm:
        if self.url.text() and not self.host.text():
            Address.from_url(self.url.text())
        for field, what in ((self.host, "The host is missing."), (self.database, "The name of the database is missing.")):
            if not field.text():
                raise Missing(field, what)
        port = self.port.text()
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
            raise Missing(self.port, "A port is a number from 1 to 65535.")
        address = Address(self.host.text(), int(port), self.database.text(), self.login.text() or LOGIN, self.ca.text())
        address.tls()
        return PostgresForm(
            address,
            self.email.text(),
            self.login_password.text(),
            self.password.text(),
            sign_up=self.sign_up.isChecked(),
            secrets=self.keeping.store,
        )

    def place(self, error: DevotsError) -> Field | None:
        """The field that an error belongs to."""
        match error:
            case WrongCredentials() | TooManyTries():
                return self.password
            case UntrustedCertificate():
                return self.ca
            case UnsafeLogin():
                return self.login
            case NotMigrated() | ServerTooNew():
                return self.database
            case Unreachable():
                return self.host
            case _:
                return {
                    "Address not usable": self.url,
                    "Connection not safe": self.url,
                    "No CA file": self.ca,
                    "E-mail missing": self.email,
                    "Password not usable": self.password,
                    "Database login refused": self.login_password,
                    "Login not allowed": self.login,
                    "No such database": self.database,
                }.get(error.title)


def _beside(*fields: tuple[QWidget, int]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.SPACE * 3 // 2)
    for field, stretch in fields:
        row.addWidget(field, stretch, Qt.AlignmentFlag.AlignTop)
    return row


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    person, at, place = rest.rpartition("@")
    return f"{scheme}://{person.partition(':')[0]}{at}{place}"
