"""Examining the account that is on screen."""

from collections.abc import Callable

from PySide6.QtCore import QObject

from devots_desktop.domain.finding import Finding
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.commands import WINDOW, Do, add_action
from devots_desktop.ui.window import MainWindow


class Checking(QObject):
    """Opens the dialog that examines the account on screen."""

    def __init__(self, window: MainWindow, accounts: Accounts, tasks: Tasks, current: Callable[[], OpenAccount]) -> None:
        """Serve a window from now on.

        Args:
            current: the account on screen.
        """
        super().__init__(window)
        self._window = window
        self._accounts = accounts
        self._tasks = tasks
        self._current = current
        window.commands[Do.EXAMINE] = add_action(window, Do.EXAMINE, WINDOW[Do.EXAMINE].bindings(), self.open)

    def open(self) -> None:
        """Examine the account that is on screen now."""
        from devots_desktop.ui.dialogs.examination import ExaminationDialog

        opened = self._current()
        doctor = self._accounts.doctor(opened.account)

        async def repair(found: list[Finding]) -> list[str]:
            try:
                return await doctor.repair(found)
            finally:
                opened.poke()

        dialog = ExaminationDialog(doctor.examine, repair, self._tasks, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        dialog.begin()
