"""The real program, which also says where things are on the screen: for a test that has only a mouse.

    python -m tests.window.looked_at --profile FOLDER

A line on standard input names a thing; the answer is an event "found" in the trace, with the middle of it, or nothing where it is not there.
Nothing here acts: every click comes from the X server.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QPoint, QRect, QSocketNotifier
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QStyleOptionViewItem,
    QWidget,
)

from devots_desktop.app import main
from devots_desktop.ui.models.todo_list import TODO_ROLE
from devots_desktop.ui.widgets.todo_view import TodoView


def shown() -> Iterator[QWidget]:
    """All that can be clicked: in the open menu, else in the active window. One that is not active yet has no certain place."""
    top = QApplication.activePopupWidget() or QApplication.activeWindow()
    modal = QApplication.activeModalWidget()
    if top is not None and modal in {None, top}:
        for widget in top.findChildren(QWidget):
            if widget.isVisible() and widget.isEnabled() and widget.window() is top:
                yield widget


def on_screen(widget: QWidget, place: QRect) -> QRect:
    return QRect(widget.mapToGlobal(place.topLeft()), place.size())


def button(name: str) -> QRect | None:
    """A button by its name, without the number that a view has behind it."""
    for each in shown():
        if isinstance(each, QAbstractButton) and name in {each.accessibleName().partition(",")[0], each.text().replace("&", "")}:
            return on_screen(each, each.rect())
    return None


def field(name: str) -> QRect | None:
    """What is typed into."""
    for each in shown():
        if isinstance(each, QLineEdit | QPlainTextEdit) and each.accessibleName() == name:
            return on_screen(each, each.rect())
    return None


def entry(name: str) -> QRect | None:
    """An entry of the open menu."""
    menu = QApplication.activePopupWidget()
    if isinstance(menu, QMenu):
        for action in menu.actions():
            if action.text().partition("\t")[0].replace("&", "").startswith(name):
                return on_screen(menu, menu.actionGeometry(action))
    return None


def part(zone: str) -> Callable[[str], QRect | None]:
    """A part of a todo's row."""

    def find(text: str) -> QRect | None:
        for view in shown():
            if isinstance(view, TodoView):
                model = view.model()
                for row in range(model.rowCount()):
                    index = model.index(row, 0)
                    if index.data(TODO_ROLE).text == text:
                        option = QStyleOptionViewItem()
                        option.rect = view.visualRect(index)
                        return on_screen(view.viewport(), view.rows._zone(option, zone))
        return None

    return find


def rows(wanted: str) -> QRect | None:
    """The list, where it shows these todos and no others, each on a line behind an x or an o, in whatever order."""
    for view in shown():
        if isinstance(view, TodoView):
            model = view.model()
            todos = [model.index(row, 0).data(TODO_ROLE) for row in range(model.rowCount())]
            if sorted(f"{'x' if todo.completed else 'o'} {todo.text}" for todo in todos if todo) == sorted(wanted.splitlines()):
                return on_screen(view, view.rect())
    return None


def focused(name: str) -> QRect | None:
    """What is typed into, where it has the keyboard."""
    widget = QApplication.focusWidget()
    return on_screen(widget, widget.rect()) if widget is not None and widget.accessibleName() == name else None


def selected(text: str) -> QRect | None:
    """The row of a todo, where it is the one that the keyboard acts on."""
    for view in shown():
        if isinstance(view, TodoView):
            index = view.currentIndex()
            todo = index.data(TODO_ROLE) if index.isValid() else None
            if todo and todo.text == text and list(view.selected_keys()) == [todo.key]:
                return on_screen(view.viewport(), view.visualRect(index))
    return None


def edited(text: str) -> QRect | None:
    """The open editor of a row, where this is typed in it and it has the keyboard."""
    editor = QApplication.focusWidget()
    for view in shown():
        if isinstance(view, TodoView) and isinstance(editor, QLineEdit) and editor.parent() is view.viewport() and editor.text() == text:
            return on_screen(editor, editor.rect())
    return None


def item(text: str) -> QRect | None:
    """An item of any other list, such as that of a file dialog."""
    for view in shown():
        if isinstance(view, QAbstractItemView) and not isinstance(view, TodoView) and view.model() is not None:
            root = view.rootIndex()
            for row in range(view.model().rowCount(root)):
                index = view.model().index(row, 0, root)
                if index.data() == text and view.visualRect(index).isValid():
                    return on_screen(view.viewport(), view.visualRect(index))
    return None


def close_button(title: str) -> QRect | None:
    """The button that the window manager draws at the end of a window's title bar, as wide as the bar is high."""
    for window in QApplication.topLevelWidgets():
        if window.isVisible() and window.windowTitle() == title:
            outer, inner = window.frameGeometry(), window.geometry()
            bar = inner.top() - outer.top()
            return QRect(outer.right() - bar, outer.top(), bar, bar)
    return None


FINDERS: dict[str, Callable[[str], QRect | None]] = {
    "button": button,
    "field": field,
    "entry": entry,
    "focused": focused,
    "rows": rows,
    "selected": selected,
    "edited": edited,
    "row": part("text"),
    "circle": part("check"),
    "bin": part("delete"),
    "item": item,
    "close button": close_button,
}


def answer(trace: int) -> None:
    """Answer one question from standard input."""
    question = json.loads(sys.stdin.readline() or "null")
    if question is None:
        return
    place = FINDERS[question["kind"]](question["name"])
    middle: QPoint | None = place.center() if place is not None and not place.isEmpty() else None
    found = {"event": "found", "ns": time.monotonic_ns(), "number": question["number"], "at": [middle.x(), middle.y()] if middle else None}
    os.write(trace, json.dumps(found).encode() + b"\n")


if __name__ == "__main__":
    app = QApplication(sys.argv[:1])
    asked = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    asked.activated.connect(lambda *_: answer(int(os.environ["DEVOTS_TRACE"])))
    sys.exit(main())
