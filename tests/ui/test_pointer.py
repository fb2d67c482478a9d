"""What a mouse alone needs: each thing that a key does has something to click."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from devots_desktop.store.lists import View
from devots_desktop.ui.menus import list_menu
from devots_desktop.ui.widgets.buttons import WordButton
from devots_desktop.ui.widgets.selection import selects_several
from devots_desktop.ui.window import MainWindow
from tests.ui.places import Place

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def _clipboard(qapp: QApplication) -> Iterator[None]:
    yield
    QGuiApplication.clipboard().clear()


def zone(window: MainWindow, row: int, name: str) -> QPoint:
    option = QStyleOptionViewItem()
    option.rect = window.view.visualRect(window.model.index(row, 0))
    return window.view.rows._zone(option, name).center()


def entry(menu: QMenu, name: str) -> QAction:
    return next(action for action in menu.actions() if action.text().partition("\t")[0] == name)


@pytest.fixture
def filled(window: MainWindow, place: Place) -> MainWindow:
    place.add("rent", "milk", "bread")
    window.apply(place.news())
    return window


def test_a_button_beside_what_is_typed_adds_it(window: MainWindow, qtbot: QtBot) -> None:
    field = window.quick_add.field
    assert not window.quick_add.findChildren(WordButton)
    field.setText("  ")
    button = window.quick_add.findChild(WordButton)
    assert isinstance(button, WordButton)
    assert not button.isVisible()
    field.setText("honey")
    assert button.isVisible()
    with qtbot.waitSignal(window.quick_add.submitted) as asked:
        QTest.mouseClick(button, LEFT)
    assert asked.args == ["honey"]
    assert not button.isVisible()
    assert field.hasFocus()


@pytest.mark.parametrize(("copied", "asked"), [("one\ntwo\n", ["one\ntwo\n"]), ("one", [])])
def test_the_menu_of_the_field_pastes_lines_as_todos(window: MainWindow, copied: str, asked: list[str]) -> None:
    QGuiApplication.clipboard().setText(copied)
    got: list[str] = []
    window.quick_add.pasted.connect(got.append)
    menu = window.quick_add.field.createStandardContextMenu()
    window.quick_add.field.menu_made.emit(menu)
    paste = menu.findChild(QAction, "edit-paste")
    assert isinstance(paste, QAction)
    paste.trigger()
    assert got == asked
    assert window.quick_add.field.text() == ("" if asked else copied)
    menu.deleteLater()


def test_two_quick_clicks_on_a_circle_ask_twice_and_on_a_bin_once(filled: MainWindow) -> None:
    """The second of them is a double click, which is no wish to delete the todo that has moved up."""
    asked: list[object] = []
    filled.view.rows.toggled.connect(lambda *arguments: asked.append(arguments))
    filled.view.rows.deleted.connect(asked.append)
    todo = filled.model.todo(1)
    assert todo is not None
    for name in ("check", "delete"):
        QTest.mouseClick(filled.view.viewport(), LEFT, pos=zone(filled, 1, name))
        QTest.mouseDClick(filled.view.viewport(), LEFT, pos=zone(filled, 1, name))
    assert asked == [(todo.client_id, True), (todo.client_id, True), todo.client_id]


def test_a_search_that_finds_nothing_has_a_button_that_ends_it(filled: MainWindow) -> None:
    filled.header.search.field.setText("dentist")
    filled.listing.show_found("dentist", filled.opened.lists.search("dentist", View.ALL))
    button = filled._empty.findChild(WordButton)
    assert isinstance(button, WordButton)
    assert button.isVisible()
    button.click()
    assert filled.header.search.words() == ""
    assert filled.view.isVisible()


def test_several_rows_that_lie_apart_are_selected_by_clicks_alone(filled: MainWindow) -> None:
    view = filled.view
    QTest.mouseClick(view.viewport(), LEFT, pos=zone(filled, 0, "text"))
    menu = list_menu(filled)
    entry(menu, "Select several").trigger()
    menu.deleteLater()
    QTest.mouseClick(view.viewport(), LEFT, pos=zone(filled, 2, "text"))
    assert list(view.selected_keys()) == [filled.model.key(0), filled.model.key(2)]
    QTest.mouseClick(view.viewport(), LEFT, pos=zone(filled, 0, "text"))
    assert list(view.selected_keys()) == [filled.model.key(2)]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not selects_several(view)
    QTest.mouseClick(view.viewport(), LEFT, pos=zone(filled, 1, "text"))
    assert list(view.selected_keys()) == [filled.model.key(1)]


def toggling(window: MainWindow) -> str:
    menu = list_menu(window)
    menu.deleteLater()
    return menu.actions()[0].text().partition("\t")[0]


def test_the_menu_says_what_toggling_several_does(filled: MainWindow, place: Place) -> None:
    first, second, third = (todo for row in range(3) if (todo := filled.model.todo(row)))
    place.complete(first.client_id)
    filled.apply(place.news())
    filled.view.selectAll()
    assert toggling(filled) == "Done"
    for each in (second, third):
        place.complete(each.client_id)
    filled.apply(place.news())
    filled.view.selectAll()
    assert toggling(filled) == "Open again"
