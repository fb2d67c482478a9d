"""How a PostgreSQL account's server stands, as a person's own login can see it. Synchronous, for a thread; raises nothing of the DevotsError family.

No finding names the server, the database or the person.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from devots_desktop.domain.errors import DevotsError, NotMigrated, ServerTooNew, Unreachable, UnsafeLogin
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote import clock
from devots_desktop.remote.postgres.address import Address
from devots_desktop.remote.postgres.connection import check, make_engine
from devots_desktop.remote.postgres.failures import translated
from devots_desktop.remote.postgres.reaching import pooler
from devots_desktop.remote.postgres.rights import REPAIR, deviations

SERVER, SESSION, ROWS, RIGHTS = "server", "session", "row-level security", "functions and rights"
_NOW = text("select extract(epoch from clock_timestamp())::float8")
_WHO = text("select devots.session_user_id() from (select set_config('devots.session', :token, true) offset 0) s")
_BOUND = text(
    "select bool_and(row_security_active(t)) from unnest(array['public.todo', 'public.todo_tombstone', 'public.todo_mutation']) t"
)
_NOBODYS = text(
    "select (select count(*) from public.todo) + (select count(*) from public.todo_tombstone) + (select count(*) from public.todo_mutation)"
)
_PULL = text("select devots_pull(0)")


def examine(address: Address, password: str, token: str, user_id: str) -> list[Finding]:
    """Look at the server.

    Args:
        password: the login's.
        token: the person's session.
        user_id: whose session that should be.

    Returns:
        findings; those behind a failure are left out.
    """
    found: list[Finding] = []
    try:
        with _connected(address, password) as connection:
            for look in (
                _server(connection, address),
                _session(connection, token, user_id),
                _clock(connection),
                _rows(connection),
                _rights(connection),
            ):
                found += look
    except DevotsError as error:
        found.append(_failure(error))
    return found


@contextmanager
def _connected(address: Address, password: str) -> Iterator[Connection]:
    with translated(address), make_engine(address, password).connect() as connection:
        yield connection


def _server(connection: Connection, address: Address) -> Iterator[Finding]:
    check(connection)
    version = connection.exec_driver_sql("show server_version").scalar_one().partition(" ")[0]
    revision = connection.exec_driver_sql("select devots.revision()").scalar_one()
    through = " through a pooler in session mode" if pooler(address) else ""
    yield Finding(SERVER, Level.OK, f"PostgreSQL {version} answers{through}, at revision {revision}.")


def _session(connection: Connection, token: str, user_id: str) -> Iterator[Finding]:
    who = connection.execute(_WHO, {"token": token}).scalar_one()
    if who is None:
        yield Finding(SESSION, Level.WRONG, "Your session has ended.", "Sign in again; your changes are kept and will be sent.")
    elif who != user_id:
        yield Finding(SESSION, Level.WRONG, "The session is another person's.", "Remove the account here and add it again.")
    else:
        yield Finding(SESSION, Level.OK, "You are signed in.")


def _clock(connection: Connection) -> Iterator[Finding]:
    """The middle of the shortest of three questions is when the server looked at its clock."""
    samples = []
    for _ in range(3):
        start = time.time()
        server = connection.execute(_NOW).scalar_one()
        end = time.time()
        samples.append((end - start, (start + end) / 2 - server))
    yield clock.told(min(samples)[1])


def _rows(connection: Connection) -> Iterator[Finding]:
    """That it is in force is not believed but tried: without a session nothing is to be seen, and a pull is to be refused."""
    if not connection.execute(_BOUND).scalar_one():
        yield Finding(
            ROWS, Level.WRONG, "Row-level security does not bind this login on every table.", f"For the database's owner: {REPAIR}"
        )
    elif connection.execute(_NOBODYS).scalar_one():
        yield Finding(ROWS, Level.WRONG, "Somebody who is not signed in can see rows.", f"For the database's owner: {REPAIR}")
    elif not _refuses_nobody(connection):
        yield Finding(
            ROWS, Level.WRONG, "Somebody who is not signed in gets an answer instead of a refusal.", f"For the database's owner: {REPAIR}"
        )
    else:
        yield Finding(ROWS, Level.OK, "Row-level security is in force, and nobody who is not signed in sees anything.")


def _refuses_nobody(connection: Connection) -> bool:
    try:
        connection.execute(_PULL)
    except DBAPIError as error:
        return getattr(error.orig, "sqlstate", None) == "PT401"
    return False


def _rights(connection: Connection) -> Iterator[Finding]:
    wrong = deviations(connection, "portal")
    for each in wrong:
        yield Finding(RIGHTS, Level.WRONG, each.sentence, f"For the database's owner: {each.mend}")
    if not wrong:
        yield Finding(RIGHTS, Level.OK, "Functions, policies, triggers and rights are those of the migrations.")


def _failure(error: DevotsError) -> Finding:
    """Without the error's sentence, which names the server."""
    match error:
        case UnsafeLogin():
            next_step = f"{error.next_step} Where it is that login, for the database's owner: {REPAIR}"
            return Finding(ROWS, Level.WRONG, "This login is not bound by row-level security.", next_step)
        case NotMigrated() | ServerTooNew():
            return Finding(SERVER, Level.WRONG, f"{error.title}.", error.next_step)
        case Unreachable():
            return Finding(SERVER, Level.WRONG, "The server does not answer, or not now.", error.next_step)
        case _:
            return Finding(SERVER, Level.WRONG, f"{error.title}.", error.next_step)
