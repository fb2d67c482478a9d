"""The verbs of a database's owner: take it over, bring it up to date or back, see how it stands and what has drifted, repair it.

What they stand on is loaded when one is called.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, urlsplit

from devots_desktop.domain.errors import UntrustedCertificate

if TYPE_CHECKING:
    from devots_desktop.remote.postgres.migrate import AdoptResult, DatabaseStatus, UpgradeResult
    from devots_desktop.remote.postgres.owner.plan import Step
    from devots_desktop.remote.postgres.rights import Deviation
    from devots_desktop.remote.postgres.roles import Flavour

Report = Callable[[str], None]


def upgrade(
    url: str,
    *,
    flavour: "Flavour | None" = None,
    desktop_password: str | None = None,
    sign_up: Literal["on", "off"] | None = None,
    accept_rights: bool = False,
    backups: Path | None = None,
    report: Report = lambda _: None,
) -> "UpgradeResult":
    """Bring a database to the form that this program works with; killed midway, run it again.

    Args:
        url: the owner's, with the password. Outside this computer the connection is verified as an account's is; less is refused.
        desktop_password: for the login role of people; None makes one where the role is new.
        sign_up: let people sign up by themselves, or not; None leaves it as it is, which is off at first.
        accept_rights: go on in spite of rights of others that were found.
        backups: the folder for a copy of what is there, made before the first change; None makes no copy.
        report: told the name of each step before it runs.

    Raises:
        DevotsError: the database is not one that can be upgraded, or not by this login, or not be copied; it names what stays.
    """
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        result = migrate.upgrade(
            url,
            flavour=flavour,
            desktop_password=desktop_password,
            accept_rights=accept_rights,
            connect_args=safety,
            save=partial(_save, url, backups, safety, report),
            report=report,
        )
        if sign_up is not None:
            migrate.set_sign_up(url, on=sign_up == "on", connect_args=safety)
    return result


def plan_upgrade(url: str, *, flavour: "Flavour | None" = None, accept_rights: bool = False) -> "list[Step]":
    """The steps that `upgrade` would take now; nothing is changed. Arguments and errors are its."""
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        return migrate.plan_upgrade(url, flavour=flavour, accept_rights=accept_rights, connect_args=safety)


def adopt(
    url: str, *, flavour: "Flavour | None" = None, desktop_password: str | None = None, report: Report = lambda _: None
) -> "AdoptResult":
    """Compare a database that Drizzle has made with a portal's, and note that it is one; arguments as for `upgrade`.

    Raises:
        DevotsError: there are no such tables, or they are another login's.
    """
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        return migrate.adopt(url, flavour=flavour, desktop_password=desktop_password, connect_args=safety, report=report)


def downgrade(url: str, revision: str = "base", *, backups: Path | None = None, report: Report = lambda _: None) -> None:
    """Take migrations back to this revision, "base" for all of them; todos and people stay. The rest as for `upgrade`."""
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        migrate.downgrade(url, revision, connect_args=safety, save=partial(_save, url, backups, safety, report), report=report)


def plan_downgrade(url: str, revision: str = "base") -> "list[Step]":
    """The steps that `downgrade` would take now; nothing is changed."""
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        return migrate.plan_downgrade(url, revision, connect_args=safety)


def as_sql(plan: "list[Step]") -> str:
    """The plan as the exact SQL that would run; empty where there is nothing to do."""
    from devots_desktop.remote.postgres.owner import plan as planning

    return planning.as_sql(plan) if plan else ""


def drift(url: str) -> "list[Deviation]":
    """What in a database is not as our migrations made it; `url` as for `upgrade`.

    Raises:
        DevotsError: it cannot be looked at, or is not at this program's revision.
    """
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        return migrate.drifted(url, connect_args=safety)


def drizzle(url: str) -> str:
    """The schema of a database in the TypeScript of Drizzle, with our tables and policies, for the portal's repository.

    Raises:
        DevotsError: it cannot be looked at, or is not at this program's revision.
    """
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        return migrate.drizzle_schema(url, connect_args=safety)


def revision(url: str, words: str) -> Path:
    """For developers of this program, in a clone: begin a migration with what the typed models have and this database lacks.

    Returns:
        the new file.

    Raises:
        DevotsError: the database cannot be looked at, or this is no clone.
    """
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        return migrate.begin_revision(url, words, connect_args=safety)


def upgrade_sql(*, accept_rights: bool = False) -> str:
    """The upgrade of a Supabase project as SQL for its owner's editor; `accept_rights` as for `upgrade`. Loads half a second of modules."""
    from devots_desktop.remote.postgres.script import upgrade_script

    return upgrade_script(accept_rights=accept_rights)


def status(url: str, migrations: Path | None = None) -> "DatabaseStatus":
    """How a database stands, without changing it; `url` as for `upgrade`.

    Args:
        migrations: the folder of the portal's own migrations (Drizzle's), to find those that Drizzle would pass over.

    Raises:
        DevotsError: it cannot be looked at.
    """
    from devots_desktop.remote.postgres import migrate

    with _secured(url) as safety:
        return migrate.status(url, connect_args=safety, migrations=migrations)


def repair(url: str, *, report: Report = lambda _: None) -> tuple[str, ...]:
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


def _save(url: str, folder: Path | None, safety: dict[str, str], report: Report, server: int) -> None:
    from devots_desktop.remote.postgres.owner import backup

    if folder is not None:
        report("backup")
        report(f"backup is {backup.save(url, folder, server=server, connect_args=safety)}")


def _safety(url: str) -> dict[str, str]:
    from devots_desktop.remote.postgres.address import Address
    from devots_desktop.remote.postgres.owner.connection import owners_address

    owners_address(url)  # It names the part of the URL that is wrong.
    scheme, separator, rest = url.partition("://")
    address, _ = Address.from_url(scheme.partition("+")[0] + separator + rest)
    return {} if address.loopback and "sslmode" in parse_qs(urlsplit(url).query) else address.tls()
