"""What the dialogs that sign in have in common: fields, a busy state, and errors beside the field that they belong to."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QProgressBar, QPushButton, QScrollArea, QVBoxLayout, QWidget

from devots_desktop.domain.errors import DevotsError
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui import theme
from devots_desktop.ui.widgets.fields import Field, Form
from devots_desktop.ui.widgets.labels import DANGER, MUTED, plain_label
from devots_desktop.ui.widgets.scroll_bar import SlimScrollBar


class FormDialog(QDialog):
    """A form that does something on the server when it is confirmed.

    It closes when that worked. Meanwhile the fields are grey and Cancel stops it.
    """

    def __init__(self, title: str, sentence: str, confirm: str, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._running: asyncio.Task[Any] | None = None
        self.setWindowTitle(title)
        self.form = Form()
        self.column = QVBoxLayout(self.form)
        self.column.setContentsMargins(*[theme.SPACE * 3] * 4)
        self.column.setSpacing(theme.SPACE * 3 // 2)
        why = plain_label(sentence, role=MUTED)
        why.setWordWrap(True)
        self.column.addWidget(plain_label(title, size=1.4, bold=True))
        self.column.addWidget(why)
        self.message = plain_label(role=DANGER)
        self.message.setWordWrap(True)
        self.message.hide()
        self.confirm = QPushButton(confirm, default=True)
        self.cancel = QPushButton(self.tr("Cancel"), autoDefault=False)
        self.confirm.clicked.connect(self._submit)
        self.cancel.clicked.connect(self.reject)
        self._busy = QProgressBar(minimum=0, maximum=0, textVisible=False)
        self._busy.setAccessibleName(self.tr("Connecting"))
        self._busy.setFixedHeight(4)
        self._busy.hide()
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        if theme.is_plain():
            area.setVerticalScrollBar(SlimScrollBar())
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self.form)
        self._area = area
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def finish(self) -> None:
        """Close the form with its message and buttons; call when all fields are in the column."""
        self.column.addWidget(self.message)
        self.column.addWidget(self._busy)
        self.column.addStretch(1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.confirm)
        self.column.addLayout(buttons)
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """As high as the form, as far as the screen allows; the rest scrolls."""
        width = self.fontMetrics().averageCharWidth() * 72
        form = self.form.minimumSizeHint().expandedTo(QSize(width, 0))
        height = max(self.form.heightForWidth(form.width()), self.form.sizeHint().height())
        return QSize(form.width(), min(height + 2, int(self.screen().availableGeometry().height() * 0.9)))

    # To be said by each form

    def work(self) -> Coroutine[Any, Any, object]:
        """What to do with what was entered; raises DevotsError where that cannot be used."""
        raise TypeError(type(self).__name__)

    def place(self, error: DevotsError) -> Field | None:
        """The field that an error belongs to; None for the form as a whole."""
        return None

    # What happens

    @property
    def busy(self) -> bool:
        """Whether it is being done."""
        return self._running is not None

    def _submit(self) -> None:
        if self.busy:
            return
        self._complain("")
        for field in self.findChildren(Field):
            field.complain("")
        self._running = self._tasks.spawn(self.windowTitle(), self._do())
        self._show_busy()

    async def _do(self) -> None:
        try:
            await self.work()
        except DevotsError as error:
            self._fail(error)
        else:
            self.accept()
        finally:
            self._running = None
            self._show_busy()

    def _fail(self, error: DevotsError) -> None:
        field = self.place(error)
        if field is None:
            self._complain(str(error))
        else:
            field.complain(str(error))
            field.setEnabled(True)
            field.setFocus()
            QTimer.singleShot(0, self._grow)
            self._area.ensureWidgetVisible(field)

    def _complain(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))
        self.form.setAccessibleDescription(sentence)
        QTimer.singleShot(0, self._grow)

    def _grow(self) -> None:
        """Make room for a sentence that has come up."""
        self.column.activate()
        self.resize(self.size().expandedTo(self.sizeHint()))

    def _show_busy(self) -> None:
        self._busy.setVisible(self.busy)
        self.confirm.setEnabled(not self.busy)
        for field in self.findChildren(Field):
            field.setEnabled(not self.busy)

    def done(self, result: int) -> None:
        """End; what runs is cancelled first."""
        if self._running is not None and result != QDialog.DialogCode.Accepted.value:
            self._running.cancel()
        super().done(result)
