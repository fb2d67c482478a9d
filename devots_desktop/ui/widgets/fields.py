"""A field of a form: its name above, a hint or what is wrong with it below."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.widgets.labels import DANGER, MUTED, plain_label


class Field(QWidget):
    """A line edit with its name, hint and error."""

    def __init__(self, name: str, *, hint: str = "", placeholder: str = "", secret: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = hint
        self.edit = QLineEdit(placeholderText=placeholder)
        self.edit.setMinimumHeight(theme.line_height(self.edit.fontMetrics()) + 6)
        if secret:
            self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._label = plain_label(name, size=0.93, bold=True)
        self._label.setBuddy(self.edit)
        self._below = plain_label(hint, role=MUTED, size=0.87)
        self._below.setWordWrap(True)
        self._below.setVisible(bool(hint))
        self.edit.setAccessibleName(name)
        self.edit.setAccessibleDescription(hint)
        self.edit.textEdited.connect(lambda _: self.complain(""))
        self.row = QVBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(theme.SPACE // 2)
        for part in (self._label, self.edit, self._below):
            self.row.addWidget(part)
        self.setFocusProxy(self.edit)

    def text(self) -> str:
        """What was typed, without white space around it where it is no secret."""
        typed = self.edit.text()
        return typed if self.edit.echoMode() is QLineEdit.EchoMode.Password else typed.strip()

    def rename(self, name: str) -> None:
        """Ask for something else."""
        self._label.setText(name)
        self.edit.setAccessibleName(name)

    def note(self, hint: str) -> None:
        """Change the hint."""
        if hint != self._hint:
            self._hint = hint
            self.complain("")

    def complain(self, sentence: str) -> None:
        """Say below the field what is wrong; "" brings the hint back."""
        self._below.setText(sentence or self._hint)
        self._below.setForegroundRole(DANGER if sentence else MUTED)
        self._below.setVisible(bool(sentence or self._hint))
        self.edit.setAccessibleDescription(sentence or self._hint)
        self.edit.setProperty("wrong", bool(sentence))
        self.edit.style().unpolish(self.edit)
        self.edit.style().polish(self.edit)


class Form(QWidget):
    """The ground of a form: gives its fields and buttons our look where the platform has none of its own, in both schemes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._dressed = ""
        self._dress()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the scheme and the size of the text."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.FontChange}:
            self._dress()

    def _dress(self) -> None:
        sheet = theme.form_sheet(theme.of(self), self.fontMetrics().height())
        if sheet != self._dressed:
            self._dressed = sheet
            self.setStyleSheet(sheet)
