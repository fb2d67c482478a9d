"""The verbs of a database's owner: bring it up to date, see how it stands, repair it. What they stand on is loaded when one is called."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, urlsplit

from devots_desktop.domain.errors import UntrustedCertificate

if TYPE_CHECKING:
    from devots_desktop.remote.postgres.migrate import DatabaseStatus, UpgradeResult
    from devots_desktop.remote.postgres.roles import Flavour


def upgrade(
    url: str,
    *,
    flavour: "Flavour | None" = None,
    desktop_password: str | None = None,
    sign_up: Literal["on", "off"] | None = None,
    accept_rights: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> "UpgradeResult":
    """Bring a database to the form that this program works with; killed midway, run it again.

    Args:
        url: the owner's, with the password. Outside this computer the connection is verified as an account's is; less is refused.
        desktop_password: for the login role of people; None makes one where the role is new.
        sign_up: let people sign up by themselves, or not; None leaves it as it is, which is off at first.
        accept_rights: go on in spite of rights of others that were found.
        report: told the name of each step before it runs.

    Raises:
        DevotsError: the database is not one that can be upgraded, or not by this login; it names what stays.
    """
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        result = migrate.upgrade(
            url, flavour=flavour, desktop_password=desktop_password, accept_rights=accept_rights, connect_args=safety, report=report
        )
        if sign_up is not None:
            migrate.set_sign_up(url, on=sign_up == "on", connect_args=safety)
    return result


def upgrade_sql(*, accept_rights: bool = False) -> str:
    """The upgrade of a Supabase project as SQL for its owner's editor; `accept_rights` as for `upgrade`. Loads half a second of modules."""
    from devots_desktop.remote.postgres.script import upgrade_script

    return upgrade_script(accept_rights=accept_rights)


def status(url: str) -> "DatabaseStatus":
    """How a database stands, without changing it; `url` as for `upgrade`.

    Raises:
        DevotsError: it cannot be looked at.
    """
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        return migrate.status(url, connect_args=safety)


def repair(url: str, *, report: Callable[[str], None] = lambda _: None) -> tuple[str, ...]:
    """After a restore, or where `devots doctor` found functions or rights that are not as they should be; `url` and `report` as for `upgrade`.

    Returns:
        what only its owner can mend: a sentence each, with the line that does it.

    Raises:
        DevotsError: the database cannot be repaired, or not by this login.
    """
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        return migrate.repair(url, connect_args=safety, report=report)


@contextmanager
def _secured(url: str) -> Iterator[dict[str, str]]:
    """Libpq's parameters for the connection's security, where the URL itself has none."""
    try:
        yield _safety(url)
    except UntrustedCertificate as error:
        hint = "Check the host's name; where the server has a CA of its own, add ?sslmode=verify-full&sslrootcert=FILE to the URL."
        raise UntrustedCertificate(error.title, error.sentence, hint) from None


def _safety(url: str) -> dict[str, str]:
    from devots_desktop.remote.postgres.address import Address
    from devots_desktop.remote.postgres.owner.connection import owners_address

    owners_address(url)  # It names the part of the URL that is wrong.
    scheme, separator, rest = url.partition("://")
    address, _ = Address.from_url(scheme.partition("+")[0] + separator + rest)
    return {} if address.loopback and "sslmode" in parse_qs(urlsplit(url).query) else address.tls()
