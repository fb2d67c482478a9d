"""The pane beside the list: made when it is first wanted, away while the window is too narrow for it."""

from contextlib import suppress

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

from devots_desktop.domain.errors import DevotsError
from devots_desktop.store.conflicts import Conflict
from devots_desktop.ui.commands import WINDOW, Do, add_action
from devots_desktop.ui.widgets.detail_pane import DetailPane
from devots_desktop.ui.window import MainWindow

_NARROW = 110
"""Characters: with fewer on a line, list and details would crowd each other."""


class Details(QObject):
    """Shows the current todo in a pane."""

    def __init__(self, window: MainWindow) -> None:
        """Serve a window from now on."""
        super().__init__(window)
        self._window = window
        self.pane: DetailPane | None = None
        window.commands[Do.DETAILS] = add_action(window, Do.DETAILS, WINDOW[Do.DETAILS].bindings(), self.toggle)
        window.header.details.toggled.connect(self._arrange)
        window.splitter.installEventFilter(self)

    def toggle(self) -> None:
        """Show the details, or show them no more."""
        self._window.header.details.toggle()

    def leave(self) -> None:
        """Store what is being typed."""
        if self.pane is not None:
            self.pane.leave()

    def show_current(self) -> None:
        """Show the current todo as it is now."""
        pane, window = self.pane, self._window
        if pane is None or pane.isHidden():
            return
        index = window.view.currentIndex()
        todo = window.model.todo(index.row()) if index.isValid() else None
        via, conflicts = None, list[Conflict]()
        if todo is not None:
            with suppress(DevotsError):
                via = window.opened.lists.origin(todo.key)
                conflicts = window.opened.lists.conflicts(todo.client_id) if todo.conflicts else []
        if pane.todo is not None and (todo is None or todo.client_id != pane.todo.client_id) and window.model.row_of(pane.todo.key) < 0:
            pane.lose()
        pane.show_todo(todo, via, conflicts, text_fixed=window.opened.text_fixed)

    def _arrange(self) -> None:
        """Show or hide the pane, as is wanted and as there is room."""
        window = self._window
        wanted = window.header.details.isChecked()
        room = window.splitter.width() >= window.fontMetrics().averageCharWidth() * _NARROW
        if wanted and room:
            pane = self.pane = self.pane or self._make()
            if pane.isHidden():
                pane.show()
                side, content, *_ = window.splitter.sizes()
                width = max(pane.minimumSizeHint().width(), content // 3)
                window.splitter.setSizes([side, content - width, width])
                self.show_current()
        elif self.pane is not None and not self.pane.isHidden():
            self.pane.leave()
            focused = QApplication.focusWidget()
            within = focused is not None and self.pane.isAncestorOf(focused)
            self.pane.hide()
            if within:
                window.view.setFocus()
        if wanted and not room and window.isVisible() and self.pane is None:
            window.status_line.say(self.tr("Make the window wider to see the details"))

    def _make(self) -> DetailPane:
        window = self._window
        pane = DetailPane()
        pane.hide()
        window.splitter.addWidget(pane)
        pane.edited.connect(window.view.rows.edited)
        pane.toggled.connect(window.view.rows.toggled)
        pane.restored.connect(window.restore_asked)
        pane.dismissed.connect(window.dismiss_asked)
        pane.orphaned.connect(window.view.orphaned)
        pane.left.connect(window.view.setFocus)
        pane.closed.connect(self.toggle)
        window.view.selectionModel().currentChanged.connect(self.show_current)
        window.listing.shown.connect(self.show_current)
        for told in (window.model.dataChanged, window.model.rowsRemoved, window.model.rowsInserted, window.model.modelReset):
            told.connect(self.show_current)
        return pane

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """There may be room now, or none any more."""
        if event.type() is QEvent.Type.Resize and self._window.header.details.isChecked():
            self._arrange()
        return super().eventFilter(watched, event)
