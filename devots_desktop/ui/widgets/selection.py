"""Which todos of a list are selected, by key: rows move, keys do not."""

from array import array
from collections.abc import Iterable

from PySide6.QtCore import QItemSelection, QItemSelectionModel
from PySide6.QtWidgets import QAbstractItemView

from devots_desktop.ui.models.todo_list import TodoListModel


def selected_keys(view: QAbstractItemView, model: TodoListModel) -> "array[int]":
    """The keys of the selected rows in their order; where none is selected, the current one's."""
    parts = sorted((part.top(), part.bottom()) for part in view.selectionModel().selection().toList())
    current = view.currentIndex().row()
    keys = array("q")
    for top, bottom in parts or [(current, current)] * (current >= 0):
        keys += model.keys(range(top, bottom + 1))
    return keys


def select_several(view: QAbstractItemView, *, on: bool) -> None:
    """Let each click select one todo more or one less, or let it select one alone again: what the Ctrl key does, for a mouse alone."""
    mode = QAbstractItemView.SelectionMode
    view.setSelectionMode(mode.MultiSelection if on else mode.ExtendedSelection)


def selects_several(view: QAbstractItemView) -> bool:
    """Whether each click selects one more."""
    return view.selectionMode() is QAbstractItemView.SelectionMode.MultiSelection


def select_keys(view: QAbstractItemView, model: TodoListModel, keys: Iterable[int]) -> None:
    """Select the rows of these keys that are in the list, and make the first of them current."""
    rows = sorted({row for row in map(model.row_of, keys) if row >= 0})
    if not rows:
        return
    view.setCurrentIndex(model.index(rows[0], 0))
    chosen = QItemSelection()
    for row in rows:
        chosen.select(model.index(row, 0), model.index(row, 0))
    view.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
