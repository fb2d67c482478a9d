"""Accounts: the places where todos live, and what they are doing."""

from dataclasses import dataclass, field
from enum import StrEnum


class AccountKind(StrEnum):
    """The kinds of account (product.md, "Words")."""

    COMPUTER = "computer"
    POSTGRES = "postgres"


class SecretStore(StrEnum):
    """Where an account's secrets are kept."""

    KEYRING = "keyring"
    MEMORY = "memory"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Account:
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
    address: dict[str, str] = field(default_factory=dict)
    secrets: SecretStore = SecretStore.KEYRING


class Live(StrEnum):
    """What an account is doing."""

    LOCAL = "local"
    LIVE = "live"
    CHECKING = "checking"
    OFFLINE = "offline"
    SIGNED_OUT = "signed-out"


@dataclass(frozen=True, slots=True)
class Status:
    """An account's state, for the sidebar and the status line.

    Attributes:
        sentence: why it is so and what to do, where there is something to say; safe to show.
    """

    live: Live
    sentence: str = ""
