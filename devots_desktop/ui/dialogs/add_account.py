"""The dialog that adds a PostgreSQL account."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QRadioButton, QVBoxLayout, QWidget

from devots_desktop.domain.account import Account, SecretStore
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
from devots_desktop.ui.dialogs.form_dialog import FormDialog
from devots_desktop.ui.widgets.fields import Field
from devots_desktop.ui.widgets.labels import plain_label

_SECRETS = {
    SecretStore.KEYRING: "In the system's keyring",
    SecretStore.MEMORY: "Only until I quit",
    SecretStore.FILE: "In a private file, not encrypted",
}


class AddAccountDialog(FormDialog):
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
        self.finish()
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
        self.ca = Field(self.tr("CA file"), placeholder=self.tr("Only where the server has a CA of its own"))
        self.email = Field(self.tr("E-mail"), placeholder="ada@example.org")
        self.password = Field(self.tr("Your password"), secret=True)
        self.sign_in = QRadioButton(self.tr("I have an account there"))
        self.sign_up = QRadioButton(self.tr("Create my account"))
        self.secrets = QComboBox()
        self.secrets.setAccessibleName(self.tr("Keep me signed in"))
        self.secrets.setMinimumHeight(theme.line_height(self.secrets.fontMetrics()) + 6)
        self.sign_in.setChecked(True)
        for store, words in _SECRETS.items():
            self.secrets.addItem(words, store)
        for choice in (self.sign_in, self.sign_up):
            choice.setMinimumHeight(theme.line_height(choice.fontMetrics()))

    def _lay_out(self) -> None:
        choose = QPushButton(self.tr("Choose…"), autoDefault=False)
        choose.clicked.connect(self._choose_ca)
        place = QHBoxLayout()
        place.addWidget(self.ca.edit, 1)
        place.addWidget(choose)
        self.ca.row.insertLayout(1, place)
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
        kept = QVBoxLayout()
        kept.setSpacing(theme.SPACE // 2)
        kept.addWidget(plain_label(self.tr("Keep me signed in"), size=0.93, bold=True))
        kept.addWidget(self.secrets, alignment=Qt.AlignmentFlag.AlignLeading)
        self.column.addLayout(kept)

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

    def _choose_ca(self) -> None:
        chooser = QFileDialog(self, self.tr("CA file"), str(Path.home()), self.tr("Certificates (*.pem *.crt *.cer);;All files (*)"))
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self.ca.edit.setText)
        chooser.open()

    async def work(self) -> None:
        """Sign in or up, and remember the account."""
        self.account = await self._add(self._entered())

    def _entered(self) -> PostgresForm:
        if self.url.text() and not self.host.text():
            Address.from_url(self.url.text())
        for field, what in ((self.host, "The host is missing."), (self.database, "The name of the database is missing.")):
            if not field.text():
                raise _Missing(field, what)
        port = self.port.text()
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
            raise _Missing(self.port, "A port is a number from 1 to 65535.")
        address = Address(self.host.text(), int(port), self.database.text(), self.login.text() or LOGIN, self.ca.text())
        address.tls()
        return PostgresForm(
            address,
            self.email.text(),
            self.login_password.text(),
            self.password.text(),
            sign_up=self.sign_up.isChecked(),
            secrets=SecretStore(self.secrets.currentData()),
        )

    def place(self, error: DevotsError) -> Field | None:
        """The field that an error belongs to."""
        match error:
            case _Missing():
                return error.field
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


class _Missing(AccountUnusable):
    def __init__(self, field: Field, sentence: str) -> None:
        super().__init__("Not complete", sentence, "Fill it in and try again.")
        self.field = field


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
