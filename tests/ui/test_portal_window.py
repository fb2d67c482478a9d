"""The window of a portal account, whose texts nobody can change over the portal's procedures: the field says so, and nothing that was typed is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from devots_desktop.remote.portal.limits import TEXT_FIXED
from devots_desktop.ui.details import Details
from devots_desktop.ui.window import MainWindow
from tests.ui.places import PORTAL, Place
from tests.ui.test_everyday import go_to
from tests.ui.test_window import fill, focus

Key = Qt.Key


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "profile", server=True, account=PORTAL)
    yield made
    made.close()


@pytest.fixture
def window(portal: Place, qtbot: QtBot) -> MainWindow:
    made = MainWindow(portal.opened, portal.accounts.all())
    made.hides = True  # Closing it at the end of a test asks for nothing.
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    fill(made, portal, "milk", "rent")
    return made


def has_editor(window: MainWindow) -> bool:
    return window.view.viewport().findChild(QLineEdit) is not None


@pytest.mark.parametrize("key", [Key.Key_Return, Key.Key_F2])
def test_the_keys_that_edit_say_why_they_do_not(window: MainWindow, key: Key) -> None:
    focus(window, 1)
    QTest.keyClick(window.view, key)
    assert not has_editor(window)
    assert TEXT_FIXED in window.status_line.sentence.text()


def test_so_does_a_double_click(window: MainWindow) -> None:
    place = window.view.visualRect(window.model.index(0, 0)).center()
    QTest.mouseClick(window.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(window.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert not has_editor(window)
    assert TEXT_FIXED in window.status_line.sentence.text()


def test_a_click_and_the_arrows_say_nothing(window: MainWindow) -> None:
    focus(window, 0)
    QTest.keyClick(window.view, Key.Key_Down)
    QTest.mouseClick(window.view.viewport(), Qt.MouseButton.LeftButton, pos=window.view.visualRect(window.model.index(0, 0)).center())
    assert TEXT_FIXED not in window.status_line.sentence.text()


def test_the_details_can_be_read_and_say_why_they_cannot_be_typed_into(window: MainWindow) -> None:
    details = Details(window)
    window.resize(1400, 700)
    details.toggle()
    go_to(window, 1)
    QApplication.processEvents()
    assert details.pane is not None
    assert (details.pane.text.isReadOnly(), details.pane.sentence.text()) == (True, TEXT_FIXED)


def test_another_account_is_typed_into_as_before(window: MainWindow, portal: Place) -> None:
    computer = portal.accounts.open(portal.accounts.all()[0])
    window.show_account(computer)
    assert window.model.text_fixed == ""
    window.show_account(portal.opened)
    assert window.model.text_fixed == TEXT_FIXED
    computer.cache.close()
