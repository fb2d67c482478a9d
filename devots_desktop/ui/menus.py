"""The menus. Each is made when it is asked for and opened without a loop of its own: tasks that wake inside one would be stranded."""

from array import array
from collections.abc import Callable

from PySide6.QtCore import QPoint
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from devots_desktop.domain.sorting import Sort
from devots_desktop.domain.todo import Todo
from devots_desktop.ui import theme, wording
from devots_desktop.ui.commands import LIST, WINDOW, Command, Do
from devots_desktop.ui.widgets.selection import select_several, selects_several
from devots_desktop.ui.window import MainWindow

_RESTORABLE = 3
_LOOKED_AT = 200
"""Todos."""


def connect(window: MainWindow) -> None:
    """Open the menus of a window from now on, wherever it is asked for one."""
    header = window.header
    window.view.menu_asked.connect(lambda where: list_menu(window).popup(where))
    header.sort.clicked.connect(lambda: _open_below(sort_menu(window), header.sort))
    header.menu.clicked.connect(lambda: _open_below(main_menu(window), header.menu))


def _open_below(menu: QMenu, button: QWidget) -> None:
    menu.popup(button.mapToGlobal(QPoint(0, button.height())))


def list_menu(window: MainWindow) -> QMenu:
    """What can be done with the selected todos."""
    view = window.view
    menu = _menu(window)
    keys = view.selected_keys()
    _add(menu, Command(_toggles(window, keys), LIST[Do.TOGGLE].keys), view.toggle_selected)
    if len(keys) <= 1:
        _add(menu, LIST[Do.EDIT], view.edit_current)
    _add(menu, LIST[Do.COPY], lambda: view.copied.emit(view.selected_keys()))
    _add(menu, LIST[Do.DELETE], view.delete_selected)
    if len(keys) == 1 and (todo := window.model.todo(window.model.row_of(keys[0]))) and todo.conflicts:
        _add_overruled(menu, window, todo)
    menu.addSeparator()
    _add(menu, LIST[Do.PASTE], view.pasted.emit)
    _add(menu, LIST[Do.SELECT_ALL], view.selectAll)
    several = selects_several(view)  # Not an entry with a tick: all others would be indented beside it.
    name = view.tr("Select one at a time") if several else view.tr("Select several")
    menu.addAction(name).triggered.connect(lambda _=False: select_several(view, on=not several))
    if Do.DETAILS in window.commands:
        menu.addSeparator()
        menu.addAction(window.commands[Do.DETAILS])
    return menu


def _add_overruled(menu: QMenu, window: MainWindow, todo: Todo) -> None:
    """The newest values of a todo that can be restored; the details show all."""
    menu.addSeparator()
    for conflict in window.opened.lists.conflicts(todo.client_id)[:_RESTORABLE]:
        name = f"Restore {wording.lost(conflict, wording.here)[0]}".replace("&", "&&")
        menu.addAction(name).triggered.connect(lambda _=False, number=conflict.number: window.restore_asked.emit(number))


def _toggles(window: MainWindow, keys: "array[int]") -> str:
    """What toggling these todos does: they are all open again where they all are done. Of very many it is not looked up."""
    if len(keys) > _LOOKED_AT:
        return LIST[Do.TOGGLE].name
    todos = [window.model.todo(window.model.row_of(key)) for key in keys]
    return "Open again" if all(todo is None or todo.completed for todo in todos) else "Done"


def sort_menu(window: MainWindow) -> QMenu:
    """The orders that the list can have."""
    menu = _menu(window)
    group = QActionGroup(menu)
    for sort in Sort:
        action = menu.addAction(wording.SORT[sort])
        action.setCheckable(True)
        action.setChecked(sort is window.model.order)
        action.triggered.connect(lambda _=False, sort=sort: window.listing.show_sort(sort))
        group.addAction(action)
    return menu


def main_menu(window: MainWindow) -> QMenu:
    """What belongs to the whole window."""
    menu = _menu(window)
    steps = window.opened.lists.steps()
    for do, step in ((Do.UNDO, steps.undo), (Do.REDO, steps.redo)):
        name = f"{WINDOW[do].name}: {wording.step(step)}" if step else WINDOW[do].name
        _add(menu, Command(name.replace("&", "&&"), WINDOW[do].keys), window.commands[do].trigger, enabled=step is not None)
    menu.addSeparator()
    for part in ((Do.EXPORT, Do.IMPORT), (Do.SETTINGS,), (Do.SHORTCUTS, Do.EXAMINE)):
        for do in part:
            if do in window.commands:
                menu.addAction(window.commands[do])
        menu.addSeparator()
    menu.addAction(window.commands[Do.QUIT])
    return menu


def _menu(window: QWidget) -> QMenu:
    menu = QMenu(window)
    theme.dress_menu(menu)
    return menu


def _add(menu: QMenu, command: Command, work: Callable[[], object], *, enabled: bool = True) -> None:
    """Add an entry that shows its keys; behind a tab they are only shown, for whoever has the focus takes them."""
    action = menu.addAction(f"{command.name}\t{command.shown()}")
    action.setEnabled(enabled)
    action.triggered.connect(lambda _=False: work())
