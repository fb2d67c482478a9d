"""The step before the migrations: the roles that policies and grants name.

Roles belong to the whole cluster and not to one database, so no migration makes them and no downgrade drops them.
"""

import secrets
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from devots_desktop.domain.errors import AccountUnusable

Flavour = Literal["portal", "supabase"]

_ROLES = {
    "anon": "create role anon nologin noinherit",
    "authenticated": "create role authenticated nologin noinherit",
    "devots_desktop": "create role devots_desktop login noinherit",
}
_LOGIN = " password 'choose one'"


class RolesMissing(AccountUnusable):
    """This login may not make the roles.

    Attributes:
        lines: SQL for an administrator.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__(
            "Roles are missing",
            "The database server lacks roles that only an administrator can make, and this login may not make them. Nothing was changed.",
            "Ask an administrator to run these lines, then run this command again:\n" + "\n".join(lines),
        )
        self.lines = lines


class UnsafeRole(AccountUnusable):
    """The role devots_desktop can do more than it may."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "An unsafe role",
            f"The role devots_desktop {reason}, so people who share it could read each other's todos. Nothing was changed.",
            "Ask an administrator to mend the role, then run this command again.",
        )


@dataclass(frozen=True, slots=True)
class RolesMade:
    """What the step did.

    Attributes:
        created: names of new roles.
        generated: a password made for a new devots_desktop, when none was given.
    """

    created: tuple[str, ...]
    generated: str | None


def missing_roles(connection: Connection, flavour: Flavour) -> list[str]:
    """The roles that the flavour needs and the cluster lacks."""
    wanted = [role for role in _ROLES if flavour == "portal" or role != "devots_desktop"]
    there = connection.execute(text("select rolname from pg_roles where rolname = any(:wanted)"), {"wanted": wanted}).scalars().all()
    return [role for role in wanted if role not in there]


def roles_sql(missing: list[str]) -> list[str]:
    """The statements that make these roles."""
    return [_ROLES[role] for role in missing]


def make_roles(connection: Connection, flavour: Flavour, password: str | None) -> RolesMade:
    """Make what is missing and set the password of devots_desktop where one is given or the role is new. One transaction.

    RolesMissing, with the lines for an administrator, where this login may not; UnsafeRole where devots_desktop exists and is not harmless.
    """
    missing = missing_roles(connection, flavour)
    may = connection.execute(text("select rolsuper or rolcreaterole from pg_roles where rolname = current_user")).scalar_one()
    if missing and not may:
        raise RolesMissing([f"{_ROLES[role]}{_LOGIN if role == 'devots_desktop' else ''};" for role in missing])
    generated = secrets.token_urlsafe(24) if "devots_desktop" in missing and password is None else None
    for role in missing:
        connection.exec_driver_sql(_ROLES[role])
    if flavour == "portal":
        _refuse_unsafe(connection)
        new_password = password or generated
        if new_password is not None:
            _set_password(connection, new_password)
    return RolesMade(tuple(missing), generated)


def _refuse_unsafe(connection: Connection) -> None:
    row = connection.execute(
        text("""
            select r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolinherit,
                   array(select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid) as member_of
              from pg_roles r where r.rolname = 'devots_desktop'""")
    ).one()
    if row.rolsuper or row.rolbypassrls:
        raise UnsafeRole("bypasses row-level security")
    if row.rolcreaterole:
        raise UnsafeRole("may make and change roles")
    if row.member_of:
        raise UnsafeRole(f"is a member of {', '.join(row.member_of)}")
    if row.rolinherit:
        raise UnsafeRole("inherits the rights of roles that it may become a member of")


def _set_password(connection: Connection, password: str) -> None:
    """Hashed here, so that the password stands neither in the server's log nor in pg_stat_activity."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - the connection is open
    verifier = driver.pgconn.encrypt_password(password.encode(), b"devots_desktop", b"scram-sha-256")
    connection.exec_driver_sql(f"alter role devots_desktop password '{verifier.decode()}'")
