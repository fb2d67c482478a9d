"""The dialogs that add an account and sign in to one, in all their steps."""

import time
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from devots_desktop.domain.account import Account, AccountKind, Live, SecretStore, Status
from devots_desktop.domain.errors import AccountUnusable, ConfirmationNeeded, SignedOut, TooManyTries, Unreachable, WrongCredentials
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.supabase_form import Way
from devots_desktop.services.tasks import Tasks
from devots_desktop.store import edits, replica
from devots_desktop.store.profile import Profile
from devots_desktop.ui.dialogs.add_postgres import AddPostgresDialog
from devots_desktop.ui.dialogs.add_supabase import AddSupabaseDialog
from devots_desktop.ui.dialogs.choose_kind import ChooseKindDialog
from devots_desktop.ui.dialogs.sign_in import SignInDialog
from devots_desktop.ui.dialogs.sign_in_supabase import SignInSupabaseDialog
from devots_desktop.ui.entering import supabase_verbs
from devots_desktop.ui.widgets.person_form import Mail
from tests.shots.stage import SERVER, Stage, double_text, tell

KEY = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"
PROJECT = "https://abcdefghijklmnopqrst.supabase.co"
LOOKED_AT = (
    Finding("address", Level.OK, "A Supabase project answers at abcdefghijklmnopqrst.supabase.co over a verified connection."),
    Finding("key", Level.OK, "The project takes this key (publishable)."),
    Finding("clock", Level.OK, "This computer's clock and the server's agree."),
    Finding("sign-in", Level.OK, "Sign-in by password or by a code; people may sign up and confirm their e-mail."),
)
PREPARED = (
    Finding("table", Level.OK, "The project was prepared by our migrations."),
    Finding("row-level security", Level.OK, "Strangers see nothing."),
    Finding(
        "publication",
        Level.WARNING,
        "Realtime does not tell of changes of todos: they come every minute instead.",
        "For the project's owner: alter publication supabase_realtime add table public.todo;",
        sql="alter publication supabase_realtime add table public.todo;",
    ),
)
LACKING = Finding(
    "table",
    Level.WRONG,
    "The project has no table of todos.",
    "For the project's owner: run the SQL that `devots db upgrade --sql --flavour supabase` prints.",
    sql="devots db upgrade --sql --flavour supabase",
)
PROJECTS = Account(
    "s1",
    AccountKind.SUPABASE,
    "ada@example.org · abcdefghijklmnopqrst.supabase.co",
    "ada@example.org",
    "u1",
    {"url": PROJECT},
    SecretStore.MEMORY,
)


def _dialog(stage: Stage) -> AddPostgresDialog:
    return AddPostgresDialog(Accounts(Profile(stage.folder)).add_postgres, Tasks(lambda *_: None))


def add_postgres(stage: Stage) -> QWidget:
    return _dialog(stage)


def add_postgres_wrong(stage: Stage) -> QWidget:
    dialog = _dialog(stage)
    dialog.url.edit.setText("postgresql://devots_desktop@db.example.org/todos")
    dialog.email.edit.setText("ada@example.org")
    dialog.password.edit.setText("not the right one")
    dialog.fail(WrongCredentials())
    dialog.fail(Unreachable("No answer", "db.example.org:5432 does not answer.", "Check host and port, and whether the server runs."))
    return dialog


def sign_in(stage: Stage) -> SignInDialog:
    return SignInDialog(SERVER, Accounts(Profile(stage.folder)).sign_in, Tasks(lambda *_: None))


def sign_in_without_login(stage: Stage) -> QWidget:
    dialog = sign_in(stage)
    dialog.password.edit.setText("the right one")
    refused = "The database does not accept the login devots_desktop with this password."
    dialog.fail(AccountUnusable("Database login refused", refused, "Check the login's name and password; the database's owner has them."))
    return dialog


def choose_kind(stage: Stage) -> QWidget:
    return ChooseKindDialog()


def _supabase(stage: Stage) -> AddSupabaseDialog:
    dialog = AddSupabaseDialog(supabase_verbs(Accounts(Profile(stage.folder))), Tasks(lambda *_: None), clock=lambda: 0.0)
    dialog.url.edit.setText(PROJECT)
    dialog.key.edit.setText(KEY)
    return dialog


def add_supabase(stage: Stage) -> QWidget:
    dialog = _supabase(stage)
    dialog.url.edit.setText("")
    dialog.key.edit.setText("")
    return dialog


def supabase_secret_refused(stage: Stage) -> QWidget:
    dialog = _supabase(stage)
    dialog.key.edit.setText("sb_secret_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH")
    return dialog


def supabase_own_server(stage: Stage) -> QWidget:
    dialog = supabase_anon_key(stage)
    dialog.url.edit.setText("https://supabase.example.org")
    return dialog


def supabase_anon_key(stage: Stage) -> AddSupabaseDialog:
    dialog = _supabase(stage)
    dialog.key.edit.setText("eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJl")
    return dialog


def supabase_checking(stage: Stage) -> QWidget:
    dialog = _supabase(stage)
    for each in LOOKED_AT:
        dialog.checks.add(each)
    dialog.checks.look("table")
    return dialog


def supabase_lacking(stage: Stage) -> QWidget:
    dialog = _supabase(stage)
    for each in (*LOOKED_AT, LACKING):
        dialog.checks.add(each)
    dialog._checked()
    return dialog


def supabase_person(stage: Stage) -> QWidget:
    return _at_person(stage)


def _at_person(stage: Stage) -> AddSupabaseDialog:
    dialog = _supabase(stage)
    for each in (*LOOKED_AT, *PREPARED):
        dialog.checks.add(each)
    dialog.project = Project.from_text(PROJECT)
    dialog.person.offer(sign_up=True)
    dialog._checked()
    dialog.person.email.edit.setText("ada@example.org")
    return dialog


def supabase_code(stage: Stage) -> QWidget:
    dialog = _at_person(stage)
    dialog.person.ways[Way.CODE].click()
    dialog.person.sent(Mail.CODE)
    return dialog


def supabase_new_password(stage: Stage) -> QWidget:
    dialog = _at_person(stage)
    dialog.person.forgot.click()
    dialog.person.sent(Mail.CODE)
    dialog.person.code.edit.setText("123456")
    dialog.person.password.edit.setText("correct horse")
    dialog.fail(AccountUnusable("Code not right", "The code is not right, or it is too old.", "Check it, or ask for a new one."))
    return dialog


def supabase_confirming(stage: Stage) -> QWidget:
    dialog = _at_person(stage)
    dialog.person.ways[Way.SIGN_UP].click()
    dialog.person.password.edit.setText("correct horse")
    dialog.fail(ConfirmationNeeded())
    return dialog


def supabase_too_many_tries(stage: Stage) -> QWidget:
    dialog = _at_person(stage)
    dialog.person.password.edit.setText("correct horse")
    dialog.confirm.wait(58)
    dialog.fail(TooManyTries(58))
    return dialog


def _again(stage: Stage) -> SignInSupabaseDialog:
    accounts = Accounts(Profile(stage.folder))
    return SignInSupabaseDialog(PROJECTS, accounts.sign_in_supabase, accounts.send_code_again, Tasks(lambda *_: None), clock=lambda: 0.0)


def sign_in_supabase(stage: Stage) -> QWidget:
    return _again(stage)


def sign_in_supabase_without_key(stage: Stage) -> QWidget:
    dialog = _again(stage)
    dialog.fail(AccountUnusable("Key missing", "The project's key is missing.", "Copy it from the project's settings, under API keys."))
    return dialog


def large_text_kinds(stage: Stage) -> QWidget:
    double_text()
    return choose_kind(stage)


def large_text_supabase(stage: Stage) -> QWidget:
    double_text()
    return supabase_lacking(stage)


def large_text_person(stage: Stage) -> QWidget:
    double_text()
    return supabase_code(stage)


def _mirrored(shown: QWidget) -> QWidget:
    shown.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    return shown


def right_to_left_kinds(stage: Stage) -> QWidget:
    return _mirrored(choose_kind(stage))


def right_to_left_supabase(stage: Stage) -> QWidget:
    return _mirrored(supabase_lacking(stage))


def right_to_left_person(stage: Stage) -> QWidget:
    return _mirrored(supabase_code(stage))


def _month_away(stage: Stage, status: Status) -> QWidget:
    """Some todos were sent, a month passed, and one was edited since."""
    window = stage.window(("Pay the rent", "Call the plumber", "Buy milk"), done=1, server=True, account=PROJECTS)
    stage.all_sent()
    with stage.opened.cache.transaction() as db:
        replica.note_contact(db, int(time.time() * 1e6) - 30 * 86_400 * 1_000_000)
        replica.set_cursor(db, replica.Cursor(since=1))
    (newest,) = stage.opened.cache.db.execute("SELECT client_id FROM todo ORDER BY key DESC LIMIT 1").fetchone()
    edits.edit(stage.opened.cache, newest, {"text": "Buy oat milk"})
    tell(window, stage.opened, status)
    return window


def supabase_a_month_offline(stage: Stage) -> QWidget:
    error = Unreachable(
        "Offline", "No server answers at abcdefghijklmnopqrst.supabase.co.", "Check address and network; it is tried again by itself."
    )
    return _month_away(stage, Status(Live.OFFLINE, str(error)))


def supabase_session_refused(stage: Stage) -> QWidget:
    return _month_away(stage, Status(Live.SIGNED_OUT, str(SignedOut())))


def large_text_account(stage: Stage) -> QWidget:
    double_text()
    return add_postgres(stage)


def account_scenes() -> tuple[Callable[[Stage], QWidget], ...]:
    """All of them but those that change the program's font."""
    return (
        choose_kind, add_supabase, supabase_secret_refused, supabase_anon_key, supabase_own_server, supabase_checking, supabase_lacking, supabase_person, supabase_code,
        supabase_new_password, supabase_confirming, supabase_too_many_tries, sign_in_supabase, sign_in_supabase_without_key,
        right_to_left_kinds, right_to_left_supabase, right_to_left_person, add_postgres, add_postgres_wrong, sign_in, sign_in_without_login,
        supabase_a_month_offline, supabase_session_refused,
    )  # fmt: skip


def large_account_scenes() -> tuple[Callable[[Stage], QWidget], ...]:
    """With text of twice the size."""
    return (large_text_account, large_text_kinds, large_text_supabase, large_text_person)
