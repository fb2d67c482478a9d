"""Where a PostgreSQL account's database is, and how its connection is secured. Imports nothing heavy: the form checks an address with it."""

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.remote.certificates import system_bundle

LOGIN = "devots_desktop"
"""The login role that the migrations make for people (sync.md, section 3)."""

_HINT = "It looks like postgresql://devots_desktop@host:5432/database."


@dataclass(frozen=True, slots=True)
class Address:
    """A database and the login for it, without the password.

    Attributes:
        host: a name, an IP address, or the folder of a Unix socket.
        ca: path of a PEM file with the certificates to trust; empty for the system's.
    """

    host: str
    port: int
    database: str
    login: str = LOGIN
    ca: str = ""

    @classmethod
    def from_url(cls, url: str, *, ca: str = "") -> tuple[Self, str]:
        """The address in a URL, and the login's password where the URL has one.

        Raises:
            AccountUnusable: it is no PostgreSQL URL, or it asks for less than a verified connection.
        """
        try:
            parts = urlsplit(url.strip())
            port = parts.port or 5432
        except ValueError as error:
            raise _not_a_url() from error
        if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
            raise _not_a_url()
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        host = parts.hostname or options.get("host", "")
        address = cls(
            unquote(host), port, unquote(parts.path.strip("/")), unquote(parts.username or LOGIN), ca or options.get("sslrootcert", "")
        )
        if not host:
            raise _not_a_url()
        mode = options.get("sslmode", "verify-full")
        if mode != "verify-full" and not address.loopback:
            raise AccountUnusable(
                "Connection not safe",
                f"The address asks for sslmode={mode}; outside this computer only verify-full is used.",
                "Take sslmode out of the address, and name the server's CA file if it has its own.",
            )
        return address, unquote(parts.password or "")

    @classmethod
    def from_dict(cls, stored: Mapping[str, str]) -> Self:
        """The address as a profile stores it."""
        return cls(**{**stored, "port": int(stored["port"])})  # type: ignore[arg-type]  # the dictionary is ours

    def to_dict(self) -> dict[str, str]:
        """For a profile's list of accounts."""
        return {name: str(value) for name, value in asdict(self).items()}

    @property
    def loopback(self) -> bool:
        """Whether the connection stays on this computer."""
        if self.host == "localhost" or self.host.startswith("/"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def tls(self) -> dict[str, str]:
        """Libpq's parameters for the connection's security.

        The system's bundle is named explicitly: the libpq in psycopg's wheel was built elsewhere and finds none by itself.

        Raises:
            AccountUnusable: the CA file cannot be read, or the system has no bundle.
        """
        if self.loopback and not self.ca:
            return {"sslmode": "prefer"}
        bundle = self.ca or system_bundle()
        if not bundle or not Path(bundle).is_file():
            raise AccountUnusable(
                "No CA file",
                f"The file {bundle or 'of trusted certificates'} cannot be read.",
                "Choose the PEM file of the CA that signed the server.",
            )
        return {"sslmode": "verify-full", "sslrootcert": bundle}


def _not_a_url() -> AccountUnusable:
    return AccountUnusable("Address not usable", "That is not the address of a PostgreSQL database.", _HINT)
