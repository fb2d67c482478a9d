"""The details of a todo: its whole text, edited with its line breaks, and what is known about it."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from devots_desktop.store.lists import View
from devots_desktop.ui import window_state
from devots_desktop.ui.details import Details
from devots_desktop.ui.session import Session
from devots_desktop.ui.widgets.detail_pane import DetailPane
from devots_desktop.ui.window import MainWindow
from tests.ui.places import Place
from tests.ui.test_everyday import go_to, stored
from tests.ui.test_session import drive, texts, until
from tests.ui.test_window import elsewhere

Key = Qt.Key


@pytest.fixture
def details(window: MainWindow, place: Place) -> Details:
    place.add("rent", "milk\n  and bread", "x" * 10_001)
    window.apply(place.news())
    made = Details(window)
    window.resize(1400, 700)
    made.toggle()
    go_to(window, 1)
    QApplication.processEvents()
    return made


def pane(details: Details) -> DetailPane:
    assert details.pane is not None
    return details.pane


def test_it_shows_the_whole_text_and_what_is_known(details: Details) -> None:
    assert pane(details).text.toPlainText() == "milk\n  and bread"
    facts = pane(details).facts.text()
    assert "Created 1 Jan 1970" in facts
    assert "on this device" in facts


def test_the_origin_of_the_last_change_is_told(window: MainWindow, place: Place, details: Details) -> None:
    place.sql("UPDATE journal SET via = 'live', checksum = row_checksum(client_id, key, op, 'live', text, completed, at)")
    details.show_current()
    assert "on another device" in pane(details).facts.text()
    place.sql("DELETE FROM journal")
    details.show_current()
    assert "device" not in pane(details).facts.text()


def test_leaving_the_text_asks_for_the_edit_once(window: MainWindow, details: Details, qtbot: QtBot) -> None:
    asked: list[tuple[str, str]] = []
    window.view.rows.edited.connect(lambda *arguments: asked.append(arguments))
    pane(details).text.setFocus()
    pane(details).text.appendPlainText("and butter")
    window.view.setFocus()
    todo = window.model.todo(1)
    assert todo is not None
    assert asked == [(todo.client_id, "milk\n  and bread\nand butter")]
    go_to(window, 0)
    assert len(asked) == 1


def test_a_longer_text_is_read_only(window: MainWindow, details: Details) -> None:
    go_to(window, 0)
    assert pane(details).text.isReadOnly()
    assert "10,000" in pane(details).sentence.text()
    go_to(window, 2)
    assert not pane(details).text.isReadOnly()
    assert not pane(details).sentence.isVisible()


def test_what_is_typed_stays_when_the_todo_changes_elsewhere(window: MainWindow, place: Place, details: Details) -> None:
    todo = window.model.todo(1)
    assert todo is not None
    place.edit(todo.client_id, "theirs")
    window.apply(elsewhere(place.news()))
    assert pane(details).text.toPlainText() == "theirs"
    pane(details).text.appendPlainText("mine")
    place.edit(todo.client_id, "theirs again")
    window.apply(elsewhere(place.news()))
    assert pane(details).text.toPlainText() == "theirs\nmine"


def test_what_cannot_be_stored_is_said_and_offered(window: MainWindow, details: Details) -> None:
    pane(details).text.setFocus()
    pane(details).text.setPlainText("y" * 10_001)
    pane(details).text.document().setModified(True)
    go_to(window, 2)
    assert window.quick_add.field.text() == "y" * 10_001


def test_it_is_away_while_the_window_is_narrow(window: MainWindow, details: Details) -> None:
    assert pane(details).isVisible()
    window.resize(500, 600)
    QApplication.processEvents()
    assert not pane(details).isVisible()
    window.resize(1400, 700)
    QApplication.processEvents()
    assert pane(details).isVisible()


def test_keys_open_and_close_it_and_whether_it_was_open_is_remembered(window: MainWindow, place: Place, details: Details) -> None:
    window_state.save(window, place.profile.folder)
    assert window_state.details_of(place.profile.folder)
    pane(details).text.setFocus()
    QTest.keyClick(pane(details).text, Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert not pane(details).isVisible()
    assert window.view.hasFocus()
    window_state.save(window, place.profile.folder)
    assert not window_state.details_of(place.profile.folder)


def test_escape_leads_from_the_text_to_the_list(window: MainWindow, details: Details) -> None:
    pane(details).text.setFocus()
    QTest.keyClick(pane(details).text, Key.Key_Escape)
    assert window.view.hasFocus()


def test_what_is_typed_is_stored_also_when_the_program_quits(qapp: QApplication, tmp_path: Path) -> None:
    async def use(session: Session, window: MainWindow) -> None:
        window.resize(1400, 700)
        go_to(window, 0)
        assert session._details is not None
        session._details.toggle()
        text = pane(session._details).text
        text.setFocus()
        text.setPlainText("typed\nat last")
        text.document().setModified(True)

    folder = stored(tmp_path, "rent")
    drive(qapp, folder, use)
    place = Place(folder)
    (todo,) = place.lists.todos(place.lists.keys(View.ALL)).values()
    place.close()
    assert todo.text == "typed\nat last"


def test_what_is_typed_for_a_todo_that_is_deleted_meanwhile_is_offered(qapp: QApplication, tmp_path: Path) -> None:
    async def use(session: Session, window: MainWindow) -> None:
        window.resize(1400, 700)
        go_to(window, 0)
        assert session._details is not None
        session._details.toggle()
        text = pane(session._details).text
        text.setPlainText("typed for nothing?")
        text.document().setModified(True)
        todo = window.model.todo(0)
        assert todo is not None
        await session._current.todos.delete(todo.client_id)
        await until(lambda: texts(window) == ["o rent"])
        await until(lambda: window.quick_add.field.text() == "typed for nothing?")

    drive(qapp, stored(tmp_path, "rent", "milk"), use)
