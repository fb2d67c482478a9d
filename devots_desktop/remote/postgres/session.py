"""Signing in to a PostgreSQL account: the password never leaves this computer, only the key derived from it (sync.md, "Direct sign-in").

Synchronous, for a thread: deriving the key takes 60 ms and the network what it takes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from devots_desktop.domain.errors import AccountUnusable, DevotsError, TooManyTries, WrongCredentials
from devots_desktop.remote.postgres.address import Address
from devots_desktop.remote.postgres.connection import check, make_engine
from devots_desktop.remote.postgres.failures import translate, translated
from devots_desktop.remote.postgres.password import derive_key, new_salt

_LIMIT_S = 600
_SALT = text("select devots.sign_in_salt(:email)")
_TRY = text("select devots.sign_in_try(:email, :key)")
_CLAIM = text("select devots.sign_in_claim(cast(:attempt as uuid))")
_SIGN_UP = text("select devots.sign_up(:name, :email, :salt, :key)")
_WHO = text("select devots.session_user_id() from (select set_config('devots.session', :token, true) offset 0) s")
_SIGN_OUT = text("select devots.sign_out() from (select set_config('devots.session', :token, true) offset 0) s")


@dataclass(frozen=True, slots=True)
class Session:
    """A person's session. The token is a secret."""

    user_id: str
    token: str

    def __repr__(self) -> str:
        return f"Session(user_id={self.user_id!r})"


def sign_in(address: Address, login_password: str, email: str, password: str) -> Session:
    """Sign in with e-mail and password.

    Raises:
        WrongCredentials: one of them is not right.
        TooManyTries: five wrong ones within ten minutes.
        DevotsError: the server cannot be reached or used.
    """
    with _connected(address, login_password) as connection:
        return _sign_in(connection, email, password)


def sign_up(address: Address, login_password: str, email: str, password: str, *, name: str) -> Session:
    """Make an account on the server and sign in to it.

    Raises:
        DevotsError: as sign_in, and where the server does not offer sign-up or the e-mail is taken.
    """
    salt = new_salt()
    values = {"name": name, "email": email, "salt": salt, "key": derive_key(password, salt)}
    with _connected(address, login_password) as connection:
        try:
            connection.execute(_SIGN_UP, values)
        except DBAPIError as error:
            raise (_barred(error) or translate(error, address)) from None
        return _sign_in(connection, email, password)


def sign_out(address: Address, login_password: str, token: str) -> None:
    """End a session at the server."""
    with _connected(address, login_password) as connection:
        connection.execute(_SIGN_OUT, {"token": token})


@contextmanager
def _connected(address: Address, login_password: str) -> Iterator[Connection]:
    """A checked connection, with the driver's errors translated."""
    with translated(address), make_engine(address, login_password).connect() as connection:
        check(connection)
        yield connection


def _sign_in(connection: Connection, email: str, password: str) -> Session:
    """Try and claim are two transactions: only a committed try is answered, so that guesses cannot be rolled back."""
    key = derive_key(password, connection.execute(_SALT, {"email": email}).scalar_one())
    attempt = connection.execute(_TRY, {"email": email, "key": key}).scalar_one()
    if attempt is None:
        raise TooManyTries(_LIMIT_S)
    try:
        token = connection.execute(_CLAIM, {"attempt": attempt}).scalar_one()
    except DBAPIError as error:
        barred = _barred(error)
        if barred is None:
            raise
        raise barred from None
    if token is None:
        raise WrongCredentials
    return Session(connection.execute(_WHO, {"token": token}).scalar_one(), token)


_BARRED = {
    "two_factor": (
        "Two-factor sign-in",
        "This account asks for a second factor, which this way of signing in does not have.",
        "Sign in on the web.",
    ),
    "banned": ("Account closed", "The server's owner has closed this account.", "Ask the owner."),
    "unverified": (
        "E-mail not confirmed",
        "The e-mail of this account is not confirmed yet.",
        "Open the link in the server's e-mail, then try again.",
    ),
    "sign-up is off": (
        "No sign-up",
        "This server does not let people sign up by themselves.",
        "Ask its owner for an account, then sign in.",
    ),
}


def _barred(error: DBAPIError) -> DevotsError | None:
    """Our own functions' refusals: their SQLSTATE is DV..., and the word in the message is ours."""
    state = getattr(error.orig, "sqlstate", None)
    if state == "DV409":
        return AccountUnusable("E-mail taken", "There is an account with this e-mail already.", "Sign in instead of signing up.")
    if state == "DV422":
        return AccountUnusable("Not complete", "Name or e-mail cannot be right.", "Check both and try again.")
    if state == "DV403":
        word = error.orig.diag.message_primary if error.orig is not None else ""  # type: ignore[attr-defined]  # psycopg's error has it
        return AccountUnusable(*_BARRED.get(word, ("Not allowed", "The server does not let this account in.", "Ask the server's owner.")))
    return None
