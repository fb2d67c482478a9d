"""Everything about one todo: its whole text, which can be edited here with its line breaks, its state and its times."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPalette
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from devots_desktop.domain.changes import Via
from devots_desktop.domain.errors import InvalidText
from devots_desktop.domain.text import MAX_TEXT, clean_text
from devots_desktop.domain.todo import Todo
from devots_desktop.store.conflicts import Conflict
from devots_desktop.ui import theme, wording
from devots_desktop.ui.widgets.buttons import CheckButton, IconButton, follow
from devots_desktop.ui.widgets.fields import Form
from devots_desktop.ui.widgets.labels import DANGER, MUTED, plain_label
from devots_desktop.ui.widgets.overruled import Overruled
from devots_desktop.ui.widgets.scroll_bar import SlimScrollBar


class DetailPane(Form):
    """Shows a todo, and stores its text when the user leaves it.

    Signals:
        edited(client_id, text), toggled(client_id, completed): what the user asked for.
        restored(number), dismissed(number): so for a value that was overruled.
        orphaned(text): what was typed has no todo any more, or cannot be stored.
        left(): Escape was pressed in the text.
        closed(): the pane is to go.
    """

    edited = Signal(str, str)
    toggled = Signal(str, bool)
    restored = Signal(int)
    dismissed = Signal(int)
    orphaned = Signal(str)
    left = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.todo: Todo | None = None
        self.close_button = IconButton("close", self.tr("Close the details"))
        self.toggle = CheckButton()
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(self.tr("Text of the todo"))
        self.text.setTabChangesFocus(True)
        if theme.is_plain():
            self.text.setVerticalScrollBar(SlimScrollBar())
        self.sentence = plain_label(role=DANGER, size=0.93)
        self.facts = plain_label(role=MUTED, size=0.93)
        self.overruled = Overruled()
        self.overruled.restored.connect(self.restored)
        self.overruled.dismissed.connect(self.dismissed)
        self._none = plain_label(self.tr("No todo chosen"), size=1.1, bold=True)
        self._lay_out()
        self.close_button.clicked.connect(self.closed)
        self.toggle.clicked.connect(self._toggle)
        self.text.installEventFilter(self)
        self.show_todo(None, None)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.toggle)
        head.addWidget(self._none)
        head.addStretch(1)
        head.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.SPACE * 2] * 4)
        column.setSpacing(theme.SPACE)
        column.addLayout(head)
        column.addWidget(self.text, 1)
        for label in (self.sentence, self.facts):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        column.insertWidget(column.count() - 1, self.overruled)
        column.addStretch(0)

    def minimumSizeHint(self) -> QSize:
        """Wide enough for a few words on each line."""
        return QSize(self.fontMetrics().averageCharWidth() * 28, super().minimumSizeHint().height())

    def show_todo(self, todo: Todo | None, via: Via | None, conflicts: Sequence[Conflict] = (), *, text_fixed: str = "") -> None:
        """Show this todo as it is now; None for none. What is being typed stays, unless it is another todo.

        Args:
            via: by which way its last change came, where that is known.
            conflicts: the values of it that were overruled, newest first.
            text_fixed: why its text cannot be changed, as a sentence; empty where it can.
        """
        same = todo is not None and self.todo is not None and todo.client_id == self.todo.client_id
        if not same:
            self.leave()
        self.todo = todo
        for part in (self.text, self.toggle, self.facts):
            part.setVisible(todo is not None)
        self._none.setVisible(todo is None)
        self.overruled.show_values(conflicts, wording.here)
        follow(self.text, self.overruled.buttons)
        if todo is None:
            self._say("")
            return
        word, name = (self.tr("Done"), self.tr("Open again")) if todo.completed else (self.tr("Open"), self.tr("Mark as done"))
        self.toggle.show_done(word, name, done=todo.completed)
        self.facts.setText("\n".join(wording.facts(todo, via, wording.here)))
        if not (same and self.text.document().isModified()):
            self._show_text(todo.text, text_fixed)

    def leave(self) -> None:
        """Store what was typed; what cannot be stored is offered elsewhere."""
        if self.todo is None or not self.text.document().isModified():
            return
        typed = self.text.toPlainText()
        if not self._store() and typed.strip():
            self.orphaned.emit(typed)
        self.text.document().setModified(False)

    def lose(self) -> None:
        """The todo is gone; what was typed for it is not."""
        if self.todo is not None and self.text.document().isModified() and (typed := self.text.toPlainText().strip()):
            self.orphaned.emit(typed)
        self.text.document().setModified(False)
        self.show_todo(None, None)

    def _show_text(self, text: str, fixed: str) -> None:
        if not fixed and len(text) > MAX_TEXT:
            fixed = f"This text is longer than {MAX_TEXT:,} characters; it can be read, not changed."
        self.text.setReadOnly(bool(fixed))
        if self.text.toPlainText() != text:
            self.text.setPlainText(text)
        self.text.document().setModified(False)
        self._say(fixed, MUTED)

    def _store(self) -> bool:
        """Ask for the edit; False, with a sentence, where the text cannot be stored."""
        assert self.todo is not None  # noqa: S101 (asked by the callers)
        try:
            text = clean_text(self.text.toPlainText())
        except InvalidText as error:
            self._say(str(error))
            return False
        self.text.document().setModified(False)
        self._say("")
        if text != self.todo.text:
            self.edited.emit(self.todo.client_id, text)
        return True

    def _say(self, sentence: str, role: QPalette.ColorRole = DANGER) -> None:
        self.sentence.setForegroundRole(role)
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        self.text.setAccessibleDescription(sentence)

    def _toggle(self) -> None:
        if self.todo is not None:
            self.toggled.emit(self.todo.client_id, not self.todo.completed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leaving the text stores it, and so do Ctrl+Enter and the keys for saving; Escape goes back to the list."""
        if event.type() is QEvent.Type.FocusOut and self.todo is not None and self.text.document().isModified():
            self._store()
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
            if event.key() == Qt.Key.Key_Escape:
                self.left.emit()
                return True
            if self.todo is not None and ((control and event.key() in _ENTER) or event.matches(QKeySequence.StandardKey.Save)):
                self._store()
                return True
        return super().eventFilter(watched, event)


_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
