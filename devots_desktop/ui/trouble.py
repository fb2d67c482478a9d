"""The window that is shown when the list cannot be: what happened, and what to do."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout

from devots_desktop.domain.errors import DevotsError
from devots_desktop.ui import theme
from devots_desktop.ui.widgets.fields import Form
from devots_desktop.ui.widgets.labels import plain_label


class TroubleWindow(Form):
    """Says in a calm way why the program cannot start."""

    def __init__(self, error: DevotsError) -> None:
        super().__init__()
        self.setWindowTitle("Devots")
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.setMinimumHeight(theme.TARGET + 4)
        self.close_button.clicked.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.SPACE * 4] * 4)
        column.setSpacing(theme.SPACE * 3 // 2)
        column.addWidget(plain_label(error.title, size=1.55, bold=True))
        for text in (error.sentence, error.next_step):
            label = plain_label(text)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
            column.addWidget(label)
        column.addStretch(1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        column.addLayout(buttons)
        self.close_button.setFocus()

    def sizeHint(self) -> QSize:
        """Wide enough for a path."""
        return QSize(self.fontMetrics().averageCharWidth() * 80, self.fontMetrics().height() * 15)
