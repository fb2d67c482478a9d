"""A portal's failures in the project's own words, by status and code and never by the message's text (portal-contract.md, sections 2 to 4).

A message of the server can carry SQL and a todo's text, so none is passed on.
"""

import re
from typing import Any

from devots_desktop.domain.errors import AccountUnusable, BatchRefused, DevotsError, SignedOut, TooManyTries, Unreachable, WrongCredentials
from devots_desktop.remote import web
from devots_desktop.remote.portal.wire import Reply

WAIT_S = 60
"""Seconds to wait where a rate limit does not say how long."""
_AGAIN = "It is tried again by itself."
_ADDRESS = "Enter the address that the portal is opened with in the browser."
_CODE = re.compile(r"\w{1,64}", re.ASCII)

_REFUSALS = ("BAD_REQUEST", "PAYLOAD_TOO_LARGE", "UNPROCESSABLE_CONTENT", "FORBIDDEN", "CONFLICT", "PRECONDITION_FAILED")

_FOREIGN_ORIGIN = ("Address not the portal's", "The portal knows itself under another address than the one that was entered.", _ADDRESS)
_WRONG_CODE = ("Code not right", "The code is not right, or it is too old.", "Check it, or take a new one.")
_BEGIN_AGAIN = ("Too late", "This sign-in has taken too long, or had too many codes that were not right.", "Begin it again.")
_SIGN_IN = {
    "EMAIL_NOT_VERIFIED": (
        "E-mail not confirmed",
        "The portal wants this e-mail to be confirmed first.",
        "Open the link in the message that the portal has sent, then sign in.",
    ),
    "EMAIL_PASSWORD_DISABLED": (
        "No sign-in by password",
        "This portal does not let people sign in by e-mail and password.",
        "Sign in by the browser, or ask the portal's owner for device sign-in.",
    ),
    "BANNED_USER": ("Account closed", "The portal's owner has closed this account.", "Ask the owner."),
    "INVALID_EMAIL": ("Not accepted", "The portal does not take this e-mail as it is written.", "Check it and try again."),
    "VALIDATION_ERROR": ("Not accepted", "The portal does not take this as it is written.", "Check it and try again."),
    "INVALID_ORIGIN": _FOREIGN_ORIGIN,
    "MISSING_OR_NULL_ORIGIN": _FOREIGN_ORIGIN,
    "INVALID_CODE": _WRONG_CODE,
    "INVALID_BACKUP_CODE": _WRONG_CODE,
    "OTP_HAS_EXPIRED": _WRONG_CODE,
    "INVALID_TWO_FACTOR_COOKIE": _BEGIN_AGAIN,
    "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE": _BEGIN_AGAIN,
    "OTP_NOT_CONFIGURED": ("No code sent", "This portal sends no codes by e-mail.", "Take the code of your authenticator app."),
    "invalid_client": (
        "Device not known",
        "This portal lets devices in, but not this program.",
        "Ask its owner to let the client devots-desktop in, or sign in by e-mail and password.",
    ),
    "access_denied": ("Not let in", "Somebody has refused this device in the browser.", "Begin again if it was not meant so."),
    "expired_token": ("Code too old", "The code was not entered in time.", "Begin again and enter the new one."),
    "invalid_grant": ("Code not known", "The portal does not know this device's code any more.", "Begin again and enter the new one."),
}


def auth(reply: Reply) -> DevotsError:
    """What an error of the sign-in side means."""
    code = code_of(reply)
    if reply.status == 429:
        return TooManyTries(seconds_of(reply))
    if code == "INVALID_EMAIL_OR_PASSWORD":
        return WrongCredentials()
    if code in _SIGN_IN:
        return AccountUnusable(*_SIGN_IN[code])
    if reply.foreign or reply.status >= 500 or reply.status in (408, 409, 425) or not code:
        return either(reply)
    return AccountUnusable("Not accepted", f"The portal did not accept this ({code}).", "Check what you entered and try again.")


def query(reply: Reply, code: str) -> DevotsError:
    """What an error of a procedure that only reads means.

    Args:
        code: tRPC's, in `error.data.code`; empty where it was not tRPC that answered.
    """
    if code == "UNAUTHORIZED":
        return SignedOut()
    if code == "FORBIDDEN":
        return AccountUnusable("Not allowed", "The portal does not show you your todos.", "Ask its owner.")
    if code in ("NOT_FOUND", "METHOD_NOT_SUPPORTED", "UNSUPPORTED_MEDIA_TYPE"):
        return AccountUnusable(
            "Another portal", "This portal lacks the procedures that a Devots Portal has for todos.", "Ask its owner, or check the address."
        )
    return either(reply)


def mutation(reply: Reply, code: str) -> DevotsError:
    """As `query`, for one that writes: what the portal does not take is refused, and not the account."""
    return refused() if code in _REFUSALS else query(reply, code)


def refused() -> BatchRefused:
    """The error for what a portal will not have."""
    return BatchRefused("Not accepted", "The portal did not accept the change.", "Change the todo and try again.")


def either(reply: Reply) -> DevotsError:
    """What an error means that has no meaning of its own."""
    status = reply.status
    if reply.foreign and 300 <= status < 400:
        return Unreachable(
            "Sent elsewhere",
            "What answers sends on to another page: the address has changed, or a public network wants a sign-in.",
            "Open the address in the browser, and enter the one that it ends at; it is tried again by itself.",
        )
    if status == 511 or (reply.foreign and status < 400):
        return web.captive()
    if status == 404:
        return Unreachable("No portal there", "What answers at this address is no Devots Portal.", "Check the address.")
    if status == 429:
        return Unreachable("Server busy", "The portal takes no more requests for a while.", _AGAIN)
    if status < 400:
        return web.unreadable()
    return Unreachable("Server busy", f"The portal cannot answer just now (HTTP {status}).", _AGAIN)


def code_of(reply: Reply) -> str:
    """Better Auth's word for an error, or that of the device endpoints; empty where there is none."""
    body: Any = reply.body if isinstance(reply.body, dict) else {}
    words = (body.get("code"), body.get("error"))
    return next((word for word in words if isinstance(word, str) and _CODE.fullmatch(word)), "")


def seconds_of(reply: Reply) -> int:
    """After which it may be tried again. The portal's own header is x-retry-after, a proxy's Retry-After (RFC 9110, section 10.2.3)."""
    for name in ("x-retry-after", "retry-after"):
        text = reply.headers.get(name, "")
        if text.isascii() and text.isdigit():
            return min(int(text[:6]), 86_400)
    return WAIT_S


def code_ended() -> AccountUnusable:
    """The error for a device's code that nobody has entered in time."""
    return AccountUnusable(*_SIGN_IN["expired_token"])
