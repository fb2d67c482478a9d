"""One password for the portal and for an account at its database: signed up at the one, signed in at the other."""

import asyncio
from pathlib import Path

import pytest

from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.domain.errors import AccountUnusable, WrongCredentials
from devots_desktop.remote.postgres.address import LOGIN
from devots_desktop.remote.postgres.migrate import set_sign_up, upgrade
from devots_desktop.remote.postgres.password import derive_key
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.postgres_form import PostgresForm
from devots_desktop.store.profile import Profile
from tests.portal.authenticator import switch_on
from tests.portal.client import COOKIE, Asking, told
from tests.servers.managed import DESKTOP
from tests.servers.postgres import Database

PASSWORD = "pässword \uff50\uff41\uff53\uff53"
"""In NFKC another text: both sides have to bring it there."""


def migrate_beside(asking: Asking) -> None:
    """Run our migrations on a portal's database, as its owner does who wants the PostgreSQL account."""
    database = asking.portal.database
    password = database.server.passwords.setdefault(DESKTOP, "a password of the tests")
    upgrade(database.url(), desktop_password=password)
    set_sign_up(database.url(), on=True)


@pytest.fixture
def upgraded(either: Asking) -> Asking:
    """A portal whose database our migrations have run on, beside it."""
    migrate_beside(either)
    return either


def add(database: Database, folder: Path, password: str = PASSWORD, *, sign_up: bool = False) -> Account:
    """Sign in, or up, on the PostgreSQL account, as its form does."""
    form = PostgresForm.from_url(
        database.url(LOGIN), email="ada@example.org", password=password, sign_up=sign_up, name="Ada", secrets=SecretStore.FILE
    )
    return asyncio.run(Accounts(Profile(folder)).add_postgres(form))


def test_the_portals_hash_is_the_one_that_we_derive(either: Asking) -> None:
    either.sign_up(password=PASSWORD)
    with either.portal.database.connect() as owner:
        row = owner.execute("select password from account where provider_id = 'credential'").fetchone()
    assert row is not None
    salt, _, key = row[0].partition(":")
    assert derive_key(PASSWORD, salt) == key


def test_who_signed_up_on_the_portal_signs_in_on_the_postgresql_account(upgraded: Asking, tmp_path: Path) -> None:
    ada = upgraded.sign_up(password=PASSWORD)
    assert add(upgraded.portal.database, tmp_path / "right").user_id == ada.user_id
    with pytest.raises(WrongCredentials):
        add(upgraded.portal.database, tmp_path / "wrong", "another horse")


def test_who_signed_up_on_the_postgresql_account_signs_in_on_the_portal(upgraded: Asking, tmp_path: Path) -> None:
    account = add(upgraded.portal.database, tmp_path / "profile", sign_up=True)
    assert upgraded.sign_in(password=PASSWORD).user_id == account.user_id
    assert told(upgraded.try_sign_in(password="another horse")) == (401, "INVALID_EMAIL_OR_PASSWORD")


def test_who_has_a_second_factor_on_the_portal_is_not_let_in_by_the_password_alone(desktop: Asking, tmp_path: Path) -> None:
    ada = desktop.sign_up(password=PASSWORD)
    migrate_beside(desktop)
    switch_on(desktop, ada, PASSWORD)
    with pytest.raises(AccountUnusable, match="second factor"):
        add(desktop.portal.database, tmp_path / "profile")


def test_a_session_of_the_postgresql_account_is_one_of_a_desktop_portal_and_not_of_a_seed_one(upgraded: Asking, tmp_path: Path) -> None:
    """Its token is known, but only the bearer plugin takes one without a signature."""
    add(upgraded.portal.database, tmp_path / "profile", sign_up=True)
    with upgraded.portal.database.connect() as owner:
        row = owner.execute("select token from session").fetchone()
    assert row is not None
    assert upgraded.session(cookie=f"{COOKIE}={row[0]}") is None
    taken = upgraded.session(authorization=f"Bearer {row[0]}") is not None
    assert taken == (upgraded.portal.settings.profile == "desktop")


def test_the_portal_goes_on_working_on_an_upgraded_database(upgraded: Asking) -> None:
    ada = upgraded.sign_up()
    (made,) = upgraded.data("todo.create", {"text": "a"}, **ada.headers)
    assert list(made) == ["id", "text", "completed", "userId", "createdAt", "updatedAt"]
    (toggled,) = upgraded.data("todo.toggle", {"id": made["id"], "completed": True}, **ada.headers)
    assert toggled["updatedAt"] >= made["updatedAt"], "our trigger bumps it"
    assert upgraded.data("todo.delete", {"id": made["id"]}, **ada.headers)[0]["id"] == made["id"]
    assert upgraded.data("todo.getAll", **ada.headers) == []
