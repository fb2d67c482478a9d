"""Where a Devots Portal is, as people paste it. Imports nothing heavy: the form checks what is typed with it."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, urlsplit

from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.remote.place import Place, is_loopback

_BELOW = ("/api/auth", "/trpc", "/device")
"""Pages and endpoints of a portal that people may have copied instead of its address."""


@dataclass(frozen=True, slots=True)
class Portal(Place):
    """Where a portal is: its base URL, which may have a path. 127.0.0.1 is not localhost: a portal takes a cookie under its own name only."""

    @classmethod
    def from_text(cls, text: str, *, ca: str = "") -> Self:
        """The portal that a pasted address means.

        Raises:
            AccountUnusable: it is none, it has a password in it, or it asks for a connection that others can read.
        """
        parts = _parts(text.strip())
        host = parts.hostname or ""
        scheme = parts.scheme or ("http" if is_loopback(host) else "https")
        if scheme == "http" and not is_loopback(host):
            raise AccountUnusable(
                "Connection not safe", "An address with http:// sends everything in the clear.", "Enter the address with https://."
            )
        shown = f"[{host}]" if ":" in host else host
        path = parts.path.rstrip("/")
        for end in _BELOW:
            path = path.removesuffix(end)
        return cls(f"{scheme}://{shown}" + (f":{parts.port}" if parts.port else "") + path, ca)

    @property
    def origin(self) -> str:
        """What a browser on the portal's own pages sends as Origin (RFC 6454, section 7)."""
        parts = urlsplit(self.url)
        usual = {"https": 443, "http": 80}[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")


def _parts(text: str) -> SplitResult:
    """The address in its parts; the scheme is empty where the text has none."""
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        _ = parts.port
    except ValueError:
        raise _not_an_address() from None
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        raise AccountUnusable(
            "Not this address",
            "This address has a user or a password in it. It was neither stored nor sent.",
            "Enter the address that the portal is opened with in the browser.",
        )
    wordy = any(character.isspace() or character in "<>\"'\\" for character in text)
    if parts.scheme not in ("", "http", "https") or not host or wordy or not (parts.scheme or "." in host or is_loopback(host)):
        raise _not_an_address()
    return parts


def _not_an_address() -> AccountUnusable:
    return AccountUnusable(
        "Address not usable",
        "That is not the address of a portal.",
        "Enter the address that the portal is opened with in the browser, as https://todos.example.org.",
    )
