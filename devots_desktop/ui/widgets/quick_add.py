"""The field for a new todo, and the sentence below it where its text cannot be one."""

from PySide6 import QtGui, QtWidgets
from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from devots_desktop.domain.errors import InvalidText
from devots_desktop.domain.text import clean_text
from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_card, draw_icon, leaves_undo, row_height
from devots_desktop.ui.line_edit import LineEdit
from devots_desktop.ui.widgets.buttons import WordButton
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
        self.field = LineEdit(placeholderText=self.tr("Add a todo…"), frame=False)
        self.field.setAccessibleName(self.tr("New todo"))
        self.sentence = plain_label(role=DANGER)
        self.sentence.setWordWrap(True)
        self.sentence.hide()
        self._take: WordButton | None = None
        self._inner = inner = QHBoxLayout()
        inner.setContentsMargins(0, _FRAME, 0, _FRAME)
        inner.setSpacing(0)
        inner.addSpacing(self._sign() - 3)  # Not a margin, which would stay at the left in a window from right to left.
        inner.addWidget(self.field)
        inner.addSpacing(theme.SPACE)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(theme.SPACE // 2)
        outer.addLayout(inner)
        outer.addWidget(self.sentence)
        self.field.setMinimumHeight(self._box_height() - 2 * _FRAME)
        self.field.returnPressed.connect(self._submit)
        self.field.textEdited.connect(lambda _: self.complain(""))
        self.field.textChanged.connect(self._offer_take)
        self.field.menu_made.connect(self._paste_lines)
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

    def _offer_take(self, text: str) -> None:
        """Enter is not everybody's: a button beside what was typed does the same."""
        if self._take is None:
            self._take = WordButton(self.tr("Add"))
            self._take.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._take.clicked.connect(self._submit)
            self._inner.insertSpacing(self._inner.count() - 1, theme.SPACE)
            self._inner.insertWidget(self._inner.count() - 1, self._take)
        self._take.setVisible(bool(text.strip()))

    def _paste_lines(self, menu: QtWidgets.QMenu) -> None:
        """The menu's way of pasting makes several todos of several lines as the keys do."""
        paste = menu.findChild(QtGui.QAction, "edit-paste")
        if isinstance(paste, QtGui.QAction) and self._lines():
            paste.triggered.disconnect()
            paste.triggered.connect(lambda _=False: self.pasted.emit(self._lines()))

    def _lines(self) -> str:
        """What the clipboard holds, where that is more lines than one."""
        text = QGuiApplication.clipboard().text()
        return text if len(text.strip().splitlines()) > 1 else ""

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
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress and self._takes(event):
            return True
        return super().eventFilter(watched, event)

    def _takes(self, event: QKeyEvent) -> bool:
        if event.matches(QtGui.QKeySequence.StandardKey.Paste) and (lines := self._lines()):
            self.pasted.emit(lines)
            return True
        if event.key() == Qt.Key.Key_Escape and self.field.text():
            self._empty()
            return True
        return False

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
        draw_card(painter, box, colours.base, edge, width=1 + focused)
        sign = QRect(box)
        sign.setWidth(self._sign())
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            sign.moveRight(self.width() - 1)
        draw_icon(painter, sign, "plus", colours.accent if focused else colours.muted, theme.icon_size(self.fontMetrics()))
