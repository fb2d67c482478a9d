"""The list on screen: a table of one column, because QListView lays all rows out again at every `dataChanged`."""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PySide6 import QtGui
from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QHeaderView, QLineEdit, QTableView, QWidget

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.ui import theme
from devots_desktop.ui.delegates.todo_row import TodoRowDelegate, typed_text
from devots_desktop.ui.drawing import row_height
from devots_desktop.ui.models.todo_list import TodoListModel
from devots_desktop.ui.trace import Trace
from devots_desktop.ui.widgets.flashes import Flashes
from devots_desktop.ui.widgets.scroll_bar import SlimScrollBar
from devots_desktop.ui.widgets.selection import select_several, selected_keys, selects_several

Anchor = tuple[list[int], int]
"""The keys on screen from the top, and how far the first is scrolled out."""


class TodoView(QTableView):
    """Shows a TodoListModel and asks for what the user does to it.

    Signals:
        orphaned(text): a todo went while its new text was being typed; this is the text.
        toggled(keys), deleted(keys), copied(keys): what was asked for, about more rows than one (copied: any number).
        pasted(): the keys for pasting were pressed.
        left(): Escape was pressed, and there was nothing here that it could end.
        menu_asked(QPoint): the context menu is wanted at this place of the screen.
        refused(sentence): no text can be edited in this list, and why.
    """

    orphaned = Signal(str)
    toggled = Signal(object)
    deleted = Signal(object)
    copied = Signal(object)
    pasted = Signal()
    left = Signal()
    menu_asked = Signal(QPoint)
    refused = Signal(str)

    def __init__(self, model: TodoListModel, trace: Trace | None = None, parent: QWidget | None = None) -> None:
        """Show a model."""
        super().__init__(parent)
        self._model = model
        self._trace = trace
        self.rows = TodoRowDelegate(self, trace)
        self.flashes = Flashes(self, self._show_flashes)
        self.setItemDelegate(self.rows)
        self.setModel(model)
        self._look()

    def _look(self) -> None:
        self.setAccessibleName(self.tr("Todos"))
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Asking Qt for its own one costs as much as a fifth of an empty window: PySide then makes the types of all widgets, to find its type.
        self._port = QWidget()
        self._port.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._port.setMouseTracking(True)
        # Opaque, as Qt's own is: scrolling then moves the picture and draws only the rows that come into view.
        self._port.setBackgroundRole(QPalette.ColorRole.Base)
        self._port.setAutoFillBackground(True)
        self.setViewport(self._port)
        if theme.is_plain():
            # Always there, as wide as the margin: rows keep their width when the list gets longer than the window.
            self.setVerticalScrollBar(SlimScrollBar(known=lambda: self._model.whole))
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
            self.rows.end = 0
        # The delegate draws the selection; the table would draw one below it.
        own = self.palette()
        own.setColor(QPalette.ColorRole.Highlight, QColor(0, 0, 0, 0))
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
        """Show changes."""
        with self.in_place():
            self._model.apply(changes)
        self.flashes.add({change.key for change in changes.changes if change.from_elsewhere and change.todo})

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """What is on screen does not move while the list changes, but at the very top a new row comes into view."""
        current = self._model.index(self.currentIndex().row(), 0) if self.currentIndex().isValid() else QModelIndex()
        row, lost = current.row(), QPersistentModelIndex(current)
        below = self._model.keys(range(row + 1, row + 65)) if row >= 0 else array("q")
        anchor, editing = self.anchor(), self.rows.editing if _editor(self) is not None else None
        yield
        if editing is not None and self._model.row_of(editing) >= 0:
            # Qt takes any removed row for the end of editing, and leaves the editor open.
            self.setState(QAbstractItemView.State.EditingState)
        self.restore(anchor)
        if row >= 0 and not lost.isValid():
            stayed = next((found for found in map(self._model.row_of, below) if found >= 0), row)
            self._select(min(stayed, self._model.rowCount() - 1))

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

    def selected_keys(self) -> "array[int]":
        """The keys of the todos that the keyboard acts on."""
        return selected_keys(self, self._model)

    def _show_flashes(self, flashing: dict[int, float]) -> None:
        """Draw the rows on screen whose mark is another one now."""
        before, self.rows.flashing = self.rows.flashing, flashing
        for row in self._on_screen():
            key = self._model.key(row)
            if before.get(key) != flashing.get(key):
                self._port.update(self.visualRect(self._model.index(row, 0)))

    def anchor(self) -> Anchor | None:
        """Where the list is scrolled to; None at the very top."""
        if self.verticalScrollBar().value() == 0:
            return None
        rows = self._on_screen()
        return [self._model.key(row) for row in rows], self.rowViewportPosition(rows.start)

    def _on_screen(self) -> range:
        """The rows that can be seen, even in part."""
        first, last = self.rowAt(0), self.rowAt(self._port.height() - 1)
        return range(max(first, 0), (last if last >= 0 else self._model.rowCount() - 1) + 1)

    def restore(self, anchor: Anchor | None) -> None:
        """Scroll to where the list was."""
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
        editor = _editor(self)
        if editor is not None and first <= self.currentIndex().row() <= last and (text := typed_text(editor)):
            self.orphaned.emit(text)
        super().rowsAboutToBeRemoved(parent, first, last)

    # The editor

    def edit(self, index: Any, *how: Any) -> Any:
        """Open the editor, and keep the row in the list as long as it is open; say why where there is none."""
        if self._model.text_fixed and (not how or how[0] & self.editTriggers()):
            self.refused.emit(self._model.text_fixed)
            return False
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

    # Keyboard and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space toggles, Enter edits, Delete deletes, Escape goes back to one row."""
        editing = self.state() is QAbstractItemView.State.EditingState
        if editing or not self._acts(event):
            super().keyPressEvent(event)

    def _acts(self, event: QKeyEvent) -> bool:
        """Do what a key stands for; False where it stands for nothing here."""
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        match event.key():
            case Qt.Key.Key_Space if plain:
                self.toggle_selected()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if plain:
                self.edit_current()
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace if plain:
                self.delete_selected()
            case Qt.Key.Key_Escape if selects_several(self) or len(self.selected_keys()) > 1:
                select_several(self, on=False)
                self._select(self.currentIndex().row())
            case Qt.Key.Key_Escape:
                self.left.emit()
            case _ if event.matches(QtGui.QKeySequence.StandardKey.Copy):
                self.copied.emit(self.selected_keys())
            case _ if event.matches(QtGui.QKeySequence.StandardKey.Paste):
                self.pasted.emit()
            case _:
                return False
        return True

    def toggle_selected(self) -> None:
        """Ask for the selected todos to be done, or open again where they all are done."""
        keys = self.selected_keys()
        if len(keys) > 1:
            self.toggled.emit(keys)
        elif keys and (todo := self._model.todo(self._model.row_of(keys[0]))):
            self.rows.toggled.emit(todo.client_id, not todo.completed)

    def delete_selected(self) -> None:
        """Ask for the selected todos to be deleted."""
        keys = self.selected_keys()
        if len(keys) > 1:
            self.deleted.emit(keys)
        elif keys and (todo := self._model.todo(self._model.row_of(keys[0]))):
            self.rows.deleted.emit(todo.client_id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu belongs to the row under the pointer, or to the current one where a key asks for it."""
        by_mouse = event.reason() is QContextMenuEvent.Reason.Mouse
        index = self.indexAt(self._port.mapFromGlobal(event.globalPos())) if by_mouse else self.currentIndex()
        if index.isValid():
            row = self.visualRect(index)
            below = self._port.mapToGlobal(QPoint(row.left() + 2 * theme.SPACE, row.bottom() - theme.SPACE))
            self.menu_asked.emit(event.globalPos() if by_mouse else below)

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
            self._port.update(self.visualRect(self.indexAt(point)))


def _editor(view: TodoView) -> QLineEdit | None:
    return view.viewport().findChild(QLineEdit) if view.state() is QAbstractItemView.State.EditingState else None
