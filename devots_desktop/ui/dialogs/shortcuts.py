"""The sheet of all keys."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.commands import LIST, WINDOW, Command, Do
from devots_desktop.ui.widgets.fields import Form
from devots_desktop.ui.widgets.labels import MUTED, plain_label


class ShortcutsDialog(QDialog):
    """Names every command with its keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        form = Form()
        column = QVBoxLayout(form)
        column.setContentsMargins(*[theme.SPACE * 3] * 4)
        column.setSpacing(theme.SPACE * 2)
        column.addWidget(plain_label(self.windowTitle(), size=1.4, bold=True))
        groups = QHBoxLayout()
        groups.setSpacing(theme.SPACE * 6)
        groups.addLayout(_group(self.tr("Everywhere"), WINDOW))
        groups.addLayout(_group(self.tr("In the list"), LIST))
        column.addLayout(groups, 1)
        close = QPushButton(self.tr("Close"), default=True)
        close.clicked.connect(self.accept)
        column.addWidget(close, alignment=Qt.AlignmentFlag.AlignTrailing)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(form)
        outer.addWidget(area)
        available = self.screen().availableGeometry().size() * 0.9
        self.resize(form.sizeHint().boundedTo(available))


def _group(title: str, commands: dict[Do, Command]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(theme.SPACE)  # Else it would be the one of the layout around it.
    column.addWidget(plain_label(title, role=MUTED, bold=True))
    grid = QGridLayout()
    grid.setHorizontalSpacing(theme.SPACE * 3)
    grid.setVerticalSpacing(theme.SPACE * 3 // 4)
    for row, command in enumerate(commands.values()):
        keys = " · ".join(command.usual())
        name = plain_label(command.name)
        shown = plain_label(keys, role=MUTED)
        name.setBuddy(shown)
        grid.addWidget(name, row, 0)
        grid.addWidget(shown, row, 1)
    grid.setRowStretch(len(commands), 1)
    column.addLayout(grid, 1)
    return column
