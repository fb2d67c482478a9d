"""A person's session at a portal (portal-contract.md, section 2).

Nobody renews it from here: the portal stretches it whenever it is used, and its token never changes. It has ended when the portal says so, by the answer
null or by tRPC's 401; an error of the server or no answer at all says nothing about it, and neither does a cookie's Max-Age, which the portal forgets to
move.
"""

from typing import NamedTuple

from devots_desktop.domain.errors import SignedOut
from devots_desktop.remote import web
from devots_desktop.remote.portal import failures
from devots_desktop.remote.portal.wire import Wire


class Person(NamedTuple):
    """Who is signed in."""

    user_id: str
    email: str


async def who(wire: Wire) -> Person:
    """Whom the portal takes this session for, asked now.

    Raises:
        SignedOut: the session has ended.
        DevotsError: no answer could be had just now.
    """
    found = await look(wire)
    if found is None:
        raise SignedOut
    return found


async def look(wire: Wire) -> Person | None:
    """As `who`; None where nobody is signed in. It proves, too, that a portal answers there."""
    reply = await wire.get("api/auth/get-session")
    if not reply.good:
        raise failures.either(reply)
    if reply.body is None and reply.status == 200:
        return None
    try:
        user = reply.body["user"]
        return Person(str(user["id"]), str(user.get("email") or ""))
    except (AttributeError, KeyError, TypeError):
        raise web.unreadable() from None


async def sign_out(wire: Wire) -> None:
    """End this session, and no other of the person's. Raises DevotsError: the portal did not say that it has ended."""
    reply = await wire.post("api/auth/sign-out", {})
    if not reply.good:
        raise failures.auth(reply)
