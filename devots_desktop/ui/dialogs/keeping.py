"""Where a session is kept, to choose from."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from devots_desktop.domain.account import SecretStore
from devots_desktop.ui import theme
from devots_desktop.ui.widgets.labels import plain_label

_SECRETS = {
    SecretStore.KEYRING: "In the system's keyring",
    SecretStore.MEMORY: "Only until I quit",
    SecretStore.FILE: "In a private file, not encrypted",
}


class Keeping(QWidget):
    """Asks whether and where to keep somebody signed in."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name = self.tr("Keep me signed in")
        self.choice = QComboBox()
        self.choice.setAccessibleName(name)
        self.choice.setMinimumHeight(theme.line_height(self.choice.fontMetrics()) + 6)
        for store, words in _SECRETS.items():
            self.choice.addItem(words, store)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE // 2)
        column.addWidget(plain_label(name, size=0.93, bold=True))
        column.addWidget(self.choice, alignment=Qt.AlignmentFlag.AlignLeading)

    @property
    def store(self) -> SecretStore:
        """What was chosen."""
        return SecretStore(self.choice.currentData())
