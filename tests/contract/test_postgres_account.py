"""An account on a real PostgreSQL: signing up, in and out, and every way in which that can be refused."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devots_desktop.domain.account import Live, SecretStore
from devots_desktop.domain.errors import (
    AccountUnusable,
    DevotsError,
    NotMigrated,
    ServerTooNew,
    SignedOut,
    TooManyTries,
    Unreachable,
    UnsafeLogin,
    UntrustedCertificate,
    WrongCredentials,
)
from devots_desktop.remote.postgres import session
from devots_desktop.remote.postgres.address import Address
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.postgres_form import PostgresForm
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.profile import Profile
from tests.contract.devices import in_use, until
from tests.outcomes import not_run
from tests.servers.managed import DESKTOP, Managed
from tests.servers.postgres import Database, PostgresServer, binaries

PASSWORD = "correct horse"


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(Profile(tmp_path / "profile"))


def form(managed: Managed, **changes: object) -> PostgresForm:
    entered = {"email": "ada@example.org", "password": PASSWORD, "secrets": SecretStore.FILE}
    return PostgresForm.from_url(managed.database.url(DESKTOP), **entered | changes)  # type: ignore[arg-type]  # the form's own fields


def refused(accounts: Accounts, entered: PostgresForm) -> DevotsError:
    """How adding the account fails; nothing is remembered then."""
    with pytest.raises(DevotsError) as failure:
        asyncio.run(accounts.add_postgres(entered))
    assert [account.name for account in accounts.all()] == ["This computer"]
    assert failure.value.next_step
    return failure.value


def test_a_person_signs_up_and_the_account_becomes_the_current_one(managed: Managed, accounts: Accounts) -> None:
    account = asyncio.run(accounts.add_postgres(form(managed, sign_up=True)))
    assert accounts.current() == account
    assert account.email == "ada@example.org"


def test_a_person_of_the_portal_signs_in_with_any_case_of_the_email(managed: Managed, accounts: Accounts) -> None:
    ada = managed.add_person("ada", password=PASSWORD)
    account = asyncio.run(accounts.add_postgres(form(managed, email=" Ada@Example.ORG ")))
    assert account.user_id == ada.user_id


def test_neither_password_nor_token_nor_key_stands_in_the_list_of_accounts_or_in_a_form_that_is_printed(
    managed: Managed, accounts: Accounts, tmp_path: Path
) -> None:
    entered = form(managed, sign_up=True)
    asyncio.run(accounts.add_postgres(entered))
    printed = repr(entered) + (tmp_path / "profile" / "accounts.json").read_text(encoding="utf-8")
    with managed.owner() as owner:
        secret = [text for row in owner.execute("select s.token, a.password from session s, account a").fetchall() for text in row]
    for hidden in (PASSWORD, entered.login_password, *secret):
        assert hidden not in printed


def test_wrong_password_and_unknown_email_are_answered_alike(managed: Managed, accounts: Accounts) -> None:
    managed.add_person("ada", password=PASSWORD)
    wrong = refused(accounts, form(managed, password="wrong horse"))
    unknown = refused(accounts, form(managed, email="nobody@example.org"))
    assert isinstance(wrong, WrongCredentials)
    assert (type(wrong), str(wrong)) == (type(unknown), str(unknown))


def test_after_five_wrong_tries_the_right_password_has_to_wait(managed: Managed, accounts: Accounts) -> None:
    managed.add_person("ada", password=PASSWORD)
    for _ in range(5):
        assert isinstance(refused(accounts, form(managed, password="wrong horse")), WrongCredentials)
    assert isinstance(refused(accounts, form(managed)), TooManyTries)


def test_an_email_that_is_taken_cannot_sign_up(managed: Managed, accounts: Accounts) -> None:
    managed.add_person("ada", password=PASSWORD)
    assert refused(accounts, form(managed, sign_up=True)).title == "E-mail taken"


def test_sign_up_is_refused_where_the_owner_has_not_turned_it_on(managed: Managed, accounts: Accounts) -> None:
    with managed.owner() as owner:
        owner.execute("update devots.setting set value = 'off' where name = 'sign_up'")
    assert refused(accounts, form(managed, sign_up=True)).title == "No sign-up"


@pytest.mark.parametrize(
    ("setting", "title"),
    [
        ('alter table "user" add banned boolean default true', "Account closed"),
        ('alter table "user" add two_factor_enabled boolean default true', "Two-factor sign-in"),
        ("update devots.setting set value = 'on' where name = 'verified_email'", "E-mail not confirmed"),
    ],
)
def test_an_account_that_the_portal_bars_is_told_why(managed: Managed, accounts: Accounts, setting: str, title: str) -> None:
    managed.add_person("ada", password=PASSWORD)
    with managed.owner() as owner:
        owner.execute(setting)
    assert refused(accounts, form(managed)).title == title
    assert isinstance(refused(accounts, form(managed, password="wrong horse")), WrongCredentials)


def test_a_server_that_is_gone_and_a_wrong_port_are_said(managed: Managed, accounts: Accounts) -> None:
    entered = form(managed)
    nowhere = Address(entered.address.host, 1, entered.address.database)
    failure = refused(accounts, replace(form(managed), address=nowhere))
    assert isinstance(failure, Unreachable)
    assert "127.0.0.1:1" in failure.sentence


def test_the_logins_wrong_password_and_a_wrong_database_are_told_apart(managed: Managed, accounts: Accounts) -> None:
    assert refused(accounts, form(managed, login_password="wrong")).title == "Database login refused"
    entered = form(managed)
    nowhere = Address(entered.address.host, entered.address.port, "nothing")
    with pytest.raises(AccountUnusable, match="There is no database nothing"):
        session.sign_in(nowhere, entered.login_password, "ada@example.org", PASSWORD)


def test_a_database_without_our_migrations_is_refused_with_the_command_for_its_owner(
    database: Database, managed: Managed, accounts: Accounts
) -> None:
    entered = PostgresForm.from_url(database.url(), email="ada@example.org", password=PASSWORD)
    failure = refused(accounts, entered)
    assert isinstance(failure, NotMigrated)
    assert "devots db upgrade" in failure.next_step


def test_a_database_with_newer_migrations_is_refused(managed: Managed, accounts: Accounts) -> None:
    with managed.owner() as owner:
        owner.execute("update devots.alembic_version set version_num = '9999'")
    assert isinstance(refused(accounts, form(managed, sign_up=True)), ServerTooNew)


def test_the_owners_and_a_superusers_login_are_refused(managed: Managed, accounts: Accounts) -> None:
    server = managed.database.server
    for login in ("portal", "postgres"):
        entered = PostgresForm.from_url(managed.database.url(login, server.passwords[login]), email="ada@example.org", password=PASSWORD)
        assert isinstance(refused(accounts, entered), UnsafeLogin)


def test_an_expired_session_keeps_edits_and_goes_on_after_signing_in_again(managed: Managed, accounts: Accounts) -> None:
    account = asyncio.run(accounts.add_postgres(form(managed, sign_up=True)))

    async def edit_while_signed_out(opened: OpenAccount) -> None:
        await until(lambda: opened.status.live is Live.LIVE, "the account is live")
        with managed.owner() as owner:
            owner.execute("update session set expires_at = now() at time zone 'utc' - interval '1 second'")
        await opened.todos.add("written while signed out")
        await until(lambda: opened.status.live is Live.SIGNED_OUT, "the account says that it is signed out")
        assert "Sign in again" in opened.status.sentence
        await opened.todos.add("and another one")
        assert opened.lists.counts().pending == 2
        await accounts.sign_in(account, PASSWORD)
        opened.signed_in()
        await until(lambda: opened.lists.counts().pending == 0, "the outbox is empty")

    in_use(accounts, account, edit_while_signed_out)
    with managed.owner() as owner:
        texts = {text for (text,) in owner.execute("select text from todo").fetchall()}
    assert texts == {"written while signed out", "and another one"}


def test_where_the_logins_password_went_with_the_keyring_it_is_asked_for(managed: Managed, accounts: Accounts) -> None:
    first = form(managed, sign_up=True)
    account = asyncio.run(accounts.add_postgres(first))
    kept = asyncio.run(accounts._secrets.get(account)) or {}
    asyncio.run(accounts._secrets.forget(account))
    with pytest.raises(AccountUnusable) as caught:
        asyncio.run(accounts.sign_in(account, PASSWORD))
    assert caught.value.title == "Database login refused"
    asyncio.run(accounts.sign_in(account, PASSWORD, first.login_password))
    again = asyncio.run(accounts._secrets.get(account)) or {}
    assert (again["login_password"], again.keys()) == (kept["login_password"], kept.keys())


def test_signing_in_again_as_somebody_else_is_refused(managed: Managed, accounts: Accounts) -> None:
    account = asyncio.run(accounts.add_postgres(form(managed, sign_up=True)))
    with managed.owner() as owner:
        owner.execute('update "user" set email = $$eve@example.org$$')
    managed.add_person("ada", password=PASSWORD)
    with pytest.raises(AccountUnusable, match="another account"):
        asyncio.run(accounts.sign_in(account, PASSWORD))


def test_removing_an_account_ends_its_session_and_its_files(managed: Managed, accounts: Accounts, tmp_path: Path) -> None:
    account = asyncio.run(accounts.add_postgres(form(managed, sign_up=True)))
    asyncio.run(accounts.remove(account))
    assert accounts.current().name == "This computer"
    assert not list((tmp_path / "profile").rglob("*secret*"))
    with managed.owner() as owner:
        assert owner.execute("select count(*) from session").fetchone() == (0,)


def test_removing_an_account_with_waiting_changes_is_refused(managed: Managed, accounts: Accounts) -> None:
    account = asyncio.run(accounts.add_postgres(form(managed, sign_up=True)))
    opened = accounts.open(account)

    async def add_only() -> None:
        tasks = Tasks(lambda _, error: None)
        opened.start(tasks, follow=False)
        await opened.todos.add("not sent")
        await opened.close()

    asyncio.run(add_only())
    with pytest.raises(AccountUnusable, match="1 change"):
        asyncio.run(accounts.remove(account))
    assert account in accounts.all()


def test_an_account_whose_secret_is_gone_is_signed_out_and_keeps_its_list(managed: Managed, accounts: Accounts, tmp_path: Path) -> None:
    account = asyncio.run(accounts.add_postgres(form(managed, sign_up=True)))

    async def add_one(opened: OpenAccount) -> None:
        await opened.todos.add("still here")
        await until(lambda: opened.status.live is Live.LIVE and opened.lists.counts().pending == 0, "it is sent")

    in_use(accounts, account, add_one)
    for file in (tmp_path / "profile").rglob("secrets.json"):
        file.unlink()

    async def look(opened: OpenAccount) -> int:
        await until(lambda: opened.status.live is Live.SIGNED_OUT, "it is signed out")
        return opened.lists.counts().open

    assert in_use(Accounts(Profile(tmp_path / "profile")), account, look) == 1


@pytest.fixture(scope="module")
def tls_server() -> Iterator[PostgresServer]:
    if binaries(15) is None:
        not_run("PostgreSQL 15 is not installed")
    with PostgresServer.start(15, tls=True) as server:
        yield server


def test_a_certificate_is_verified_against_the_named_ca_and_a_foreign_one_refused(tls_server: PostgresServer, tmp_path: Path) -> None:
    database = tls_server.create_database()
    ours, _ = Address.from_url(database.url(), ca=str(tls_server.ca_file))
    password = tls_server.passwords[ours.login]
    with pytest.raises(NotMigrated):  # the connection was made: the database is empty
        session.sign_in(ours, password, "ada@example.org", PASSWORD)
    with PostgresServer.start(15, tls=True) as foreign, pytest.raises(UntrustedCertificate, match="does not prove"):
        session.sign_in(
            Address(ours.host, ours.port, ours.database, ours.login, str(foreign.ca_file)), password, "ada@example.org", PASSWORD
        )


def test_a_server_without_encryption_is_refused_where_encryption_is_demanded(
    managed: Managed, tls_server: PostgresServer, accounts: Accounts
) -> None:
    entered = form(managed)
    address = Address(entered.address.host, entered.address.port, entered.address.database, ca=str(tls_server.ca_file))
    assert refused(accounts, replace(form(managed), address=address)).title == "No encryption"


def test_a_token_that_nobody_has_is_signed_out(managed: Managed) -> None:
    from devots_desktop.remote.postgres.remote import PostgresRemote

    entered = form(managed)

    async def pull() -> None:
        remote = PostgresRemote(entered.address, entered.login_password, "no token")
        try:
            await remote.pull(0, None, 10)
        finally:
            await remote.close()

    with pytest.raises(SignedOut):
        asyncio.run(pull())


def test_a_session_in_use_is_kept_from_ending(managed: Managed, accounts: Accounts) -> None:
    account = asyncio.run(accounts.add_postgres(form(managed, sign_up=True)))
    with managed.owner() as owner:
        owner.execute("update session set expires_at = now() at time zone 'utc' + interval '1 hour'")

    async def use(opened: OpenAccount) -> None:
        await until(lambda: opened.status.live is Live.LIVE, "the account is live")

    in_use(accounts, account, use)
    with managed.owner() as owner:
        assert owner.execute("select expires_at > now() at time zone 'utc' + interval '6 days' from session").fetchone() == (True,)
