"""The settings. Each takes effect and is stored at once; there is nothing to confirm."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QWidget,
)

from devots_desktop.domain.errors import DevotsError
from devots_desktop.services.autostart import Autostart
from devots_desktop.services.settings import Appearance, Settings
from devots_desktop.ui import theme
from devots_desktop.ui.dialogs.page import Page
from devots_desktop.ui.widgets.labels import DANGER, MUTED, plain_label

_APPEARANCE = {Appearance.SYSTEM: "As the system", Appearance.LIGHT: "Light", Appearance.DARK: "Dark"}


class SettingsDialog(QDialog):
    """Appearance, notifications, start at login, and what there is to know about the program."""

    def __init__(
        self,
        settings: Settings,
        change: Callable[[Settings], None],
        folder: Path,
        version: str,
        autostart: Autostart | None,
        parent: QWidget | None = None,
    ) -> None:
        """Show them.

        Args:
            change: stores new settings and lets them take effect; raises DevotsError where that fails.
            folder: where the data are.
            autostart: None where the platform has no such thing.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.settings = settings
        self._change = change
        self._folder = folder
        self._autostart = autostart
        self.error = plain_label(role=DANGER)
        self.keyring = plain_label(self.tr("Keyring: looking…"), role=MUTED)
        page = Page(self)
        self._column = page.column
        self._column.setSpacing(theme.SPACE // 2)
        self._add_appearance()
        self._add_notifications()
        self._add_start()
        self._add_folder()
        self._add_about(version)
        self._finish(page)

    def say_keyring(self, sentence: str) -> None:
        """Say which keyring keeps the secrets."""
        self.keyring.setText(sentence)

    def _add_appearance(self) -> None:
        self._section(self.tr("Appearance"))
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE * 3)
        group = QButtonGroup(self)
        self.appearance = {appearance: QRadioButton(name) for appearance, name in _APPEARANCE.items()}
        for appearance, button in self.appearance.items():
            button.setMinimumHeight(theme.line_height(button.fontMetrics()))
            button.setChecked(appearance is self.settings.appearance)
            button.clicked.connect(lambda _=False, appearance=appearance: self._set(self.settings._replace(appearance=appearance)))
            group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        self._column.addLayout(row)

    def _add_notifications(self) -> None:
        self._section(self.tr("Notifications"))
        self.notify = self._check(self.tr("Tell me about changes from other devices"), on=self.settings.notify)
        self.hide_text = self._check(self.tr("Without the text of the todos"), on=self.settings.hide_text, below=True)
        self.hide_text.setEnabled(self.settings.notify)
        self.notify.clicked.connect(lambda on: self._set(self.settings._replace(notify=on)))
        self.notify.toggled.connect(self.hide_text.setEnabled)
        self.hide_text.clicked.connect(lambda on: self._set(self.settings._replace(hide_text=on)))

    def _add_start(self) -> None:
        if self._autostart is None:
            return
        self._section(self.tr("Start"))
        self.start = self._check(self.tr("Start Devots when I log in"), on=self._autostart.is_on())
        self.start.clicked.connect(self._set_start)

    def _add_folder(self) -> None:
        self._section(self.tr("Your data"))
        row = QHBoxLayout()
        path = plain_label(str(self._folder))
        path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        path.setWordWrap(True)
        self.open_folder = QPushButton(self.tr("Open the folder"), autoDefault=False)
        self.open_folder.setAccessibleName(self.tr("Open the folder of your data"))
        self.open_folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder))))
        row.addWidget(path, 1)
        row.addWidget(self.open_folder)
        self._column.addLayout(row)

    def _add_about(self, version: str) -> None:
        self._section(self.tr("About"))
        self._column.addWidget(plain_label(f"Devots Desktop {version}"))
        self._column.addWidget(self.keyring)

    def _finish(self, page: Page) -> None:
        self.error.setWordWrap(True)
        self.error.hide()
        self._column.addWidget(self.error)
        close = QPushButton(self.tr("Close"), default=True)
        close.clicked.connect(self.accept)
        page.finish(close)
        self.resize(page.sizeHint())

    def _section(self, name: str) -> None:
        self._column.addSpacing(theme.SPACE * 3 // 2)
        self._column.addWidget(plain_label(name, size=0.93, role=MUTED, bold=True))

    def _check(self, name: str, *, on: bool, below: bool = False) -> QCheckBox:
        """A line to tick; `below` another one on which it depends."""
        box = QCheckBox(name)
        box.setMinimumHeight(theme.line_height(box.fontMetrics()))
        box.setChecked(on)
        line = QHBoxLayout()
        line.setContentsMargins(theme.SPACE * 3 if below else 0, 0, 0, 0)
        line.addWidget(box)
        self._column.addLayout(line)
        return box

    def _set(self, settings: Settings) -> None:
        self._try(lambda: self._change(settings))
        self.settings = settings

    def _set_start(self, on: bool) -> None:  # noqa: FBT001 (as the signal gives it)
        autostart = self._autostart
        if autostart is not None:
            self._try(lambda: autostart.set(on=on))
            self.start.setChecked(autostart.is_on())

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except DevotsError as error:
            self.error.setText(str(error))
            self.error.show()
        else:
            self.error.hide()
