"""What needs the user, decided in the window: by mouse and by keyboard, with the focus where it was, and told in words."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from devots_desktop.domain.account import Live, Status
from devots_desktop.domain.mutation import DELETED_ELSEWHERE, NOT_MADE
from devots_desktop.domain.question import Choice
from devots_desktop.domain.steps import Action, Step
from devots_desktop.store import conflicts, edits, missing, outbox, parking, replica, rows
from devots_desktop.store.lists import Counts
from devots_desktop.ui import needs, wording
from devots_desktop.ui.dialogs.edit_text import EditTextDialog
from devots_desktop.ui.menus import list_menu
from devots_desktop.ui.models.todo_list import spoken
from devots_desktop.ui.session import Session
from devots_desktop.ui.widgets.needs_you import NeedsYou
from devots_desktop.ui.widgets.overruled import Overruled
from devots_desktop.ui.window import MainWindow
from tests.ui.places import Place
from tests.ui.test_everyday import entries, go_to, said
from tests.ui.test_session import drive, until

Key = Qt.Key
Control = Qt.KeyboardModifier.ControlModifier
AT = time.time_ns() // 1_000 - 1_000_000
"""Not long ago: what is older than thirty days is forgotten at the start."""
DAY = 86_400_000_000


@pytest.fixture(autouse=True)
def _clipboard(qapp: QApplication) -> Iterator[None]:
    yield
    QGuiApplication.clipboard().clear()


def sent(place: Place) -> None:
    """As if the server had taken all that waits."""
    place.sql("DELETE FROM outbox")
    place.sql("UPDATE todo SET state = 'synced', server_id = key, row_version = 1")


def park(place: Place, *reasons: str) -> None:
    """Park what waits, the oldest first."""
    with place.cache.transaction() as db:
        for change, reason in zip(outbox.take(db, 50), reasons, strict=True):
            parking.park(db, change.mutation_id, reason, AT)
            if reason == DELETED_ELSEWHERE:
                replica.bury(db, change.client_id, 2)
            db.execute("UPDATE todo SET state = 'parked' WHERE client_id = ?", (change.client_id,))
        rows.stamp(db)


def refused(folder: Path) -> Path:
    """A profile with two todos on the server, of which the texts "too long" and "gone" were not taken."""
    place = Place(folder / "profile", server=True)
    ids = place.add("milk", "bread")
    sent(place)
    place.edit(ids[0], "too long")
    place.edit(ids[1], "gone")
    park(place, "No.", DELETED_ELSEWHERE)
    place.close()
    return folder / "profile"


def page(window: MainWindow) -> NeedsYou:
    found = window.findChild(NeedsYou)
    assert found is not None
    return found


def words(window: MainWindow) -> list[list[str]]:
    """The words on the buttons of each card."""
    return [[button.text() for button in place.buttons] for place in page(window)._places]  # type: ignore[attr-defined]


def press(window: MainWindow, card: int, word: str) -> None:
    place = page(window)._places[card]
    [button] = [each for each in place.buttons if each.text() == word]  # type: ignore[attr-defined]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def strike(window: MainWindow, key: Qt.Key) -> None:
    """Press a key where the focus is."""
    widget = window.focusWidget()
    QTest.keyClick(widget, key)


def focused(window: MainWindow) -> str:
    return window.focusWidget().accessibleName()


class TestPage:
    def test_each_todo_is_a_card_with_what_was_wanted_and_why(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            assert window.sidebar.needs_you.isVisible()
            window.sidebar.needs_you.click()
            shown = [label.text() for label in page(window).findChildren(QLabel)]
            assert shown[1:] == [
                *("bread", "You wanted to change the text to “gone”.", DELETED_ELSEWHERE),
                *("milk", "You wanted to change the text to “too long”.", "No."),
            ]
            assert words(window) == [["Edit…", "Restore as new", "Copy", "Drop"], ["Edit…", "Retry", "Copy", "Drop"]]
            assert window.sidebar.needs_you.accessibleName() == "Needs you, 2"

        drive(qapp, refused(tmp_path), use)

    def test_by_keyboard_from_the_first_card_to_the_empty_page_and_back(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            QTest.keyClick(window, Key.Key_4, Control)
            assert window.header.heading.text() == "Needs you"
            QTest.keyClick(page(window), Key.Key_Tab)
            assert focused(window) == "Edit…: bread"
            for _ in range(3):
                strike(window, Key.Key_Tab)
            strike(window, Key.Key_Space)
            await until(lambda: focused(window) == "Drop: milk")
            await until(lambda: said(window) == "Dropped: “gone”")
            strike(window, Key.Key_Space)
            await until(lambda: focused(window) == "To the list")
            assert window.sidebar.needs_you.isVisible()
            assert "Nothing needs you" in [label.text() for label in page(window).findChildren(QLabel)]
            strike(window, Key.Key_Space)
            assert window.view.isVisible()
            assert not window.sidebar.needs_you.isVisible()
            assert [window.model.index(row, 0).data() for row in range(window.model.rowCount())] == ["milk"]

        drive(qapp, refused(tmp_path), use)

    def test_retry_sends_again_and_the_focus_goes_on(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            window.sidebar.needs_you.click()
            page(window)._places[1].buttons[1].setFocus()
            press(window, 1, "Retry")
            await until(lambda: focused(window) == "Restore as new: bread")
            await until(lambda: said(window) == "“too long” waits to be sent again")
            press(window, 0, "Restore as new")
            await until(lambda: window.opened.lists.counts().parked == 0)
            assert window.opened.lists.counts().pending == 2
            kinds = [kind for (kind,) in window.opened.cache.db.execute("SELECT kind FROM outbox ORDER BY seq")]
            assert kinds == ["edit", "create"]

        drive(qapp, refused(tmp_path), use)

    def test_edit_opens_the_text_and_saving_sends_that(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            window.sidebar.needs_you.click()
            press(window, 1, "Edit…")
            await until(lambda: window.findChild(EditTextDialog))
            dialog = window.findChild(EditTextDialog)
            assert dialog is not None
            assert dialog.edit.toPlainText() == "too long"
            assert "No." in dialog.edit.accessibleDescription()
            dialog.edit.setPlainText("  ")
            dialog.confirm.click()
            assert dialog.isVisible()
            assert "needs a text" in dialog.message.text()
            dialog.edit.setPlainText("short")
            QTest.keyClick(dialog.edit, Key.Key_Return, Control)
            await until(lambda: said(window) == "“short” waits to be sent")
            assert window.opened.lists.counts().parked == 1
            window.status_line.offered.click()  # type: ignore[union-attr]
            await until(
                lambda: (
                    "too long" in [todo.text for todo in window.opened.lists.todos(window.opened.lists.keys(window.model.view)).values()]
                )
            )

        drive(qapp, refused(tmp_path), use)

    def test_copy_takes_the_whole_text_and_a_drop_is_undone(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            window.sidebar.needs_you.click()
            press(window, 1, "Copy")
            assert QGuiApplication.clipboard().text() == "too long"
            press(window, 1, "Drop")
            await until(lambda: said(window) == "Dropped: “too long”")
            window.status_line.offered.click()  # type: ignore[union-attr]
            await until(lambda: window.opened.lists.counts().pending == 1)

        drive(qapp, refused(tmp_path), use)

    def test_what_a_command_line_settles_leaves_the_page(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            window.sidebar.needs_you.click()
            assert len(words(window)) == 2
            with window.opened.cache.transaction() as db:
                db.execute("DELETE FROM parked")
            window.recount()
            await until(lambda: words(window) == [])

        drive(qapp, refused(tmp_path), use)


class TestRowsAndTheQuestion:
    def test_a_row_that_a_delete_took_with_it_is_restored_or_left(self, qapp: QApplication, tmp_path: Path) -> None:
        place = Place(tmp_path / "profile", server=True)
        [first, second] = place.add("milk", "bread")
        sent(place)
        with place.cache.transaction() as db:
            for client_id in (first, second):
                row = rows.row(db, client_id)
                assert row is not None
                conflicts.add_row(db, row, AT)
        edits.delete_all(place.cache, [first, second])
        place.close()

        async def use(session: Session, window: MainWindow) -> None:
            window.sidebar.needs_you.click()
            assert words(window) == [["Restore as new", "Copy", "Leave deleted"]] * 2
            press(window, 0, "Leave deleted")
            await until(lambda: len(words(window)) == 1)
            await until(lambda: said(window) == "Dismissed")
            window.status_line.offered.click()  # type: ignore[union-attr]
            await until(lambda: len(words(window)) == 2)
            press(window, 0, "Restore as new")
            await until(lambda: len(words(window)) == 1)
            await until(lambda: said(window) == "Restored: “bread”")
            assert window.opened.lists.counts().all == 1

        drive(qapp, tmp_path / "profile", use)

    @pytest.mark.parametrize(
        ("word", "left", "sentence"),
        [
            ("Remove here", 0, "2 todos removed here"),
            ("Put back on the server", 2, "2 todos will be put back on the server"),
            ("Leave as they are", 2, "2 todos left as they are"),
        ],
    )
    def test_the_question_is_told_and_answered(self, qapp: QApplication, tmp_path: Path, word: str, left: int, sentence: str) -> None:
        place = Place(tmp_path / "profile", server=True)
        ids = place.add("milk", "bread")
        sent(place)
        with place.cache.transaction() as db:
            missing.note(db, ids, AT)
        place.close()

        async def use(session: Session, window: MainWindow) -> None:
            await until(lambda: "no longer has 2 of 2 todos" in said(window))
            window.status_line.offered.click()  # type: ignore[union-attr]
            window.sidebar.needs_you.click()
            assert words(window)[0][0] == "Leave as they are", "what gets the focus must not change anything"
            press(window, 0, word)
            await until(lambda: words(window) == [])
            await until(lambda: said(window) == sentence)
            assert window.opened.lists.counts().all == left

        drive(qapp, tmp_path / "profile", use)


def overruled(folder: Path) -> Path:
    place = Place(folder / "profile", server=True)
    [client_id] = place.add("milk")
    sent(place)
    with place.cache.transaction() as db:
        conflicts.add(db, client_id, "text", "oat & soy milk", "milk", AT)
        conflicts.add(db, client_id, "completed", True, False, AT)
    place.close()
    return folder / "profile"


class TestOverruled:
    def test_the_details_show_both_values_and_restore_one(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            window.resize(1500, 700)
            window.header.details.click()
            go_to(window, 0)
            section = window.findChild(Overruled)
            assert section is not None
            shown = [label.text() for label in section.findChildren(QLabel)]
            assert shown[0] == "Overruled"
            assert shown[1:3] == ["Done", f"overruled by Open, {wording.when(wording.here(AT))}"]
            assert shown[3:] == ["“oat & soy milk”", f"overruled by “milk”, {wording.when(wording.here(AT))}"]
            QTest.mouseClick(button(section, "Restore: “oat & soy milk”"), Qt.MouseButton.LeftButton)
            await until(lambda: said(window) == "Restored: “oat & soy milk”")
            await until(lambda: len(section.findChildren(QLabel)) == 3)
            QTest.keyClick(window.view, Key.Key_Z, Control)
            await until(lambda: window.model.index(0, 0).data() == "milk")
            await until(lambda: "“oat & soy milk”" in [label.text() for label in section.findChildren(QLabel)])
            QTest.mouseClick(button(section, "Dismiss: Done"), Qt.MouseButton.LeftButton)
            await until(lambda: said(window) == "Dismissed")
            await until(lambda: "Done" not in [label.text() for label in section.findChildren(QLabel)])

        drive(qapp, overruled(tmp_path), use)

    def test_the_menu_of_the_row_restores_without_details(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            go_to(window, 0)
            menu = list_menu(window)
            [restore] = [action for action in menu.actions() if action.text() == "Restore “oat && soy milk”"]
            restore.trigger()
            await until(lambda: window.model.index(0, 0).data() == "oat & soy milk")
            assert "Restore Done" in entries(menu)

        drive(qapp, overruled(tmp_path), use)

    def test_the_row_is_marked_and_says_so(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            todo = window.model.todo(0)
            assert todo is not None
            assert spoken(todo) == "milk, open, has an overruled value"
            before = window.view.grab().toImage()
            for conflict in window.opened.lists.conflicts():
                window.dismiss_asked.emit(conflict.number)
            await until(lambda: window.model.todo(0).conflicts == 0)  # type: ignore[union-attr]
            await until(lambda: window.view.grab().toImage() != before)

        drive(qapp, overruled(tmp_path), use)


def button(within: QWidget, name: str) -> QWidget:
    [found] = [each for each in within.findChildren(QWidget) if each.accessibleName() == name]
    return found


class TestStanding:
    def test_a_click_on_the_state_says_why(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            window.status_line.saved.setFocus()
            QTest.keyClick(window.status_line.saved, Key.Key_Space)
            assert said(window) == "This list is on this computer only. Add an account to have it elsewhere too."
            window.status_line.say("Something else")
            window.sidebar._accounts[window.account.account_id].click()
            assert said(window).startswith("This list is on this computer only.")

        drive(qapp, tmp_path / "profile", use)

    def test_other_accounts_show_what_waits(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            server = window.account.account_id
            assert "2 waiting" in window.sidebar._accounts[server].accessibleName()
            window.sidebar._accounts["computer"].click()
            assert "2 waiting" in window.sidebar._accounts[server].accessibleName()

        place = Place(tmp_path / "profile", server=True)
        place.add("milk", "bread")
        place.close()
        drive(qapp, tmp_path / "profile", use)


@pytest.mark.parametrize(
    ("live", "counts", "shown"),
    [
        (Live.LOCAL, Counts(1, 0, 0, 0, arrived=0), "Saved on this device · {clock}"),
        (Live.LIVE, Counts(1, 0, 0, 0, contact=AT), "Everything sent · {clock}"),
        (Live.LIVE, Counts(1, 0, 0, 1, needs_you=1, contact=AT), "Everything else sent · {clock}"),
        (Live.LIVE, Counts(1, 0, 3, 0, contact=AT), "3 changes waiting · {clock}"),
        (Live.CHECKING, Counts(1, 0, 1, 0, contact=AT), "1 change waiting · Last contact {clock}"),
        (Live.OFFLINE, Counts(1, 0, 0, 0, contact=AT - DAY), "Nothing waiting · Last contact {yesterday}"),
        (Live.OFFLINE, Counts(1, 0, 0, 0, arrived=0), "Nothing waiting · No contact yet"),
        (Live.CHECKING, Counts(1, 0, 0, 0, arrived=1_500, contact=AT), "1,500 todos fetched so far"),
        (Live.CHECKING, Counts(1, 0, 2, 0, arrived=1_500, contact=AT), "2 changes waiting · 1,500 todos fetched so far"),
    ],
)
def test_the_state_in_words(live: Live, counts: Counts, shown: str) -> None:
    now = wording.here(AT)
    said_so = wording.saved(live, counts, now, now)
    assert said_so.startswith(shown.format(clock=f"{now:%H:%M}", yesterday=wording.when(wording.here(AT - DAY))))
    if counts.pending:
        assert "sent" not in said_so


@pytest.mark.parametrize("live", Live)
def test_why_never_says_that_all_is_there_while_something_waits(live: Live) -> None:
    waiting = wording.why(Status(live), Counts(1, 0, 2, 0, contact=AT))
    assert "2 changes waiting" in waiting
    assert "is on the server" not in waiting
    assert "Ask your administrator" in wording.why(Status(live, "Ask your administrator."), Counts(1, 0, 0, 0))
    assert "2 things need you" in wording.why(Status(live), Counts(1, 0, 0, 2, needs_you=2))


def test_what_an_undo_overruled_is_said() -> None:
    assert wording.undone(Step(Action.EDIT, "milk", 1, 1)).endswith("changed elsewhere meanwhile: that is kept, see the details.")
    assert wording.redone(Step(Action.DELETE, "milk", 1, 1)).endswith("see “Needs you”.")
    assert "elsewhere" not in wording.undone(Step(Action.EDIT, "milk", 1))


def test_answers_in_words() -> None:
    assert [wording.answered(choice, 0) for choice in Choice] == ["That was settled already"] * 3
    assert wording.answered(Choice.LEAVE, 1) == "1 todo left as they are"


class TestCards:
    def test_a_create_and_the_edit_that_found_nothing_are_one(self, server: Place) -> None:
        [client_id] = server.add("milk")
        with server.cache.transaction() as db:
            outbox.take(db, 1)
        server.complete(client_id)
        park(server, "No.", NOT_MADE)
        [card] = needs.cards(server.lists, wording.here)
        assert (card.title, card.said) == ("milk", ("You wanted to add it.", "No."))

    def test_a_delete_has_nothing_to_edit(self, server: Place) -> None:
        [client_id] = server.add("milk")
        sent(server)
        server.delete(client_id)
        park(server, "No.")
        [card] = needs.cards(server.lists, wording.here)
        assert card.said[0] == "You wanted to delete it."
        assert [word for _, word in card.acts] == ["Retry", "Copy", "Drop"]
        assert card.text == "milk"

    def test_marks_are_said(self, server: Place) -> None:
        ids = server.add("milk", "bread")
        sent(server)
        server.complete(ids[0])
        park(server, "No.")
        [card] = needs.cards(server.lists, wording.here)
        assert card.said[0] == "You wanted to mark it as done."
