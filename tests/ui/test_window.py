"""The window: what the keyboard and the mouse ask for, and what stays when the list changes below the user."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from devots_desktop.domain.account import Live, Status
from devots_desktop.domain.changes import Change, ChangeSet, Via
from devots_desktop.services.tasks import Tasks
from devots_desktop.store import parking
from devots_desktop.store.lists import View
from devots_desktop.ui import theme
from devots_desktop.ui.deciding import Deciding
from devots_desktop.ui.dialogs.add_postgres import AddPostgresDialog
from devots_desktop.ui.dialogs.sign_in import SignInDialog
from devots_desktop.ui.trouble import TroubleWindow
from devots_desktop.ui.verbs import Verbs
from devots_desktop.ui.widgets.labels import plain_label
from devots_desktop.ui.window import MainWindow
from tests.shots.scenes import scenes
from tests.shots.stage import Stage
from tests.ui.places import SERVER, Place

Key = Qt.Key


def fill(window: MainWindow, place: Place, *texts: str) -> list[str]:
    ids = place.add(*texts)
    tell(window, place)
    return ids


def tell(window: MainWindow, place: Place) -> None:
    window.apply(place.news())
    QApplication.processEvents()


def shown(window: MainWindow) -> list[str]:
    return [window.model.index(row, 0).data() for row in range(window.model.rowCount())]


def focus(window: MainWindow, row: int) -> None:
    window.activateWindow()
    window.view.setFocus()
    window.view.setCurrentIndex(window.model.index(row, 0))


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def editor(window: MainWindow) -> QLineEdit:
    found = window.view.viewport().findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


class TestQuickAdd:
    def test_enter_submits_the_cleaned_text_and_empties_the_field(self, window: MainWindow, qtbot: QtBot) -> None:
        window.quick_add.field.setText("  Buy milk ")
        with qtbot.waitSignal(window.quick_add.submitted) as submitted:
            QTest.keyClick(window.quick_add.field, Key.Key_Return)
        assert submitted.args == ["Buy milk"]
        assert window.quick_add.field.text() == ""

    @pytest.mark.parametrize("text", ["", "   ", "x" * 10_001, "a\0b"], ids=["empty", "spaces", "10,001", "NUL"])
    def test_what_cannot_be_stored_stays_in_the_field_with_a_sentence(self, window: MainWindow, qtbot: QtBot, text: str) -> None:
        with qtbot.assertNotEmitted(window.quick_add.submitted):
            window.quick_add.field.setText(text)
            before = window.quick_add.field.text()
            QTest.keyClick(window.quick_add.field, Key.Key_Return)
        assert window.quick_add.field.text() == before
        assert window.quick_add.sentence.isVisible()
        QTest.keyClick(window.quick_add.field, Key.Key_A)
        assert not window.quick_add.sentence.isVisible()

    def test_a_text_of_any_length_fits_the_field(self, window: MainWindow) -> None:
        """QLineEdit cuts at 32,767 characters unless told otherwise; a cut text must never look like the whole."""
        window.quick_add.field.setText("x" * 40_000)
        assert len(window.quick_add.field.text()) > 10_000


class TestKeyboard:
    @pytest.fixture(autouse=True)
    def commands(self, window: MainWindow) -> None:
        """As the session has them once the window is painted."""
        assert window.commands

    @pytest.mark.parametrize(
        ("key", "signal", "arguments"),
        [(Key.Key_Space, "toggled", [True]), (Key.Key_Delete, "deleted", []), (Key.Key_Backspace, "deleted", [])],
    )
    def test_keys_ask_for_what_they_say(
        self, window: MainWindow, place: Place, qtbot: QtBot, key: Qt.Key, signal: str, arguments: list[object]
    ) -> None:
        fill(window, place, "rent", "milk")
        focus(window, 1)
        with qtbot.waitSignal(getattr(window.view.rows, signal)) as emitted:
            QTest.keyClick(window.view, key)
        rent = window.model.todo(1)
        assert rent is not None
        assert emitted.args == [rent.client_id, *arguments]

    @pytest.mark.parametrize("key", [Key.Key_Return, Key.Key_Enter, Key.Key_F2])
    def test_edit_in_place(self, window: MainWindow, place: Place, qtbot: QtBot, key: Qt.Key) -> None:
        fill(window, place, "rent", "milk")
        focus(window, 0)
        QTest.keyClick(window.view, key)
        assert editor(window).text() == "milk"
        editor(window).setText("oat milk")
        with qtbot.waitSignal(window.view.rows.edited) as edited:
            QTest.keyClick(editor(window), Key.Key_Return)
        assert edited.args[1] == "oat milk"

    def test_escape_leaves_the_text_as_it_was(self, window: MainWindow, place: Place, qtbot: QtBot) -> None:
        fill(window, place, "milk")
        focus(window, 0)
        window.view.edit_current()
        editor(window).setText("oat milk")
        with qtbot.assertNotEmitted(window.view.rows.edited):
            QTest.keyClick(editor(window), Key.Key_Escape)

    def test_an_unchanged_text_asks_for_nothing(self, window: MainWindow, place: Place, qtbot: QtBot) -> None:
        fill(window, place, "milk\nand bread")
        focus(window, 0)
        window.view.edit_current()
        with qtbot.assertNotEmitted(window.view.rows.edited):
            QTest.keyClick(editor(window), Key.Key_Return)

    def test_an_empty_text_keeps_the_editor_open_with_a_sentence(self, window: MainWindow, place: Place, qtbot: QtBot) -> None:
        fill(window, place, "milk")
        focus(window, 0)
        window.view.edit_current()
        editor(window).clear()
        with qtbot.assertNotEmitted(window.view.rows.edited):
            QTest.keyClick(editor(window), Key.Key_Return)
        assert editor(window).isVisible()
        assert "needs a text" in window.status_line.sentence.text()

    @pytest.mark.parametrize(("key", "view"), [(Key.Key_1, View.ALL), (Key.Key_2, View.OPEN), (Key.Key_3, View.DONE)])
    def test_views(self, window: MainWindow, place: Place, key: Qt.Key, view: View) -> None:
        window.activateWindow()
        QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
        assert window.model.view is view

    def test_ctrl_n_goes_to_the_field(self, window: MainWindow, place: Place) -> None:
        fill(window, place, "milk")
        focus(window, 0)
        QTest.keyClick(window, Key.Key_N, Qt.KeyboardModifier.ControlModifier)
        assert window.quick_add.field.hasFocus()

    def test_ctrl_q_quits(self, window: MainWindow, qtbot: QtBot) -> None:
        window.activateWindow()
        with qtbot.waitSignal(window.quit_asked):
            QTest.keyClick(window, Key.Key_Q, Qt.KeyboardModifier.ControlModifier)

    def test_everything_is_reached_with_tab_and_the_arrows_of_a_group(self, window: MainWindow, place: Place) -> None:
        fill(window, place, "milk")
        window.activateWindow()
        window.quick_add.setFocus()
        reached = set()
        for _ in range(12):
            reached.add(QApplication.focusWidget())
            QTest.keyClick(focused(), Key.Key_Tab)
        assert {window.quick_add.field, window.view, window.sidebar.add_account} <= reached
        buttons = {button for button in window.findChildren(QAbstractButton) if button.isVisible()}
        assert {button for button in buttons if button.group() is None or button.isChecked()} <= reached
        window.sidebar._views[View.ALL].setFocus()
        for view in (View.OPEN, View.DONE):
            QTest.keyClick(focused(), Key.Key_Down)
            assert window.model.view is view


class TestMouse:
    def where(self, window: MainWindow, row: int, *, at: str) -> QPoint:
        place = window.view.visualRect(window.model.index(row, 0))
        from_left = {"circle": 2 * theme.SPACE + 20, "text": 120, "bin": place.width() - 30}[at]
        return QPoint(place.left() + from_left, place.center().y())

    @pytest.mark.parametrize(("at", "signal"), [("circle", "toggled"), ("bin", "deleted")])
    def test_a_click_asks_once(self, window: MainWindow, place: Place, qtbot: QtBot, at: str, signal: str) -> None:
        fill(window, place, "rent", "milk")
        asked: list[object] = []
        getattr(window.view.rows, signal).connect(lambda *arguments: asked.append(arguments))
        QTest.mouseClick(window.view.viewport(), Qt.MouseButton.LeftButton, pos=self.where(window, 1, at=at))
        assert len(asked) == 1

    def test_a_click_on_the_text_selects_and_a_double_click_edits(self, window: MainWindow, place: Place) -> None:
        fill(window, place, "rent", "milk")
        QTest.mouseClick(window.view.viewport(), Qt.MouseButton.LeftButton, pos=self.where(window, 1, at="text"))
        assert window.view.currentIndex().row() == 1
        QTest.mouseDClick(window.view.viewport(), Qt.MouseButton.LeftButton, pos=self.where(window, 1, at="text"))
        assert editor(window).text() == "rent"


def elsewhere(changes: ChangeSet) -> ChangeSet:
    """The same changes as if another device had made them."""
    told = [Change(c.seq, c.op, Via.LIVE, c.key, c.client_id, c.text, c.completed, c.at, c.todo) for c in changes.changes]
    return ChangeSet(tuple(told), seq=changes.seq)


class TestWhatStays:
    def test_rows_on_screen_do_not_move_when_rows_come_above(self, window: MainWindow, place: Place) -> None:
        fill(window, place, *(f"todo {number}" for number in range(60)))
        bar = window.view.verticalScrollBar()
        bar.setValue(777)
        top = window.view.rowAt(0)
        key, offset = window.model.key(top), window.view.rowViewportPosition(top)
        fill(window, place, "new 1", "new 2", "new 3")
        assert window.model.key(window.view.rowAt(0)) == key
        assert window.view.rowViewportPosition(window.view.rowAt(0)) == offset

    def test_rows_on_screen_do_not_move_when_rows_above_go(self, window: MainWindow, place: Place) -> None:
        ids = fill(window, place, *(f"todo {number}" for number in range(60)))
        window.view.verticalScrollBar().setValue(777)
        key = window.model.key(window.view.rowAt(5))
        place.delete(ids[-1])
        place.delete(ids[-2])
        tell(window, place)
        assert window.model.key(window.view.rowAt(5)) == key

    def test_at_the_top_a_new_row_comes_into_view(self, window: MainWindow, place: Place) -> None:
        fill(window, place, *(f"todo {number}" for number in range(60)))
        fill(window, place, "new")
        assert window.model.index(window.view.rowAt(0), 0).data() == "new"

    def test_the_selection_stays_on_its_todo_through_changes_and_reload(self, window: MainWindow, place: Place) -> None:
        fill(window, place, "a", "b", "c", "d")
        focus(window, 2)
        key = window.model.key(2)
        fill(window, place, "e", "f")
        window.apply(ChangeSet(reload=True))
        assert window.model.key(window.view.currentIndex().row()) == key
        assert [window.model.key(index.row()) for index in window.view.selectedIndexes()] == [key]

    def test_after_a_delete_the_next_row_is_current(self, window: MainWindow, place: Place) -> None:
        ids = fill(window, place, "a", "b", "c")
        focus(window, 1)
        place.delete(ids[1])
        tell(window, place)
        assert window.view.currentIndex().data() == "a"
        place.delete(ids[0])
        tell(window, place)
        assert window.view.currentIndex().data() == "c"

    def test_an_open_editor_keeps_what_was_typed_when_its_row_changes_elsewhere(
        self, window: MainWindow, place: Place, qtbot: QtBot
    ) -> None:
        ids = fill(window, place, "a", "b")
        focus(window, 1)
        window.view.edit_current()
        editor(window).setText("mine")
        place.edit(ids[0], "theirs")
        place.add("c")
        tell(window, place)
        assert editor(window).text() == "mine"
        with qtbot.waitSignal(window.view.rows.edited) as edited:
            QTest.keyClick(editor(window), Key.Key_Return)
        assert edited.args == [ids[0], "mine"]

    def test_an_editor_in_which_nothing_was_typed_does_not_overrule_the_other_device(
        self, window: MainWindow, place: Place, qtbot: QtBot
    ) -> None:
        ids = fill(window, place, "a")
        focus(window, 0)
        window.view.edit_current()
        place.edit(ids[0], "theirs")
        tell(window, place)
        with qtbot.assertNotEmitted(window.view.rows.edited):
            QTest.keyClick(editor(window), Key.Key_Return)

    def test_an_open_editor_stays_when_its_todo_leaves_the_view(self, window: MainWindow, place: Place, qtbot: QtBot) -> None:
        ids = fill(window, place, "a", "b")
        window.show_view(View.OPEN)
        focus(window, 1)
        window.view.edit_current()
        editor(window).setText("mine")
        place.complete(ids[0])
        tell(window, place)
        assert editor(window).text() == "mine"
        with qtbot.waitSignal(window.view.rows.edited):
            QTest.keyClick(editor(window), Key.Key_Return)
        assert shown(window) == ["b"]

    def test_what_was_typed_is_offered_when_the_todo_is_deleted_elsewhere(self, window: MainWindow, place: Place) -> None:
        ids = fill(window, place, "a", "b")
        focus(window, 1)
        window.view.edit_current()
        editor(window).setText("typed for nothing?")
        place.delete(ids[0])
        tell(window, place)
        assert window.quick_add.field.text() == "typed for nothing?"
        assert window.quick_add.sentence.isVisible()

    def test_that_is_so_after_another_todo_was_deleted_too(self, window: MainWindow, place: Place) -> None:
        ids = fill(window, place, "a", "b")
        focus(window, 1)
        window.view.edit_current()
        editor(window).setText("typed for nothing?")
        for client_id in reversed(ids):
            place.delete(client_id)
            tell(window, place)
        assert window.quick_add.field.text() == "typed for nothing?"

    def test_a_change_from_elsewhere_is_marked_for_a_while_and_an_own_one_is_not(
        self, window: MainWindow, place: Place, qtbot: QtBot
    ) -> None:
        (own,) = place.add("own")
        tell(window, place)
        assert window.view.rows.flashing == {}
        place.edit(own, "theirs")
        window.apply(elsewhere(place.news()))
        qtbot.waitUntil(lambda: list(window.view.rows.flashing) == [window.model.key(0)])
        qtbot.waitUntil(lambda: window.view.rows.flashing == {}, timeout=3_000)


class TestCountsAndStates:
    def test_counts_and_empty_states(self, window: MainWindow, place: Place) -> None:
        assert window._empty.isVisible()
        ids = fill(window, place, "a", "b", "c")
        place.complete(ids[0])
        tell(window, place)
        numbers = [window.sidebar._views[view]._number for view in View]
        assert numbers == ["3", "2", "1"]
        assert window.view.isVisible()
        place.complete(ids[0], completed=False)
        tell(window, place)
        window.show_view(View.DONE)
        assert window._empty.heading.text() == "Nothing done yet"

    def test_it_never_says_that_all_is_sent_while_something_waits(self, server: Place, qtbot: QtBot) -> None:
        window = MainWindow(server.opened, server.accounts.all())
        window.hides = True
        qtbot.addWidget(window)
        server.opened.status = Status(Live.LIVE)
        fill(window, server, "a", "b", "c")
        assert window.status_line.saved.text().startswith("3 changes waiting · ")
        server.sql("DELETE FROM outbox")
        window.apply(ChangeSet(reload=True))
        QApplication.processEvents()
        assert window.status_line.saved.text().startswith("Everything sent · ")

    @pytest.mark.parametrize("live", list(Live))
    def test_a_state_is_said_in_words(self, server: Place, qtbot: QtBot, live: Live) -> None:
        window = MainWindow(server.opened, server.accounts.all())
        window.hides = True
        qtbot.addWidget(window)
        window.show()
        window.show_status(SERVER.account_id, Status(live, "What to do."))
        words = {"live": "Live", "checking": "Checking", "offline": "Offline", "signed-out": "Signed out", "local": "On this device"}[live]
        assert window.sidebar._accounts[SERVER.account_id].accessibleName() == f"{SERVER.name}, {words}"
        assert window.status_line.sentence.text() == "What to do."
        buttons = [button.text() for button in window.status_line.findChildren(QAbstractButton) if button.isVisible()]
        assert sorted(buttons) == sorted([window.status_line.saved.text(), *["Sign in again…"] * (live is Live.SIGNED_OUT)])

    def test_needs_you_is_there_only_when_something_does_and_shows_text_and_reason(self, server: Place, qtbot: QtBot) -> None:
        window = MainWindow(server.opened, server.accounts.all())
        window.hides = True
        qtbot.addWidget(window)
        window.show()
        Deciding(window, Verbs(window, Tasks(lambda *_: None), lambda: server.opened), lambda: server.opened)
        fill(window, server, "<b>refused</b>")
        assert not window.sidebar.needs_you.isVisible()
        with server.cache.transaction() as db:
            (mutation_id,) = db.execute("SELECT mutation_id FROM outbox").fetchone()
            parking.park(db, mutation_id, "Too long for the server.", 1)
        window.apply(ChangeSet(reload=True))
        QApplication.processEvents()
        window.sidebar.needs_you.click()
        texts = [label.text() for label in window.findChildren(QLabel) if label.isVisible()]
        assert {"<b>refused</b>", "Too long for the server."} <= set(texts)


def _all_screens() -> list[object]:
    return [pytest.param(scene, id=name) for name, scene in scenes()]


@pytest.mark.parametrize("scene", _all_screens())
class TestEveryScreen:
    @pytest.fixture
    def screen(self, scene: Callable[[Stage], QWidget], tmp_path: object, qtbot: QtBot, qapp: QApplication) -> QWidget:
        font = qapp.font()
        made = scene(Stage(tmp_path))  # type: ignore[arg-type]
        if isinstance(made, MainWindow):
            made.hides = True
        qtbot.addWidget(made)
        made.show()
        QApplication.processEvents()
        qapp.setFont(font)
        return made

    def test_labels_are_plain(self, screen: QWidget) -> None:
        for label in screen.findChildren(QLabel):
            assert label.textFormat() is Qt.TextFormat.PlainText, label.text()

    def test_what_takes_the_focus_has_a_name(self, screen: QWidget) -> None:
        focusable = [each for each in screen.findChildren(QWidget) if each.isVisible() and each.focusPolicy() & Qt.FocusPolicy.TabFocus]
        assert focusable
        for widget in focusable:
            interface = QAccessible.queryAccessibleInterface(widget)
            assert widget.focusProxy() or interface.text(QAccessible.Text.Name), widget

    def test_what_is_clicked_is_large_enough(self, screen: QWidget) -> None:
        """WCAG 2.2, 2.5.8."""
        for button in screen.findChildren(QAbstractButton):
            assert not button.isVisible() or min(button.width(), button.height()) >= 24, button


HOSTILE = "<h1>big</h1><img src='file:///etc/hostname'><a href='x'>link</a>"


def test_a_hostile_text_is_shown_as_it_is_everywhere(server: Place, qtbot: QtBot) -> None:
    account = SERVER._replace(name=HOSTILE)
    server.profile.put(account)
    window = MainWindow(server.opened, server.accounts.all())
    window.hides = True
    qtbot.addWidget(window)
    window.show()
    fill(window, server, HOSTILE)
    window.quick_add.offer(HOSTILE, HOSTILE)
    window.status_line.say(HOSTILE)
    window.show_status(SERVER.account_id, Status(Live.OFFLINE, HOSTILE))
    for label in window.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText
    for widget in window.findChildren(QWidget):
        assert "<h1>" not in widget.toolTip()
    assert window.model.index(0, 0).data() == HOSTILE


def test_a_plain_label_stays_plain(qtbot: QtBot) -> None:
    label = plain_label("<b>x</b>")
    qtbot.addWidget(label)
    label.setText(HOSTILE)
    assert label.textFormat() is Qt.TextFormat.PlainText


def test_the_dialogs_are_among_the_screens() -> None:
    assert {"choose-kind", "add-supabase", "add-postgres", "sign-in", "sign-in-supabase", "trouble"} <= {name for name, _ in scenes()}
    assert {AddPostgresDialog.__name__, SignInDialog.__name__, TroubleWindow.__name__}
