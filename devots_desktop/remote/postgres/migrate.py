"""The owner's side of a PostgreSQL server: take a database over, bring it up to date or back, say how it stands, and the owner's few switches.

This is what `devots db` calls. It works with the login that owns the tables, never with a person's. Nothing is changed before
everything that could stop it has been looked at: roles, ownership, rights of others, the shape of tables that are already there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from devots_desktop.bundled import bundled
from devots_desktop.domain.errors import AccountUnusable, NotMigrated
from devots_desktop.remote.postgres.owner import drizzle, journal
from devots_desktop.remote.postgres.owner.baseline import AUTH, INDEXES, differences, missing_indexes, tables_found
from devots_desktop.remote.postgres.owner.connection import alone, connect, server_version
from devots_desktop.remote.postgres.owner.drift import drift, halfway, without_keys
from devots_desktop.remote.postgres.owner.marks import KNOWN, flavour_of, known_revision, revision_of, set_setting, setting
from devots_desktop.remote.postgres.owner.plan import Planned, RevisionNotes, Step, joined, step
from devots_desktop.remote.postgres.owner.revision import begin
from devots_desktop.remote.postgres.rights import Deviation
from devots_desktop.remote.postgres.roles import Flavour, make_roles, missing_roles, roles_sql
from devots_desktop.remote.postgres.schema import HEAD
from devots_desktop.remote.postgres.steps import Steps, StepsBack, UnknownTables, keys_and_indexes
from devots_desktop.remote.postgres.trouble import RightsInTheWay, rights_trouble

State = Literal["not migrated", "older", "current", "newer"]
Baseline = Literal["none", "portal", "differs"]
Report = Callable[[str], None]

BASELINE = "0001"
"""The revision of a portal's tables as they are, which `adopt` notes."""
_SCHEMA = "create schema if not exists devots"
_EMPTY = "not exists (select from pg_depend where refclassid = 'pg_namespace'::regclass and refobjid = 'devots'::regnamespace)"
_LEAVING = ("drop table devots.alembic_version", f"do $$ begin if {_EMPTY} then drop schema devots; end if; end $$")
"""What is left when the last revision is taken back: Alembic's own table, and the schema, unless somebody else has something in it."""
_PORTAL_ONLY = ("0002_portal", "0003_tables_portal", "0004_sign_in", "0004_notify")
_RIGHTS_AGAIN = ("0001_revision", "0002_who_{flavour}", "0002_need_uid", "0002_todo", "0002_portal")
_SYNC_AGAIN = (
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
"""The scripts that make tables, functions, policies, triggers and rights, in their order. Each is safe to run again and changes no todo."""


def _silent(_: str) -> None:
    """Nobody is told."""


def _no_backup(_: int) -> None:
    """Nobody wants one."""


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
class AdoptResult:
    """What was found when a database was taken over.

    Attributes:
        before: the revision found; None where it had none, and was taken over now unless something blocks.
        blocking: differences from a portal's tables that stand in the way, a line each.
        harmless: other differences.
        desktop_password: as an upgrade's.
    """

    before: str | None
    blocking: tuple[str, ...]
    harmless: tuple[str, ...]
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
        baseline: whether a portal's tables are there as they should be.
        blocking: how they differ where that stands in the way.
        harmless: how they differ where it does no harm.
        drizzle: the journal of Drizzle's own migrations; None without one.
    """

    revision: str | None
    head: str
    state: State
    flavour: Flavour | None
    missing: tuple[str, ...]
    trouble: tuple[str, ...]
    sign_up: bool | None
    baseline: Baseline = "none"
    blocking: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    drizzle: journal.Journal | None = None


def upgrade(
    url: str,
    *,
    flavour: Flavour | None = None,
    desktop_password: str | None = None,
    sign_up: bool = False,
    accept_rights: bool = False,
    connect_args: Mapping[str, str] | None = None,
    save: Callable[[int], None] = _no_backup,
    report: Report = _silent,
) -> UpgradeResult:
    """Bring a database to HEAD, whatever it is now; killed midway, run it again.

    Args:
        flavour: None: found out.
        sign_up: counts only where the tables are made now.
        accept_rights: the owner has seen the findings of RightsInTheWay and goes on.
        save: makes a backup, of a server of this major version; called before the first change, where there is a table to lose and a migration to run.
        report: gets the name of each step before it runs.

    Raises:
        DevotsError: where it stops before the migrations, nothing was changed.
    """
    with alone(url, connect_args) as connection:
        before, flavour = _examined(connection, flavour, accept_rights=accept_rights)
        if before != HEAD and tables_found(connection):
            save(server_version(connection))
        connection.rollback()
        with connection.begin():
            roles = make_roles(connection, flavour, desktop_password)
        _run(connection, "upgrade", "head", flavour, report)
        made = (setting(connection, "made") or "").split(",")
        fresh = before is None and ("user" if flavour == "portal" else "todo") in made
        if fresh and sign_up and flavour == "portal":
            set_setting(connection, "sign_up", "on")
    return UpgradeResult(before, HEAD, flavour, fresh, roles.created, roles.generated)


def adopt(
    url: str,
    *,
    flavour: Flavour | None = None,
    desktop_password: str | None = None,
    connect_args: Mapping[str, str] | None = None,
    report: Report = _silent,
) -> AdoptResult:
    """Take over a database that Drizzle has made: compare it with the baseline, and note that it is there. No row, right or column changes.

    The other arguments are those of `upgrade`.

    Returns:
        what was found; with a difference that blocks, nothing was changed.

    Raises:
        DevotsError: there are no tables of a portal, or they are not this login's.
    """
    with alone(url, connect_args) as connection:
        before = known_revision(connection)
        flavour = flavour_of(connection, flavour)
        _refuse_other_owners(connection)
        if not tables_found(connection):
            raise AccountUnusable("Nothing to adopt", "This database has no tables of a portal.", "`devots db upgrade` makes them.")
        told = differences(connection, flavour)
        blocking = tuple(each.sentence for each in told if each.blocks)
        harmless = tuple(each.sentence for each in told if not each.blocks)
        connection.rollback()
        if before is None and not blocking:
            with connection.begin():
                roles = make_roles(connection, flavour, desktop_password)
            _run(connection, "upgrade", BASELINE, flavour, report)
            return AdoptResult(before, blocking, harmless, roles.generated)
        return AdoptResult(before, blocking, harmless)


def downgrade(
    url: str,
    revision: str = "base",
    *,
    connect_args: Mapping[str, str] | None = None,
    save: Callable[[int], None] = _no_backup,
    report: Report = _silent,
) -> None:
    """Take migrations back, for owners who leave. Todos and people stay: tables are dropped only when we made them and they are empty.

    `save` and `report` as for `upgrade`.
    """
    with alone(url, connect_args) as connection:
        before = _above(connection, revision)
        if before is None:
            return
        flavour = flavour_of(connection, None)
        _refuse_other_owners(connection)
        save(server_version(connection))
        connection.rollback()
        _run(connection, "downgrade", revision, flavour, report)


def plan_upgrade(
    url: str, *, flavour: Flavour | None = None, accept_rights: bool = False, connect_args: Mapping[str, str] | None = None
) -> list[Step]:
    """What `upgrade` would run now. Nothing is changed; it raises what `upgrade` would raise before the first change."""
    with connect(url, connect_args) as connection:
        connection.exec_driver_sql("set default_transaction_read_only = on")
        connection.commit()
        before, flavour = _examined(connection, flavour, accept_rights=accept_rights)
        roles = roles_sql(missing_roles(connection, flavour))
        plan = [step("roles", *roles)] if roles else []
        plan.append(step("schema", _SCHEMA))
        return plan + _planned(connection, "upgrade", f"{before or 'base'}:head", flavour)


def plan_downgrade(url: str, revision: str = "base", *, connect_args: Mapping[str, str] | None = None) -> list[Step]:
    """What `downgrade` would run now. Nothing is changed."""
    with connect(url, connect_args) as connection:
        connection.exec_driver_sql("set default_transaction_read_only = on")
        connection.commit()
        before = _above(connection, revision)
        if before is None:
            return []
        flavour = flavour_of(connection, None)
        _refuse_other_owners(connection)
        plan = [step("schema", _SCHEMA), *joined(_planned(connection, "downgrade", f"{before}:{revision}", flavour))]
        return plan + ([step("schema", *_LEAVING)] if revision == "base" else [])


def status(url: str, *, connect_args: Mapping[str, str] | None = None, migrations: Path | None = None) -> DatabaseStatus:
    """How a database stands, without changing it; `migrations` is the folder of Drizzle's migrations, where their journal is to be looked at."""
    with connect(url, connect_args) as connection:
        revision = revision_of(connection)
        kind = flavour_of(connection, None)
        told = differences(connection, kind)
        drifted = drift(connection, kind) if revision == HEAD else []
        sign_up = setting(connection, "sign_up") if revision is not None else None
        trouble = [f"{each.sentence} Mend it with: {each.mend}" for each in drifted if each.harms]
        return DatabaseStatus(
            revision=revision,
            head=HEAD,
            state=_state(revision),
            flavour=kind,
            missing=tuple([f"role {role}" for role in missing_roles(connection, kind)] + _pending(revision)),
            trouble=tuple(trouble if revision == HEAD else [*rights_trouble(connection), *halfway(connection, revision)]),
            sign_up=None if sign_up is None else sign_up == "on",
            baseline=_baseline(connection, [each.sentence for each in told if each.blocks]),
            blocking=tuple(each.sentence for each in told if each.blocks),
            harmless=tuple(each.sentence for each in told if not each.blocks),
            drizzle=journal.read(connection, migrations),
        )


def drifted(url: str, *, connect_args: Mapping[str, str] | None = None) -> list[Deviation]:
    """Whatever in a database at HEAD is not as our migrations made it.

    Raises:
        NotMigrated: it is older.
        DevotsError: it cannot be looked at.
    """
    with connect(url, connect_args) as connection:
        _need_head(connection)
        return drift(connection, flavour_of(connection, None))


def drizzle_schema(url: str, *, connect_args: Mapping[str, str] | None = None) -> str:
    """The schema of a database at HEAD, in Drizzle's TypeScript. Raises as `drifted`."""
    with connect(url, connect_args) as connection:
        _need_head(connection)
        return drizzle.schema_of(connection)


def begin_revision(url: str, words: str, *, connect_args: Mapping[str, str] | None = None) -> Path:
    """Begin a migration of ours with what a database at HEAD lacks of the models; the new file. Raises as `drifted`, and outside a clone."""
    with connect(url, connect_args) as connection:
        _need_head(connection)
        return begin(connection, words)


def repair(url: str, *, connect_args: Mapping[str, str] | None = None, report: Report = _silent) -> tuple[str, ...]:
    """Make keys, tables, functions, policies, triggers and rights anew, and begin a new epoch, so that every device downloads its list again.

    For a database that was restored from a copy, or that has drifted. Todos, people and sessions stay as they are.

    Returns:
        what is not as it should be even so: things of others. A sentence each, with the line that mends it.

    Raises:
        DevotsError: the database is not at this program's revision, or not this login's.
    """
    with alone(url, connect_args) as connection:
        _need_head(connection)
        flavour = flavour_of(connection, None)
        _refuse_other_owners(connection)
        connection.rollback()
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        steps = Steps(autocommit, flavour, report, bundled("migrations", "server") / "sql")
        _scripts(steps, _RIGHTS_AGAIN)
        if without_keys(connection):
            # It pins the keys that these rows do not have yet. What is written meanwhile has no version, and a new epoch needs none.
            steps.sql("0003_stamp", "drop trigger if exists todo_stamp on public.todo")
        keys_and_indexes(steps)
        _scripts(steps, _SYNC_AGAIN)
        for name in missing_indexes(connection) if flavour == "portal" else ():
            steps.index(name, INDEXES[name])
        steps.sql("a new epoch", "select devots.repair()")
        return tuple(f"{each.sentence} Mend it with: {each.mend}" for each in drift(connection, flavour) if each.harms)


def set_sign_up(url: str, *, on: bool, connect_args: Mapping[str, str] | None = None) -> None:
    """Let people sign up by themselves over direct sign-in, or no longer."""
    with alone(url, connect_args) as connection:
        if revision_of(connection) is None or setting(connection, "sign_up") is None:
            raise NotMigrated("Not migrated", "This database has no direct sign-in.", "Run `devots db upgrade` first.")
        set_setting(connection, "sign_up", "on" if on else "off")


def prune(url: str, *, connect_args: Mapping[str, str] | None = None) -> int:
    """Forget answers to mutations older than 400 days. Answers how many."""
    with alone(url, connect_args) as connection, connection.begin():
        count: int = connection.execute(text("select devots.prune()")).scalar_one()
        return count


def _examined(connection: Connection, flavour: Flavour | None, *, accept_rights: bool) -> tuple[str | None, Flavour]:
    """Revision and flavour of a database that an upgrade may begin on. Raises DevotsError where it may not."""
    before = known_revision(connection)
    flavour = flavour_of(connection, flavour)
    _refuse_other_owners(connection)
    trouble = rights_trouble(connection)
    if trouble and not accept_rights and (before is None or before < "0002"):
        raise RightsInTheWay(trouble)
    blocking = [each.sentence for each in differences(connection, flavour) if each.blocks]
    if blocking and before is None:
        raise UnknownTables(blocking)
    return before, flavour


def _need_head(connection: Connection) -> None:
    if known_revision(connection) != HEAD:
        raise NotMigrated("Not migrated", "This database is not up to date.", "Run `devots db upgrade` first.")


def _above(connection: Connection, target: str) -> str | None:
    """A database's revision, where it is above the one to go back to. Raises AccountUnusable where there is none of that name."""
    if target not in {"base", *KNOWN}:
        raise AccountUnusable("No such revision", f"There is no revision of that name; there are {', '.join(KNOWN)} and base.", "Name one.")
    before = known_revision(connection)
    return before if before is not None and (target == "base" or before > target) else None


def _refuse_other_owners(connection: Connection) -> None:
    """Functions that run with the definer's rights have to be the tables' owner's: neither less nor more than the tables need."""
    others = (
        connection.execute(
            text("""
            select distinct tableowner from pg_tables
             where schemaname = 'public' and tablename = any(:tables) and tableowner <> current_user"""),
            {"tables": [*AUTH, "todo"]},
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


def _baseline(connection: Connection, blocking: list[str]) -> Baseline:
    if not tables_found(connection):
        return "none"
    return "differs" if blocking else "portal"


def _state(revision: str | None) -> State:
    if revision is None:
        return "not migrated"
    if revision == HEAD:
        return "current"
    return "older" if revision in KNOWN else "newer"


def _pending(revision: str | None) -> list[str]:
    """The migrations that the database lacks, oldest first, in words."""
    scripts = reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))
    return [f"{script.revision}: {script.doc}" for script in scripts if revision is None or script.revision > revision]


def _scripts(steps: Steps, names: tuple[str, ...]) -> None:
    for name in names:
        if steps.flavour == "portal" or name not in _PORTAL_ONLY:
            steps.script(name.format(flavour=steps.flavour))


def _config(**attributes: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(bundled("migrations", "server")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(attributes)
    return config


def _run(connection: Connection, direction: Literal["upgrade", "downgrade"], target: str, flavour: Flavour, report: Report) -> None:
    with connection.begin():
        connection.exec_driver_sql(_SCHEMA)
    kind = Steps if direction == "upgrade" else StepsBack
    make = partial(kind, flavour=flavour, report=report, folder=bundled("migrations", "server") / "sql")
    getattr(command, direction)(_config(connection=connection, steps=make, noted=_leave), target)


def _leave(ctx: MigrationContext, heads: set[str], **_: object) -> None:
    """Alembic has noted a revision, and its transaction is open: with the last one that is taken back goes what is left."""
    assert ctx.connection is not None  # noqa: S101 - it is no dry run
    for sql in _LEAVING if not heads else ():
        ctx.connection.exec_driver_sql(sql)


def _planned(connection: Connection, direction: Literal["upgrade", "downgrade"], between: str, flavour: Flavour) -> list[Step]:
    plan: list[Step] = []
    folder = bundled("migrations", "server") / "sql"
    config = _config(connection=connection, steps=lambda _: Planned(connection, flavour, folder, plan), noted=lambda **_: None)
    config.output_buffer = RevisionNotes(plan)
    getattr(command, direction)(config, between, sql=True)
    return plan
