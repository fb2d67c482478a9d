"""What has drifted in a migrated database: tables, columns, indexes, policies, functions, triggers, rights and the switches of row-level security.

`drizzle-kit push` drops policies, switches row-level security off and drops columns and tables that the portal's own schema does not know. It
asks only where data would go.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from devots_desktop.remote.postgres.owner.baseline import Shape, differences
from devots_desktop.remote.postgres.rights import REPAIR, Deviation, deviations
from devots_desktop.remote.postgres.roles import Flavour

_VERSION, _KEY, _PERSON = "bigint not null", "uuid not null", "text not null"
_OURS: Mapping[str, Shape] = {
    "todo": {"row_version": _VERSION, "client_id": _KEY},
    "todo_tombstone": {"user_id": _PERSON, "client_id": _KEY, "todo_id": "integer not null", "row_version": _VERSION},
    "todo_mutation": {"user_id": _PERSON, "mutation_id": _KEY, "at": "timestamp with time zone not null", "answer": "jsonb"},
}
_COLUMNS = text("""
    select c.relname::text as table, a.attname::text as name,
           format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end as shape
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relname = any(:tables)""")
_DEFAULT = text("""
    select coalesce(pg_get_expr(d.adbin, d.adrelid), '') from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = to_regclass('public.todo') and a.attname = 'user_id'""")

_LEFT = text("""
    select exists (select from pg_namespace n where n.nspname = 'devots'
                      and (not exists (select from pg_depend where refclassid = 'pg_namespace'::regclass and refobjid = n.oid)
                           or exists (select from pg_class c where c.relnamespace = n.oid and c.relname in ('alembic_version', 'setting'))))""")
"""Whether our schema is there, and not for somebody else's things alone."""


def drift(connection: Connection, flavour: Flavour) -> list[Deviation]:
    """Everything that is not as our migrations made it, and what others have added without harm."""
    found = list(deviations(connection, flavour))
    found += _columns(connection)
    found += [Deviation(f"{each.sentence}.", _mend_of(each.sentence), harms=each.blocks) for each in differences(connection, flavour)]
    return found


def halfway(connection: Connection, revision: str | None) -> list[str]:
    """A sentence where an upgrade, or a downgrade, has stopped midway."""
    left = _begun(connection, revision)
    if not left:
        return []
    return [f"A migration has stopped midway: {left}. Run `devots db upgrade` again; it goes on where it stopped."]


def without_keys(connection: Connection) -> bool:
    """Whether todos have no key, or the column of keys is gone."""
    columns = {row.name for row in connection.execute(_COLUMNS, {"tables": ["todo"]})}
    return "client_id" not in columns or bool(
        connection.exec_driver_sql("select exists (select from public.todo where client_id is null)").scalar_one()
    )


def _columns(connection: Connection) -> Iterator[Deviation]:
    rows = connection.execute(_COLUMNS, {"tables": list(_OURS)}).all()
    there = {(row.table, row.name): row.shape for row in rows}
    tables = {row.table for row in rows}
    for table, shape in _OURS.items():
        for name, wanted in shape.items() if table in tables else ():
            found = there.get((table, name), "missing")
            if found != wanted:
                yield Deviation(
                    f"public.{table}.{name} is {found}, not {wanted}.", REPAIR if found == "missing" else _alter(table, name, found, wanted)
                )
    if "todo" in tables and connection.execute(_DEFAULT).scalar_one_or_none() not in {"devots.uid()", None}:
        yield Deviation("public.todo.user_id has another default than the person who asks.", REPAIR)


def _alter(table: str, column: str, found: str, wanted: str) -> str:
    kind, needed = wanted.removesuffix(" not null"), wanted.endswith(" not null")
    typed = "" if found.removesuffix(" not null") == kind else f"alter {column} type {kind}, "
    return f"alter table public.{table} {typed}alter {column} {'set' if needed else 'drop'} not null;"


def _mend_of(sentence: str) -> str:
    return REPAIR if sentence.startswith("index ") else "bring it into the portal's form again"


def _begun(connection: Connection, revision: str | None) -> str:
    if revision is None:
        return "its schema is there, and no revision is noted" if connection.execute(_LEFT).scalar_one() else ""
    columns = {(row.table, row.name): row.shape for row in connection.execute(_COLUMNS, {"tables": ["todo"]})}
    shape = columns.get(("todo", "client_id"), "")
    if revision in ("0001", "0002") and shape == "uuid":
        without = connection.exec_driver_sql("select count(*) from public.todo where client_id is null").scalar_one()
        return f"{without:,} todos have no key yet" if without else "the keys of todos are not proven yet"
    if revision in ("0001", "0002") and shape:
        return f"revision {revision} is noted, and keys of a later one are there"
    return ""
