"""How somebody gets in at a portal: by the browser, or by e-mail, password and a second factor. Only what the way needs is on screen."""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.widgets.countdown import CountdownButton
from devots_desktop.ui.widgets.device_code import DeviceCode
from devots_desktop.ui.widgets.fields import Field
from devots_desktop.ui.widgets.labels import MUTED, plain_label

_MAIL_S = 30.0
"""Seconds until another message with a code can be asked for: people who share an address share a portal's patience."""


class PortalEntry(QWidget):
    """Asks for the way and what it needs.

    Attributes:
        factors: the second factors that are asked for now; none before the portal has asked for one.
        waiting: a code is shown, and to be seen in the browser.
        send: has a code sent by e-mail.

    Signals:
        changed(): another way, or another step of it.
    """

    changed = Signal()

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.factors: tuple[str, ...] = ()
        self._offers_browser = True
        self.waiting = False
        self.browser = QRadioButton(self.tr("In the browser"))
        self.by_password = QRadioButton(self.tr("E-mail and password"))
        self._why = plain_label(
            self.tr("The portal opens in your browser, where you sign in as you are used to and let this device in."), role=MUTED
        )
        self._why.setWordWrap(True)
        self.email = Field(self.tr("E-mail"), placeholder="ada@example.org")
        self.password = Field(self.tr("Password"), secret=True)
        self.device = DeviceCode(clock=clock)
        self.kinds = {
            "totp": QRadioButton(self.tr("Authenticator app")),
            "email": QRadioButton(self.tr("Code by e-mail")),
            "backup": QRadioButton(self.tr("Saved code")),
        }
        self.code = Field(self.tr("Code"), placeholder="123456")
        self.send = CountdownButton(self.tr("Send me a code"), clock=clock)
        self._lay_out()
        self._connect()
        self._show()

    @property
    def in_browser(self) -> bool:
        """Whether the browser is the way that is chosen."""
        return self._offers_browser and self.browser.isChecked() and not self.factors

    @property
    def factor(self) -> str:
        """The second factor that is chosen."""
        return next(name for name, button in self.kinds.items() if button.isChecked())

    @property
    def words(self) -> str:
        """What the button that goes on says."""
        if self.waiting:
            return self.tr("Waiting")
        return self.tr("Open the browser") if self.in_browser else self.tr("Sign in")

    def offer(self, *, browser: bool) -> None:
        """Show the ways that there are."""
        self._offers_browser = browser
        self._show()

    def begin_again(self) -> None:
        """Ask for the way again: neither a code nor a second factor is waited for."""
        self.waiting, self.factors = False, ()
        self.device.end()
        self.code.edit.setText("")
        self._show()

    def wait_for(self, code: str, address: str, seconds: float) -> None:
        """Show a code that is to be seen in the browser."""
        self.waiting = True
        self.device.show_code(code, address, seconds)
        self._show()

    def ask_factor(self, factors: Sequence[str]) -> None:
        """Ask for a second factor, one of these."""
        self.factors = tuple(each for each in self.kinds if each in factors)
        self.kinds[self.factors[0]].setChecked(True)
        self.password.edit.setText("")
        self._show()
        self.code.setFocus()

    def sent(self) -> None:
        """A code is on its way by e-mail."""
        self.send.wait(_MAIL_S)
        self.code.note(self.tr("A code is on its way to {}.").format(self.email.text()))
        self.code.setFocus()

    def empty(self) -> tuple[Field, str] | None:
        """A field that has to be filled in, and what to say of it; None where all are."""
        needed = (
            (self.email, self.tr("Your e-mail is missing.")),
            (self.password, self.tr("The password is missing.")),
            (self.code, self.tr("The code is missing.")),
        )
        return next(((field, said) for field, said in needed if not field.isHidden() and not field.text()), None)

    def _connect(self) -> None:
        ways, factors = QButtonGroup(self), QButtonGroup(self)
        for button in (self.browser, self.by_password):
            ways.addButton(button)
            button.clicked.connect(self._show)
        for button in self.kinds.values():
            factors.addButton(button)
            button.clicked.connect(self._choose_factor)
        self.browser.setChecked(True)
        self.kinds["totp"].setChecked(True)

    def _lay_out(self) -> None:
        self._ways, self._factors = _in_a_row(self.browser, self.by_password), _in_a_row(*self.kinds.values())
        beside = QHBoxLayout()
        beside.addWidget(self.code.edit, 1)
        beside.addWidget(self.send)
        self.code.row.insertLayout(1, beside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE * 3 // 2)
        for part in (self._ways, self._why, self.email, self.password, self.device, self._factors, self.code):
            column.addWidget(part)

    def _choose_factor(self) -> None:
        self.code.edit.setText("")
        self._show()
        self.code.setFocus()

    def _show(self) -> None:
        asked = bool(self.factors)
        beginning = not asked and not self.waiting
        self._ways.setVisible(beginning and self._offers_browser)
        self._why.setVisible(beginning and self.in_browser)
        self.email.setVisible(beginning and not self.in_browser)
        self.password.setVisible(beginning and not self.in_browser)
        self.device.setVisible(self.waiting)
        self._factors.setVisible(len(self.factors) > 1)
        for name, button in self.kinds.items():
            button.setVisible(name in self.factors)
        self.code.setVisible(asked)
        self.send.setVisible(asked and self.factor == "email")
        if asked:
            self.code.note(self._hint())
        self.changed.emit()

    def _hint(self) -> str:
        return {
            "totp": self.tr("The six digits that your authenticator app shows for this portal now."),
            "email": self.tr("Have a code sent to {}, then enter it.").format(self.email.text()),
            "backup": self.tr("One of the codes that you saved when you set the second factor up. Each is good once."),
        }[self.factor]


def _in_a_row(*buttons: QRadioButton) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(theme.SPACE * 3)
    for button in buttons:
        button.setMinimumHeight(theme.line_height(button.fontMetrics()))
        line.addWidget(button)
    line.addStretch(1)
    return row
