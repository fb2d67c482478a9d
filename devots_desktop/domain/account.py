"""Accounts: the places where todos live, and what they are doing."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class AccountKind(StrEnum):
    """The kinds of account (product.md, "Words")."""

    COMPUTER = "computer"
    POSTGRES = "postgres"
    SUPABASE = "supabase"
    PORTAL = "portal"


class SecretStore(StrEnum):
    """Where an account's secrets are kept."""

    KEYRING = "keyring"
    MEMORY = "memory"
    FILE = "file"


class Account(NamedTuple):
    """An account as the profile remembers it. Holds no secret.

    Attributes:
        account_id: names the account's folder and its secrets.
        name: shown to the user, unique in a profile.
        user_id: the server's id of the signed-in person; empty for "This computer".
        address: where the server is, as that kind of remote understands it.
    """

    account_id: str
    kind: AccountKind
    name: str
    email: str = ""
    user_id: str = ""
    address: Mapping[str, str] = MappingProxyType({})
    secrets: SecretStore = SecretStore.KEYRING

    @property
    def host(self) -> str:
        """The server's name, or what stands for it; empty for "This computer"."""
        from urllib.parse import urlsplit  # Not for the first paint.

        return self.address.get("host") or urlsplit(self.address.get("url", "")).hostname or ""


class Live(StrEnum):
    """What an account is doing."""

    LOCAL = "local"
    LIVE = "live"
    CHECKING = "checking"
    OFFLINE = "offline"
    SIGNED_OUT = "signed-out"


class Status(NamedTuple):
    """An account's state, for the sidebar and the status line.

    Attributes:
        sentence: why it is so and what to do, where there is something to say; safe to show.
    """

    live: Live
    sentence: str = ""
