"""What the dialogs that sign in have in common: fields, a busy state, and errors beside the field that they belong to."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QDialog, QProgressBar, QPushButton, QWidget

from devots_desktop.domain.errors import DevotsError
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.dialogs.page import Page
from devots_desktop.ui.widgets.fields import Field
from devots_desktop.ui.widgets.labels import DANGER, MUTED, plain_label


class FormDialog(QDialog):
    """A form that does something on the server when it is confirmed.

    It closes when that worked. Meanwhile the fields are grey and Cancel stops it.
    """

    def __init__(self, title: str, sentence: str, confirm: str, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._running: asyncio.Task[Any] | None = None
        self.setWindowTitle(title)
        self.page = Page(self)
        self.column = self.page.column
        why = plain_label(sentence, role=MUTED)
        why.setWordWrap(True)
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

    def finish(self) -> None:
        """Close the form with its message and buttons; call when all fields are in the column."""
        self.column.addWidget(self.message)
        self.column.addWidget(self._busy)
        self.page.finish(self.cancel, self.confirm)
        self.resize(self.page.sizeHint())

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
            self.page.area.ensureWidgetVisible(field)

    def _complain(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))
        self.page.setAccessibleDescription(sentence)
        QTimer.singleShot(0, self._grow)

    def _grow(self) -> None:
        """Make room for a sentence that has come up."""
        self.resize(self.size().expandedTo(self.page.sizeHint()))

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
