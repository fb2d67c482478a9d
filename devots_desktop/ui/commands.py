"""What can be done in the window, with its name and its keys: the one table that actions, menus and the sheet of shortcuts are made from."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

Key = QKeySequence.StandardKey


class Do(StrEnum):
    """The commands."""

    NEW = "new"
    FIND = "find"
    UNDO = "undo"
    REDO = "redo"
    ALL = "all"
    OPEN = "open"
    DONE = "done"
    NEEDS_YOU = "needs-you"
    DETAILS = "details"
    EXPORT = "export"
    IMPORT = "import"
    SETTINGS = "settings"
    SHORTCUTS = "shortcuts"
    EXAMINE = "examine"
    CLOSE = "close"
    QUIT = "quit"
    TOGGLE = "toggle"
    EDIT = "edit"
    DELETE = "delete"
    COPY = "copy"
    PASTE = "paste"
    SELECT_ALL = "select-all"
    SELECT_MORE = "select-more"
    MENU = "menu"


class Command(NamedTuple):
    """A command.

    Attributes:
        keys: the platform's own where it has some, else ours.
    """

    name: str
    keys: tuple[Key | str, ...]

    def bindings(self) -> list[QKeySequence]:
        """All keys of the command, the usual ones first."""
        found: list[QKeySequence] = []
        for each in self.keys:
            found += [QKeySequence(each)] if isinstance(each, str) else QKeySequence.keyBindings(each)
        return [each for place, each in enumerate(found) if each not in found[:place]]

    def usual(self) -> list[str]:
        """The usual keys of each kind as the platform writes them."""
        firsts = [Command("", (each,)).bindings()[:1] for each in self.keys]
        native = (first.toString(QKeySequence.SequenceFormat.NativeText) for found in firsts for first in found)
        return list(dict.fromkeys("Enter" if keys == "Return" else keys for keys in native))  # As most keyboards name it.

    def shown(self) -> str:
        """The most usual keys."""
        return next(iter(self.usual()), "")


WINDOW = {
    Do.NEW: Command("New todo", (Key.New,)),
    Do.FIND: Command("Search", (Key.Find,)),
    Do.UNDO: Command("Undo", (Key.Undo,)),
    Do.REDO: Command("Redo", ("Ctrl+Shift+Z", Key.Redo)),
    Do.ALL: Command("All", ("Ctrl+1",)),
    Do.OPEN: Command("Open", ("Ctrl+2",)),
    Do.DONE: Command("Done", ("Ctrl+3",)),
    Do.NEEDS_YOU: Command("Needs you", ("Ctrl+4",)),
    Do.DETAILS: Command("Details", ("Ctrl+I",)),
    Do.EXPORT: Command("Export…", ("Ctrl+Shift+E",)),
    Do.IMPORT: Command("Import…", ("Ctrl+Shift+I",)),
    Do.SETTINGS: Command("Settings", ("Ctrl+,",)),
    Do.SHORTCUTS: Command("Keyboard shortcuts", ("Ctrl+?", "F1")),
    Do.EXAMINE: Command("Check this account…", ("Ctrl+Shift+H",)),
    Do.CLOSE: Command("Close the window", ("Ctrl+W", Key.Close)),
    Do.QUIT: Command("Quit", ("Ctrl+Q",)),
}
"""Wherever the focus is."""

LIST = {
    Do.TOGGLE: Command("Done or open again", ("Space",)),
    Do.EDIT: Command("Edit", ("Return", "F2")),
    Do.DELETE: Command("Delete", ("Del", "Backspace")),
    Do.COPY: Command("Copy", (Key.Copy,)),
    Do.PASTE: Command("Paste lines as todos", (Key.Paste,)),
    Do.SELECT_ALL: Command("Select all", (Key.SelectAll,)),
    Do.SELECT_MORE: Command("Select more", ("Shift+Down", "Shift+Up")),
    Do.MENU: Command("Menu", ("Shift+F10", "Menu")),
}
"""While the list has the focus; the list itself takes these keys (widgets/todo_view.py)."""


def add_actions(window: QWidget, work: dict[Do, Callable[[], object]]) -> dict[Do, QAction]:
    """Give a window actions for its commands."""
    return {do: add_action(window, do, WINDOW[do].bindings(), each) for do, each in work.items()}


def add_action(window: QWidget, do: Do, keys: Iterable[QKeySequence], work: Callable[[], object]) -> QAction:
    """Give a window one action."""
    action = QAction(WINDOW[do].name, window)
    action.setShortcuts(list(keys))
    action.triggered.connect(lambda _=False: work())
    window.addAction(action)
    return action
