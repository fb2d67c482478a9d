"""What the dialogs that sign in at a portal have in common: the ways in, and what follows each of their steps."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QRadioButton, QWidget

from devots_desktop.domain.errors import DevotsError, TooManyTries, WrongCredentials
from devots_desktop.services.portal_form import PortalForm
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.dialogs.form_dialog import FormDialog, Missing
from devots_desktop.ui.widgets.fields import Field
from devots_desktop.ui.widgets.portal_entry import PortalEntry

if TYPE_CHECKING:
    from devots_desktop.remote.portal.signing import Challenge, DeviceSignIn, Granted, Methods


def open_in_browser(address: str) -> None:
    """Open a page in the system's browser."""
    QDesktopServices.openUrl(QUrl(address))


@dataclass(frozen=True, slots=True)
class PortalVerbs:
    """What the dialogs do at a portal (services/portal_account.py). All but `open_page` raise DevotsError."""

    methods: Callable[[PortalForm], Awaitable["Methods"]]
    begin_device: Callable[[PortalForm], Awaitable["DeviceSignIn"]]
    enter: Callable[[PortalForm], Awaitable["Granted | Challenge"]]
    send_code: Callable[[PortalForm, "Challenge"], Awaitable[None]]
    verify: Callable[[PortalForm, "Challenge", str, str], Awaitable["Granted"]]
    open_page: Callable[[str], None] = open_in_browser


class PortalDialog(FormDialog):
    """A form in which somebody gets in at a portal.

    Attributes:
        entry: the ways in.
    """

    def __init__(
        self,
        title: str,
        confirm: str,
        verbs: PortalVerbs,
        tasks: Tasks,
        parent: QWidget | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(title, "", confirm, tasks, parent, clock=clock)
        self.verbs = verbs
        self.entry = PortalEntry(clock=clock)
        self._page = ""
        self._challenge: Challenge | None = None
        self.entry.changed.connect(self.show_step)
        self.entry.send.clicked.connect(self._send_code)
        self.entry.device.opened.connect(lambda: self.verbs.open_page(self._page))
        self.entry.device.left.connect(self._leave_browser)

    # To be said by each form

    def entered(self) -> PortalForm:
        """What was entered. Raises DevotsError where that cannot be used."""
        raise TypeError(type(self).__name__)

    async def take(self, granted: "Granted") -> None:
        """Go on with a session that has begun. Raises DevotsError."""
        raise TypeError(type(self).__name__)

    # What happens

    def show_step(self) -> None:
        """Say on the button what it does now."""
        self.confirm.show_words(self.entry.words)
        self.complain("")

    async def work(self) -> None:
        """Get in, or as far as a second factor."""
        if (empty := self.entry.empty()) is not None:
            raise Missing(*empty)
        form = self.entered()
        if self.entry.in_browser:
            await self._wait_for_browser(form)
        elif self._challenge is not None:
            await self.take(await self.verbs.verify(form, self._challenge, self.entry.factor, self.entry.code.text()))
            self._challenge = None
        else:
            await self._enter(form)

    def worked(self) -> None:
        """Ask for the second factor, or end."""
        if self._challenge is None:
            super().worked()
        else:
            self.entry.ask_factor(self._challenge.factors)
            self.grow()

    async def _enter(self, form: PortalForm) -> None:
        from devots_desktop.remote.portal.signing import Challenge

        outcome = await self.verbs.enter(form)
        if isinstance(outcome, Challenge):
            self._challenge = outcome
        else:
            await self.take(outcome)

    async def _wait_for_browser(self, form: PortalForm) -> None:
        device = await self.verbs.begin_device(form)
        self._page = device.address_with_code
        self.entry.wait_for(device.user_code, device.address, device.left)
        self.grow()
        self.verbs.open_page(self._page)
        await self.take(await device.wait())

    def _leave_browser(self) -> None:
        """Give the code up, and go on with the other way."""
        self.stop()
        self.entry.by_password.setChecked(True)
        self.entry.begin_again()

    def _send_code(self) -> None:
        if self._challenge is not None and not self.busy:
            self.begin(self._send(self._challenge), self.entry.sent, self.entry.send)

    async def _send(self, challenge: "Challenge") -> None:
        await self.verbs.send_code(self.entered(), challenge)

    def begin_again(self) -> None:
        """Back to the choice of the way."""
        self._challenge = None
        self.entry.begin_again()

    def inputs(self) -> list[QWidget]:
        """As FormDialog.inputs; the ways, too."""
        return [*super().inputs(), *self.entry.findChildren(QRadioButton)]

    def show_busy(self) -> None:
        """As FormDialog.show_busy."""
        super().show_busy()
        self.entry.send.set_busy(busy=self.busy)

    def fail(self, error: DevotsError) -> None:
        """Say what went wrong. A code that has ended, and a sign-in that took too long, begin anew."""
        if self.entry.in_browser or error.title == "Too late":
            self.begin_again()
        super().fail(error)

    def place(self, error: DevotsError) -> Field | None:
        """The field that an error belongs to."""
        if isinstance(error, WrongCredentials):
            return self.entry.password
        if isinstance(error, TooManyTries):
            return self.entry.code if self.entry.factors else self.entry.password
        return {
            "E-mail missing": self.entry.email,
            "E-mail not confirmed": self.entry.email,
            "Code not right": self.entry.code,
            "No code sent": self.entry.code,
        }.get(error.title)
