"""The sheet of all keys."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.commands import LIST, WINDOW, Command, Do
from devots_desktop.ui.dialogs.page import Page
from devots_desktop.ui.widgets.labels import MUTED, plain_label


class ShortcutsDialog(QDialog):
    """Names every command with its keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        page = Page(self)
        groups = QHBoxLayout()
        groups.setSpacing(theme.SPACE * 5)
        groups.addLayout(_group(self.tr("Everywhere"), WINDOW))
        groups.addLayout(_group(self.tr("In the list"), LIST))
        page.column.addLayout(groups, 1)
        close = QPushButton(self.tr("Close"), default=True)
        close.clicked.connect(self.accept)
        page.finish(close)
        self.resize(page.sizeHint())


def _group(title: str, commands: dict[Do, Command]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(theme.SPACE)  # Else it would be the one of the layout around it.
    column.addWidget(plain_label(title, role=MUTED, bold=True))
    grid = QGridLayout()
    grid.setHorizontalSpacing(theme.SPACE * 3)
    grid.setVerticalSpacing(theme.SPACE * 3 // 4)
    for row, command in enumerate(commands.values()):
        grid.addWidget(plain_label(command.name), row, 0)
        grid.addLayout(_caps(command), row, 1)
    grid.setRowStretch(len(commands), 1)
    column.addLayout(grid, 1)
    return column


def _caps(command: Command) -> QHBoxLayout:
    """The keys of a command, each as a cap."""
    caps = QHBoxLayout()
    caps.setSpacing(theme.SPACE // 2)
    for keys in command.usual():
        cap = plain_label(keys, size=0.93)
        cap.setAlignment(Qt.AlignmentFlag.AlignCenter)
        cap.setProperty("cap", True)
        caps.addWidget(cap)
    caps.addStretch(1)
    return caps
