"""Direct sign-in in SQL, on real servers, with keys derived as Better Auth does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.password import derive_key, new_salt
from tests.servers.managed import Managed, Person

PASSWORD = "pässword of Ada"


@pytest.fixture
def desktop(managed: Managed) -> Iterator[psycopg.Connection]:
    with managed.desktop() as connection:
        yield connection


@pytest.fixture
def ada(managed: Managed) -> Person:
    return managed.add_person("ada", password=PASSWORD)


def one(connection: psycopg.Connection, sql: str, *parameters: object) -> Any:
    row = connection.execute(sql, parameters).fetchone()
    assert row is not None
    return row[0]


def try_password(connection: psycopg.Connection, email: str, password: str) -> Any:
    key = derive_key(password, one(connection, "select devots.sign_in_salt(%s)", email))
    return one(connection, "select devots.sign_in_try(%s, %s)", email, key)


def sign_in(connection: psycopg.Connection, email: str, password: str = PASSWORD) -> str | None:
    token: str | None = one(connection, "select devots.sign_in_claim(%s)", try_password(connection, email, password))
    return token


def refusal(connection: psycopg.Connection, sql: str, *parameters: object) -> tuple[str | None, str | None]:
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(sql, parameters)
    return caught.value.sqlstate, caught.value.diag.message_primary


def test_the_key_is_scrypt_over_the_salts_hexadecimal_text() -> None:
    """`openssl kdf -keylen 64 -kdfopt pass:pass -kdfopt salt:000102030405060708090a0b0c0d0e0f -kdfopt n:16384 -kdfopt r:16 -kdfopt p:1 SCRYPT`."""
    key = "ab6c5f96b13e232c76446b420bd1ce374836c72a7b4192c42bdfb5b7fb7d5caac449652705c58a0416af5ff51c8e3bbb5e8d54e3f5300a75c340945fb28cc2b6"
    assert derive_key("pass", "000102030405060708090a0b0c0d0e0f") == key
    assert derive_key("\uff50\uff41\uff53\uff53", "000102030405060708090a0b0c0d0e0f") == key, "NFKC: full width is the same password"


def test_the_right_password_opens_a_session_of_a_week(desktop: psycopg.Connection, ada: Person, managed: Managed) -> None:
    token = sign_in(desktop, ada.email)
    desktop.execute("select set_config('devots.session', %s, false)", [token])
    assert one(desktop, "select devots.uid()") == ada.user_id
    with managed.owner() as owner:
        row = owner.execute("select expires_at, created_at from session where token = %s", [token]).fetchone()
    assert row is not None
    assert row[0] - row[1] == timedelta(days=7)
    assert abs(row[1] - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=1), "in UTC, whatever the server's zone"


def test_the_e_mail_counts_in_any_case(desktop: psycopg.Connection, ada: Person) -> None:
    assert sign_in(desktop, ada.email.upper()) is not None


@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org"])
def test_a_wrong_password_and_an_unknown_e_mail_look_the_same(desktop: psycopg.Connection, ada: Person, email: str) -> None:
    assert try_password(desktop, email, "wrong") is not None
    assert sign_in(desktop, email, "wrong") is None


def test_an_unknown_e_mail_has_a_salt_that_stays(desktop: psycopg.Connection, ada: Person) -> None:
    real = one(desktop, "select devots.sign_in_salt(%s)", ada.email)
    made_up = [one(desktop, "select devots.sign_in_salt(%s)", email) for email in ("nobody@x.org", "NOBODY@x.org", "other@x.org")]
    assert made_up[0] == made_up[1] != made_up[2]
    assert len(real) == len(made_up[0]) == 32


def test_five_wrong_tries_close_the_door_for_the_right_password_too(desktop: psycopg.Connection, ada: Person, managed: Managed) -> None:
    for _ in range(5):
        assert try_password(desktop, ada.email, "wrong") is not None
    assert try_password(desktop, ada.email, PASSWORD) is None
    with managed.owner() as owner:
        owner.execute("update devots.attempt set at = at - interval '11 minutes'")
    assert sign_in(desktop, ada.email) is not None


def test_right_tries_close_no_door(desktop: psycopg.Connection, ada: Person) -> None:
    assert all(sign_in(desktop, ada.email) for _ in range(7))


def test_a_try_is_claimed_once(desktop: psycopg.Connection, ada: Person) -> None:
    attempt = try_password(desktop, ada.email, PASSWORD)
    assert one(desktop, "select devots.sign_in_claim(%s)", attempt) is not None
    assert one(desktop, "select devots.sign_in_claim(%s)", attempt) is None


def test_a_try_is_claimed_soon(desktop: psycopg.Connection, ada: Person, managed: Managed) -> None:
    attempt = try_password(desktop, ada.email, PASSWORD)
    with managed.owner() as owner:
        owner.execute("update devots.attempt set at = at - interval '3 minutes'")
    assert one(desktop, "select devots.sign_in_claim(%s)", attempt) is None


def test_tries_that_are_rolled_back_teach_nothing(desktop: psycopg.Connection, ada: Person) -> None:
    """With a single function, 50 guesses in rolled-back transactions would be free."""
    for password in ("wrong", PASSWORD):
        with desktop.transaction(force_rollback=True):
            attempt = try_password(desktop, ada.email, password)
            assert attempt is not None
            assert one(desktop, "select devots.sign_in_claim(%s)", attempt) is None
        assert one(desktop, "select devots.sign_in_claim(%s)", attempt) is None


def test_a_savepoint_is_no_earlier_transaction(desktop: psycopg.Connection, ada: Person) -> None:
    with desktop.transaction():
        with desktop.transaction():
            attempt = try_password(desktop, ada.email, PASSWORD)
        assert one(desktop, "select devots.sign_in_claim(%s)", attempt) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ('alter table "user" add two_factor_enabled boolean default true', "two_factor"),
        ('alter table "user" add banned boolean default true', "banned"),
        ("update devots.setting set value = 'on' where name = 'verified_email'", "unverified"),
    ],
)
def test_who_may_not_come_in_by_this_door_learns_why_only_with_the_right_key(
    desktop: psycopg.Connection, ada: Person, managed: Managed, change: str, reason: str
) -> None:
    with managed.owner() as owner:
        owner.execute(change)
    attempt = try_password(desktop, ada.email, PASSWORD)
    assert refusal(desktop, "select devots.sign_in_claim(%s)", attempt) == ("DV403", reason)
    assert sign_in(desktop, ada.email, "wrong") is None


class TestSignUp:
    def sign_up(self, connection: psycopg.Connection, email: str, name: str = "Ada") -> str:
        salt = new_salt()
        user_id: str = one(connection, "select devots.sign_up(%s, %s, %s, %s)", name, email, salt, derive_key(PASSWORD, salt))
        return user_id

    def test_who_signs_up_can_sign_in(self, desktop: psycopg.Connection) -> None:
        user_id = self.sign_up(desktop, "New@Example.org")
        desktop.execute("select set_config('devots.session', %s, false)", [sign_in(desktop, "new@example.org")])
        assert one(desktop, "select devots.uid()") == user_id

    def test_the_rows_are_what_a_portal_writes(self, desktop: psycopg.Connection, managed: Managed) -> None:
        user_id = self.sign_up(desktop, "new@example.org")
        with managed.owner() as owner:
            row = owner.execute(
                'select a.provider_id, a.account_id, a.password, u.email_verified from account a join "user" u on u.id = a.user_id where u.id = %s',
                [user_id],
            ).fetchone()
        assert row is not None
        assert (row[0], row[1], row[3]) == ("credential", user_id, False)
        salt, key = row[2].split(":")
        assert key == derive_key(PASSWORD, salt)

    def test_a_taken_e_mail_is_refused_and_keeps_its_password(self, desktop: psycopg.Connection, ada: Person) -> None:
        salt = new_salt()
        answer = refusal(desktop, "select devots.sign_up('Eve', %s, %s, %s)", ada.email.upper(), salt, derive_key("mine", salt))
        assert answer[0] == "DV409"
        assert sign_in(desktop, ada.email) is not None

    def test_it_is_refused_where_the_owner_turned_it_off(self, desktop: psycopg.Connection, managed: Managed) -> None:
        migrate.set_sign_up(managed.database.url(), on=False)
        assert refusal(desktop, "select devots.sign_up('A', 'a@b', %s, %s)", "0" * 32, "0" * 128)[0] == "DV403"

    @pytest.mark.parametrize(
        ("name", "email", "salt", "key"),
        [
            ("  ", "a@b", "0" * 32, "0" * 128),
            ("A", "no address", "0" * 32, "0" * 128),
            ("A", "a@b", "0" * 31, "0" * 128),
            ("A", "a@b", "0" * 32, "0" * 127 + ":"),
            ("A", "a@b", None, "0" * 128),
        ],
    )
    def test_what_cannot_be_right_is_refused(self, desktop: psycopg.Connection, name: str, email: str, salt: str | None, key: str) -> None:
        assert refusal(desktop, "select devots.sign_up(%s, %s, %s, %s)", name, email, salt, key)[0] == "DV422"


class TestSession:
    @pytest.fixture
    def signed_in(self, managed: Managed, ada: Person) -> Iterator[psycopg.Connection]:
        with managed.signed_in(ada) as connection:
            yield connection

    def test_signing_out_ends_it_and_no_other(self, signed_in: psycopg.Connection, desktop: psycopg.Connection, ada: Person) -> None:
        other = sign_in(desktop, ada.email)
        signed_in.execute("select devots.sign_out()")
        assert one(signed_in, "select devots.uid()") is None
        desktop.execute("select set_config('devots.session', %s, false)", [other])
        assert one(desktop, "select devots.uid()") == ada.user_id

    def test_touching_slides_it_to_a_week_once_a_day(self, signed_in: psycopg.Connection, managed: Managed, ada: Person) -> None:
        def ends() -> datetime:
            with managed.owner() as owner:
                value: datetime = one(owner, "select expires_at from session where token = %s", ada.token)
                return value

        first = ends()
        assert one(signed_in, "select devots.session_touch()") == first, "younger than a day: left alone"
        with managed.owner() as owner:
            owner.execute("update session set expires_at = expires_at - interval '2 days' where token = %s", [ada.token])
        touched = one(signed_in, "select devots.session_touch()")
        assert touched == ends()
        assert timedelta(0) <= touched - first < timedelta(minutes=1)

    @pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+12", "Etc/GMT-14"])
    def test_an_expired_one_stays_so_in_every_time_zone(self, managed: Managed, desktop: psycopg.Connection, zone: str) -> None:
        person = managed.add_person("late", lasts="-1 minute")
        desktop.execute("select set_config('devots.session', %s, false), set_config('timezone', %s, false)", [person.token, zone])
        assert one(desktop, "select devots.uid()") is None
        assert one(desktop, "select devots.session_touch()") is None
        assert one(desktop, "select devots.uid()") is None
