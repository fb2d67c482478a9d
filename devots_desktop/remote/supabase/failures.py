"""Supabase's failures in the project's own words, by code and status and never by the message's text (supabase-contract.md, sections 1 and 2.3).

A message of the server can carry SQL and a todo's text, so none is passed on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from supabase_auth.errors import AuthError

from devots_desktop.domain.errors import (
    AccountUnusable,
    BatchRefused,
    ConfirmationNeeded,
    DevotsError,
    NotMigrated,
    SignedOut,
    TooManyTries,
    Unreachable,
    WrongCredentials,
)
from devots_desktop.remote import web
from devots_desktop.remote.supabase.http import Rejected
from devots_desktop.remote.supabase.keys import Project

EXPIRED = ("PGRST301", "PGRST303")
"""The REST server's words for a token that it does not accept: a fresh one is due (supabase-contract.md, section 2.2)."""
TERMINAL = frozenset(
    {
        "refresh_token_not_found",
        "refresh_token_already_used",
        "session_not_found",
        "session_expired",
        "user_banned",
        "user_not_found",
        "validation_failed",
    }
)
"""A refresh that is refused so ended the session. Whatever else goes wrong with one is trouble on the way (section 4.4)."""

_REFUSED_CLASSES = ("22", "23", "54", "P0")
"""SQLSTATE classes that say the data is the trouble; P0 is a rule of the database's owner (Appendix A of PostgreSQL's manual)."""
_WAIT_S = 60
"""Seconds to wait where a rate limit does not say how long."""
_AGAIN = "It is tried again by itself."
_UPGRADE = "Ask its owner to run `devots db upgrade --flavour supabase`."
_WEAK = {
    "length": "it is too short",
    "characters": "it lacks kinds of characters that the project asks for",
    "pwned": "it is known from a leak",
}

_SIGN_IN = {
    "user_banned": ("Account closed", "The project's owner has closed this account.", "Ask the owner."),
    "user_already_exists": ("E-mail taken", "There is an account with this e-mail already.", "Sign in instead of signing up."),
    "email_exists": ("E-mail taken", "There is an account with this e-mail already.", "Sign in instead of signing up."),
    "signup_disabled": (
        "No sign-up",
        "This project does not let people sign up by themselves.",
        "Ask its owner for an account, then sign in.",
    ),
    "email_provider_disabled": (
        "No sign-in by e-mail",
        "This project does not let people sign in by e-mail.",
        "Ask its owner to turn the e-mail provider on.",
    ),
    "otp_disabled": (
        "No code sent",
        "No code can be sent: nobody has signed up with this e-mail, or the project sends none.",
        "Check the e-mail, or sign up.",
    ),
    "otp_expired": ("Code not right", "The code is not right, or it is too old.", "Check it, or ask for a new one."),
    "same_password": ("Password not usable", "The new password is the old one.", "Choose another one."),
    "reauthentication_needed": (
        "Confirmation needed",
        "The project wants the change of a password to be confirmed once more.",
        "Change it on the web.",
    ),
    "captcha_failed": (
        "Captcha asked for",
        "This project asks for a captcha, which only a browser can show.",
        "Ask its owner to turn captcha protection off.",
    ),
    "email_address_invalid": ("E-mail not accepted", "The project does not accept this e-mail.", "Check it."),
    "email_address_not_authorized": (
        "No mail to this address",
        "The project sends mail to its own team only, as long as it has no mail server of its own.",
        "Ask its owner to set up a mail server (SMTP).",
    ),
    "insufficient_aal": (
        "Second factor",
        "This account asks for a second factor, which this way of signing in does not have.",
        "Sign in on the web.",
    ),
    "validation_failed": (
        "Not accepted",
        "The server does not take e-mail, password or code as they are written.",
        "Check them and try again.",
    ),
}


@contextmanager
def translated(project: Project) -> Iterator[None]:
    """Turn what the network and the libraries raise into the project's family; `Rejected` passes."""
    try:
        yield
    except httpx.TransportError as error:
        # The library's errors carry requests and parameters: they must not be chained into a report.
        raise transport(error, project) from None
    except (AuthError, httpx.DecodingError, ValueError) as error:
        if isinstance(error.__cause__, httpx.TransportError):
            # The library of the Auth server has its own error around it.
            raise transport(error.__cause__, project) from None
        # JSON of another shape, or none: pydantic's and json's errors are ValueErrors, and hold what they could not read.
        raise web.unreadable() from None


def rest(rejected: Rejected) -> DevotsError:
    """What an error of the REST server means for the account, once a fresh token was tried where that might have helped."""
    code, status = rejected.code, rejected.status
    if code == "PT401":
        return SignedOut()
    if code in EXPIRED or code == "PGRST302" or (code == "42501" and status == httpx.codes.UNAUTHORIZED):
        return Unreachable("Session not accepted", "The server does not accept a session that it has just confirmed.", _AGAIN)
    if code in ("PGRST202", "42883", "3F000", "PGRST205", "42P01"):
        return NotMigrated("Project not prepared", "This project lacks tables or functions that Devots Desktop works with.", _UPGRADE)
    if code in ("42501", "PGRST106", "PGRST204", "42703"):
        return AccountUnusable("Rights missing", "The project does not give its people the rights that Devots Desktop needs.", _UPGRADE)
    if code[:2] in _REFUSED_CLASSES or code == "PGRST102" or status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return BatchRefused("Not accepted", "The server did not accept the change.", "Edit the todo and try again.")
    return either(rejected)


def sign_in(rejected: Rejected) -> DevotsError:
    """What an error of the Auth server means for who signs in, up or out, or asks for a code."""
    code = rejected.code
    if code == "invalid_credentials":
        return WrongCredentials()
    if code == "email_not_confirmed":
        return ConfirmationNeeded()
    if code == "weak_password":
        reasons = " and ".join(_WEAK[each] for each in rejected.reasons if each in _WEAK) or "it is too weak"
        return AccountUnusable("Password not usable", f"The project does not take this password: {reasons}.", "Choose another one.")
    if code in _SIGN_IN:
        return AccountUnusable(*_SIGN_IN[code])
    if rejected.status == httpx.codes.TOO_MANY_REQUESTS:
        return TooManyTries(rejected.seconds or _WAIT_S)
    if code and 400 <= rejected.status < 500 and rejected.status not in (401, 408, 409, 425):
        return AccountUnusable("Not accepted", f"The server did not accept this ({code}).", "Check what you entered and try again.")
    return either(rejected)


def either(rejected: Rejected) -> DevotsError:
    """What an error means that has no meaning of its own to the server that was asked."""
    status = rejected.status
    if rejected.foreign and (status < 400 or status == httpx.codes.NETWORK_AUTHENTICATION_REQUIRED):
        return web.captive()
    if status == httpx.codes.UNAUTHORIZED and not rejected.foreign and not rejected.code:
        return AccountUnusable("Key not accepted", "The project does not accept this key.", "Sign in again with the project's current key.")
    if status in (521, 540):
        return Unreachable(
            "Project paused", "The project is paused or just starting.", "Wake it in Supabase's dashboard; it is tried again."
        )
    if rejected.foreign and status == httpx.codes.NOT_FOUND:
        return Unreachable("No Supabase there", "What answers at this address is no Supabase project.", "Check the address.")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Unreachable("Server busy", "The server takes no more requests for a while.", _AGAIN)
    return Unreachable("Server busy", f"The server cannot answer just now (HTTP {status}).", _AGAIN)


def transport(error: httpx.TransportError, project: Project) -> DevotsError:
    """What it means that no answer came."""
    if project.ref and not isinstance(error, httpx.ProxyError) and web.unknown_name(error):
        return Unreachable(
            "Offline",
            f"The name {project.host} is not known; that of a project that was paused for long is not.",
            "Check network and address.",
        )
    return web.transport(error, project)
