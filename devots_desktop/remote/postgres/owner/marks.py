"""What our migrations have noted in a database: revision, flavour, settings."""

from typing import cast

from sqlalchemy import Connection, text

from devots_desktop.domain.errors import AccountUnusable, ServerTooNew
from devots_desktop.remote.postgres.roles import Flavour
from devots_desktop.remote.postgres.schema import HEAD

KNOWN = tuple(f"{number:04}" for number in range(1, int(HEAD) + 1))
"""Our revisions, oldest first."""


def exists(connection: Connection, schema: str, table: str) -> bool:
    """Whether there is such a table. Asks the catalogue, since to_regclass fails where the login may not look into the schema."""
    found: bool = connection.execute(
        text("""
            select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                            where n.nspname = :schema and c.relname = :table)"""),
        {"schema": schema, "table": table},
    ).scalar_one()
    return found


def revision_of(connection: Connection) -> str | None:
    """The revision recorded in the database. None without our migrations."""
    if not exists(connection, "devots", "alembic_version"):
        return None
    revision: str | None = connection.execute(text("select version_num from devots.alembic_version")).scalar_one_or_none()
    return revision


def known_revision(connection: Connection) -> str | None:
    """As `revision_of`. Raises ServerTooNew where another program than this has migrated the database: a newer one, or one from a branch."""
    revision = revision_of(connection)
    if revision is not None and revision not in KNOWN:
        raise ServerTooNew(
            "Newer database",
            f"This database has revision {revision}; this program knows up to {HEAD}.",
            "Install a newer version of this program.",
        )
    return revision


def setting(connection: Connection, name: str) -> str | None:
    """The owner's setting of that name; None where there is none."""
    if not exists(connection, "devots", "setting"):
        return None
    value: str | None = connection.execute(text("select value from devots.setting where name = :name"), {"name": name}).scalar_one_or_none()
    return value


def set_setting(connection: Connection, name: str, value: str) -> None:
    """Give a setting that is there another value, in a transaction of its own."""
    connection.rollback()
    with connection.begin():
        connection.execute(text("update devots.setting set value = :value where name = :name"), {"name": name, "value": value})


def flavour_of(connection: Connection, wanted: Flavour | None) -> Flavour:
    """The flavour that was migrated, else the one that is wanted, else what is there: a portal's tables, Supabase Auth's, or nothing.

    Raises:
        AccountUnusable: another one is wanted than was migrated.
    """
    migrated = cast("Flavour | None", setting(connection, "flavour"))
    if migrated is not None and wanted not in {None, migrated}:
        raise AccountUnusable(
            "Other flavour",
            f"This database was set up as {migrated}, not as {wanted}.",
            "Leave the flavour out, or choose another database.",
        )
    if migrated is not None or wanted is not None:
        return migrated or cast("Flavour", wanted)
    portal = exists(connection, "public", "user")
    return "supabase" if exists(connection, "auth", "users") and not portal else "portal"
