"""The dialogs of Supabase accounts at the stand-in of a project: every way in, every refusal, and what is said of a project that is not ready."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.domain.finding import Level
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.supabase_form import SupabaseForm, Way
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.profile import Profile
from devots_desktop.ui.dialogs.add_supabase import AddSupabaseDialog
from devots_desktop.ui.dialogs.person_dialog import PersonDialog
from devots_desktop.ui.dialogs.sign_in_supabase import SignInSupabaseDialog
from devots_desktop.ui.entering import supabase_verbs
from devots_desktop.ui.widgets.fields import Field
from tests.contract.backends import free_port
from tests.servers.fixtures import Servers, newest
from tests.servers.supabase import SupabaseServer
from tests.ui.test_session import on_loop, until

ADA, PASSWORD, NEW = "ada@example.org", "correct horse", "battery staple"
SERVICE_ROLE = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"
SECRETS = {
    "secret key": "sb_secret_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH",
    "service role": SERVICE_ROLE,
    "personal token": "sbp_0123456789abcdef0123456789abcdef01234567",
    "database": "postgresql://postgres:pw@db.abcdefghijklmnopqrst.supabase.co:5432/postgres",
}


class Asked:
    """A dialog at a project, as somebody uses it who can set the clock.

    Attributes:
        now: seconds, as the buttons' countdowns see them.
    """

    def __init__(self, folder: Path, project: SupabaseServer) -> None:
        self.project = project
        self.accounts = Accounts(Profile(folder))
        self.tasks = Tasks(lambda _, error: self.failures.append(error))
        self.failures: list[BaseException] = []
        self.now = 0.0

    def adding(self) -> AddSupabaseDialog:
        """The form for a new account, with address and key of the project in it."""
        dialog = AddSupabaseDialog(supabase_verbs(self.accounts), self.tasks, clock=lambda: self.now)
        dialog.url.edit.setText(self.project.url)
        dialog.key.edit.setText(self.project.publishable_key)
        dialog.keeping.choice.setCurrentIndex(dialog.keeping.choice.findData(SecretStore.FILE))
        dialog.open()
        return dialog

    async def at_person(self, way: Way = Way.PASSWORD, *, password: str = PASSWORD) -> AddSupabaseDialog:
        """The form for a new account, whose project was looked at, with the person's e-mail and password in it."""
        dialog = self.adding()
        await press(dialog)
        assert dialog.project is not None, [each.finding for each in dialog.checks.rows]
        if way is Way.RESET:
            dialog.person.forgot.click()
        else:
            dialog.person.ways[way].click()
        dialog.person.email.edit.setText(ADA)
        dialog.person.password.edit.setText(password)
        return dialog

    def again(self, account: Account) -> SignInSupabaseDialog:
        """The form to sign in again."""
        verbs = self.accounts.sign_in_supabase, self.accounts.send_code_again
        dialog = SignInSupabaseDialog(account, *verbs, self.tasks, clock=lambda: self.now)
        dialog.open()
        return dialog

    async def added(self) -> Account:
        """An account that was signed in to."""
        form = SupabaseForm.from_text(
            self.project.url, self.project.publishable_key, email=ADA, password=PASSWORD, way=Way.SIGN_UP, secrets=SecretStore.FILE
        )
        return await self.accounts.add_supabase(form)

    def code(self) -> str:
        """The one in the newest message."""
        return self.project.mail[-1].code


async def press(dialog: PersonDialog) -> None:
    """Press the button that goes on, and wait until that was done."""
    assert dialog.confirm.isEnabled()
    dialog.confirm.click()
    await until(lambda: not dialog.busy, seconds=30)


def said(field: Field) -> str:
    """What stands below a field; empty where it is not on screen."""
    return field._below.text() if field._below.isVisible() else ""


@pytest.fixture
def project(servers: Servers) -> Iterator[SupabaseServer]:
    with servers.project(newest(), "managed") as made:
        yield made


@pytest.fixture
def empty(servers: Servers) -> Iterator[SupabaseServer]:
    with servers.project(newest(), "empty") as made:
        yield made


Use = Callable[[Asked], Awaitable[None]]


def use(qapp: QApplication, folder: Path, project: SupabaseServer, work: Use) -> Asked:
    """Let somebody use the dialogs; nothing may be left of it, and nothing may fail as a bug does."""
    made: list[Asked] = []

    async def main() -> None:
        asked = Asked(folder / "profile", project)
        made.append(asked)
        try:
            await work(asked)
        finally:
            await asked.tasks.close()
            for dialog in QApplication.topLevelWidgets():
                if isinstance(dialog, PersonDialog):
                    dialog.reject()
                    dialog.deleteLater()
        assert not asked.failures

    on_loop(qapp, main)
    return made[0]


class TestProject:
    def test_what_was_pasted_is_looked_at_and_the_person_is_asked_for(
        self, qapp: QApplication, tmp_path: Path, project: SupabaseServer
    ) -> None:
        async def work(asked: Asked) -> None:
            dialog = asked.adding()
            dialog.url.edit.setText(project.url.removeprefix("http://") + "/project/default")
            assert not dialog.person.isVisible()
            await press(dialog)
            assert [each.finding.level for each in dialog.checks.rows] == [Level.OK] * len(dialog.checks.rows)
            assert {"address", "key", "sign-in", "table", "row-level security"} <= {each.finding.check for each in dialog.checks.rows}
            assert (dialog.person.isVisible(), dialog.url.isVisible()) == (True, False)
            assert not any(row.isVisible() for row in dialog.checks.rows)
            dialog.change.click()
            assert (dialog.person.isVisible(), dialog.url.isVisible()) == (False, True)

        use(qapp, tmp_path, project, work)

    @pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
    def test_a_secret_leaves_its_field_at_once_and_for_good_and_nothing_is_asked(
        self, qapp: QApplication, tmp_path: Path, project: SupabaseServer, secret: str
    ) -> None:
        async def work(asked: Asked) -> None:
            project.faults.auth.answers = ["rate_limit"]
            dialog = asked.adding()
            for field in (dialog.key, dialog.url):
                field.edit.setText("")
                field.edit.insert(secret)
                assert field.text() == ""
                assert "neither stored nor sent" in said(field)
                field.edit.undo()
                assert field.text() == ""
                await press(dialog)
            assert project.faults.auth.answers == ["rate_limit"]

        asked = use(qapp, tmp_path, project, work)
        assert len(asked.accounts.all()) == 1

    def test_what_may_be_a_secret_leaves_its_field_when_it_is_to_be_used(
        self, qapp: QApplication, tmp_path: Path, project: SupabaseServer
    ) -> None:
        async def work(asked: Asked) -> None:
            dialog = asked.adding()
            dialog.key.edit.setText("a-raw-jwt-secret-of-more-than-32-characters")
            await press(dialog)
            assert dialog.key.text() == ""
            assert "neither stored nor sent" in said(dialog.key)

        use(qapp, tmp_path, project, work)

    def test_an_anon_key_is_taken_with_a_note_where_there_is_a_better_one(
        self, qapp: QApplication, tmp_path: Path, project: SupabaseServer
    ) -> None:
        async def work(asked: Asked) -> None:
            dialog = asked.adding()
            dialog.url.edit.setText("https://abcdefghijklmnopqrst.supabase.co")
            dialog.key.edit.setText(project.anon_key)
            assert "older, anon key" in said(dialog.key)
            dialog.url.edit.setText(project.url)
            assert said(dialog.key) == ""
            await press(dialog)
            assert dialog.project is not None

        use(qapp, tmp_path, project, work)

    def test_the_sql_that_is_copied_prepares_the_project(self, qapp: QApplication, tmp_path: Path, empty: SupabaseServer) -> None:
        async def work(asked: Asked) -> None:
            dialog = asked.adding()
            await press(dialog)
            assert dialog.project is None
            row = dialog.checks.rows[-1]
            assert (row.finding.check, row.finding.level) == ("table", Level.WRONG)
            assert row.copy_button is not None
            assert row.copy_button.isVisible()
            row.copy_button.click()
            await until(lambda: row.copy_button and row.copy_button.text() == "Copied")
            with empty.database.connect() as owner:
                owner.execute(QGuiApplication.clipboard().text().encode())
            await press(dialog)
            assert dialog.project is not None

        use(qapp, tmp_path, empty, work)

    @pytest.mark.parametrize(("setting", "check"), [("key", "key"), ("port", "address"), ("provider", "sign-in")])
    def test_what_stands_in_the_way_is_said_with_the_next_step(
        self, qapp: QApplication, tmp_path: Path, project: SupabaseServer, setting: str, check: str
    ) -> None:
        async def work(asked: Asked) -> None:
            dialog = asked.adding()
            if setting == "key":
                dialog.key.edit.setText("sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA")
            elif setting == "port":
                dialog.url.edit.setText(f"http://127.0.0.1:{free_port()}")
            else:
                project.settings.email_provider = False
            await press(dialog)
            (wrong,) = [each for each in dialog.checks.rows if each.finding.level is Level.WRONG]
            assert (wrong.finding.check, dialog.project) == (check, None)
            assert wrong.finding.next_step
            assert wrong.isVisible()
            assert dialog.confirm.text() == "Check again"

        use(qapp, tmp_path, project, work)

    def test_it_can_be_left_while_it_looks(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        async def work(asked: Asked) -> None:
            project.faults.auth.latency = 20
            dialog = asked.adding()
            dialog.confirm.click()
            await until(lambda: dialog.checks._looking)
            assert dialog.busy
            dialog.cancel.click()
            await until(lambda: not dialog.busy)
            assert not dialog.isVisible()

        use(qapp, tmp_path, project, work)

    def test_only_the_ways_that_the_project_offers_are_there(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        async def work(asked: Asked) -> None:
            project.settings.sign_up = False
            dialog = await asked.at_person()
            assert {way for way, button in dialog.person.ways.items() if button.isVisible()} == {Way.PASSWORD, Way.CODE}

        use(qapp, tmp_path, project, work)


class TestWays:
    def test_a_password_and_a_wrong_one(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        project.sign_up(ADA, PASSWORD)

        async def work(asked: Asked) -> None:
            dialog = await asked.at_person(password="wrong horse")
            await press(dialog)
            assert "not right" in said(dialog.person.password)
            dialog.person.password.edit.setText(PASSWORD)
            await press(dialog)
            assert dialog.account == asked.accounts.current()
            assert not dialog.isVisible()

        use(qapp, tmp_path, project, work)

    def test_what_is_missing_is_said_before_anybody_is_asked(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_person(password="")
            await press(dialog)
            assert "password is missing" in said(dialog.person.password)
            dialog.person.email.edit.setText("")
            await press(dialog)
            assert "e-mail is missing" in said(dialog.person.email)

        use(qapp, tmp_path, project, work)

    def test_a_code_by_email(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        project.sign_up(ADA, PASSWORD)

        async def work(asked: Asked) -> None:
            dialog = await asked.at_person(Way.CODE)
            assert (dialog.confirm.text(), dialog.person.password.isVisible()) == ("Send me a code", False)
            await press(dialog)
            assert ADA in said(dialog.person.code)
            assert dialog.person.code.edit.hasFocus() or not dialog.isActiveWindow()
            await press(dialog)
            assert "code is missing" in said(dialog.person.code)
            dialog.person.code.edit.setText("000000")
            await press(dialog)
            assert "not right" in said(dialog.person.code)
            dialog.person.code.edit.setText(f" {asked.code()} ")
            await press(dialog)
            assert dialog.account is not None

        use(qapp, tmp_path, project, work)

    def test_a_new_account_where_nothing_is_to_be_confirmed(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_person(Way.SIGN_UP)
            assert dialog.confirm.text() == "Create my account"
            await press(dialog)
            assert dialog.account is not None

        use(qapp, tmp_path, project, work)

    @pytest.mark.parametrize("by", ["code", "link"])
    def test_a_new_account_whose_email_is_confirmed(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer, by: str) -> None:
        project.settings.autoconfirm = False

        async def work(asked: Asked) -> None:
            dialog = await asked.at_person(Way.SIGN_UP)
            await press(dialog)
            assert "on its way" in said(dialog.person.code)
            assert (dialog.confirm.text(), dialog.account) == ("Sign in", None)
            await press(dialog)
            assert "confirmed first" in dialog.message.text()
            if by == "code":
                dialog.person.code.edit.setText(asked.code())
            else:
                await asyncio.to_thread(httpx.get, project.mail[-1].link)
            await press(dialog)
            assert dialog.account is not None

        use(qapp, tmp_path, project, work)

    def test_a_message_is_sent_again_when_its_time_has_come(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        project.settings.autoconfirm = False

        async def work(asked: Asked) -> None:
            dialog = await asked.at_person(Way.SIGN_UP)
            await press(dialog)
            again = dialog.person.again
            assert (again.isEnabled(), again.text()) == (False, "Send again (60 s)")
            asked.now = 59.5
            again.tick()
            assert (again.isEnabled(), again.text()) == (False, "Send again (1 s)")
            asked.now = 61
            project.clock.advance(61)
            again.tick()
            assert (again.isEnabled(), again.text()) == (True, "Send again")
            again.click()
            await until(lambda: not dialog.busy)
            assert [each.kind for each in project.mail] == ["signup", "signup"]
            assert not again.isEnabled()

        use(qapp, tmp_path, project, work)

    def test_a_forgotten_password_is_set_anew_by_a_code(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        project.sign_up(ADA, PASSWORD)

        async def work(asked: Asked) -> None:
            dialog = await asked.at_person(Way.RESET)
            assert dialog.confirm.text() == "Send me a code"
            await press(dialog)
            dialog.person.code.edit.setText(asked.code())
            dialog.person.password.edit.setText("short")
            await press(dialog)
            assert "too short" in said(dialog.person.password)
            dialog.person.password.edit.setText(NEW)
            await press(dialog)
            assert dialog.account is not None

        use(qapp, tmp_path, project, work)
        assert project.sign_in(ADA, NEW)

    def test_too_many_tries_are_counted_down_on_the_button(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        project.sign_up(ADA, PASSWORD)

        async def work(asked: Asked) -> None:
            dialog = await asked.at_person()
            project.faults.auth.answers = ["rate_limit"]
            await press(dialog)
            assert (dialog.confirm.isEnabled(), dialog.confirm.text()) == (False, "Sign in (60 s)")
            assert "too many tries" in dialog.message.text()
            asked.now = 60
            dialog.confirm.tick()
            assert dialog.confirm.text() == "Sign in"
            await press(dialog)
            assert dialog.account is not None

        use(qapp, tmp_path, project, work)

    def test_who_has_a_code_may_enter_it_while_no_other_can_be_sent(
        self, qapp: QApplication, tmp_path: Path, project: SupabaseServer
    ) -> None:
        project.sign_up(ADA, PASSWORD)

        async def work(asked: Asked) -> None:
            first = await asked.at_person(Way.CODE)
            await press(first)
            first.reject()
            dialog = await asked.at_person(Way.CODE)
            await press(dialog)
            assert dialog.person.again.seconds > 50
            assert not dialog.person.again.isEnabled()
            dialog.person.code.edit.setText(asked.code())
            await press(dialog)
            assert dialog.account is not None

        use(qapp, tmp_path, project, work)

    def test_a_code_belongs_to_the_email_that_it_was_sent_to(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        project.sign_up(ADA, PASSWORD)

        async def work(asked: Asked) -> None:
            dialog = await asked.at_person(Way.CODE)
            await press(dialog)
            dialog.person.email.edit.textEdited.emit("bob@example.org")
            assert (dialog.confirm.text(), dialog.person.code.isVisible()) == ("Send me a code", False)

        use(qapp, tmp_path, project, work)


class TestAgain:
    def test_a_password_or_a_code_with_the_key_that_is_kept(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        async def work(asked: Asked) -> None:
            account = await asked.added()
            dialog = asked.again(account)
            assert (dialog.person.email.text(), dialog.key.isVisible()) == (ADA, False)
            dialog.person.password.edit.setText(PASSWORD)
            await press(dialog)
            assert dialog.result() == dialog.DialogCode.Accepted
            by_code = asked.again(account)
            by_code.person.ways[Way.CODE].click()
            await press(by_code)
            by_code.person.code.edit.setText(asked.code())
            await press(by_code)
            assert by_code.result() == by_code.DialogCode.Accepted

        use(qapp, tmp_path, project, work)

    def test_a_key_that_is_gone_is_asked_for_and_no_secret_is_taken_for_it(
        self, qapp: QApplication, tmp_path: Path, project: SupabaseServer
    ) -> None:
        async def work(asked: Asked) -> None:
            account = await asked.added()
            await asked.accounts._secrets.forget(account)
            dialog = asked.again(account)
            dialog.person.password.edit.setText(PASSWORD)
            await press(dialog)
            assert dialog.key.isVisible()
            dialog.key.edit.setText(project.secret_key)
            await press(dialog)
            assert (dialog.key.text(), "neither stored nor sent" in said(dialog.key)) == ("", True)
            dialog.key.edit.setText(project.publishable_key)
            await press(dialog)
            assert dialog.result() == dialog.DialogCode.Accepted

        use(qapp, tmp_path, project, work)

    def test_another_person_is_told_so(self, qapp: QApplication, tmp_path: Path, project: SupabaseServer) -> None:
        async def work(asked: Asked) -> None:
            account = await asked.added()
            with project.database.connect("postgres") as admin:
                admin.execute("delete from auth.users")
            await asyncio.to_thread(project.sign_up, ADA, PASSWORD)
            dialog = asked.again(account)
            dialog.person.password.edit.setText(PASSWORD)
            await press(dialog)
            assert "belongs to another account" in said(dialog.person.email)

        use(qapp, tmp_path, project, work)
