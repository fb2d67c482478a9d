"""The owner's side of a PostgreSQL server: bring a database up to date, say how it stands, and the owner's few switches.

This is what `devots db upgrade|status` calls. It works with the login that owns the tables, never with a person's. Nothing is changed before
everything that could stop it has been looked at: roles, ownership, rights of others, the shape of tables that are already there.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, cast

import psycopg.errors
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, PendingRollbackError
from sqlalchemy.pool import NullPool

from devots_desktop.bundled import bundled
from devots_desktop.domain.errors import AccountUnusable, DevotsError, NotMigrated, ServerTooNew, Unreachable
from devots_desktop.remote.postgres.rights import deviations
from devots_desktop.remote.postgres.roles import Flavour, make_roles, missing_roles
from devots_desktop.remote.postgres.schema import HEAD
from devots_desktop.remote.postgres.steps import LOCK_TIMEOUT, Steps
from devots_desktop.remote.postgres.trouble import RightsInTheWay, rights_trouble

State = Literal["not migrated", "older", "current", "newer"]

_OLDEST_SERVER = 150000
_AUTH_TABLES = ("user", "session", "account", "verification")
_CONNECT_SECONDS = 10
_PORTAL_ONLY = ("0002_portal", "0003_tables_portal", "0004_sign_in", "0004_notify")
_AGAIN = (
    "0001_revision",
    "0002_who_{flavour}",
    "0002_need_uid",
    "0002_todo",
    "0002_portal",
    "0003_tables",
    "0003_tables_portal",
    "0003_epoch",
    "0003_stamp",
    "0003_push",
    "0003_owner",
    "0004_sign_in",
    "0004_notify",
    "0005_digest",
    "0006_pull",
)
"""The scripts that make functions, policies, triggers and rights, in their order. Each is safe to run again and changes no todo."""


@dataclass(frozen=True, slots=True)
class UpgradeResult:
    """What an upgrade did.

    Attributes:
        before: the revision found, None on a database without our migrations.
        after: the revision now.
        fresh: the tables were made now; False where a portal's were adopted.
        roles_created: roles that did not exist in the cluster.
        desktop_password: the password that was made for devots_desktop. It is shown once and kept nowhere.
    """

    before: str | None
    after: str
    flavour: Flavour
    fresh: bool
    roles_created: tuple[str, ...] = ()
    desktop_password: str | None = None


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """How a database stands.

    Attributes:
        state: compares its revision with ours.
        head: the revision that this program works with.
        missing: what an upgrade would bring, in words.
        trouble: a sentence each. Before an upgrade, rights of others that row-level security would break, or that would break it; in a database at
            `head`, whatever is not as the migrations made it, with the line that mends it.
        sign_up: whether people may sign up by themselves; None where there is no direct sign-in.
    """

    revision: str | None
    head: str
    state: State
    flavour: Flavour | None
    missing: tuple[str, ...]
    trouble: tuple[str, ...]
    sign_up: bool | None


def upgrade(
    url: str,
    *,
    flavour: Flavour | None = None,
    desktop_password: str | None = None,
    sign_up: bool = False,
    accept_rights: bool = False,
    connect_args: Mapping[str, str] | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> UpgradeResult:
    """Bring a database to HEAD, whatever it is now; killed midway, run it again.

    `flavour` None: found out. `sign_up` counts only where the tables are made now. `accept_rights`: the owner has seen the findings of
    RightsInTheWay and goes on. `report` gets the name of each step before it runs. Raises DevotsError; where it stops before the
    migrations, nothing was changed.
    """
    with _owner(url, connect_args) as connection:
        before = _revision(connection)
        if before is not None and before > HEAD:
            raise _too_new(before)
        flavour = _flavour(connection, flavour)
        _refuse_other_owners(connection)
        trouble = rights_trouble(connection)
        if trouble and not accept_rights and (before is None or before < "0002"):
            raise RightsInTheWay(trouble)
        connection.rollback()
        with connection.begin():
            roles = make_roles(connection, flavour, desktop_password)
        _migrate(connection, "upgrade", "head", flavour, report)
        made = (_setting(connection, "made") or "").split(",")
        fresh = before is None and ("user" if flavour == "portal" else "todo") in made
        if fresh and sign_up and flavour == "portal":
            _set_setting(connection, "sign_up", "on")
    return UpgradeResult(before, HEAD, flavour, fresh, roles.created, roles.generated)


def downgrade(url: str, revision: str = "base", *, connect_args: Mapping[str, str] | None = None) -> None:
    """Take migrations back, for owners who leave. Todos and people stay: tables are dropped only when we made them and they are empty."""
    with _owner(url, connect_args) as connection:
        before = _revision(connection)
        if before is None:
            return
        if before > HEAD:
            raise _too_new(before)
        flavour = _flavour(connection, None)
        connection.rollback()
        _migrate(connection, "downgrade", revision, flavour, lambda _: None)


def status(url: str, *, connect_args: Mapping[str, str] | None = None) -> DatabaseStatus:
    """How a database stands, without changing it."""
    with _connect(url, connect_args) as connection:
        revision = _revision(connection)
        kind = _flavour(connection, None)
        missing = [f"role {role}" for role in missing_roles(connection, kind)] + _pending(revision)
        sign_up = _setting(connection, "sign_up") if revision is not None else None
        trouble = rights_trouble(connection)
        if revision == HEAD:
            trouble = [f"{each.sentence} Mend it with: {each.mend}" for each in deviations(connection, kind)]
        return DatabaseStatus(
            revision=revision,
            head=HEAD,
            state=_state(revision),
            flavour=kind,
            missing=tuple(missing),
            trouble=tuple(trouble),
            sign_up=None if sign_up is None else sign_up == "on",
        )


def repair(url: str, *, connect_args: Mapping[str, str] | None = None, report: Callable[[str], None] = lambda _: None) -> tuple[str, ...]:
    """Make functions, policies, triggers and rights anew, and begin a new epoch, so that every device downloads its list again.

    For a database that was restored from a copy, or where `devots doctor` found something. Todos, people and sessions stay as they are.

    Returns:
        what is not as it should be even so: things of others. A sentence each, with the line that mends it.

    Raises:
        DevotsError: the database is not at this program's revision, or not this login's.
    """
    with _owner(url, connect_args) as connection:
        revision = _revision(connection)
        if revision is not None and revision > HEAD:
            raise _too_new(revision)
        if revision != HEAD:
            raise NotMigrated("Not migrated", "This database is not up to date.", "Run `devots db upgrade` first.")
        flavour = _flavour(connection, None)
        _refuse_other_owners(connection)
        connection.rollback()
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        steps = Steps(autocommit, flavour, report, bundled("migrations", "server") / "sql")
        for name in _AGAIN:
            if flavour == "portal" or name not in _PORTAL_ONLY:
                steps.script(name.format(flavour=flavour))
        steps.sql("a new epoch", "select devots.repair()")
        return tuple(f"{each.sentence} Mend it with: {each.mend}" for each in deviations(connection, flavour))


def set_sign_up(url: str, *, on: bool, connect_args: Mapping[str, str] | None = None) -> None:
    """Let people sign up by themselves over direct sign-in, or no longer."""
    with _owner(url, connect_args) as connection:
        if _revision(connection) is None or _setting(connection, "sign_up") is None:
            raise NotMigrated("Not migrated", "This database has no direct sign-in.", "Run `devots db upgrade` first.")
        _set_setting(connection, "sign_up", "on" if on else "off")


def prune(url: str, *, connect_args: Mapping[str, str] | None = None) -> int:
    """Forget answers to mutations older than 400 days. Answers how many."""
    with _owner(url, connect_args) as connection, connection.begin():
        count: int = connection.execute(text("select devots.prune()")).scalar_one()
        return count


@contextmanager
def _connect(url: str, connect_args: Mapping[str, str] | None) -> Iterator[Connection]:
    """A connection with settings that make SQL mean the same on every server. Its errors become ours."""
    options = f"-c timezone=UTC -c search_path=public -c statement_timeout=0 -c lock_timeout={LOCK_TIMEOUT}"
    settings = {"options": options, "connect_timeout": str(_CONNECT_SECONDS), "application_name": "devots db", **(connect_args or {})}
    try:
        engine = create_engine(_with_our_driver(url), poolclass=NullPool, connect_args=settings)
        with engine.connect() as connection:
            if connection.connection.driver_connection.info.server_version < _OLDEST_SERVER:  # type: ignore[union-attr]
                raise AccountUnusable("Server too old", "This PostgreSQL is older than version 15.", "Upgrade the server first.")
            yield connection
    except DBAPIError as error:
        raise _translated(error) from None
    except PendingRollbackError:  # the connection was lost, and the way out of a transaction noticed it
        raise _lost() from None


@contextmanager
def _owner(url: str, connect_args: Mapping[str, str] | None) -> Iterator[Connection]:
    """A connection that changes things: one at a time for a database."""
    with _connect(url, connect_args) as connection:
        if not connection.execute(text("select pg_try_advisory_lock(hashtextextended('devots db', 0))")).scalar_one():
            raise DevotsError(
                "Busy", "Another `devots db` is working on this database.", "Wait until it has finished, then run this again."
            )
        connection.rollback()
        yield connection


def _with_our_driver(url: str) -> str:
    """Takes the schemes that people have in their environment: postgres, postgresql, postgresql+<driver>."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.drivername.partition("+")[0] not in {"postgres", "postgresql"}:
        raise AccountUnusable(
            "Not a database URL",
            "This is not the URL of a PostgreSQL database.",
            "It looks like postgresql://owner:password@host:5432/database.",
        )
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _translated(error: DBAPIError) -> DevotsError:
    """Never the server's own message: it may carry values."""
    match error.orig:
        case psycopg.errors.LockNotAvailable():
            return Unreachable("Table in use", "Others kept the table of todos locked.", "Run this again; it goes on where it stopped.")
        case psycopg.errors.InsufficientPrivilege():
            return AccountUnusable(
                "Not allowed", "This login may not do that in this database.", "Use the login that owns the database and its tables."
            )
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return _lost()
        case other:
            code = getattr(other, "sqlstate", None) or "no code"
            return DevotsError(
                "The database refused",
                f"A step failed with SQLSTATE {code}.",
                "The server's log has the details. What was done so far stays.",
            )


def _lost() -> Unreachable:
    return Unreachable(
        "No connection",
        "The database did not answer, or refused this login.",
        "Check the URL, then run this again; it goes on where it stopped.",
    )


def _exists(connection: Connection, schema: str, table: str) -> bool:
    """Asks the catalogue, since to_regclass fails where the login may not look into the schema."""
    found: bool = connection.execute(
        text("""
            select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                            where n.nspname = :schema and c.relname = :table)"""),
        {"schema": schema, "table": table},
    ).scalar_one()
    return found


def _revision(connection: Connection) -> str | None:
    """The revision recorded in the database. None without our migrations."""
    if not _exists(connection, "devots", "alembic_version"):
        return None
    revision: str | None = connection.execute(text("select version_num from devots.alembic_version")).scalar_one_or_none()
    return revision


def _too_new(revision: str) -> ServerTooNew:
    return ServerTooNew(
        "Newer database",
        f"This database has revision {revision}; this program knows up to {HEAD}.",
        "Install a newer version of this program.",
    )


def _setting(connection: Connection, name: str) -> str | None:
    if not _exists(connection, "devots", "setting"):
        return None
    value: str | None = connection.execute(text("select value from devots.setting where name = :name"), {"name": name}).scalar_one_or_none()
    return value


def _set_setting(connection: Connection, name: str, value: str) -> None:
    connection.rollback()
    with connection.begin():
        connection.execute(text("update devots.setting set value = :value where name = :name"), {"name": name, "value": value})


def _flavour(connection: Connection, wanted: Flavour | None) -> Flavour:
    """The flavour that was migrated, else the one that is wanted, else what is there: a portal's tables, Supabase Auth's, or nothing."""
    migrated = cast("Flavour | None", _setting(connection, "flavour"))
    if migrated is not None and wanted not in {None, migrated}:
        raise AccountUnusable(
            "Other flavour",
            f"This database was set up as {migrated}, not as {wanted}.",
            "Leave the flavour out, or choose another database.",
        )
    if migrated is not None or wanted is not None:
        return migrated or cast("Flavour", wanted)
    portal = _exists(connection, "public", "user")
    return "supabase" if _exists(connection, "auth", "users") and not portal else "portal"


def _refuse_other_owners(connection: Connection) -> None:
    """Functions that run with the definer's rights have to be the tables' owner's: neither less nor more than the tables need."""
    others = (
        connection.execute(
            text("""
            select distinct tableowner from pg_tables
             where schemaname = 'public' and tablename = any(:tables) and tableowner <> current_user"""),
            {"tables": [*_AUTH_TABLES, "todo"]},
        )
        .scalars()
        .all()
    )
    if others:
        raise AccountUnusable(
            "Not the owner",
            f"The tables belong to {' and '.join(others)}, and this is another login. Nothing was changed.",
            f"Use the login {others[0]}.",
        )


def _state(revision: str | None) -> State:
    if revision is None:
        return "not migrated"
    if revision == HEAD:
        return "current"
    return "older" if revision < HEAD else "newer"


def _pending(revision: str | None) -> list[str]:
    """The migrations that the database lacks, oldest first, in words."""
    scripts = reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))
    return [f"{script.revision}: {script.doc}" for script in scripts if revision is None or script.revision > revision]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(bundled("migrations", "server")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _migrate(
    connection: Connection, direction: Literal["upgrade", "downgrade"], target: str, flavour: Flavour, report: Callable[[str], None]
) -> None:
    with connection.begin():
        connection.exec_driver_sql("create schema if not exists devots")
    config = _config()
    config.attributes.update(connection=connection, flavour=flavour, report=report, folder=bundled("migrations", "server"))
    getattr(command, direction)(config, target)
