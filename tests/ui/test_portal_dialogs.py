"""The dialogs of portal accounts at a real portal: by the browser, by password, by a second factor, and what is said where that does not work."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from devots_desktop.domain.account import Account, AccountKind, SecretStore
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.portal_form import PortalForm
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.profile import Profile
from devots_desktop.ui.dialogs.add_portal import AddPortalDialog
from devots_desktop.ui.dialogs.portal_dialog import PortalDialog
from devots_desktop.ui.dialogs.sign_in_portal import SignInPortalDialog
from devots_desktop.ui.entering import portal_verbs
from devots_desktop.ui.widgets.fields import Field
from tests.contract.backends import free_port
from tests.portal.authenticator import switch_on, totp
from tests.portal.client import PASSWORD, Asking
from tests.portal.test_device import decide
from tests.servers.fixtures import Servers
from tests.ui.test_session import on_loop, until

ADA = "ada@example.org"


class Asked:
    """A dialog at a portal, as somebody uses it who can set the clock.

    Attributes:
        opened: the pages that the browser was asked to open.
        now: seconds, as the buttons' countdowns see them.
    """

    def __init__(self, folder: Path, portal: Asking) -> None:
        self.portal = portal
        self.accounts = Accounts(Profile(folder))
        self.tasks = Tasks(lambda _, error: self.failures.append(error))
        self.failures: list[BaseException] = []
        self.opened: list[str] = []
        self.verbs = replace(portal_verbs(self.accounts), open_page=self.opened.append)
        self.now = 0.0

    def adding(self) -> AddPortalDialog:
        """The form for a new account, with the portal's address in it."""
        dialog = AddPortalDialog(self.verbs, self.accounts.add_portal, self.tasks, clock=lambda: self.now)
        dialog.address.edit.setText(self.portal.portal.url)
        dialog.keeping.choice.setCurrentIndex(dialog.keeping.choice.findData(SecretStore.FILE))
        dialog.open()
        return dialog

    async def at_person(self) -> AddPortalDialog:
        """The form for a new account, whose portal has answered."""
        dialog = self.adding()
        await press(dialog)
        assert dialog.portal is not None
        return dialog

    async def at_password(self, password: str = PASSWORD) -> AddPortalDialog:
        """The same, with e-mail and password in it."""
        dialog = await self.at_person()
        if dialog.entry.in_browser:
            dialog.entry.by_password.click()
        dialog.entry.email.edit.setText(ADA)
        dialog.entry.password.edit.setText(password)
        return dialog

    async def added(self) -> Account:
        """An account that was signed in to."""
        form = PortalForm.from_text(self.portal.portal.url, email=ADA, password=PASSWORD, secrets=SecretStore.FILE)
        granted = await self.accounts.portal.enter(form)
        return await self.accounts.add_portal(form, granted)  # type: ignore[arg-type]  # no second factor here

    def again(self, account: Account) -> SignInPortalDialog:
        """The form to sign in again."""
        dialog = SignInPortalDialog(account, self.verbs, self.accounts.sign_in_portal, self.tasks, clock=lambda: self.now)
        dialog.open()
        return dialog


async def press(dialog: PortalDialog) -> None:
    """Press the button that goes on, and wait until that was done."""
    assert dialog.confirm.isEnabled()
    dialog.confirm.click()
    await until(lambda: not dialog.busy, seconds=30)


async def shown_code(dialog: PortalDialog) -> str:
    """Press the button, and read the code that comes up."""
    dialog.confirm.click()
    await until(dialog.entry.device.isVisible, seconds=30)
    return dialog.entry.device.code.text()


def said(field: Field) -> str:
    """What stands below a field; empty where it is not on screen."""
    return field._below.text() if field._below.isVisible() else ""


@pytest.fixture
def seed(servers: Servers) -> Iterator[Asking]:
    with servers.portal(18, "seed") as portal:
        asking = Asking(portal)
        asking.sign_up()
        yield asking


@pytest.fixture
def desktop(servers: Servers) -> Iterator[Asking]:
    with servers.portal(18, "desktop", interval=1) as portal:
        asking = Asking(portal)
        asking.sign_up()
        yield asking


Use = Callable[[Asked], Awaitable[None]]


def use(qapp: QApplication, folder: Path, portal: Asking, work: Use) -> Asked:
    """Let somebody use the dialogs; nothing may be left of it, and nothing may fail as a bug does."""
    made: list[Asked] = []

    async def main() -> None:
        asked = Asked(folder / "profile", portal)
        made.append(asked)
        try:
            await work(asked)
        finally:
            await asked.tasks.close()
            for dialog in QApplication.topLevelWidgets():
                if isinstance(dialog, PortalDialog):
                    dialog.reject()
                    dialog.deleteLater()
        assert not asked.failures

    on_loop(qapp, main)
    return made[0]


class TestPortal:
    def test_a_portal_as_its_guide_makes_it_asks_for_e_mail_and_password_alone(
        self, qapp: QApplication, tmp_path: Path, seed: Asking
    ) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_person()
            entry = dialog.entry
            assert (entry.email.isVisible(), entry.password.isVisible(), entry.browser.isVisible()) == (True, True, False)
            dialog.change.click()
            assert (dialog.address.isVisible(), entry.isVisible()) == (True, False)

        use(qapp, tmp_path, seed, work)

    def test_an_address_with_a_password_in_it_leaves_its_field_for_good(self, qapp: QApplication, tmp_path: Path, seed: Asking) -> None:
        async def work(asked: Asked) -> None:
            dialog = asked.adding()
            dialog.address.edit.setText("")
            dialog.address.edit.insert("https://ada:secret@todos.example.org")
            assert dialog.address.text() == ""
            assert "neither stored nor sent" in said(dialog.address)
            dialog.address.edit.undo()
            assert dialog.address.text() == ""

        use(qapp, tmp_path, seed, work)

    def test_where_nothing_answers_is_said_and_the_address_can_be_changed(self, qapp: QApplication, tmp_path: Path, seed: Asking) -> None:
        async def work(asked: Asked) -> None:
            dialog = asked.adding()
            dialog.address.edit.setText(f"http://127.0.0.1:{free_port()}")
            await press(dialog)
            assert dialog.portal is None
            assert dialog.message.text()
            dialog.address.edit.setText(seed.portal.url)
            await press(dialog)
            assert dialog.entry.password.isVisible()
            assert not dialog.message.isVisible()

        use(qapp, tmp_path, seed, work)


class TestPassword:
    def test_it_adds_the_account(self, qapp: QApplication, tmp_path: Path, seed: Asking) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_password()
            await press(dialog)
            assert dialog.account is not None
            assert (dialog.account.kind, dialog.account.email) == (AccountKind.PORTAL, ADA)
            assert not dialog.isVisible()

        asked = use(qapp, tmp_path, seed, work)
        assert len(asked.accounts.all()) == 2

    def test_a_wrong_one_is_said_beside_it_and_nothing_is_remembered(self, qapp: QApplication, tmp_path: Path, seed: Asking) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_password("wrong horse battery")
            await press(dialog)
            assert said(dialog.entry.password)
            assert dialog.isVisible()

        asked = use(qapp, tmp_path, seed, work)
        assert len(asked.accounts.all()) == 1

    @pytest.mark.parametrize("field", ["email", "password"])
    def test_what_is_missing_is_said_beside_its_field(self, qapp: QApplication, tmp_path: Path, seed: Asking, field: str) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_password()
            getattr(dialog.entry, field).edit.setText("")
            await press(dialog)
            assert "missing" in said(getattr(dialog.entry, field))

        use(qapp, tmp_path, seed, work)

    def test_too_many_tries_count_down_on_the_button(self, qapp: QApplication, tmp_path: Path, servers: Servers) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_password("wrong horse battery")
            for _ in range(4):
                await press(dialog)
            assert not dialog.confirm.isEnabled()
            assert "s)" in dialog.confirm.text()
            asked.now += dialog.confirm.seconds
            dialog.confirm.tick()
            assert dialog.confirm.isEnabled()

        with servers.portal(18, "seed", rate_limit=True) as portal:
            asking = Asking(portal)
            asking.sign_up()
            use(qapp, tmp_path, asking, work)


class TestSecondFactor:
    def test_a_code_of_an_authenticator_lets_in_and_a_wrong_one_is_said_beside_it(
        self, qapp: QApplication, tmp_path: Path, desktop: Asking
    ) -> None:
        secret = switch_on(desktop, desktop.sign_in())

        async def work(asked: Asked) -> None:
            dialog = await asked.at_password()
            await press(dialog)
            entry = dialog.entry
            assert (entry.code.isVisible(), entry.password.isVisible(), entry.password.text()) == (True, False, "")
            await press(dialog)
            assert "missing" in said(entry.code)
            entry.code.edit.setText(f"{(int(totp(secret)) + 500_000) % 1_000_000:06}")
            await press(dialog)
            assert "not right" in said(entry.code)
            entry.code.edit.setText(totp(secret))
            await press(dialog)
            assert dialog.account is not None

        use(qapp, tmp_path, desktop, work)

    def test_a_code_by_e_mail_is_sent_when_it_is_asked_for(self, qapp: QApplication, tmp_path: Path, desktop: Asking) -> None:
        switch_on(desktop, desktop.sign_in())

        async def work(asked: Asked) -> None:
            dialog = await asked.at_password()
            await press(dialog)
            dialog.entry.kinds["email"].click()
            assert not [mail for mail in desktop.portal.mail if mail.kind == "otp"]
            dialog.entry.send.click()
            await until(lambda: not dialog.busy)
            assert not dialog.entry.send.isEnabled()
            dialog.entry.code.edit.setText(desktop.portal.wait_for_mail(ADA, "otp").code)
            await press(dialog)
            assert dialog.account is not None

        use(qapp, tmp_path, desktop, work)

    def test_back_leads_to_the_password_to_the_address_and_out(self, qapp: QApplication, tmp_path: Path, desktop: Asking) -> None:
        switch_on(desktop, desktop.sign_in())

        async def work(asked: Asked) -> None:
            dialog = await asked.at_password()
            await press(dialog)
            assert dialog.back is not None
            seen = []
            for _ in range(3):
                seen.append((dialog.entry.code.isVisible(), dialog.entry.password.isVisible(), dialog.address.isVisible()))
                dialog.back.click()
            assert seen == [(True, False, False), (False, True, False), (False, False, True)]
            assert dialog.went_back

        use(qapp, tmp_path, desktop, work)


class TestBrowser:
    def test_the_code_is_shown_copied_and_its_page_opened_until_the_device_is_let_in(
        self, qapp: QApplication, tmp_path: Path, desktop: Asking
    ) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_person()
            shown = await shown_code(dialog)
            code = shown.replace("-", "")
            assert len(shown) == 9
            assert QGuiApplication.clipboard().text() == code
            assert asked.opened == [f"{desktop.portal.url}/device?user_code={code}"]
            dialog.entry.device.open.click()
            assert len(asked.opened) == 2
            decide(desktop, desktop.sign_in(), code)
            await until(lambda: not dialog.busy, seconds=30)
            assert dialog.account is not None
            assert dialog.account.email == ADA

        use(qapp, tmp_path, desktop, work)

    def test_who_is_refused_reads_it_and_may_begin_again(self, qapp: QApplication, tmp_path: Path, desktop: Asking) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_person()
            first = await shown_code(dialog)
            decide(desktop, desktop.sign_in(), first.replace("-", ""), "deny")
            await until(lambda: not dialog.busy, seconds=30)
            assert "refused" in dialog.message.text()
            assert dialog.confirm.isEnabled()
            assert await shown_code(dialog) != first

        asked = use(qapp, tmp_path, desktop, work)
        assert len(asked.accounts.all()) == 1

    def test_another_way_gives_the_code_up(self, qapp: QApplication, tmp_path: Path, desktop: Asking) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_person()
            await shown_code(dialog)
            dialog.entry.device.other.click()
            await until(lambda: not dialog.busy)
            entry = dialog.entry
            assert (entry.device.isVisible(), entry.password.isVisible()) == (False, True)
            entry.email.edit.setText(ADA)
            entry.password.edit.setText(PASSWORD)
            await press(dialog)
            assert dialog.account is not None

        use(qapp, tmp_path, desktop, work)

    def test_the_code_says_how_long_it_is_good_for(self, qapp: QApplication, tmp_path: Path, desktop: Asking) -> None:
        async def work(asked: Asked) -> None:
            dialog = await asked.at_person()
            await shown_code(dialog)
            device = dialog.entry.device
            asked.now += 61
            device.tick()
            assert "28:" in device._left.text()

        use(qapp, tmp_path, desktop, work)


class TestAgain:
    @pytest.mark.parametrize("way", ["browser", "password"])
    def test_the_same_person_goes_on(self, qapp: QApplication, tmp_path: Path, desktop: Asking, way: str) -> None:
        async def work(asked: Asked) -> None:
            account = await asked.added()
            dialog = asked.again(account)
            await until(dialog.entry.isVisible, seconds=30)
            if way == "browser":
                decide(desktop, desktop.sign_in(), (await shown_code(dialog)).replace("-", ""))
                await until(lambda: not dialog.busy, seconds=30)
            else:
                dialog.entry.by_password.click()
                dialog.entry.password.edit.setText(PASSWORD)
                await press(dialog)
            assert dialog.result() == dialog.DialogCode.Accepted.value

        use(qapp, tmp_path, desktop, work)

    def test_somebody_else_is_refused(self, qapp: QApplication, tmp_path: Path, desktop: Asking) -> None:
        async def work(asked: Asked) -> None:
            dialog = asked.again(await asked.added())
            await until(dialog.entry.isVisible, seconds=30)
            decide(desktop, desktop.sign_up("bob"), (await shown_code(dialog)).replace("-", ""))
            await until(lambda: not dialog.busy, seconds=30)
            assert dialog.message.text()
            assert dialog.isVisible()

        use(qapp, tmp_path, desktop, work)

    def test_a_portal_that_is_away_is_tried_again(self, qapp: QApplication, tmp_path: Path, desktop: Asking) -> None:
        async def work(asked: Asked) -> None:
            account = await asked.added()
            desktop.portal.set_away(True)
            dialog = asked.again(account)
            await until(lambda: not dialog.busy, seconds=30)
            assert dialog.message.text()
            assert not dialog.entry.isVisible()
            desktop.portal.set_away(False)
            await press(dialog)
            assert dialog.entry.isVisible()

        use(qapp, tmp_path, desktop, work)
