"""Another text for a todo whose change was refused."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QPushButton, QWidget

from devots_desktop.domain.errors import InvalidText
from devots_desktop.domain.text import clean_text
from devots_desktop.ui import theme
from devots_desktop.ui.dialogs.page import Page
from devots_desktop.ui.widgets.labels import DANGER, MUTED, plain_label
from devots_desktop.ui.widgets.scroll_bar import SlimScrollBar

_LINES = 6


class EditTextDialog(QDialog):
    """Shows why the change was refused, and the text. Accepted, `text` is one that can be stored."""

    def __init__(self, text: str, reason: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Edit and send again"))
        self.text = text
        page = Page(self)
        why = plain_label(reason, role=MUTED)
        why.setWordWrap(True)
        self.edit = QPlainTextEdit(text)
        self.edit.setAccessibleName(self.tr("Text of the todo"))
        self.edit.setAccessibleDescription(reason)
        self.edit.setTabChangesFocus(True)
        self.edit.setMinimumHeight(self.fontMetrics().lineSpacing() * _LINES)
        if theme.is_plain():
            self.edit.setVerticalScrollBar(SlimScrollBar())
        self.edit.selectAll()
        self.edit.installEventFilter(self)
        self.message = plain_label(role=DANGER)
        self.message.setWordWrap(True)
        self.message.hide()
        for part in (why, self.edit, self.message):
            page.column.addWidget(part)
        self.cancel = QPushButton(self.tr("Cancel"), autoDefault=False)
        self.confirm = QPushButton(self.tr("Save and send"), default=True)
        self.cancel.clicked.connect(self.reject)
        self.confirm.clicked.connect(self.accept)
        page.finish(self.cancel, self.confirm)
        self.resize(page.sizeHint())
        self.edit.setFocus()

    def accept(self) -> None:
        """Close with the text, unless it cannot be stored."""
        try:
            self.text = clean_text(self.edit.toPlainText())
        except InvalidText as error:
            self.message.setText(str(error))
            self.message.show()
            self.edit.setAccessibleDescription(str(error))
            self.edit.setFocus()
            return
        super().accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl+Enter in the text saves it."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
            if control and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self.accept()
                return True
        return super().eventFilter(watched, event)
