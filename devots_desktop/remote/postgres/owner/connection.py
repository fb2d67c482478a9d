"""The owner's connection to a database, and its errors in the project's own words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg.errors
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, PendingRollbackError
from sqlalchemy.pool import NullPool

from devots_desktop.domain.errors import AccountUnusable, DevotsError, Unreachable
from devots_desktop.remote.postgres.address import Address
from devots_desktop.remote.postgres.reaching import refuse_transaction_pooler, without_answer
from devots_desktop.remote.postgres.steps import LOCK_TIMEOUT

SETTINGS = f"set timezone = 'UTC'; set search_path = public; set statement_timeout = 0; set lock_timeout = '{LOCK_TIMEOUT}'"
"""What makes SQL mean the same on every server. Statements and no parameters of the connection: poolers pass over those."""

_OLDEST_SERVER = 15
_CONNECT_SECONDS = 10


@contextmanager
def connect(url: str, connect_args: Mapping[str, str] | None) -> Iterator[Connection]:
    """A connection of the owner. Its errors become ours.

    Raises:
        DevotsError: the URL is none, nobody answers there, this login is refused, or the server is older than PostgreSQL 15.
    """
    settings = {"connect_timeout": str(_CONNECT_SECONDS), "application_name": "devots db", **(connect_args or {})}
    address = owners_address(url)
    refuse_transaction_pooler(address)
    try:
        engine = create_engine(_with_our_driver(url), poolclass=NullPool, connect_args=settings)
        with engine.connect() as connection:
            if server_version(connection) < _OLDEST_SERVER:
                raise AccountUnusable("Server too old", "This PostgreSQL is older than version 15.", "Upgrade the server first.")
            connection.exec_driver_sql(SETTINGS)
            connection.commit()
            yield connection
    except DBAPIError as error:
        raise _translated(error, address) from None
    except PendingRollbackError:  # the connection was lost, and the way out of a transaction noticed it
        raise _lost() from None


@contextmanager
def alone(url: str, connect_args: Mapping[str, str] | None) -> Iterator[Connection]:
    """A connection that changes things: one at a time for a database.

    Raises:
        DevotsError: as `connect`, and where another is at work.
    """
    with connect(url, connect_args) as connection:
        if not connection.execute(text("select pg_try_advisory_lock(hashtextextended('devots db', 0))")).scalar_one():
            raise DevotsError(
                "Busy", "Another `devots db` is working on this database.", "Wait until it has finished, then run this again."
            )
        connection.rollback()
        yield connection


def server_version(connection: Connection) -> int:
    """The server's major version."""
    number: int = connection.connection.driver_connection.info.server_version  # type: ignore[union-attr]
    return number // 10_000


def owners_address(url: str) -> Address:
    """Where an owner's URL leads.

    Raises:
        AccountUnusable: it is no URL of a PostgreSQL database.
    """
    if url.partition("://")[0].partition("+")[0] not in {"postgres", "postgresql"}:
        raise _not_a_url("it does not begin with postgresql://")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise _not_a_url("its port is no number, or its parts cannot be told apart") from None
    host = parsed.host or _first(parsed.query.get("host"))
    if not host:
        raise _not_a_url("it names no host")
    if not parsed.database:
        raise _not_a_url("it names no database")
    return Address(host, parsed.port or 5432, parsed.database, parsed.username or "")


def _first(value: str | tuple[str, ...] | None) -> str:
    return value if isinstance(value, str) else (value or ("",))[0]


def _with_our_driver(url: str) -> str:
    """Takes the schemes that people have in their environment: postgres, postgresql, postgresql+<driver>."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _not_a_url(why: str) -> AccountUnusable:
    return AccountUnusable(
        "Not a database URL",
        f"This is not the URL of a PostgreSQL database: {why}.",
        "It looks like postgresql://owner:password@host:5432/database; what is special in a password is written as %40 for @, %2F for /.",
    )


def _translated(error: DBAPIError, address: Address) -> DevotsError:
    """Never the server's own message: it may carry values."""
    match error.orig:
        case psycopg.errors.LockNotAvailable():
            return Unreachable("Table in use", "Others kept the table of todos locked.", "Run this again; it goes on where it stopped.")
        case psycopg.errors.InsufficientPrivilege():
            return AccountUnusable(
                "Not allowed", "This login may not do that in this database.", "Use the login that owns the database and its tables."
            )
        case psycopg.OperationalError(sqlstate=None) as while_connecting if error.statement is None:
            return without_answer(str(while_connecting), address)
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return _lost()
        case other:
            code = getattr(other, "sqlstate", None) or "no code"
            return DevotsError(
                "The database refused",
                f"A step failed with SQLSTATE {code}.",
                "The server's log has the details. What was done so far stays.",
            )


def _lost() -> Unreachable:
    return Unreachable(
        "No connection",
        "The connection to the database was lost.",
        "Run this again; it goes on where it stopped.",
    )
