"""Where a server is that is spoken to over HTTP. Imports nothing heavy: forms check what is typed with it."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Place:
    """A server.

    Attributes:
        url: scheme, host and port, and the path where there is one; without a slash at the end.
        ca: path of a PEM file with certificates to trust besides the system's; empty for none.
    """

    url: str
    ca: str = ""

    @classmethod
    def from_dict(cls, stored: Mapping[str, str]) -> Self:
        """The place as a profile stores it."""
        return cls(stored["url"], stored.get("ca", ""))

    def to_dict(self) -> dict[str, str]:
        """For a profile's list of accounts."""
        return {"url": self.url} | ({"ca": self.ca} if self.ca else {})

    @property
    def host(self) -> str:
        """The server's name or IP address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The server's port."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def loopback(self) -> bool:
        """Whether the connection stays on this computer."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host is this computer."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
