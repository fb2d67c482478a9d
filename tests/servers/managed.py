"""A database that our migrations have run on, with people in it."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from devots_desktop.remote.postgres.password import derive_key, new_salt
from tests.servers.postgres import Database

DESKTOP: Final = "devots_desktop"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a session.

    Attributes:
        token: of a session that ends in a week.
    """

    user_id: str
    email: str
    token: str


@dataclass(frozen=True, slots=True)
class Managed:
    """A migrated database of the portal flavour, unless it says otherwise."""

    database: Database

    def owner(self) -> psycopg.Connection:
        """The owner of the tables, as a portal's server connects; in autocommit. The caller closes it."""
        return self.database.connect()

    def desktop(self) -> psycopg.Connection:
        """The login that people share; in autocommit. The caller closes it."""
        return self.database.connect(DESKTOP)

    @contextmanager
    def signed_in(self, person: Person) -> Iterator[psycopg.Connection]:
        """A person's connection in autocommit, signed in for as long as it lasts."""
        connection = self.desktop()
        try:
            connection.execute("select set_config('devots.session', %s, false)", [person.token])
            yield connection
        finally:
            connection.close()

    def add_person(self, name: str, *, password: str | None = None, lasts: str = "7 days") -> Person:
        """A person made by the owner; with a password when it is to sign in. `lasts`: an interval, negative for an expired session."""
        person = Person(f"{name}-{secrets.token_hex(4)}", f"{name}@example.org", secrets.token_hex(32))
        with self.owner() as owner:
            owner.execute('insert into "user"(id, name, email) values (%s, %s, %s)', [person.user_id, name, person.email])
            owner.execute(
                "insert into session(id, expires_at, token, updated_at, user_id)"
                " values (%s, now() at time zone 'utc' + %s::interval, %s, now() at time zone 'utc', %s)",
                [secrets.token_hex(8), lasts, person.token, person.user_id],
            )
            if password is not None:
                salt = new_salt()
                owner.execute(
                    "insert into account(id, account_id, provider_id, user_id, password, updated_at) values (%s, %s, 'credential', %s, %s, now())",
                    [secrets.token_hex(8), person.user_id, person.user_id, f"{salt}:{derive_key(password, salt)}"],
                )
        return person


def push(connection: psycopg.Connection, *mutations: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers of devots_push."""
    row = connection.execute("select public.devots_push(%s::jsonb)", [json.dumps(mutations)]).fetchone()
    assert row is not None
    answers: list[dict[str, Any]] = row[0]
    return answers


def pull(connection: psycopg.Connection, since: int | str = 0, after: tuple[str, str] | None = None, limit: int = 500) -> dict[str, Any]:
    """A page of devots_pull. `after`: version and client_id of the last row of the page before."""
    version, key = after or (None, None)
    row = connection.execute("select public.devots_pull(%s, %s, %s, %s)", [since, version, key, limit]).fetchone()
    assert row is not None
    page: dict[str, Any] = row[0]
    return page
