"""The settings in the running program, and the two dialogs that belong to the program as a whole."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QDialog

from devots_desktop import __version__
from devots_desktop.domain.errors import DevotsError
from devots_desktop.services import settings as stored
from devots_desktop.services.settings import Settings
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.profile import default_folder
from devots_desktop.ui import theme
from devots_desktop.ui.commands import WINDOW, Do, add_action
from devots_desktop.ui.window import MainWindow


class Preferences(QObject):
    """Stores the settings, lets them take effect, and opens their dialog and the sheet of shortcuts."""

    def __init__(self, window: MainWindow, folder: Path, tasks: Tasks, use: Callable[[Settings], object]) -> None:
        """Serve a window from now on.

        Args:
            use: told the settings now, and whenever they change.
        """
        super().__init__(window)
        self._window = window
        self._folder = folder
        self._tasks = tasks
        self._use = use
        self.settings = stored.load(folder)
        self._dialogs: dict[Do, QDialog] = {}
        use(self.settings)
        for do, work in ((Do.SETTINGS, self.open_settings), (Do.SHORTCUTS, self.open_shortcuts)):
            window.commands[do] = add_action(window, do, WINDOW[do].bindings(), work)

    def change(self, settings: Settings) -> None:
        """Store these settings and let them take effect.

        Raises:
            ProfileUnusable: they could not be stored; they are in effect until the program ends.
        """
        app = QApplication.instance()
        if isinstance(app, QApplication) and settings.appearance is not self.settings.appearance:
            theme.choose(app, settings.appearance)
        self.settings = settings
        self._use(settings)
        stored.save(self._folder, settings)

    def open_settings(self) -> None:
        """Open the settings."""
        from devots_desktop.services import autostart
        from devots_desktop.ui.dialogs.settings import SettingsDialog

        command = autostart.start_command(self._folder, default_folder(os.environ), sys.argv[0])
        start = autostart.Autostart(os.environ, command) if autostart.available() else None
        dialog = SettingsDialog(self.settings, self.change, self._folder, __version__, start, self._window)
        self._open(Do.SETTINGS, dialog)
        self._tasks.spawn("keyring", self._name_keyring(dialog))

    def open_shortcuts(self) -> None:
        """Open the sheet of shortcuts."""
        from devots_desktop.ui.dialogs.shortcuts import ShortcutsDialog

        self._open(Do.SHORTCUTS, ShortcutsDialog(self._window))

    def _open(self, do: Do, dialog: QDialog) -> None:
        """Open a dialog; the one that is open already goes."""
        if before := self._dialogs.pop(do, None):
            before.close()
        self._dialogs[do] = dialog
        dialog.finished.connect(lambda _: self._forget(do, dialog))
        dialog.open()

    def _forget(self, do: Do, dialog: QDialog) -> None:
        if self._dialogs.get(do) is dialog:
            del self._dialogs[do]
        dialog.deleteLater()

    async def _name_keyring(self, dialog: QDialog) -> None:
        """Looking for the keyring may take long: its name comes when it is known, where the dialog is still open."""
        from devots_desktop.services.secrets import keyring_name
        from devots_desktop.ui.dialogs.settings import SettingsDialog

        try:
            name = f"Keyring: {await keyring_name()}"
        except DevotsError as error:
            name = str(error)
        if isinstance(dialog, SettingsDialog) and dialog in self._dialogs.values():
            dialog.say_keyring(name)
