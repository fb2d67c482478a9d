"""PostgreSQL's failures in the project's own words, by SQLSTATE and never by the message's text, save while connecting, where libpq has none.

A message of the server can carry SQL and a todo's text, so none is passed on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from devots_desktop.domain.errors import (
    AccountUnusable,
    BatchRefused,
    DevotsError,
    NotMigrated,
    SignedOut,
    Unreachable,
)
from devots_desktop.remote.postgres.address import Address
from devots_desktop.remote.postgres.reaching import without_answer

_REFUSED_CLASSES = ("22", "23", "54")
"""SQLSTATE classes that say the data is the trouble: data exception, integrity constraint, program limit (Appendix A of the manual)."""


def not_migrated() -> NotMigrated:
    """The error for a database without our migrations, or with older ones than the program needs."""
    return NotMigrated(
        "Database not prepared",
        "This database is not prepared for Devots Desktop.",
        "Ask its owner to run `devots db upgrade`.",
    )


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Turn the driver's errors into the project's family."""
    try:
        yield
    except DBAPIError as error:
        # The driver's error carries statement and parameters: it must not be chained into a report.
        raise translate(error, address) from None


def translate(error: DBAPIError, address: Address) -> DevotsError:
    """What a driver's error means for the account."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return without_answer(str(error.orig), address)
    if state == "PT401":
        return SignedOut()
    if state in ("42883", "3F000", "42P01"):
        return not_migrated()
    if state == "42501":
        return AccountUnusable(
            "Login not allowed",
            f"The login {address.login} lacks the rights that Devots Desktop needs.",
            "Use the login devots_desktop, and ask the database's owner to run `devots db upgrade`.",
        )
    if state[:2] in _REFUSED_CLASSES:
        return BatchRefused("Not accepted", f"The server did not accept the change (SQLSTATE {state}).", "Edit the todo and try again.")
    return Unreachable("Server busy", f"The database cannot answer just now (SQLSTATE {state}).", "It is tried again by itself.")
