"""The field for a new todo, and the sentence below it where its text cannot be one."""

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from devots_desktop.domain.errors import InvalidText
from devots_desktop.domain.text import clean_text
from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_field, draw_icon, leaves_undo, row_height
from devots_desktop.ui.widgets.labels import DANGER, plain_label

_FRAME = 3


class QuickAdd(QWidget):
    """Takes one line and Enter.

    Signals:
        submitted(text): a text that can be stored; the field is empty again.
        pasted(text): a text of several lines was pasted: each of them is a todo.
    """

    submitted = Signal(str)
    pasted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = QLineEdit(placeholderText=self.tr("Add a todo…"), frame=False)
        self.field.setAccessibleName(self.tr("New todo"))
        self.sentence = plain_label(role=DANGER)
        self.sentence.setWordWrap(True)
        self.sentence.hide()
        inner = QHBoxLayout()
        inner.setContentsMargins(self._sign() - 2, _FRAME, theme.SPACE, _FRAME)
        inner.addWidget(self.field)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(theme.SPACE // 2)
        outer.addLayout(inner)
        outer.addWidget(self.sentence)
        self.field.setMinimumHeight(self._box_height() - 2 * _FRAME)
        self.field.returnPressed.connect(self._submit)
        self.field.textEdited.connect(lambda _: self.complain(""))
        self.field.installEventFilter(self)
        self.setFocusProxy(self.field)

    def complain(self, sentence: str) -> None:
        """Say below the field what is wrong; "" takes it back."""
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        self.field.setAccessibleDescription(sentence)
        self.update()

    def offer(self, text: str, sentence: str) -> None:
        """Put a text that would else be lost into the field, before what is in it already, and say why it is there."""
        self.field.setText(f"{text} {self.field.text()}".strip())
        self.complain(sentence)
        self.show()
        self.field.setFocus()

    def _submit(self) -> None:
        text = self.field.text()
        try:
            cleaned = clean_text(text)
        except InvalidText as error:
            self.complain(str(error))
            return
        self._empty()
        self.submitted.emit(cleaned)

    def _empty(self) -> None:
        self.field.setText("")  # clear() could be undone, and undo would bring back what was submitted.
        self.complain("")

    def _sign(self) -> int:
        """As wide as the circles' column of the list, so that the texts of both stand in one line."""
        return row_height(self.fontMetrics())

    def _box_height(self) -> int:
        return row_height(self.fontMetrics()) + 4

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The frame follows the focus; Escape empties the field; several lines are several todos."""
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        if leaves_undo(self.field, event):
            return True
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress and event.matches(QKeySequence.StandardKey.Paste):
            text = QGuiApplication.clipboard().text()
            if len(text.strip().splitlines()) > 1:
                self.pasted.emit(text)
                return True
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape and self.field.text():
            self._empty()
            return True
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The frame is part of the field."""
        self.field.setFocus(Qt.FocusReason.MouseFocusReason)
        super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame and the plus sign."""
        colours = theme.of(self)
        focused = self.field.hasFocus()
        edge = colours.bad if self.sentence.text() else colours.accent if focused else colours.edge
        painter = QPainter(self)
        box = QRect(0, 0, self.width(), self.field.height() + 2 * _FRAME)
        draw_field(painter, box, colours, edge, strong=focused)
        sign = QRect(box)
        sign.setWidth(self._sign())
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            sign.moveRight(self.width() - 1)
        draw_icon(painter, sign, "plus", colours.accent if focused else colours.muted, theme.icon_size(self.fontMetrics()))
