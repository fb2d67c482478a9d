"""The dialog that signs in to a Supabase account again after its session has ended."""

import time
from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QWidget

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import DevotsError
from devots_desktop.services.supabase_form import SupabaseForm
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.dialogs.person_dialog import PersonDialog

Verb = Callable[[Account, SupabaseForm], Awaitable[None]]


class SignInSupabaseDialog(PersonDialog):
    """Asks for the password, or a code; for the project's key only where it is gone or not accepted any more."""

    def __init__(
        self,
        account: Account,
        sign_in: Verb,
        send_code: Verb,
        tasks: Tasks,
        parent: QWidget | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        why = self.tr("Your session has ended. Everything you changed meanwhile is kept and will be sent.")
        super().__init__(self.tr("Sign in again"), why, self.tr("Sign in"), tasks, parent, clock=clock)
        self._account = account
        self._sign_in = sign_in
        self._send_code = send_code
        self.person.email.edit.setText(account.email)
        self.person.email.edit.setReadOnly(True)
        self.person.offer(sign_up=False)
        self.key.note(self.tr("The publishable key of {}; its owner finds it in Supabase's dashboard, under Connect.").format(account.host))
        self.key.hide()
        self.column.addWidget(self.person)
        self.column.addWidget(self.key)
        self.finish()
        self.person.password.setFocus()

    def entered(self) -> SupabaseForm:
        """What was entered."""
        person = self.person
        return SupabaseForm.again(
            self._account, key=self.key.text(), password=person.password.text(), code=person.code.text(), way=person.way
        )

    async def enter(self, form: SupabaseForm) -> None:
        """Sign in."""
        await self._sign_in(self._account, form)

    async def send_code(self, form: SupabaseForm) -> None:
        """Have a code sent."""
        await self._send_code(self._account, form)

    def fail(self, error: DevotsError) -> None:
        """Say what went wrong; ask for the key where that is it. One that is or may be a secret leaves its field for good."""
        if self.place(error) is self.key:
            self.key.show()
        if error.title == "Not this key":
            self.key.edit.setText("")
        super().fail(error)
