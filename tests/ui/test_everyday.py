"""Undo, search, several todos at once and the order of the list, in the whole window on a running loop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from devots_desktop.domain.sorting import Sort
from devots_desktop.services.notices import Notice
from devots_desktop.store.lists import View
from devots_desktop.ui import menus, theme, window_state
from devots_desktop.ui.menus import list_menu, main_menu, sort_menu
from devots_desktop.ui.session import Session
from devots_desktop.ui.window import MainWindow
from tests.ui.places import Place
from tests.ui.test_session import drive, texts, type_todo, until

Key = Qt.Key
Control, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
DAY = ("rent", "plumber", "milk", "bread", "tea")


@pytest.fixture(autouse=True)
def _clipboard(qapp: QApplication) -> Iterator[None]:
    yield
    QGuiApplication.clipboard().clear()


def stored(folder: Path, *todos: str) -> Path:
    place = Place(folder / "profile")
    place.add(*todos)
    place.close()
    return folder / "profile"


def go_to(window: MainWindow, row: int) -> None:
    window.activateWindow()
    window.view.setFocus()
    window.view.setCurrentIndex(window.model.index(row, 0))


def undo(window: MainWindow) -> None:
    QTest.keyClick(window.view, Key.Key_Z, Control)


def redo(window: MainWindow) -> None:
    QTest.keyClick(window.view, Key.Key_Z, Control | Shift)


def said(window: MainWindow) -> str:
    return window.status_line.sentence.text()


def entries(menu: QMenu) -> dict[str, str]:
    """Names and keys of a menu's entries."""
    parts = [action.text().partition("\t") for action in menu.actions() if not action.isSeparator()]
    menu.deleteLater()
    return {name: keys for name, _, keys in parts}


class TestUndo:
    def test_every_action_is_said_and_taken_back_and_done_again(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            type_todo(window, "rent")
            await until(lambda: said(window) == "“rent” added")
            go_to(window, 0)
            QTest.keyClick(window.view, Key.Key_Space)
            await until(lambda: said(window) == "“rent” done")
            window.view.rows.edited.emit(window.model.todo(0).client_id, "the rent")  # type: ignore[union-attr]
            await until(lambda: said(window) == "“the rent” changed" or said(window) == "“rent” changed")
            QTest.keyClick(window.view, Key.Key_Delete)
            await until(lambda: said(window).endswith("deleted"))
            states = [[], ["x the rent"], ["x rent"], ["o rent"], []]
            for state in states[1:]:
                undo(window)
                await until(lambda state=state: texts(window) == state)  # type: ignore[misc]
            await until(lambda: said(window) == "Undone: “rent” added")
            for state in reversed(states[:-1]):
                redo(window)
                await until(lambda state=state: texts(window) == state)  # type: ignore[misc]

        drive(qapp, tmp_path / "profile", use)

    def test_a_todo_whose_delete_is_undone_is_selected(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            go_to(window, 2)
            QTest.keyClick(window.view, Key.Key_Delete)
            await until(lambda: window.model.rowCount() == 4)
            go_to(window, 0)
            undo(window)
            await until(lambda: window.model.rowCount() == 5)
            await until(lambda: list(window.view.selected_keys()) == [window.model.key(2)])
            assert window.view.currentIndex().data() == "milk"

        drive(qapp, stored(tmp_path, *DAY), use)

    def test_the_button_beside_the_sentence_takes_back(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            go_to(window, 0)
            QTest.keyClick(window.view, Key.Key_Space)
            await until(lambda: said(window) == "“tea” done")
            offered = window.status_line.offered
            assert offered is not None
            assert (offered.isVisible(), offered.accessibleName()) == (True, "Undo")
            offered.click()
            await until(lambda: said(window) == "Undone: “tea” done")
            assert texts(window)[0] == "o tea"
            assert offered.accessibleName() == "Redo"
            window.status_line.say("Something else")
            assert not offered.isVisible()

        drive(qapp, stored(tmp_path, *DAY), use)

    def test_the_field_for_a_new_todo_leaves_the_keys_to_the_list_only_where_it_has_nothing_to_undo(
        self, qapp: QApplication, tmp_path: Path
    ) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            type_todo(window, "rent")
            await until(lambda: texts(window) == ["o rent"])
            field = window.quick_add.field
            QTest.keyClicks(field, "milk")
            QTest.keyClick(field, Key.Key_Z, Control)
            assert field.text() == ""
            assert texts(window) == ["o rent"]
            QTest.keyClick(field, Key.Key_Z, Control)
            await until(lambda: texts(window) == [])
            assert field.text() == ""

        drive(qapp, tmp_path / "profile", use)

    def test_with_nothing_to_undo_it_says_so(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            go_to(window, 0)
            undo(window)
            await until(lambda: said(window) == "Nothing to undo")
            redo(window)
            await until(lambda: said(window) == "Nothing to do again")

        drive(qapp, tmp_path / "profile", use)


class TestSearch:
    def test_it_finds_while_typing_marks_what_it_found_and_escape_leads_back(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            window.view.verticalScrollBar().setValue(333)
            go_to(window, window.view.rowAt(50))
            top, current = window.model.key(window.view.rowAt(0)), window.model.key(window.view.currentIndex().row())
            QTest.keyClick(window.view, Key.Key_F, Control)
            field = window.header.search.field
            assert field.hasFocus()
            QTest.keyClicks(field, "caf")
            field.insert("é 7")  # QTest types ASCII only.
            await until(lambda: window.model.rowCount() == 19)
            assert window.view.rows.words == "café 7"
            QTest.keyClick(field, Key.Key_Down)
            assert window.view.hasFocus()
            assert window.view.currentIndex().row() == 0
            QTest.keyClick(window.view, Key.Key_Escape)
            await until(lambda: window.model.rowCount() == 100)
            assert field.text() == ""
            assert window.model.key(window.view.rowAt(0)) == top
            assert list(window.view.selected_keys()) == [current]

        drive(qapp, stored(tmp_path, *(f"Cafe {number}" for number in range(100))), use)

    def test_with_the_keyboard_in_the_list_the_first_hit_is_the_current_one(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            QTest.keyClicks(window.header.search.field, "milk")
            QTest.keyClick(window.header.search.field, Key.Key_Down)
            await until(lambda: texts(window) == ["o milk"])
            assert window.view.currentIndex().data() == "milk"

        drive(qapp, stored(tmp_path, *DAY), use)

    def test_more_than_the_first_page_is_found(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            QTest.keyClicks(window.header.search.field, "todo")
            await until(lambda: window.model.words == "todo" and window.model.rowCount() == 120)
            assert texts(window) == [f"o todo {number}" for number in reversed(range(120))]

        drive(qapp, stored(tmp_path, "else", *(f"todo {number}" for number in range(120))), use)

    def test_changes_are_shown_where_they_fit_the_search_and_only_there(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            QTest.keyClicks(window.header.search.field, "r")
            await until(lambda: texts(window) == ["o bread", "o plumber", "o rent"])
            type_todo(window, "butter")
            type_todo(window, "jam")
            await until(lambda: texts(window) == ["o butter", "o bread", "o plumber", "o rent"])
            window.view.rows.edited.emit(window.model.todo(1).client_id, "oats")  # type: ignore[union-attr]
            await until(lambda: texts(window) == ["o butter", "o plumber", "o rent"])
            window.show_view(View.DONE)
            await until(lambda: texts(window) == [])
            assert window._empty.heading.text() == "Nothing matches “r”"
            window.header.search.clear.click()
            assert window._empty.heading.text() == "Nothing done yet"
            window.show_view(View.ALL)
            assert len(texts(window)) == 7

        drive(qapp, stored(tmp_path, *DAY), use)

    def test_another_view_and_order_of_what_was_found_hold_the_window_up_no_more_than_typing(
        self, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            QTest.keyClicks(window.header.search.field, "todo")
            await until(lambda: window.model.rowCount() == 120)
            current = window.model.key(3)
            go_to(window, 3)
            here: list[str] = []
            monkeypatch.setattr(window.opened.lists, "search", lambda words, *_, **__: here.append(words))
            window.listing.show_sort(Sort.OLDEST)
            await until(lambda: window.model.order is Sort.OLDEST and window.model.rowCount() == 120)
            assert texts(window) == [f"o todo {number}" for number in range(120)]
            assert list(window.view.selected_keys()) == [current]
            window.show_view(View.DONE)
            await until(lambda: window.model.view is View.DONE)
            assert window.header.heading.text() == "Done"
            assert (texts(window), here) == ([], [])

        drive(qapp, stored(tmp_path, "else", *(f"todo {number}" for number in range(120))), use)

    @pytest.mark.parametrize("text", ["buy milk", "🌱 buy milk", "اشترِ milk الآن", "x" * 300 + " milk"])
    def test_what_was_found_has_another_ground(self, place: Place, window: MainWindow, text: str) -> None:
        place.add(text)
        window.apply(place.news())
        QApplication.processEvents()
        row = window.view.visualRect(window.model.index(0, 0))
        ground = QColor(theme.of(window.view).found).rgb()

        def marked() -> int:
            image = window.view.viewport().grab(row).toImage()
            return sum(image.pixel(x, y) == ground for x in range(image.width()) for y in range(0, image.height(), 4))

        assert not marked()
        window.listing.show_found("milk", window.opened.lists.search("milk", View.ALL))
        QApplication.processEvents()
        assert marked() > 20


class TestSeveral:
    def test_shift_and_the_arrows_select_and_space_and_delete_act_on_all(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            go_to(window, 1)
            QTest.keyClick(window.view, Key.Key_Down, Shift)
            QTest.keyClick(window.view, Key.Key_Down, Shift)
            QTest.keyClick(window.view, Key.Key_Space)
            await until(lambda: texts(window) == ["o tea", "x bread", "x milk", "x plumber", "o rent"])
            await until(lambda: said(window) == "3 todos done")
            QTest.keyClick(window.view, Key.Key_Space)
            await until(lambda: all(each.startswith("o") for each in texts(window)))
            QTest.keyClick(window.view, Key.Key_Delete)
            await until(lambda: texts(window) == ["o tea", "o rent"])
            assert window.view.currentIndex().data() == "rent"
            undo(window)
            await until(lambda: len(texts(window)) == 5)
            await until(lambda: len(window.view.selected_keys()) == 3)

        drive(qapp, stored(tmp_path, *DAY), use)

    def test_escape_goes_back_to_one(self, window: MainWindow, place: Place) -> None:
        place.add(*DAY)
        window.apply(place.news())
        go_to(window, 3)
        QTest.keyClick(window.view, Key.Key_A, Control)
        assert len(window.view.selected_keys()) == 5
        QTest.keyClick(window.view, Key.Key_Escape)
        assert list(window.view.selected_keys()) == [window.model.key(3)]

    def test_copy_and_paste_are_one_line_for_each_todo(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            go_to(window, 0)
            QTest.keyClick(window.view, Key.Key_A, Control)
            QTest.keyClick(window.view, Key.Key_C, Control)
            clipboard = QGuiApplication.clipboard()
            await until(lambda: clipboard.text() == "tea\nbread\nmilk\nplumber\nrent")
            clipboard.setText("- [x] one\n- two\n\nthree")
            QTest.keyClick(window.view, Key.Key_V, Control)
            await until(lambda: texts(window)[:3] == ["x one", "o two", "o three"])
            QTest.keyClick(window.quick_add.field, Key.Key_V, Control)
            await until(lambda: len(texts(window)) == 11)
            assert window.quick_add.field.text() == ""
            clipboard.setText("just a word")
            QTest.keyClick(window.quick_add.field, Key.Key_V, Control)
            assert window.quick_add.field.text() == "just a word"

        drive(qapp, stored(tmp_path, *DAY), use)

    def test_lines_that_cannot_be_todos_add_nothing_and_are_named(self, qapp: QApplication, tmp_path: Path) -> None:
        async def use(session: Session, window: MainWindow) -> None:
            go_to(window, 0)
            QGuiApplication.clipboard().setText("fine\n" + "x" * 10_001)
            QTest.keyClick(window.view, Key.Key_V, Control)
            await until(lambda: "Line 2" in said(window))
            assert texts(window) == []

        drive(qapp, tmp_path / "profile", use)


class TestMenus:
    def test_the_menu_of_the_list_has_the_same_actions_with_their_keys(self, window: MainWindow, place: Place) -> None:
        place.add(*DAY)
        window.apply(place.news())
        go_to(window, 0)
        one = entries(list_menu(window))
        assert {name: one[name] for name in ("Done", "Edit", "Delete")} == {"Done": "Space", "Edit": "Enter", "Delete": "Del"}
        window.view.selectAll()
        assert "Edit" not in entries(list_menu(window))

    def test_a_key_opens_it_at_the_current_row(self, window: MainWindow, place: Place) -> None:
        place.add(*DAY)
        window.apply(place.news())
        go_to(window, 2)
        asked: list[QPoint] = []
        window.view.menu_asked.connect(asked.append)
        menus.connect(window)
        QApplication.sendEvent(window.view, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(0, 0), QPoint(0, 0)))
        row = window.view.visualRect(window.model.index(2, 0))
        assert row.contains(window.view.viewport().mapFromGlobal(asked[0]))
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        menu.close()

    def test_an_entry_does_what_the_key_does(self, window: MainWindow, place: Place) -> None:
        place.add(*DAY)
        window.apply(place.news())
        go_to(window, 0)
        deleted: list[str] = []
        window.view.rows.deleted.connect(deleted.append)
        menu = list_menu(window)
        next(action for action in menu.actions() if action.text().startswith("Delete")).trigger()
        menu.deleteLater()
        assert deleted == [window.model.todo(0).client_id]  # type: ignore[union-attr]

    def test_the_window_s_menu_names_what_undo_would_take_back(self, window: MainWindow, place: Place) -> None:
        place.add("rent & co")
        names = entries(main_menu(window))
        assert "Undo: “rent && co” added" in names
        assert "Redo" in names


class TestOrder:
    @pytest.mark.parametrize(
        ("sort", "wanted"),
        [
            (Sort.NEWEST, ["c", "A", "b"]),
            (Sort.OLDEST, ["b", "A", "c"]),
            (Sort.ALPHABETICAL, ["A", "b", "c"]),
            (Sort.OPEN_FIRST, ["A", "b", "c"]),
        ],
    )
    def test_each_is_shown_kept_with_changes_and_remembered(self, window: MainWindow, place: Place, sort: Sort, wanted: list[str]) -> None:
        ids = place.add("b", "A", "c")
        place.complete(ids[2])
        window.apply(place.news())
        go_to(window, 1)
        key = window.model.key(1)
        window.listing.show_sort(sort)
        assert [window.model.index(row, 0).data() for row in range(3)] == wanted
        assert list(window.view.selected_keys()) == [key]
        window_state.save(window, place.profile.folder)
        assert window_state.sort_of(place.profile.folder) is sort
        menu = sort_menu(window)
        assert [action.isChecked() for action in menu.actions()] == [each is sort for each in Sort]
        menu.deleteLater()

    def test_a_broken_file_is_the_usual_order(self, tmp_path: Path) -> None:
        (tmp_path / "window.json").write_text('{"sort": "sideways"}')
        assert window_state.sort_of(tmp_path) is Sort.NEWEST


def test_menus_are_opened_by_the_buttons_too(window: MainWindow) -> None:
    menus.connect(window)
    for button in (window.header.sort, window.header.menu):
        QTest.keyClick(button, Key.Key_Space)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        menu.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_notice_stays_until_it_was_read_and_comes_back_after_what_passes(qapp: QApplication, tmp_path: Path) -> None:
    async def use(session: Session, window: MainWindow) -> None:
        notices = session._accounts.notices
        first, second = Notice("List rebuilt", "It was damaged."), Notice("Backed up", "A copy was made.")
        for notice in (first, second):
            notices.add(notice)
        assert said(window) == str(first)
        type_todo(window, "rent")
        await until(lambda: said(window) == "“rent” added")
        window.status_line._passing.timeout.emit()
        assert said(window) == str(first)
        for left in (str(second), ""):
            button = window.status_line.offered
            assert button is not None
            assert button.accessibleName() == "Got it"
            button.click()
            assert said(window) == left
            assert button.isVisible() == bool(left)
        assert notices.all() == ()

    drive(qapp, tmp_path / "profile", use)
