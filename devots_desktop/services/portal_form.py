"""What it takes to reach a portal account: for the first time, and again after a session has ended."""

from dataclasses import dataclass, field
from typing import Self

from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.remote.portal.address import Portal


@dataclass(frozen=True, slots=True)
class PortalForm:
    """What a person enters. Secrets are not shown when the form is printed.

    Attributes:
        portal: where the portal is.
        email, password: the person's own; both empty for who lets this device in by the browser.
        name: shown in the sidebar; made from e-mail and host where empty.
    """

    portal: Portal
    email: str = ""
    password: str = field(default="", repr=False)
    name: str = ""
    secrets: SecretStore = SecretStore.KEYRING

    @classmethod
    def from_text(cls, address: str, *, ca: str = "", **rest: object) -> Self:
        """A form with what was pasted as address, checked before anything is stored or sent.

        Raises:
            AccountUnusable: it cannot be used; it says why.
        """
        return cls(**{**rest, "portal": Portal.from_text(address, ca=ca)})  # type: ignore[arg-type]  # the fields above

    @classmethod
    def again(cls, account: Account, *, password: str = "") -> Self:
        """A form to sign in again to an account."""
        return cls(Portal.from_dict(account.address), account.email, password, secrets=account.secrets)
