"""The whole window on a running loop: keys become stored todos, failures become sentences, and nothing is left at the end."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit
from qasync import QEventLoop

from devots_desktop.domain.account import Account, Live, Status
from devots_desktop.domain.changes import Change, ChangeSet, Op, Via
from devots_desktop.domain.errors import AccountUnusable, Unreachable, WrongCredentials
from devots_desktop.domain.lines import Line
from devots_desktop.domain.sorting import Sort
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.postgres_form import PostgresForm
from devots_desktop.services.tasks import Tasks
from devots_desktop.store import edits
from devots_desktop.store.lists import Lists, View
from devots_desktop.store.profile import Profile
from devots_desktop.ui import listing
from devots_desktop.ui import window as window_module
from devots_desktop.ui.dialogs.add_postgres import AddPostgresDialog
from devots_desktop.ui.dialogs.ask import ask
from devots_desktop.ui.dialogs.sign_in import SignInDialog
from devots_desktop.ui.models import todo_list
from devots_desktop.ui.session import Session
from devots_desktop.ui.trace import Trace
from devots_desktop.ui.widgets.nav_button import NavButton
from devots_desktop.ui.window import MainWindow
from tests.ui.places import SERVER, Place

Key = Qt.Key
P = ParamSpec("P")
Answer = TypeVar("Answer")
Driver = Callable[[Session, MainWindow], Awaitable[None]]


async def until(condition: Callable[[], object], *, seconds: float = 30) -> None:
    """Wait for what no event tells; long, since on a busy machine a commit to the disk alone takes seconds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (there is no event for what is on screen)
            await asyncio.sleep(0.005)


def on_loop(qapp: QApplication, work: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await work()

    before = qapp.quitOnLastWindowClosed()
    qapp.setQuitOnLastWindowClosed(False)
    try:
        with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp)) as runner:
            runner.run(main())
    finally:
        qapp.setQuitOnLastWindowClosed(before)


def drive(qapp: QApplication, folder: Path, driver: Driver, *, trace: Trace | None = None) -> None:
    """Run a session while the driver uses its window, then quit; nothing may be left of it."""
    profile = Profile(folder)
    accounts = Accounts(profile)
    opened = accounts.open(accounts.current())
    window = MainWindow(opened, accounts.all(), trace)
    window.show()
    qapp.processEvents()

    async def whole() -> None:
        session = Session(profile, accounts, opened, window, trace)
        running = asyncio.create_task(session.run())
        await asyncio.sleep(0)
        window.activateWindow()
        try:
            await driver(session, window)
        finally:
            window.quit_asked.emit()
            assert await running == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    on_loop(qapp, whole)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith(("cache", "secrets", "sign"))] == []


def texts(window: MainWindow) -> list[str]:
    rows = [window.model.todo(row) for row in range(window.model.rowCount())]
    return [f"{'x' if todo.completed else 'o'} {todo.text}" for todo in rows if todo]


def type_todo(window: MainWindow, text: str) -> None:
    QTest.keyClicks(window.quick_add.field, text)
    QTest.keyClick(window.quick_add.field, Key.Key_Return)


async def _use_everything(session: Session, window: MainWindow) -> None:
    for text in ("rent", "plumber", "milk"):
        type_todo(window, text)
    await until(lambda: texts(window) == ["o milk", "o plumber", "o rent"])
    window.view.setFocus()
    window.view.setCurrentIndex(window.model.index(1, 0))
    QTest.keyClick(window.view, Key.Key_Space)
    await until(lambda: texts(window) == ["o milk", "x plumber", "o rent"])
    QTest.keyClick(window.view, Key.Key_F2)
    editor = window.view.viewport().findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    QTest.keyClicks(editor, "electrician")
    QTest.keyClick(editor, Key.Key_Return)
    await until(lambda: texts(window) == ["o milk", "x electrician", "o rent"])
    QTest.keyClick(window.view, Key.Key_Delete)
    await until(lambda: texts(window) == ["o milk", "o rent"])
    assert window.view.currentIndex().data() == "rent"


def test_what_is_typed_is_stored_and_there_at_the_next_start(qapp: QApplication, tmp_path: Path) -> None:
    drive(qapp, tmp_path / "profile", _use_everything)

    async def look(session: Session, window: MainWindow) -> None:
        assert texts(window) == ["o milk", "o rent"]

    drive(qapp, tmp_path / "profile", look)


@pytest.mark.parametrize("after", [0, 1, 5, 50], ids=lambda after: f"{after} turns of the loop")
def test_quitting_at_any_moment_leaves_nothing_and_loses_nothing_confirmed(qapp: QApplication, tmp_path: Path, after: int) -> None:
    confirmed: list[str] = []

    async def hurry(session: Session, window: MainWindow) -> None:
        for number in range(20):
            type_todo(window, f"todo {number}")
        for _ in range(after):
            await asyncio.sleep(0)
        confirmed.extend(texts(window))

    drive(qapp, tmp_path / "profile", hurry)
    place = Place(tmp_path / "profile")
    stored = [f"o {todo.text}" for todo in place.lists.todos(place.lists.keys(View.ALL)).values()]
    place.close()
    assert set(confirmed) <= set(stored)


def test_a_failed_write_brings_the_text_back_with_its_sentence(qapp: QApplication, tmp_path: Path) -> None:
    async def fail(session: Session, window: MainWindow) -> None:
        session._current.cache.db.execute("PRAGMA max_page_count = 1")
        precious = "precious" * 500
        window.quick_add.field.setText(precious)
        QTest.keyClick(window.quick_add.field, Key.Key_Return)
        await until(lambda: window.quick_add.field.text() == precious)
        assert "no room left" in window.quick_add.sentence.text()

    drive(qapp, tmp_path / "profile", fail)


@pytest.mark.expects_log("Unexpected ZeroDivisionError")
def test_a_bug_is_reported_once_without_its_message_and_the_window_goes_on(
    qapp: QApplication, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def crash(session: Session, window: MainWindow) -> None:
        secret = "the text " + window.tr("of a todo")

        async def bug() -> None:
            raise ZeroDivisionError(secret)

        for _ in range(2):
            session._tasks.spawn("bug", bug())
        await until(lambda: "Something went wrong" in window.status_line.sentence.text())
        type_todo(window, "still here")
        await until(lambda: texts(window) == ["o still here"])

    drive(qapp, tmp_path / "profile", crash)
    assert len(caplog.records) == 1
    assert "the text of a todo" not in caplog.text


def _change(place_or_window: MainWindow, via: Via) -> ChangeSet:
    todo = place_or_window.model.todo(0)
    assert todo is not None
    return ChangeSet((Change(1, Op.UPDATE, via, todo.key, todo.client_id, todo.text, todo.completed, 1, todo),))


def test_changes_from_elsewhere_notify_once_and_own_ones_never(qapp: QApplication, tmp_path: Path) -> None:
    inner, outer = os.pipe()
    os.set_blocking(inner, False)

    async def notice(session: Session, window: MainWindow) -> None:
        type_todo(window, "milk")
        await until(lambda: texts(window) == ["o milk"])
        session._current.changes.publish(_change(window, Via.PUSH))
        await asyncio.sleep(0.6)
        assert "Todo" not in window.status_line.sentence.text()
        session._current.changes.publish(_change(window, Via.LIVE))
        await until(lambda: window.status_line.sentence.text() == "Todo changed: milk")

    drive(qapp, tmp_path / "profile", notice, trace=Trace(outer))
    lines = os.read(inner, 1_000_000).decode().splitlines()
    os.close(inner)
    os.close(outer)
    assert sum('"notified"' in line for line in lines) == 1


def test_an_account_without_its_secret_is_signed_out_and_its_list_is_there(qapp: QApplication, tmp_path: Path) -> None:
    place = Place(tmp_path / "profile", server=True)
    place.add("milk")
    place.close()

    async def look(session: Session, window: MainWindow) -> None:
        await until(lambda: session._current.status.live is Live.SIGNED_OUT)
        assert texts(window) == ["o milk"]
        assert "Sign in again" in window.status_line.sentence.text()
        type_todo(window, "bread")
        await until(lambda: texts(window) == ["o bread", "o milk"])
        window.sidebar._accounts["computer"].click()
        assert texts(window) == []
        assert session._accounts.current().account_id == "computer"

    drive(qapp, tmp_path / "profile", look)


class TestDialogs:
    def added(self, dialog: AddPostgresDialog) -> None:
        dialog.url.edit.setText("postgresql://devots_desktop:secret@localhost:5433/todos")
        dialog.email.edit.setText("ada@example.org")
        dialog.password.edit.setText("correct horse")

    def test_a_url_fills_the_fields_and_its_password_is_hidden(self, qapp: QApplication, tmp_path: Path) -> None:
        dialog = AddPostgresDialog(Accounts(Profile(tmp_path)).add_postgres, Tasks(lambda *_: None))
        self.added(dialog)
        filled = [field.text() for field in (dialog.host, dialog.port, dialog.database, dialog.login, dialog.login_password)]
        assert filled == ["localhost", "5433", "todos", "devots_desktop", "secret"]
        assert "secret" not in dialog.url.text()
        assert dialog.login_password.edit.echoMode() is QLineEdit.EchoMode.Password

    def test_what_was_entered_is_handed_on_and_the_dialog_is_accepted(self, qapp: QApplication) -> None:
        forms: list[PostgresForm] = []

        async def add(form: PostgresForm) -> Account:
            forms.append(form)
            return SERVER

        async def use() -> None:
            tasks = Tasks(lambda *_: None)
            dialog = AddPostgresDialog(add, tasks)
            answer = asyncio.create_task(ask(dialog))
            await until(dialog.isVisible)
            self.added(dialog)
            dialog.sign_up.setChecked(True)
            dialog.confirm.click()
            assert await answer
            assert dialog.account is SERVER
            await tasks.close()

        on_loop(qapp, use)
        (form,) = forms
        assert (form.address.host, form.address.port, form.address.database, form.email) == ("localhost", 5433, "todos", "ada@example.org")
        assert (form.login_password, form.password, form.sign_up) == ("secret", "correct horse", True)

    @pytest.mark.parametrize(
        ("error", "name"),
        [
            (WrongCredentials(), "password"),
            (Unreachable("No answer", "It does not answer.", "Check it."), "host"),
            (AccountUnusable("No such database", "There is none.", "Check it."), "database"),
            (AccountUnusable("Something else", "It went wrong.", "Try again."), None),
        ],
    )
    def test_an_error_stands_beside_its_field_and_everything_typed_stays(
        self, qapp: QApplication, error: Exception, name: str | None
    ) -> None:
        async def add(form: PostgresForm) -> Account:
            raise error

        async def use() -> None:
            tasks = Tasks(lambda *_: None)
            dialog = AddPostgresDialog(add, tasks)
            dialog.open()
            self.added(dialog)
            dialog.confirm.click()
            assert dialog.busy
            await until(lambda: not dialog.busy)
            below = dialog.message if name is None else getattr(dialog, name)._below
            assert below.text() == str(error)
            assert below.isVisible()
            assert dialog.password.text() == "correct horse"
            assert dialog.confirm.isEnabled()
            dialog.reject()
            dialog.deleteLater()
            await tasks.close()

        on_loop(qapp, use)

    def test_it_can_be_cancelled_while_it_connects(self, qapp: QApplication) -> None:
        """The dialog is gone by the time that the connection has ended."""
        cancelled: list[bool] = []
        failed: list[BaseException] = []
        gone: list[bool] = []

        async def add(form: PostgresForm) -> Account:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await until(lambda: gone)
                cancelled.append(True)
                raise
            return SERVER

        async def use() -> None:
            tasks = Tasks(lambda _, error: failed.append(error))
            dialog = AddPostgresDialog(add, tasks)
            answer = asyncio.create_task(ask(dialog))
            await until(dialog.isVisible)
            self.added(dialog)
            dialog.confirm.click()
            dialog.destroyed.connect(lambda: gone.append(True))
            await asyncio.sleep(0.01)
            assert dialog.busy
            dialog.cancel.click()
            assert not await answer
            assert dialog.account is None
            await until(lambda: cancelled)
            await tasks.close()

        on_loop(qapp, use)
        assert not failed

    @pytest.mark.parametrize(("field", "text"), [("port", "65536"), ("port", "many"), ("host", ""), ("database", "")])
    def test_an_incomplete_form_asks_nobody(self, qapp: QApplication, field: str, text: str) -> None:
        async def add(form: PostgresForm) -> Account:
            raise AssertionError

        async def use() -> None:
            tasks = Tasks(lambda *_: None)
            dialog = AddPostgresDialog(add, tasks)
            dialog.open()
            self.added(dialog)
            getattr(dialog, field).edit.setText(text)
            dialog.confirm.click()
            await until(lambda: not dialog.busy)
            assert getattr(dialog, field)._below.isVisible()
            dialog.reject()
            dialog.deleteLater()
            await tasks.close()

        on_loop(qapp, use)

    def test_signing_in_again(self, qapp: QApplication) -> None:
        given: list[tuple[str, str]] = []

        async def sign_in(account: Account, password: str, _: str) -> None:
            given.append((account.account_id, password))
            if len(given) == 1:
                raise WrongCredentials

        async def use() -> None:
            tasks = Tasks(lambda *_: None)
            dialog = SignInDialog(SERVER, sign_in, tasks)
            answer = asyncio.create_task(ask(dialog))
            await until(dialog.isVisible)
            for password in ("wrong password", "right password"):
                dialog.password.edit.setText(password)
                dialog.confirm.click()
                await until(lambda: not dialog.busy)
            assert await answer
            await tasks.close()

        on_loop(qapp, use)
        assert given == [("a1", "wrong password"), ("a1", "right password")]

    def test_signing_in_again_asks_for_the_logins_password_only_where_the_database_refuses_the_kept_one(self, qapp: QApplication) -> None:
        given: list[str] = []

        async def sign_in(_: Account, __: str, login_password: str) -> None:
            given.append(login_password)
            if not login_password:
                raise AccountUnusable("Database login refused", "The database does not accept the login.", "Check the login.")

        async def use() -> None:
            tasks = Tasks(lambda *_: None)
            dialog = SignInDialog(SERVER, sign_in, tasks)
            answer = asyncio.create_task(ask(dialog))
            await until(dialog.isVisible)
            assert not dialog.login_password.isVisible()
            dialog.password.edit.setText("right password")
            dialog.confirm.click()
            await until(lambda: not dialog.busy)
            assert dialog.login_password.isVisible()
            dialog.login_password.edit.setText("of the login")
            dialog.confirm.click()
            assert await answer
            await tasks.close()

        on_loop(qapp, use)
        assert given == ["", "of the login"]

    def test_a_dialog_that_is_asked_in_a_cancelled_task_closes(self, qapp: QApplication) -> None:
        async def use() -> None:
            dialog, finished = QDialog(), list[int]()
            dialog.finished.connect(finished.append)
            answer = asyncio.create_task(ask(dialog))
            await until(dialog.isVisible)
            answer.cancel()
            await asyncio.wait([answer])
            assert finished == [QDialog.DialogCode.Rejected.value]

        on_loop(qapp, use)


LONG = 300
"""More todos than are listed before the first paint."""


def test_a_long_list_is_completed_after_the_first_paint(qapp: QApplication, tmp_path: Path) -> None:
    place = Place(tmp_path / "profile")
    edits.add_all(place.cache, [Line(f"a{number}", completed=False) for number in range(LONG)])
    place.close()

    async def driver(_: Session, window: MainWindow) -> None:
        assert 0 < window.model.rowCount() < LONG
        window.view.setCurrentIndex(window.model.index(1, 0))
        key, resets = window.model.key(1), list[bool]()
        window.model.modelReset.connect(lambda: resets.append(True))
        type_todo(window, "new")
        await until(lambda: window.model.rowCount() == LONG + 1)
        assert texts(window)[0] == "o new"
        assert (list(window.view.selected_keys()), window.view.currentIndex().row(), resets) == ([key], 2, [])

    drive(qapp, tmp_path / "profile", driver)


def test_the_rest_of_a_long_list_does_not_take_away_the_page_that_was_opened_meanwhile(qapp: QApplication, tmp_path: Path) -> None:
    place = Place(tmp_path / "profile")
    edits.add_all(place.cache, [Line(f"a{number}", completed=False) for number in range(LONG)])
    place.close()

    async def driver(_: Session, window: MainWindow) -> None:
        assert window.model.rowCount() < LONG
        QTest.keyClick(window, Key.Key_4, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: window.model.rowCount() == LONG)
        assert window.header.heading.text() == "Needs you"
        assert not window.view.isVisible()

    drive(qapp, tmp_path / "profile", driver)


def test_another_order_of_a_long_list_comes_to_the_current_todo_as_soon_as_it_is_read(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_AT_ONCE", 100)
    place = Place(tmp_path / "profile")
    edits.add_all(place.cache, [Line(f"a{number}", completed=False) for number in range(LONG)])
    place.close()

    async def driver(_: Session, window: MainWindow) -> None:
        await until(lambda: window.model.rowCount() == LONG)
        window.view.setCurrentIndex(window.model.index(10, 0))
        key = window.model.key(10)
        window.listing.show_sort(Sort.OLDEST)
        assert window.model.rowCount() == 100
        await until(lambda: window.model.rowCount() == LONG)
        assert (list(window.view.selected_keys()), window.view.currentIndex().row()) == ([key], LONG - 11)

    drive(qapp, tmp_path / "profile", driver)


def test_much_that_changes_in_a_long_list_is_read_off_the_window_s_thread_and_nothing_moves(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(todo_list, "COMPARED_AT_ONCE", 100)
    place = Place(tmp_path / "profile")
    edits.add_all(place.cache, [Line(f"a{number}", completed=False) for number in range(LONG)])
    place.close()

    async def driver(_: Session, window: MainWindow) -> None:
        await until(lambda: window.model.rowCount() == LONG)
        monkeypatch.setattr(Lists, "search", _on_the_search_s_thread(Lists.search))
        window.view.setCurrentIndex(window.model.index(10, 0))
        window.view.verticalScrollBar().setValue(100)
        key, top = window.model.key(10), window.view.visualRect(window.model.index(10, 0)).top()
        await window.opened.todos.add_lines("\n".join(f"b{number}" for number in range(100)))
        type_todo(window, "typed meanwhile")
        await until(lambda: window.model.rowCount() == LONG + 101)
        assert (list(window.view.selected_keys()), window.model.row_of(key)) == ([key], 111)
        assert window.view.visualRect(window.model.index(111, 0)).top() == top

    drive(qapp, tmp_path / "profile", driver)


def test_a_long_list_is_counted_off_the_window_s_thread(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_module, "COUNTED_AT_ONCE", 1)
    place = Place(tmp_path / "profile")
    place.add("rent", "milk")
    place.close()

    async def driver(session: Session, window: MainWindow) -> None:
        shown: list[int] = []
        window.counted.connect(lambda: shown.append(int(window.sidebar.findChildren(NavButton)[1].accessibleName().rpartition(", ")[2])))
        monkeypatch.setattr(type(window.opened.lists), "counts", _on_the_search_s_thread(type(window.opened.lists).counts))
        for text in ("tea", "bread", "salt"):
            type_todo(window, text)
        await until(lambda: shown[-1:] == [5])

    drive(qapp, tmp_path / "profile", driver)


def _on_the_search_s_thread(read: Callable[P, Answer]) -> Callable[P, Answer]:
    def reading(*arguments: P.args, **named: P.kwargs) -> Answer:
        assert threading.current_thread() is not threading.main_thread()
        return read(*arguments, **named)

    return reading


def test_a_status_says_what_to_do(qapp: QApplication, tmp_path: Path) -> None:
    async def look(session: Session, window: MainWindow) -> None:
        session._current.statuses.publish(Status(Live.OFFLINE, "No answer. It is tried again by itself."))
        assert window.status_line.sentence.text() == "No answer. It is tried again by itself."

    drive(qapp, tmp_path / "profile", look)
