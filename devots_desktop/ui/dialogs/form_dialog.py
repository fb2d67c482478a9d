"""What the dialogs that sign in have in common: fields, a busy state, and errors beside the field that they belong to."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QDialog, QProgressBar, QPushButton, QWidget

from devots_desktop.domain.errors import AccountUnusable, DevotsError, TooManyTries
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.dialogs.page import Page
from devots_desktop.ui.widgets.countdown import CountdownButton
from devots_desktop.ui.widgets.fields import Field
from devots_desktop.ui.widgets.labels import DANGER, MUTED, plain_label


class Missing(AccountUnusable):
    """A field that has to be filled in, or is filled in with what cannot be."""

    def __init__(self, field: Field, sentence: str) -> None:
        super().__init__("Not complete", sentence, "Fill it in and try again.")
        self.field = field


class FormDialog(QDialog):
    """A form that does something on the server when it is confirmed.

    It closes when that worked. Meanwhile the fields are grey and Cancel stops it. Where a server takes no more tries for a while, the button says how long.

    Attributes:
        went_back: it was left for what was asked before it.
    """

    def __init__(
        self,
        title: str,
        sentence: str,
        confirm: str,
        tasks: Tasks,
        parent: QWidget | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._running: asyncio.Task[Any] | None = None
        self.went_back = False
        self.setWindowTitle(title)
        self.page = Page(self)
        self.column = self.page.column
        self.why = plain_label(sentence, role=MUTED)
        self.why.setWordWrap(True)
        self.column.addWidget(self.why)
        self.message = plain_label(role=DANGER)
        self.message.setWordWrap(True)
        self.message.hide()
        self.confirm = CountdownButton(confirm, clock=clock, default=True)
        self.cancel = QPushButton(self.tr("Cancel"), autoDefault=False)
        self.confirm.clicked.connect(self.submit)
        self.cancel.clicked.connect(self.reject)
        self.back: QPushButton | None = None
        self._busy = QProgressBar(minimum=0, maximum=0, textVisible=False)
        self._busy.setAccessibleName(self.tr("Connecting"))
        self._busy.setFixedHeight(4)
        self._busy.hide()

    def finish(self, *, back: bool = False) -> None:
        """Close the form with its message and buttons; call when all fields are in the column. `back`: something was asked before this form."""
        self.column.addWidget(self.message)
        self.column.addWidget(self._busy)
        if back:
            self.back = QPushButton(self.tr("Back"), autoDefault=False)
            self.back.clicked.connect(self.go_back)
        self.page.finish(self.cancel, self.confirm, back=self.back)
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

    def worked(self) -> None:
        """What follows when it was done: nothing more is asked."""
        self.accept()

    def begin(self, work: Coroutine[Any, Any, object], then: Callable[[], None], button: CountdownButton) -> None:
        """Do something with what was entered; `button` is where it was asked for."""
        self.complain("")
        for field in self.findChildren(Field):
            field.complain("")
        self._running = self._tasks.spawn(self.windowTitle(), self._do(work, then, button))
        self.show_busy()

    def inputs(self) -> list[QWidget]:
        """What is grey while something is done."""
        return [*self.findChildren(Field), *([self.back] if self.back else [])]

    def go_back(self) -> None:
        """Leave the form for what was asked before it."""
        self.went_back = True
        self.reject()

    def submit(self) -> None:
        """Do it, unless something is being done."""
        if not self.busy:
            self.begin(self.work(), self.worked, self.confirm)

    async def _do(self, work: Coroutine[Any, Any, object], then: Callable[[], None], button: CountdownButton) -> None:
        failure: DevotsError | None = None
        try:
            await work
        except DevotsError as error:
            failure = error
        finally:
            # Whoever closed the form waits for nothing, and it may be deleted by now.
            left, self._running = self._running is None, None
            if not left:
                self.show_busy()
        if left:
            return
        if failure is None:
            then()
            return
        if isinstance(failure, TooManyTries):
            button.wait(failure.seconds)
        self.fail(failure)

    def fail(self, error: DevotsError) -> None:
        """Say what went wrong, beside the field that it belongs to."""
        field = error.field if isinstance(error, Missing) else self.place(error)
        said = f"{error.sentence} {error.by_hand}"
        if field is None or field.isHidden():
            self.complain(said)
        else:
            field.complain(said)
            field.setFocus()
            self.grow()
            self.page.area.ensureWidgetVisible(field)

    def complain(self, sentence: str) -> None:
        """Say what went wrong with the form as a whole; "" takes that back."""
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))
        self.page.setAccessibleDescription(sentence)
        self.grow()

    def grow(self) -> None:
        """Make room for what has come up, once it is laid out."""
        QTimer.singleShot(0, self, lambda: self.resize(self.size().expandedTo(self.page.sizeHint())))

    def show_busy(self) -> None:
        """Show whether something is being done."""
        self._busy.setVisible(self.busy)
        self.confirm.set_busy(busy=self.busy)
        for each in self.inputs():
            each.setEnabled(not self.busy)

    def stop(self) -> None:
        """Cancel what is being done, if anything is."""
        if self._running is not None:
            self._running.cancel()

    def done(self, result: int) -> None:
        """End; what runs is cancelled first."""
        if result != QDialog.DialogCode.Accepted.value:
            self.stop()
            self._running = None
        super().done(result)
