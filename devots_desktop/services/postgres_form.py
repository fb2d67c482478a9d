"""What it takes to reach a PostgreSQL account for the first time."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from devots_desktop.domain.account import SecretStore

if TYPE_CHECKING:
    from devots_desktop.remote.postgres.address import Address


@dataclass(frozen=True, slots=True)
class PostgresForm:
    """What a person enters to add a PostgreSQL account. Passwords are not shown when the form is printed.

    Attributes:
        address: the database.
        login_password: of the database's login, shared by its people; the database's owner has it.
        email, password: the person's own.
        sign_up: make a new account on the server instead of signing in to one.
        name: shown in the sidebar; made from e-mail and host where empty.
    """

    address: "Address"
    email: str
    login_password: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    sign_up: bool = False
    name: str = ""
    secrets: SecretStore = SecretStore.KEYRING

    @classmethod
    def from_url(cls, url: str, *, ca: str = "", **rest: object) -> Self:
        """A form with the address and the login's password of a URL.

        Raises:
            AccountUnusable: the URL cannot be used.
        """
        from devots_desktop.remote.postgres.address import Address

        address, password = Address.from_url(url, ca=ca)
        return cls(**{"login_password": password, **rest, "address": address})  # type: ignore[arg-type]  # the fields above
