"""Where a Supabase project is and which key opens it, as people paste them. Imports nothing heavy: the form checks what is typed with it.

A secret is known by its form and refused here, before anything is stored or sent (supabase-contract.md, section 1.11).
"""

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.remote.place import Place, is_loopback

_REF = r"[a-z0-9]{20}"
"""A project's id, as in https://ID.supabase.co."""
_DASHBOARD_HOSTS = ("supabase.com", "www.supabase.com", "app.supabase.com", "app.supabase.io")
_SECRET_ROLES = ("service_role", "supabase_admin", "postgres")
_WHERE = "Copy the publishable key (or the anon key) from the project's settings, under API keys."


class KeyKind(StrEnum):
    """What a text that was pasted as a key is."""

    PUBLISHABLE = "publishable"
    ANON = "anon"
    SECRET = "secret"  # noqa: S105 (the name of a kind)
    SERVICE_ROLE = "service-role"
    PERSONAL = "personal"
    DATABASE = "database"
    PERSONS_TOKEN = "persons-token"  # noqa: S105 (the name of a kind)
    ADDRESS = "address"
    UNKNOWN = "unknown"


_REFUSED = {
    KeyKind.SECRET: "This is a secret key of the project: it opens everybody's rows.",
    KeyKind.SERVICE_ROLE: "This is the project's service_role key: it opens everybody's rows.",
    KeyKind.PERSONAL: "This is a personal access token of Supabase: it opens all of its owner's projects.",
    KeyKind.DATABASE: "This is the address of a database with its password.",
    KeyKind.PERSONS_TOKEN: "This is the token of somebody's session and not a key of the project.",
    KeyKind.ADDRESS: "This is an address and not a key.",
    KeyKind.UNKNOWN: "This is no key for programs like this one; the project's JWT secret looks so.",
}


@dataclass(frozen=True, slots=True)
class Project(Place):
    """Where a Supabase project is; the URL is scheme, host and port."""

    @classmethod
    def from_text(cls, text: str, *, ca: str = "") -> Self:
        """The project that a pasted text means: its URL, a link of the dashboard, a host's name, or the project's id.

        Raises:
            AccountUnusable: it is none of these, it has a password in it, or it asks for a connection that others can read.
        """
        text = text.strip()
        if classify(text) not in (KeyKind.ADDRESS, KeyKind.UNKNOWN) or text.startswith("eyJ"):
            raise _secret_for_address()
        if re.fullmatch(_REF, text):
            return cls(f"https://{text}.supabase.co", ca)
        parts = _parts(text)
        host, port = parts.hostname or "", parts.port
        if (ref := _ref_in_link(host, parts.path)) is not None:
            return cls(f"https://{ref}.supabase.co", ca)
        scheme = parts.scheme or ("http" if is_loopback(host) else "https")
        if scheme == "http" and not is_loopback(host):
            raise AccountUnusable(
                "Connection not safe", "An address with http:// sends everything in the clear.", "Enter the address with https://."
            )
        shown = f"[{host}]" if ":" in host else host
        return cls(f"{scheme}://{shown}" + (f":{port}" if port else ""), ca)

    @property
    def ref(self) -> str:
        """The project's id at supabase.co; empty for a server of somebody's own."""
        found = re.fullmatch(rf"({_REF})\.supabase\.co", self.host)
        return found[1] if found else ""

    def check_key(self, key: str) -> str:
        """The key without white space around it.

        Raises:
            AccountUnusable: it is a secret, no key, or a key of another project. It was neither stored nor sent.
        """
        key = key.strip()
        if not key:
            raise AccountUnusable("Key missing", "The project's key is missing.", _WHERE)
        kind = classify(key)
        if kind in _REFUSED:
            raise AccountUnusable("Not this key", f"{_REFUSED[kind]} It was neither stored nor sent.", _WHERE)
        other = _claims(key).get("ref", "")
        if self.ref and other and other != self.ref:
            raise AccountUnusable(
                "Key of another project",
                f"This key belongs to the project {_short(other)}, the address to {self.ref}.",
                "Copy address and key from the same project.",
            )
        return key


def classify(key: str) -> KeyKind:
    """What a text is that was pasted as a key, by its form alone."""
    key = key.strip()
    for start, kind in (
        ("sb_publishable_", KeyKind.PUBLISHABLE),
        ("sb_secret_", KeyKind.SECRET),
        ("sbp_", KeyKind.PERSONAL),
        ("postgres://", KeyKind.DATABASE),
        ("postgresql://", KeyKind.DATABASE),
        ("https://", KeyKind.ADDRESS),
        ("http://", KeyKind.ADDRESS),
    ):
        if key.startswith(start):
            return kind
    claims = _claims(key)
    if claims.get("role") in _SECRET_ROLES:
        return KeyKind.SERVICE_ROLE
    if "sub" in claims:
        return KeyKind.PERSONS_TOKEN
    return KeyKind.ANON if claims.get("role") == "anon" else KeyKind.UNKNOWN


def claims_of(token: str) -> dict[str, Any]:
    """What a JSON Web Token says, unverified (RFC 7519): to know when it ends, never to decide what somebody may.

    Raises:
        ValueError: it is not one.
    """
    found = json.loads(_decoded(token.split(".")[1] if token.count(".") == 2 else ""))
    if not isinstance(found, dict):
        raise ValueError(type(found))  # noqa: TRY004 (the text is wrong, not the call)
    return found


def _claims(key: str) -> dict[str, Any]:
    try:
        return claims_of(key)
    except ValueError:
        return {}


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))


def _parts(text: str) -> SplitResult:
    """The address in its parts; the scheme is empty where the text has none."""
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        _ = parts.port
    except ValueError:
        raise _not_an_address() from None
    if parts.password is not None:
        raise _secret_for_address()
    host = parts.hostname or ""
    if parts.scheme not in ("", "http", "https") or parts.username is not None or not re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:]+", host):
        raise _not_an_address()
    if not parts.scheme and "." not in host and not is_loopback(host):
        # A word alone may be a secret that was pasted into the wrong field; looking its address up would send it around.
        raise _not_an_address()
    return parts


def _ref_in_link(host: str, path: str) -> str | None:
    """The project's id in a link of the dashboard, or in the name of the project's database; None where there is none.

    Raises:
        AccountUnusable: a page of Supabase that is no project's.
    """
    if found := re.fullmatch(rf"db\.({_REF})\.supabase\.co", host):
        return found[1]
    if host not in _DASHBOARD_HOSTS:
        return None
    if found := re.search(rf"/project/({_REF})(?:/|$)", path):
        return found[1]
    raise _not_an_address()


def _short(ref: object) -> str:
    """A project's id out of a key, if that is what it is."""
    return ref if isinstance(ref, str) and re.fullmatch(_REF, ref) else "of somebody else"


def _secret_for_address() -> AccountUnusable:
    return AccountUnusable(
        "Not this address",
        "This is a key or an address with a password in it. It was neither stored nor sent.",
        "Enter the project's URL, as https://ID.supabase.co.",
    )


def _not_an_address() -> AccountUnusable:
    return AccountUnusable(
        "Address not usable",
        "That is not the address of a Supabase project.",
        "It looks like https://ID.supabase.co, or like your own server's.",
    )
