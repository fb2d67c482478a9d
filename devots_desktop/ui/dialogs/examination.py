"""What an examination of the account found, as a list that can be copied, and the button that repairs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QGridLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from devots_desktop.domain.errors import DevotsError
from devots_desktop.domain.finding import Finding, Level, worst
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui import theme
from devots_desktop.ui.dialogs.page import Page
from devots_desktop.ui.widgets.labels import DANGER, MUTED, TEXT, plain_label

Examine = Callable[[], Awaitable[list[Finding]]]
Repair = Callable[[list[Finding]], Awaitable[list[str]]]


class ExaminationDialog(QDialog):
    """Examines while it is open; the work is done on another thread."""

    def __init__(self, examine: Examine, repair: Repair, tasks: Tasks, parent: QWidget | None = None) -> None:
        """Make a dialog that has not begun yet.

        Args:
            repair: repairs what can be repaired of these findings and says what was done; raises DevotsError.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Check this account"))
        self._examine = examine
        self._repair = repair
        self._tasks = tasks
        self._found: list[Finding] = []
        self._running: asyncio.Task[Any] | None = None
        self._page = Page(self)
        self.summary = plain_label(role=MUTED)
        self.summary.setWordWrap(True)
        self._busy = QProgressBar(minimum=0, maximum=0, textVisible=False)
        self._busy.setAccessibleName(self.tr("Checking"))
        self._busy.setFixedHeight(4)
        self._rows = QVBoxLayout()
        self._page.column.addWidget(self.summary)
        self._page.column.addWidget(self._busy)
        self._page.column.addLayout(self._rows)
        self.repair_button = QPushButton(self.tr("Repair"), autoDefault=False)
        self.copy_button = QPushButton(self.tr("Copy"), autoDefault=False)
        self.close_button = QPushButton(self.tr("Close"), default=True)
        self.repair_button.clicked.connect(lambda: self._begin(self._mend()))
        self.copy_button.clicked.connect(self.copy)
        self.close_button.clicked.connect(self.accept)
        self._page.finish(self.repair_button, self.copy_button, self.close_button)
        self._show_busy(busy=False)

    def begin(self) -> None:
        """Examine."""
        self._begin(self._look())

    def show_findings(self, found: Sequence[Finding], before: str = "") -> None:
        """Put findings in place of the earlier ones, the worst first.

        Args:
            before: what is said before how it stands.
        """
        self._found = sorted(found, key=lambda each: tuple(Level).index(each.level), reverse=True)
        self.summary.setText(f"{before} {self._summary()}".strip())
        while (old := self._rows.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.deleteLater()
        self._rows.addWidget(_list(self._found))
        self._show_busy(busy=False)
        self.resize(self.size().expandedTo(self._page.sizeHint()))

    @property
    def text(self) -> str:
        """What is copied: the findings, one below the other."""
        return "\n".join(f"{each.level}: {each.check}: {each.sentence} {each.next_step}".rstrip() for each in self._found)

    def copy(self) -> None:
        """Put the findings on the clipboard."""
        QGuiApplication.clipboard().setText(self.text)

    def _begin(self, work: Any) -> None:
        self._running = self._tasks.spawn(self.windowTitle(), work)
        self._show_busy(busy=True)

    async def _look(self, before: str = "") -> None:
        self.summary.setText(self.tr("Files, keyring, server, and the list here against the server's are looked at."))
        self.show_findings(await self._examine(), before)

    async def _mend(self) -> None:
        self.summary.setText(self.tr("Repairing. What waits to be sent is not touched."))
        try:
            done = " ".join(await self._repair(self._found))
        except DevotsError as error:
            done = str(error)
        await self._look(done)

    def _summary(self) -> str:
        match worst(self._found):
            case Level.WRONG:
                return self.tr("Something is wrong.")
            case Level.WARNING:
                return self.tr("It works; something is worth a look.")
            case _:
                return self.tr("All is well.")

    def _show_busy(self, *, busy: bool) -> None:
        self._busy.setVisible(busy)
        self.copy_button.setEnabled(bool(self._found) and not busy)
        self.repair_button.setEnabled(not busy)
        self.repair_button.setVisible(any(each.mends for each in self._found))

    def done(self, result: int) -> None:
        """End; nobody waits for the answers any more."""
        if self._running is not None:
            self._running.cancel()
        super().done(result)


def _list(found: Sequence[Finding]) -> QWidget:
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, theme.SPACE, 0, 0)
    grid.setHorizontalSpacing(theme.SPACE * 2)
    grid.setVerticalSpacing(theme.SPACE * 3 // 2)
    grid.setColumnStretch(1, 1)
    for place, each in enumerate(found):
        grid.addWidget(_mark(each), place, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(_told(each), place, 1)
    return holder


def _mark(finding: Finding) -> QWidget:
    role = DANGER if finding.level is Level.WRONG else MUTED
    name = "OK" if finding.level is Level.OK else str(finding.level).capitalize()
    return plain_label(name, role=role, bold=finding.level in (Level.WRONG, Level.WARNING))


def _told(finding: Finding) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.SPACE // 2)
    column.addWidget(plain_label(finding.check.capitalize(), bold=True))
    for text, role in ((finding.sentence, TEXT), (finding.next_step, MUTED)):
        if text:
            label = plain_label(text, role=role)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
    return box
