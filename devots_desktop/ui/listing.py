"""Which list the window shows: of which account, in which view and order, and what a search has found in it."""

from array import array

from PySide6.QtCore import QObject, Signal

from devots_desktop.domain.sorting import Sort
from devots_desktop.store.lists import Lists, View
from devots_desktop.ui.models.todo_list import TodoListModel
from devots_desktop.ui.widgets.search_field import SearchField
from devots_desktop.ui.widgets.selection import select_keys
from devots_desktop.ui.widgets.todo_view import Anchor, TodoView

_AT_ONCE = 20_000
"""Rows whose keys are read within a frame."""


class Listing(QObject):
    """Changes what the list shows.

    Attributes:
        view, sort: what is wanted. While a search is shown, the list follows when the search in it has found something.

    Signals:
        shown(): the list shows something else now.
        rest_asked(): it shows only the beginning of a long list; somebody is to bring the rest (`show_found`).
        search_asked(words): what the user searches for now; "" ends it.
    """

    shown = Signal()
    rest_asked = Signal()
    search_asked = Signal(str)

    def __init__(self, lists: Lists, model: TodoListModel, view: TodoView, search: SearchField) -> None:
        super().__init__(view)
        self._lists = lists
        self._model = model
        self._view = view
        self._search = search
        self._before: tuple[Anchor | None, int] | None = None
        self._wanted: tuple[Anchor | None, int] = (None, 0)
        self.view, self.sort = model.view, model.order
        search.changed.connect(self._searched)
        view.left.connect(search.end)

    def show_account(self, lists: Lists) -> None:
        """Show another account's list."""
        self._lists = lists
        self._show_now()

    def show_view(self, view: View) -> None:
        """Show another view; the search goes on in it."""
        if view is not self.view:
            self._show(view, self.sort)
        else:
            self.shown.emit()

    def show_sort(self, sort: Sort) -> None:
        """Show the list in another order; the current todo stays the current one."""
        self._show(self.view, sort, next(iter(self._view.selected_keys()), 0))

    def show_found(self, words: str, keys: "array[int]") -> None:
        """Show what these words find, or the whole list where there are none: the beginning first, then all."""
        if words and self._before is None:
            self._before = (self._view.anchor(), next(iter(self._view.selected_keys()), 0))
        complete = (words, self.view, self.sort) == (self._model.words, self._model.view, self._model.order)
        if complete:
            self._model.complete(keys)
        else:
            self._model.show(self._lists, self.view, self.sort, words, keys)
        if complete or (self._wanted[1] and self._model.row_of(self._wanted[1]) >= 0):
            self._go_to(*self._wanted)
        if not complete:
            self._told()

    def _show(self, view: View, sort: Sort, current: int = 0) -> None:
        """Show another view or order, with this todo as the current one."""
        self.view, self.sort = view, sort
        if self._model.words:
            # Who found what is shown searches anew, off this thread (ui/searching.py).
            self._before, self._wanted = (None, 0), (None, current)
            self.search_asked.emit(self._search.words())
        else:
            self._show_now()
            self._go_to(None, current)

    def _show_now(self) -> None:
        if self._before is not None:
            self._before = (None, 0)
        if words := self._search.words():
            self._model.show(self._lists, self.view, self.sort, words, self._lists.search(words, self.view, sort=self.sort))
        else:
            self._model.show(self._lists, self.view, self.sort, limit=_AT_ONCE)
        self._told()
        self._ask_rest()

    def _searched(self, words: str) -> None:
        """What is searched for changed. The end of a search leads back to where the list was."""
        self._wanted = (None, 0)
        self.search_asked.emit(words)
        if words or not self._model.words:
            return
        (anchor, current), self._before = self._before or (None, 0), None
        self._model.show(self._lists, self.view, self.sort, limit=_AT_ONCE)
        self._told()
        self._go_to(anchor, current)
        self._ask_rest()

    def _go_to(self, anchor: Anchor | None, current: int) -> None:
        """Make a todo the current one and scroll to a place; where the list does not reach so far yet, again when it does."""
        sought = [*([current] if current else []), *(anchor[0][:1] if anchor else [])]
        reached = self._model.whole or all(self._model.row_of(key) >= 0 for key in sought)
        self._wanted = (None, 0) if reached else (anchor, current)
        if current:
            select_keys(self._view, self._model, [current])
        self._view.restore(anchor)

    def _ask_rest(self) -> None:
        if not self._model.whole:
            self.rest_asked.emit()

    def _told(self) -> None:
        self._view.rows.words = self._model.words
        if self._view.hasFocus():
            self._view.select_first()
        self.shown.emit()
