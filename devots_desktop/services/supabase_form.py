"""What it takes to reach a Supabase account: for the first time, and again after a session has ended."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.remote.supabase.keys import Project


class Way(StrEnum):
    """How somebody signs in."""

    PASSWORD = "password"  # noqa: S105 (the name of a way)
    SIGN_UP = "sign-up"
    CODE = "code"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class SupabaseForm:
    """What a person enters. Secrets are not shown when the form is printed.

    Attributes:
        project: where the project is.
        key: the project's publishable or anon key. Empty for an account whose key is still kept.
        email: the person's own.
        password: for every way but CODE; of RESET the new one.
        code: from a message, for CODE and RESET (asked for with Accounts.send_code or send_code_again), and for SIGN_UP once ConfirmationNeeded was raised.
        name: shown in the sidebar; made from e-mail and host where empty.
    """

    project: Project
    email: str
    key: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    way: Way = Way.PASSWORD
    name: str = ""
    secrets: SecretStore = SecretStore.KEYRING

    @classmethod
    def from_text(cls, address: str, key: str, *, ca: str = "", **rest: object) -> Self:
        """A form with what was pasted as address and key, checked before anything is stored or sent.

        Raises:
            AccountUnusable: one of them cannot be used; it says why.
        """
        project = Project.from_text(address, ca=ca)
        return cls(**{**rest, "project": project, "key": project.check_key(key)})  # type: ignore[arg-type]  # the fields above

    @classmethod
    def again(cls, account: Account, *, key: str = "", **rest: object) -> Self:
        """A form to sign in again to an account; with a key where the kept one is gone or not accepted any more.

        Raises:
            AccountUnusable: the key cannot be used.
        """
        project = Project.from_dict(account.address)
        checked = project.check_key(key) if key else ""
        given = {**rest, "project": project, "key": checked, "email": account.email, "secrets": account.secrets}
        return cls(**given)  # type: ignore[arg-type]  # the fields above
