"""The main window: one account at a time, one view of it."""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QFrame, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from devots_desktop.domain.account import Account, Live, Status
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import DevotsError
from devots_desktop.domain.sorting import Sort
from devots_desktop.services.account import OpenAccount
from devots_desktop.store.lists import Counts, View
from devots_desktop.ui import theme, wording
from devots_desktop.ui.listing import Listing
from devots_desktop.ui.models.todo_list import TodoListModel
from devots_desktop.ui.trace import Trace
from devots_desktop.ui.widgets.empty_state import EmptyState
from devots_desktop.ui.widgets.header import Header
from devots_desktop.ui.widgets.quick_add import QuickAdd
from devots_desktop.ui.widgets.sidebar import Sidebar
from devots_desktop.ui.widgets.status_line import StatusLine
from devots_desktop.ui.widgets.todo_view import TodoView

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from devots_desktop.ui.commands import Do

_AT_FIRST = 256
"""Rows that are listed before the first paint: more than a screen has."""
COUNTED_AT_ONCE = 100_000
"""Todos: SQLite counts so many within a few milliseconds."""
_NOT_TAKEN = "This is what you typed; its todo could not take it. Press Enter to keep it as a new todo."


class MainWindow(QMainWindow):
    """Shows an open account. What the user asks for goes out as signals; it knows no verbs.

    Attributes:
        painted: whether it was on screen once.
        hides: closing it only hides it, because a tray icon brings it back.

    Signals:
        counts_asked(): the list is too long to be counted here (`show_counts`).
        quit_asked(): the user closed it or pressed Ctrl+Q.
        undo_asked(), redo_asked(): the user pressed the keys.
        focused(): it became the active window.
        restore_asked(number), dismiss_asked(number): a value that was overruled is wanted back, or not any more.
        counted(): the numbers of the account are shown as they are now.
    """

    counts_asked = Signal()
    quit_asked = Signal()
    undo_asked = Signal()
    redo_asked = Signal()
    focused = Signal()
    restore_asked = Signal(int)
    dismiss_asked = Signal(int)
    counted = Signal()

    def __init__(self, opened: OpenAccount, accounts: Sequence[Account], trace: Trace | None = None, *, sort: Sort = Sort.NEWEST) -> None:
        """Show an account of these."""
        super().__init__()
        self.painted = self.hides = False
        self.opened = opened
        self.setWindowTitle("Devots")
        self.model = TodoListModel(opened.lists, View.ALL, self, sort=sort, limit=_AT_FIRST)
        self.model.text_fixed = opened.text_fixed
        self.view = TodoView(self.model, trace)
        self.sidebar = Sidebar()
        self.quick_add = QuickAdd()
        self.status_line = StatusLine()
        self.splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False, handleWidth=1)
        self.header = Header()
        self.listing = Listing(opened.lists, self.model, self.view, self.header.search)
        self._empty = EmptyState()
        self._pages = QStackedWidget()
        self._count_soon = QTimer(self, singleShot=True, interval=0)
        self._count_soon.timeout.connect(self._count)
        self._lay_out()
        self._connect()
        self.sidebar.show_accounts(accounts, opened.account.account_id)
        self._show_all()
        self.resize(self.sizeHint())
        side = min(self.fontMetrics().averageCharWidth() * 37, self.width() // 3)
        self.splitter.setSizes([side, self.width() - side])
        self.quick_add.setFocus()

    def sizeHint(self) -> QSize:
        """A comfortable size for the system's font."""
        return QSize(self.fontMetrics().averageCharWidth() * 150, self.fontMetrics().height() * 42)

    def _lay_out(self) -> None:
        content = QWidget()
        content.setBackgroundRole(content.palette().ColorRole.Base)
        content.setAutoFillBackground(True)
        for page in (self.view, self._empty):
            self._pages.addWidget(page)
        top = QVBoxLayout()
        top.setContentsMargins(theme.SPACE * 2, theme.SPACE * 2, theme.SPACE * 2, theme.SPACE)
        top.setSpacing(theme.SPACE * 3 // 2)
        top.addWidget(self.header)
        top.addWidget(self.quick_add)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self._pages, 1)
        column.addWidget(_hairline())
        column.addWidget(self.status_line)
        for part in (self.sidebar, content):
            self.splitter.addWidget(part)
        self.splitter.setStretchFactor(1, 1)
        self.setCentralWidget(self.splitter)

    def _connect(self) -> None:
        self.sidebar.view_chosen.connect(self.show_view)
        self.view.rows.refused.connect(lambda sentence: self.status_line.say(sentence, alarming=True))
        for lost in (self.view.rows.given_up, self.view.orphaned):
            lost.connect(lambda text: self.quick_add.offer(text, self.tr(_NOT_TAKEN)))
        self.view.refused.connect(self.status_line.say)
        self.model.failed.connect(self.complain)

        self.listing.shown.connect(self._show_all)
        self.header.search.left.connect(self._to_list)
        self._empty.taken.connect(self.header.search.end)

    @cached_property
    def commands(self) -> "dict[Do, QAction]":
        """The actions of the whole window. Whoever serves the painted window asks for them first (ui/session.py)."""
        from devots_desktop.ui.commands import Do, add_actions

        work: dict[Do, Callable[[], object]] = {
            Do.NEW: self.begin_todo,
            Do.FIND: self._begin_search,
            Do.UNDO: self.undo_asked.emit,
            Do.REDO: self.redo_asked.emit,
            Do.QUIT: self.quit_asked.emit,
            Do.CLOSE: self.close,
        }
        for do, view in ((Do.ALL, View.ALL), (Do.OPEN, View.OPEN), (Do.DONE, View.DONE)):
            work[do] = partial(self.show_view, view)
        return add_actions(self, work)

    # What it shows

    @property
    def account(self) -> Account:
        """The account on screen."""
        return self.opened.account

    def show_accounts(self, accounts: Sequence[Account]) -> None:
        """Show these accounts in the sidebar."""
        self.sidebar.show_accounts(accounts, self.account.account_id)

    def show_account(self, opened: OpenAccount) -> None:
        """Show another account."""
        self.opened = opened
        self.model.text_fixed = opened.text_fixed
        self.status_line.forget()
        self.listing.show_account(opened.lists)
        self.sidebar.show_account(opened.account.account_id)

    def show_view(self, view: View) -> None:
        """Show another view of the account."""
        self.listing.show_view(view)

    def apply(self, changes: ChangeSet) -> None:
        """The account's list changed."""
        self.view.apply(changes)
        self._count_soon.start()

    def show_status(self, account_id: str, status: Status) -> None:
        """An account does something else now."""
        self.sidebar.show_live(account_id, status.live)
        if account_id == self.account.account_id:
            self.status_line.stand(status.sentence, signed_out=status.live is Live.SIGNED_OUT)
            self._count_soon.start()

    def recount(self) -> None:
        """Show the numbers of the account as they are now, soon."""
        self._count_soon.start()

    def complain(self, error: DevotsError) -> None:
        """Say what went wrong and what to do next."""
        self.status_line.say(str(error), alarming=True)

    def begin_todo(self) -> None:
        """Go to the field for a new todo."""
        if self.quick_add.isHidden():
            self._show_all()
        self.quick_add.setFocus()

    def come_up(self) -> None:
        """Come to the front."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def _show_all(self) -> None:
        self.header.heading.setText(wording.VIEW[self.model.view])
        self.sidebar.show_view(self.model.view)
        self.show_status(self.account.account_id, self.opened.status)
        self._pages.setCurrentWidget(self.view)
        self.quick_add.show()
        self._count()

    def _count(self) -> None:
        """Count at once what a frame has time for; of a longer list somebody has to bring the numbers (`show_counts`)."""
        # Keys are never used again: there are at the most as many todos as the newest one says.
        if self.opened.lists.newest() > COUNTED_AT_ONCE:
            self.counts_asked.emit()
        else:
            self.show_counts(self.opened.lists.counts())

    def show_counts(self, counts: Counts) -> None:
        """Show the numbers of the list, and the page without rows where it has none."""
        self.sidebar.show_counts(counts)
        self.sidebar.show_waiting(self.account.account_id, counts.pending)
        self.status_line.show_saved(self.opened.status.live, counts)
        if self._pages.currentWidget() in {self.view, self._empty}:
            words = self.model.words
            offer = self.tr("Show the whole list") if words else ""
            self._empty.say(*wording.empty(self.model.view, counts, words), "search" if words else "done", offer)
            self._pages.setCurrentWidget(self.view if self.model.rowCount() else self._empty)
        self.counted.emit()

    def _begin_search(self) -> None:
        if self.quick_add.isHidden():
            self._show_all()
        self.header.search.begin()

    def _to_list(self) -> None:
        if self._pages.currentWidget() is self.view:
            self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_page(self, page: QWidget, heading: str) -> None:
        """Show a page in the place of the list."""
        if self._pages.indexOf(page) < 0:
            self._pages.addWidget(page)
        self.header.heading.setText(heading)
        self.quick_add.hide()
        self._pages.setCurrentWidget(page)
        page.setFocus()

    def shows(self, page: QWidget) -> bool:
        """Whether this page is in the place of the list."""
        return self._pages.currentWidget() is page

    # Events

    def paintEvent(self, event: QPaintEvent) -> None:
        """Note that the window is on screen."""
        super().paintEvent(event)
        self.painted = True

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide where a tray icon brings the window back, else end."""
        if self.hides:
            event.accept()
        else:
            event.ignore()
            self.quit_asked.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Look for news when the user comes back."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and self.isActiveWindow():
            self.focused.emit()


def _hairline() -> QFrame:
    line = QFrame()
    line.setFixedHeight(1)
    line.setAutoFillBackground(True)
    line.setBackgroundRole(line.palette().ColorRole.Midlight)
    return line
