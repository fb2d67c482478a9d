"""The list on screen: a table of one column, because QListView lays all rows out again at every `dataChanged`."""

import time
from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QFocusEvent, QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QHeaderView, QLineEdit, QTableView, QWidget

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.todo import Todo
from devots_desktop.ui import theme
from devots_desktop.ui.delegates.todo_row import TodoRowDelegate, typed_text
from devots_desktop.ui.drawing import row_height
from devots_desktop.ui.models.todo_list import TodoListModel
from devots_desktop.ui.trace import Trace
from devots_desktop.ui.widgets.scroll_bar import SlimScrollBar

_FLASH_S = 0.9
_FRAME_MS = 16


class TodoView(QTableView):
    """Shows a TodoListModel and asks for what the user does to it.

    Signals:
        orphaned(text): a todo went while its new text was being typed; this is the text.
    """

    orphaned = Signal(str)

    def __init__(self, model: TodoListModel, trace: Trace | None = None, parent: QWidget | None = None) -> None:
        """Show a model."""
        super().__init__(parent)
        self._model = model
        self._trace = trace
        self._flashes: dict[int, float] = {}
        self._flash_timer = QTimer(self, singleShot=True)
        self._flash_timer.timeout.connect(self._fade)
        self.rows = TodoRowDelegate(self, trace)
        self.setItemDelegate(self.rows)
        self.setModel(model)
        self._look()

    def _look(self) -> None:
        self.setAccessibleName(self.tr("Todos"))
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Asking Qt for its own one costs as much as a fifth of an empty window: PySide then makes the types of all widgets, to find its type.
        self._port = QWidget()
        self._port.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._port.setMouseTracking(True)
        self.setViewport(self._port)
        if theme.is_plain():
            self.setVerticalScrollBar(SlimScrollBar())
        # The delegate draws the selection; the table would draw one below it.
        own = self.palette()
        own.setBrush(QPalette.ColorRole.Highlight, QBrush(Qt.BrushStyle.NoBrush))
        self.setPalette(own)
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.hide()
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        across.setMinimumSectionSize(1)
        down.hide()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(row_height(self.fontMetrics()))

    # What happens to the list

    def apply(self, changes: ChangeSet) -> None:
        """Show changes: what is on screen does not move, but at the very top a new row comes into view."""
        current = self._model.index(self.currentIndex().row(), 0) if self.currentIndex().isValid() else QModelIndex()
        row, lost = current.row(), QPersistentModelIndex(current)
        anchor = self._anchor()
        self._model.apply(changes)
        self._restore(anchor)
        if row >= 0 and not lost.isValid():
            self._select(min(row, self._model.rowCount() - 1))
        self._flash({change.key for change in changes.changes if change.from_elsewhere and change.todo})

    def current_todo(self) -> Todo | None:
        """The todo that the keyboard acts on."""
        index = self.currentIndex()
        return self._model.todo(index.row()) if index.isValid() else None

    def select_first(self) -> None:
        """Make the first row current where none is."""
        if not self.currentIndex().isValid():
            self._select(0)

    def edit_current(self) -> None:
        """Open the editor on the current row."""
        if self.currentIndex().isValid():
            self.edit(self.currentIndex())

    def _select(self, row: int) -> None:
        if 0 <= row < self._model.rowCount():
            self.setCurrentIndex(self._model.index(row, 0))

    def _anchor(self) -> tuple[list[int], int] | None:
        """The keys on screen from the top and how far the first is scrolled out; None at the very top."""
        if self.verticalScrollBar().value() == 0:
            return None
        rows = self._on_screen()
        return [self._model.key(row) for row in rows], self.rowViewportPosition(rows.start)

    def _on_screen(self) -> range:
        """The rows that can be seen, even in part."""
        first, last = self.rowAt(0), self.rowAt(self._port.height() - 1)
        return range(max(first, 0), (last if last >= 0 else self._model.rowCount() - 1) + 1)

    def _restore(self, anchor: tuple[list[int], int] | None) -> None:
        if anchor is None:
            return
        keys, offset = anchor
        height = self.verticalHeader().defaultSectionSize()
        for place, key in enumerate(keys):
            row = self._model.row_of(key)
            if row >= 0:
                self.updateGeometries()
                self.verticalScrollBar().setValue((row - place) * height - offset)
                return

    def rowsAboutToBeRemoved(self, parent: QModelIndex | QPersistentModelIndex, first: int, last: int) -> None:
        """Save what is being typed before Qt closes the editor of a row that goes."""
        if self._trace is not None:
            for row in range(first, last + 1):
                todo = self._model.todo(row)
                self._trace.removed(self._model.key(row), todo.client_id if todo else "")
        editor = self._editor()
        if editor is not None and first <= self.currentIndex().row() <= last and (text := typed_text(editor)):
            self.orphaned.emit(text)
        super().rowsAboutToBeRemoved(parent, first, last)

    # The editor

    def _editor(self) -> QLineEdit | None:
        if self.state() is not QAbstractItemView.State.EditingState:
            return None
        return self._port.findChild(QLineEdit)

    def edit(self, index: Any, *how: Any) -> Any:
        """Open the editor, and keep the row in the list as long as it is open."""
        opened = super().edit(index, *how)
        if self.state() is QAbstractItemView.State.EditingState:
            self._hold(self._model.key(index.row()))
        return opened

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """Close the editor and let the row go where it belongs; Tab has opened the next one by then."""
        super().closeEditor(editor, hint)
        if self.state() is not QAbstractItemView.State.EditingState:
            self._hold(None)

    def _hold(self, key: int | None) -> None:
        self.rows.editing = key
        self._model.hold(key)
        self._port.update()

    # Marks on what was changed elsewhere

    def _flash(self, keys: Iterable[int]) -> None:
        ends = time.monotonic() + _FLASH_S
        self._flashes.update(dict.fromkeys(keys, ends))
        if self._flashes:
            self._fade()

    def _fade(self) -> None:
        """Draw the rows whose mark changes. While a mark stands nothing is drawn: news that come meanwhile have the thread to themselves."""
        now, fade = time.monotonic(), theme.MOTION_MS / 1000 if theme.moves(self) else 0.0
        self._flashes = {key: ends for key, ends in self._flashes.items() if ends > now}
        before = self.rows.flashing
        self.rows.flashing = {key: min(1.0, (ends - now) / fade) if fade else 1.0 for key, ends in self._flashes.items()}
        for row in self._on_screen():
            key = self._model.key(row)
            if before.get(key) != self.rows.flashing.get(key):
                self._port.update(self.visualRect(self._model.index(row, 0)))
        if self._flashes:
            stands = min(self._flashes.values()) - fade - now
            self._flash_timer.start(max(_FRAME_MS, int(stands * 1000) + 1))

    # Keyboard and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space toggles, Enter edits, Delete deletes."""
        todo = self.current_todo()
        match event.key():
            case Qt.Key.Key_Space if todo:
                self.rows.toggled.emit(todo.client_id, not todo.completed)
            # An editor's Enter comes here as well, before the editor closes.
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if todo and self.state() is not QAbstractItemView.State.EditingState:
                self.edit_current()
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace if todo:
                self.rows.deleted.emit(todo.client_id)
            case _:
                super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """None: Qt's would read every row."""

    def changeEvent(self, event: QEvent) -> None:
        """Rows grow with the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self.verticalHeader().setDefaultSectionSize(row_height(self.fontMetrics()))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Coming by keyboard, something is always current."""
        super().focusInEvent(event)
        if event.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason}:
            self.select_first()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Parts of a row light up under the pointer."""
        super().mouseMoveEvent(event)
        before, self.rows.pointer = self.rows.pointer, QPointF(event.position())
        for point in (before.toPoint(), event.position().toPoint()):
            self._port.update(self._row_rect(point))

    def _row_rect(self, point: QPoint) -> QRect:
        return self.visualRect(self.indexAt(point))
