"""The dialogs that add a portal account and sign in to one, in all their steps, and the window of such an account."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from devots_desktop.domain.account import Account, AccountKind, SecretStore
from devots_desktop.domain.errors import Unreachable, WrongCredentials
from devots_desktop.remote.portal.address import Portal
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.profile import Profile
from devots_desktop.ui.dialogs.add_portal import AddPortalDialog
from devots_desktop.ui.dialogs.sign_in_portal import SignInPortalDialog
from devots_desktop.ui.entering import portal_verbs
from tests.shots.stage import Stage, double_text

PORTAL = "https://todos.example.org"
PORTALS = Account(
    "p1", AccountKind.PORTAL, "ada@example.org · todos.example.org", "ada@example.org", "u1", {"url": PORTAL}, SecretStore.MEMORY
)


def add_portal(stage: Stage) -> AddPortalDialog:
    accounts = Accounts(Profile(stage.folder))
    return AddPortalDialog(portal_verbs(accounts), accounts.add_portal, Tasks(lambda *_: None), clock=lambda: 0.0)


def portal_not_there(stage: Stage) -> QWidget:
    dialog = add_portal(stage)
    dialog.address.edit.setText(PORTAL)
    dialog.fail(Unreachable("No portal there", "What answers at this address is no Devots Portal.", "Check the address."))
    return dialog


def portal_ways(stage: Stage) -> AddPortalDialog:
    dialog = add_portal(stage)
    dialog.address.edit.setText(PORTAL)
    dialog.portal = Portal.from_text(PORTAL)
    dialog.entry.offer(browser=True)
    dialog._found()
    return dialog


def portal_code(stage: Stage) -> QWidget:
    dialog = portal_ways(stage)
    dialog.entry.wait_for("P8MPRQPN", f"{PORTAL}/device", 1_752)
    dialog.confirm.set_busy(busy=True)
    return dialog


def portal_password(stage: Stage) -> AddPortalDialog:
    dialog = portal_ways(stage)
    dialog.entry.by_password.click()
    dialog.entry.email.edit.setText("ada@example.org")
    dialog.entry.password.edit.setText("not the right one")
    return dialog


def portal_wrong_password(stage: Stage) -> QWidget:
    dialog = portal_password(stage)
    dialog.fail(WrongCredentials())
    return dialog


def portal_second_factor(stage: Stage) -> QWidget:
    dialog = portal_password(stage)
    dialog.entry.ask_factor(("totp", "email", "backup"))
    return dialog


def portal_code_by_mail(stage: Stage) -> QWidget:
    dialog = portal_password(stage)
    dialog.entry.ask_factor(("totp", "email", "backup"))
    dialog.entry.kinds["email"].click()
    dialog.entry.sent()
    return dialog


def portal_sign_in_again(stage: Stage) -> QWidget:
    accounts = Accounts(Profile(stage.folder))
    dialog = SignInPortalDialog(PORTALS, portal_verbs(accounts), accounts.sign_in_portal, Tasks(lambda *_: None))
    dialog._known = True
    dialog.entry.offer(browser=True)
    return dialog


def right_to_left_portal(stage: Stage) -> QWidget:
    dialog = portal_code(stage)
    dialog.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    return dialog


def large_text_portal(stage: Stage) -> QWidget:
    double_text()
    return portal_code(stage)


def portal_scenes() -> tuple[Callable[[Stage], QWidget], ...]:
    """All of them but those that change the program's font."""
    return (
        add_portal, portal_not_there, portal_ways, portal_code, portal_wrong_password, portal_second_factor, portal_code_by_mail,
        portal_sign_in_again, right_to_left_portal,
    )  # fmt: skip


def large_portal_scenes() -> tuple[Callable[[Stage], QWidget], ...]:
    """With text of twice the size."""
    return (large_text_portal,)
