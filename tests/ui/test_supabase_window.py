"""The window on a Supabase account whose session is old, and then refused: the list stays, edits are taken, and nothing is lost."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog

from devots_desktop.domain.account import Account, AccountKind, Live, SecretStore, Status
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.supabase_form import SupabaseForm, Way
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.profile import Profile
from devots_desktop.ui.dialogs.add_postgres import AddPostgresDialog
from devots_desktop.ui.dialogs.add_supabase import AddSupabaseDialog
from devots_desktop.ui.dialogs.choose_kind import ChooseKindDialog
from devots_desktop.ui.dialogs.sign_in_supabase import SignInSupabaseDialog
from devots_desktop.ui.session import Session
from devots_desktop.ui.window import MainWindow
from tests.servers.fixtures import Servers, newest
from tests.servers.supabase import SupabaseServer
from tests.ui.test_session import drive, on_loop, texts, type_todo, until

ADA, PASSWORD = "ada@example.org", "correct horse"
DAY_S = 86_400
Dialog = TypeVar("Dialog", bound=QDialog)


@pytest.fixture
def project(servers: Servers) -> Iterator[SupabaseServer]:
    with servers.project(newest(), "managed") as made:
        yield made


def signed_up(qapp: QApplication, folder: Path, project: SupabaseServer) -> Account:
    """A profile with an account that has been used, and whose window was closed."""
    made: list[Account] = []

    async def use() -> None:
        accounts = Accounts(Profile(folder))
        form = SupabaseForm.from_text(
            project.url, project.publishable_key, email=ADA, password=PASSWORD, way=Way.SIGN_UP, secrets=SecretStore.FILE, name="Ada"
        )
        made.append(await accounts.add_supabase(form))
        opened = accounts.open(made[0])
        tasks = Tasks(lambda *_: None)
        opened.start(tasks)
        await opened.todos.add("milk")
        await until(lambda: at_server(project) == ["milk"])
        await until(lambda: opened.status.live is Live.LIVE)
        await tasks.close()
        await opened.close()

    on_loop(qapp, use)
    return made[0]


def at_server(project: SupabaseServer) -> list[str]:
    """The texts of everybody's todos."""
    with project.database.connect() as owner:
        return [text for (text,) in owner.execute("select text from todo order by id").fetchall()]


def dialogs() -> list[QDialog]:
    """Those on screen."""
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible()]


def woken(session: Session) -> Status:
    """How the current account stands; whatever it waits for, it looks again as after a sleep."""
    engine = session._current._engine
    assert engine is not None
    engine._woken.set()
    return session._current.status


def away(project: SupabaseServer, *, gone: bool) -> None:
    project.faults.auth.offline = project.faults.rest.offline = gone


def test_a_month_later_and_offline_there_is_the_list_and_no_wall_and_a_refused_session_keeps_all(
    qapp: QApplication, tmp_path: Path, project: SupabaseServer
) -> None:
    signed_up(qapp, tmp_path / "profile", project)
    project.clock.advance(30 * DAY_S)
    away(project, gone=True)

    async def use(session: Session, window: MainWindow) -> None:
        assert texts(window) == ["o milk"]
        type_todo(window, "bread")
        await until(lambda: texts(window) == ["o bread", "o milk"])
        await until(lambda: session._current.status.sentence)
        assert "No server answers" in session._current.status.sentence
        assert (session._current.status.live, dialogs()) == (Live.OFFLINE, [])
        with project.database.connect("postgres") as admin:
            admin.execute("delete from auth.sessions")
        away(project, gone=False)
        await until(lambda: woken(session).live is Live.SIGNED_OUT, seconds=20)
        assert (texts(window), dialogs()) == (["o bread", "o milk"], [])
        assert "Sign in again" in session._current.status.sentence
        assert window.status_line.sign_in is not None
        assert window.status_line.sign_in.isVisible()
        type_todo(window, "eggs")
        await until(lambda: len(texts(window)) == 3)
        window.status_line.sign_in.click()
        await until(dialogs)
        (dialog,) = dialogs()
        assert isinstance(dialog, SignInSupabaseDialog)
        dialog.person.password.edit.setText(PASSWORD)
        dialog.confirm.click()
        await until(lambda: at_server(project) == ["milk", "bread", "eggs"], seconds=20)
        assert session._current.status.live is not Live.SIGNED_OUT

    drive(qapp, tmp_path / "profile", use)


def test_an_account_is_added_from_the_sidebar_and_its_list_is_shown(qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
    async def use(session: Session, window: MainWindow) -> None:
        window.sidebar.add_account.click()
        await until(dialogs)
        (choice,) = dialogs()
        assert isinstance(choice, ChooseKindDialog)
        choice.cards[AccountKind.SUPABASE].click()
        await until(lambda: dialogs() and isinstance(dialogs()[0], AddSupabaseDialog))
        (form,) = dialogs()
        assert isinstance(form, AddSupabaseDialog)
        form.url.edit.setText(project.url)
        form.key.edit.setText(project.publishable_key)
        form.keeping.choice.setCurrentIndex(form.keeping.choice.findData(SecretStore.MEMORY))
        QTest.keyClick(form.key.edit, Qt.Key.Key_Return)
        await until(form.person.isVisible, seconds=30)
        form.person.ways[Way.SIGN_UP].click()
        form.person.email.edit.setText(ADA)
        form.person.password.edit.setText(PASSWORD)
        QTest.keyClick(form.person.password.edit, Qt.Key.Key_Return)
        await until(lambda: session._current.account.kind is AccountKind.SUPABASE, seconds=30)
        type_todo(window, "milk")
        await until(lambda: at_server(project) == ["milk"], seconds=20)
        assert session._current.account.email == ADA

    drive(qapp, tmp_path / "profile", use)


def test_back_leads_to_the_project_then_to_the_kinds_and_on_to_another_form(
    qapp: QApplication, tmp_path: Path, project: SupabaseServer
) -> None:
    async def shown(kind: type[Dialog]) -> Dialog:
        await until(lambda: dialogs() and isinstance(dialogs()[0], kind))
        (dialog,) = dialogs()
        assert isinstance(dialog, kind)
        return dialog

    async def use(_: Session, window: MainWindow) -> None:
        window.sidebar.add_account.click()
        (await shown(ChooseKindDialog)).cards[AccountKind.SUPABASE].click()
        form = await shown(AddSupabaseDialog)
        form.url.edit.setText(project.url)
        form.key.edit.setText(project.publishable_key)
        form.confirm.click()
        assert form.back is not None
        assert not form.back.isEnabled()
        await until(form.person.isVisible, seconds=30)
        form.back.click()
        assert form.url.isVisible()
        assert form.url.text() == project.url
        form.back.click()
        (await shown(ChooseKindDialog)).cards[AccountKind.POSTGRES].click()
        other = await shown(AddPostgresDialog)
        assert other.back is not None
        QTest.mouseClick(other.back, Qt.MouseButton.LeftButton)
        choice = await shown(ChooseKindDialog)
        assert choice.focusWidget() is choice.cards[AccountKind.POSTGRES]
        choice.cards[AccountKind.POSTGRES].click()
        (await shown(AddPostgresDialog)).cancel.click()
        await until(lambda: not dialogs())

    drive(qapp, tmp_path / "profile", use)


def test_the_forms_are_there_before_the_servers_libraries() -> None:
    """They take half a second to load, which must not be the window's."""
    names = "httpx", "supabase", "supabase_auth", "postgrest", "realtime", "websockets", "pydantic", "truststore", "psycopg", "sqlalchemy"
    code = f"import sys; import devots_desktop.ui.entering; print([name for name in {names} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "[]"
