"""Adding an account and signing in again, by the dialogs of its kind. Loaded when somebody asks for one."""

from PySide6.QtWidgets import QWidget

from devots_desktop.domain.account import Account, AccountKind
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.supabase_checks import check_project, mending_sql
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.dialogs.add_portal import AddPortalDialog
from devots_desktop.ui.dialogs.add_postgres import AddPostgresDialog
from devots_desktop.ui.dialogs.add_supabase import AddSupabaseDialog, SupabaseVerbs
from devots_desktop.ui.dialogs.ask import ask
from devots_desktop.ui.dialogs.choose_kind import ChooseKindDialog
from devots_desktop.ui.dialogs.portal_dialog import PortalVerbs
from devots_desktop.ui.dialogs.sign_in import SignInDialog
from devots_desktop.ui.dialogs.sign_in_portal import SignInPortalDialog
from devots_desktop.ui.dialogs.sign_in_supabase import SignInSupabaseDialog


async def add_account(accounts: Accounts, tasks: Tasks, parent: QWidget) -> Account | None:
    """Ask for an account; None where the user thought better of it."""
    choice = ChooseKindDialog(parent)
    while await ask(choice):
        dialog = _adding(choice.kind, accounts, tasks, parent)
        if await ask(dialog):
            return dialog.account
        if not dialog.went_back:
            return None
        choice = ChooseKindDialog(parent, before=choice.kind)
    return None


def _adding(
    kind: AccountKind | None, accounts: Accounts, tasks: Tasks, parent: QWidget
) -> AddPortalDialog | AddPostgresDialog | AddSupabaseDialog:
    match kind:
        case AccountKind.PORTAL:
            return AddPortalDialog(portal_verbs(accounts), accounts.add_portal, tasks, parent)
        case AccountKind.SUPABASE:
            return AddSupabaseDialog(supabase_verbs(accounts), tasks, parent)
        case _:
            return AddPostgresDialog(accounts.add_postgres, tasks, parent)


async def sign_in(accounts: Accounts, account: Account, tasks: Tasks, parent: QWidget) -> bool:
    """Ask for what it takes to sign in again; answer whether that was done."""
    if account.kind is AccountKind.PORTAL:
        return await ask(SignInPortalDialog(account, portal_verbs(accounts), accounts.sign_in_portal, tasks, parent))
    if account.kind is AccountKind.SUPABASE:
        return await ask(SignInSupabaseDialog(account, accounts.sign_in_supabase, accounts.send_code_again, tasks, parent))
    return await ask(SignInDialog(account, accounts.sign_in, tasks, parent))


def supabase_verbs(accounts: Accounts) -> SupabaseVerbs:
    """What the dialog that adds a Supabase account does."""
    return SupabaseVerbs(check_project, mending_sql, accounts.supabase.methods, accounts.send_code, accounts.add_supabase)


def portal_verbs(accounts: Accounts) -> PortalVerbs:
    """What the dialogs of portal accounts do."""
    portal = accounts.portal
    return PortalVerbs(portal.methods, portal.begin_device, portal.enter, portal.send_code, portal.verify)
