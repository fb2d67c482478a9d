"""Which list the window shows: of which account, in which view and order, and what a search has found in it."""

from array import array

from PySide6.QtCore import QObject, Signal

from devots_desktop.domain.sorting import Sort
from devots_desktop.store.lists import Lists, View
from devots_desktop.ui.models.todo_list import TodoListModel
from devots_desktop.ui.widgets.search_field import SearchField
from devots_desktop.ui.widgets.selection import select_keys
from devots_desktop.ui.widgets.todo_view import Anchor, TodoView


class Listing(QObject):
    """Changes what the list shows.

    Attributes:
        view, sort: what is wanted. While a search is shown, the list follows when the search in it has found something.

    Signals:
        shown(): the list shows something else now.
        search_asked(words): what the user searches for now; "" ends it.
    """

    shown = Signal()
    search_asked = Signal(str)

    def __init__(self, lists: Lists, model: TodoListModel, view: TodoView, search: SearchField) -> None:
        super().__init__(view)
        self._lists = lists
        self._model = model
        self._view = view
        self._search = search
        self._before: tuple[Anchor | None, int] | None = None
        self._current = array("q")
        self.view, self.sort = model.view, model.order
        search.changed.connect(self._searched)
        view.left.connect(search.end)

    def show_account(self, lists: Lists) -> None:
        """Show another account's list."""
        self._lists = lists
        self._show_now()

    def show_view(self, view: View) -> None:
        """Show another view; the search goes on in it."""
        self._current = array("q")
        if view is not self.view:
            self._show(view, self.sort)
        else:
            self.shown.emit()

    def show_sort(self, sort: Sort) -> None:
        """Show the list in another order; the current todo stays the current one."""
        self._current = self._view.selected_keys()[:1]
        self._show(self.view, sort)

    def show_found(self, words: str, keys: "array[int]") -> None:
        """Show what these words find in the view and order that are wanted: the beginning first, then all."""
        if self._before is None:
            self._before = (self._view.anchor(), next(iter(self._view.selected_keys()), 0))
        if (words, self.view, self.sort) == (self._model.words, self._model.view, self._model.order):
            self._model.complete(keys)
        else:
            self._model.show(self._lists, self.view, self.sort, words, keys)
        self._told()

    def _show(self, view: View, sort: Sort) -> None:
        self.view, self.sort = view, sort
        if not self._model.words:
            self._show_now()
            return
        # Whoever found what is shown searches anew, off this thread (ui/searching.py).
        self._before = (None, 0)
        self.search_asked.emit(self._search.words())

    def _show_now(self) -> None:
        if self._before is not None:
            self._before = (None, 0)
        self._model.show(self._lists, self.view, self.sort, self._search.words())
        self._told()

    def _searched(self, words: str) -> None:
        """What is searched for changed. The end of a search leads back to where the list was."""
        self._current = array("q")
        self.search_asked.emit(words)
        if words or not self._model.words:
            return
        (anchor, current), self._before = self._before or (None, 0), None
        self._model.show(self._lists, self.view, self.sort)
        self._told()
        select_keys(self._view, self._model, [current])
        self._view.restore(anchor)

    def _told(self) -> None:
        self._view.rows.words = self._model.words
        if any(self._model.row_of(key) >= 0 for key in self._current):
            select_keys(self._view, self._model, self._current)
            self._current = array("q")
        if self._view.hasFocus():
            self._view.select_first()
        self.shown.emit()
