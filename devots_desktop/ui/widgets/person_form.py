"""Who somebody is at a Supabase project, and by which way they prove it: only what that way needs is on screen."""

import time
from collections.abc import Callable
from enum import Enum, auto

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from devots_desktop.services.supabase_form import Way
from devots_desktop.ui import theme
from devots_desktop.ui.widgets.buttons import WordButton
from devots_desktop.ui.widgets.countdown import CountdownButton
from devots_desktop.ui.widgets.fields import Field

_MAIL_S = 60.0
"""Seconds that a project waits by default before it sends another message to the same address (supabase-contract.md, section 1.9)."""


class Mail(Enum):
    """What a message that was sent is for."""

    NONE = auto()
    CODE = auto()
    CONFIRMATION = auto()


class PersonForm(QWidget):
    """Asks for e-mail, password and code.

    Attributes:
        mail: the message that is on its way.
        again: sends another one.

    Signals:
        changed(): another way, or another step of it.
    """

    changed = Signal()

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mail = Mail.NONE
        self._forgotten = False
        self.ways = {
            Way.PASSWORD: QRadioButton(self.tr("Password")),
            Way.CODE: QRadioButton(self.tr("Code by e-mail")),
            Way.SIGN_UP: QRadioButton(self.tr("Create my account")),
        }
        self.email = Field(self.tr("E-mail"), placeholder="ada@example.org")
        self.code = Field(self.tr("Code"), placeholder="123456")
        self.code.edit.setInputMethodHints(Qt.InputMethodHint.ImhDigitsOnly)
        self.password = Field(self.tr("Password"), secret=True)
        self.again = CountdownButton(self.tr("Send again"), clock=clock)
        self.forgot = WordButton(self.tr("Forgot your password?"))
        self._lay_out()
        self._connect()
        self._show()

    @property
    def way(self) -> Way:
        """How to sign in with what is entered now."""
        if self.mail is Mail.CONFIRMATION:
            return Way.SIGN_UP if self.code.text() else Way.PASSWORD
        if self._forgotten:
            return Way.RESET
        return next(way for way, button in self.ways.items() if button.isChecked())

    @property
    def asks_for_code(self) -> bool:
        """A message with a code has to be sent first."""
        return self.mail is Mail.NONE and self.way in (Way.CODE, Way.RESET)

    @property
    def words(self) -> str:
        """What the button that goes on says."""
        if self.asks_for_code:
            return self.tr("Send me a code")
        if self.mail is Mail.NONE and self.way is Way.SIGN_UP:
            return self.tr("Create my account")
        return self.tr("Set password and sign in") if self.way is Way.RESET else self.tr("Sign in")

    def offer(self, *, sign_up: bool) -> None:
        """Show the ways that there are."""
        self.ways[Way.SIGN_UP].setVisible(sign_up)

    def empty(self) -> tuple[Field, str] | None:
        """A field that has to be filled in, and what to say of it; None where all are."""
        if not self.email.text():
            return self.email, self.tr("Your e-mail is missing.")
        if not self.asks_for_code and not self.code.isHidden() and not self.code.text() and self.mail is Mail.CODE:
            return self.code, self.tr("The code is missing.")
        if not self.password.isHidden() and not self.password.text():
            return self.password, self.tr("The password is missing.")
        return None

    def sent(self, mail: Mail) -> None:
        """A message is on its way; ask for the code in it."""
        self.mail = mail
        self.again.wait(_MAIL_S)
        where = self.email.text()
        self.code.note(
            self.tr("A code is on its way to {}.").format(where)
            if mail is Mail.CODE
            else self.tr("A message is on its way to {}. Enter the code in it; or open its link, and leave this empty.").format(where)
        )
        self._show()
        self.code.setFocus()

    def had(self) -> None:
        """No message can be sent just now. Whoever has a code from an earlier one may enter it."""
        if self.asks_for_code:
            self.mail = Mail.CODE
            self.code.note(self.tr("If you have a code already, enter it."))
            self._show()

    def _connect(self) -> None:
        group = QButtonGroup(self)
        for button in self.ways.values():
            group.addButton(button)
            button.clicked.connect(lambda: self._go(forgotten=False))
        self.ways[Way.PASSWORD].setChecked(True)
        self.forgot.clicked.connect(lambda: self._go(forgotten=not self._forgotten))
        self.email.edit.textEdited.connect(lambda: self._go(forgotten=self._forgotten))

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        choices.setSpacing(theme.SPACE * 3)
        for button in self.ways.values():
            button.setMinimumHeight(theme.line_height(button.fontMetrics()))
            choices.addWidget(button)
        choices.addStretch(1)
        beside = QHBoxLayout()
        beside.addWidget(self.code.edit, 1)
        beside.addWidget(self.again)
        self.code.row.insertLayout(1, beside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE * 3 // 2)
        column.addLayout(choices)
        for field in (self.email, self.code, self.password):
            column.addWidget(field)
        column.addWidget(self.forgot, alignment=Qt.AlignmentFlag.AlignLeading)

    def _go(self, *, forgotten: bool) -> None:
        """To another way, or back to the beginning of one, as a code belongs to the address that it was sent to."""
        self._forgotten = forgotten
        self.mail = Mail.NONE
        self.code.edit.setText("")
        self._show()

    def _show(self) -> None:
        self.code.setVisible(self.mail is not Mail.NONE)
        by_code = self.way is Way.CODE or self.asks_for_code
        self.password.setVisible(not by_code and self.mail is not Mail.CONFIRMATION)
        self.password.rename(self.tr("New password") if self._forgotten else self.tr("Password"))
        self.forgot.setVisible(self.ways[Way.PASSWORD].isChecked() and self.mail is not Mail.CONFIRMATION)
        self.forgot.show_words(self.tr("Back to the password") if self._forgotten else self.tr("Forgot your password?"))
        self.changed.emit()
