"""What the dialogs that sign in to a Supabase project have in common: the ways to do so, and the messages with codes."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from PySide6.QtWidgets import QAbstractButton, QWidget

from devots_desktop.domain.errors import ConfirmationNeeded, DevotsError, TooManyTries, WrongCredentials
from devots_desktop.services.supabase_form import SupabaseForm, Way
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.dialogs.form_dialog import FormDialog, Missing
from devots_desktop.ui.widgets.fields import Field
from devots_desktop.ui.widgets.person_form import Mail, PersonForm


class PersonDialog(FormDialog):
    """A form in which somebody says who they are.

    Attributes:
        key: the field for the project's key.
        person: the fields for the person.
    """

    def __init__(
        self,
        title: str,
        sentence: str,
        confirm: str,
        tasks: Tasks,
        parent: QWidget | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(title, sentence, confirm, tasks, parent, clock=clock)
        self.key = Field(self.tr("Key"), placeholder="sb_publishable_…")
        self.person = PersonForm(clock=clock)
        self.person.changed.connect(self.show_step)
        self.person.again.clicked.connect(self._send_again)

    # To be said by each form

    def entered(self) -> SupabaseForm:
        """What was entered. Raises DevotsError where that cannot be used."""
        raise TypeError(type(self).__name__)

    async def enter(self, form: SupabaseForm) -> None:
        """Sign in or up. Raises DevotsError."""
        raise TypeError(type(self).__name__)

    async def send_code(self, form: SupabaseForm) -> None:
        """Have a code sent. Raises DevotsError."""
        raise TypeError(type(self).__name__)

    # What happens

    def show_step(self) -> None:
        """Say on the button what it does now."""
        self.confirm.show_words(self.person.words)
        self.complain("")

    def submit(self) -> None:
        """Send a code, or sign in."""
        if self.person.asks_for_code:
            self.begin(self._send(), lambda: self.person.sent(Mail.CODE), self.person.again)
        else:
            super().submit()

    async def work(self) -> None:
        """Sign in or up."""
        if (empty := self.person.empty()) is not None:
            raise Missing(*empty)
        await self.enter(self.entered())

    async def _send(self) -> None:
        if not self.person.email.text():
            raise Missing(self.person.email, self.tr("Your e-mail is missing."))
        await self.send_code(self.entered())

    def _send_again(self) -> None:
        if self.person.mail is Mail.CONFIRMATION:
            self.begin(self._sign_up_again(), lambda: self.person.sent(Mail.CONFIRMATION), self.person.again)
        else:
            self.begin(self._send(), lambda: self.person.sent(Mail.CODE), self.person.again)

    async def _sign_up_again(self) -> None:
        """To sign up once more, while the e-mail is not confirmed, is what sends the message again."""
        with suppress(ConfirmationNeeded):
            await self.enter(replace(self.entered(), way=Way.SIGN_UP, code=""))
            self.accept()

    def inputs(self) -> list[QWidget]:
        """As FormDialog.inputs; the buttons of the form, too."""
        ours: list[QWidget] = [each for each in self.person.findChildren(QAbstractButton) if each is not self.person.again]
        return [*super().inputs(), *ours]

    def show_busy(self) -> None:
        """As FormDialog.show_busy."""
        super().show_busy()
        self.person.again.set_busy(busy=self.busy)

    def fail(self, error: DevotsError) -> None:
        """Say what went wrong; an e-mail that is to be confirmed is a further step and no failure."""
        if isinstance(error, ConfirmationNeeded) and self.person.mail is not Mail.CONFIRMATION:
            self.person.sent(Mail.CONFIRMATION)
            self.grow()
            return
        if isinstance(error, TooManyTries):
            self.person.had()
        super().fail(error)

    def place(self, error: DevotsError) -> Field | None:
        """The field that an error belongs to."""
        if isinstance(error, WrongCredentials):
            return self.person.password
        return {
            "E-mail missing": self.person.email,
            "E-mail taken": self.person.email,
            "E-mail not accepted": self.person.email,
            "No code sent": self.person.email,
            "No mail to this address": self.person.email,
            "Another person": self.person.email,
            "Password not usable": self.person.password,
            "Code not right": self.person.code,
            "Key missing": self.key,
            "Key not accepted": self.key,
            "Key of another project": self.key,
            "Not this key": self.key,
        }.get(error.title)
