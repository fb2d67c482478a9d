"""The tables of a Devots Portal as drizzle-kit makes them, and how a database differs from them.

Names and shapes are those of Better Auth's schema and the portal guide's todo. A difference either blocks, because our migrations or functions
would fail on it, or does no harm, as a plugin's columns do.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from devots_desktop.remote.postgres.roles import Flavour

_TEXT, _MAYBE_TEXT = "text not null", "text"
_TIME, _MAYBE_TIME = "timestamp without time zone not null", "timestamp without time zone"
_OF_USER = 'FOREIGN KEY (user_id) REFERENCES "user"(id) ON DELETE CASCADE'

Shape = Mapping[str, str]
"""Columns with their types, constraints with their definitions, as PostgreSQL writes them, by name."""

AUTH: Mapping[str, Shape] = {
    "account": {
        "id": _TEXT,
        "account_id": _TEXT,
        "provider_id": _TEXT,
        "user_id": _TEXT,
        "access_token": _MAYBE_TEXT,
        "refresh_token": _MAYBE_TEXT,
        "id_token": _MAYBE_TEXT,
        "access_token_expires_at": _MAYBE_TIME,
        "refresh_token_expires_at": _MAYBE_TIME,
        "scope": _MAYBE_TEXT,
        "password": _MAYBE_TEXT,
        "created_at": _TIME,
        "updated_at": _TIME,
        "account_pkey": "PRIMARY KEY (id)",
        "account_user_id_user_id_fk": _OF_USER,
    },
    "session": {
        "id": _TEXT,
        "expires_at": _TIME,
        "token": _TEXT,
        "created_at": _TIME,
        "updated_at": _TIME,
        "ip_address": _MAYBE_TEXT,
        "user_agent": _MAYBE_TEXT,
        "user_id": _TEXT,
        "session_pkey": "PRIMARY KEY (id)",
        "session_token_unique": "UNIQUE (token)",
        "session_user_id_user_id_fk": _OF_USER,
    },
    "user": {
        "id": _TEXT,
        "name": _TEXT,
        "email": _TEXT,
        "email_verified": "boolean not null",
        "image": _MAYBE_TEXT,
        "created_at": _TIME,
        "updated_at": _TIME,
        "user_pkey": "PRIMARY KEY (id)",
        "user_email_unique": "UNIQUE (email)",
    },
    "verification": {
        "id": _TEXT,
        "identifier": _TEXT,
        "value": _TEXT,
        "expires_at": _TIME,
        "created_at": _TIME,
        "updated_at": _TIME,
        "verification_pkey": "PRIMARY KEY (id)",
    },
}
TODOS: Shape = {
    "id": "integer not null",
    "text": _TEXT,
    "completed": "boolean not null",
    "user_id": _TEXT,
    "created_at": _TIME,
    "updated_at": _TIME,
    "todo_pkey": "PRIMARY KEY (id)",
}
OF_USER: Shape = {"todo_user_id_user_id_fk": _OF_USER}
INDEXES: Mapping[str, str] = {
    "account_userId_idx": "account (user_id)",
    "session_userId_idx": "session (user_id)",
    "verification_identifier_idx": "verification (identifier)",
}
"""Better Auth's generator writes them; older portals lack them, and then they are made."""

_OURS = {"todo": {"row_version", "client_id", "todo_client_id_present"}}
"""What our own migrations add to the portal's tables."""
_FILLED = {"todo": ("id", "completed", "created_at", "updated_at"), "user": ("email_verified",)}
"""Columns that the portal's own inserts leave to their defaults."""
_SHAPE = text("""
    select c.relname as table, a.attname as name,
           format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end as shape,
           a.atthasdef or a.attidentity <> '' or a.attgenerated <> '' as filled, true as "column"
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname = any(:tables)
    union all
    select c.relname, k.conname, pg_get_constraintdef(k.oid), true, false
      from pg_class c join pg_constraint k on k.conrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relname = any(:tables) and k.contype <> 'n'
""")
_INDEXES_THERE = text("""
    select c.relname::text from pg_class c join pg_index i on i.indexrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and i.indisvalid and c.relname = any(:names)""")
_KINDS = text("""
    select relname::text, relkind::text from pg_class
     where relnamespace = 'public'::regnamespace and relname = any(:tables) and relkind in ('r', 'p', 'v', 'm', 'f')""")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as a portal has it.

    Attributes:
        sentence: where, what it is, and what it should be; without a full stop.
        blocks: the database cannot be taken over as long as it is so.
    """

    sentence: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A column or a constraint; `filled`: it needs no value in an insert."""

    shape: str
    filled: bool
    column: bool


def expected(flavour: Flavour) -> Mapping[str, Shape]:
    """The tables that a database of this flavour has before our migrations."""
    return {"todo": TODOS} if flavour == "supabase" else {**AUTH, "todo": {**TODOS, **OF_USER}}


def tables_found(connection: Connection) -> list[str]:
    """Which of the portal's tables there are."""
    return [name for name, kind in connection.execute(_KINDS, {"tables": [*AUTH, "todo"]}) if kind in ("r", "p")]


def missing_indexes(connection: Connection) -> list[str]:
    """Which of the portal's indexes are missing."""
    there = connection.execute(_INDEXES_THERE, {"names": list(INDEXES)}).scalars().all()
    return [name for name in INDEXES if name not in there]


def differences(connection: Connection, flavour: Flavour) -> list[Difference]:
    """How the portal's tables in this database differ from what they should be; tables that are not there are no difference, unless some are."""
    found = _found(connection)
    wanted = expected(flavour)
    kinds = connection.execute(_KINDS, {"tables": list(wanted)}).all()
    told = [Difference(f"{name} is no table", blocks=True) for name, kind in kinds if kind not in ("r", "p")]
    for table, shape in found.items():
        if table in wanted:
            told += [*_lacking(table, wanted[table], shape), *_beyond(table, wanted[table], shape)]
    return told + list(_of_flavour(found, flavour)) + _slow(connection, found, flavour)


def _found(connection: Connection) -> dict[str, dict[str, _Found]]:
    found: dict[str, dict[str, _Found]] = {}
    for table, name, shape, filled, column in connection.execute(_SHAPE, {"tables": [*AUTH, "todo"]}):
        found.setdefault(table, {})[name] = _Found(shape, filled, column)
    return found


def _lacking(table: str, wanted: Shape, shape: Mapping[str, _Found]) -> Iterator[Difference]:
    """What is missing or of another shape. A constraint of another name that says the same is as good."""
    said = {each.shape for each in shape.values() if not each.column}
    for name, form in wanted.items():
        there = shape[name].shape if name in shape else "missing"
        if there == form:
            continue
        if " KEY " in f"{form} " or form.startswith("UNIQUE"):
            same = form in said
            yield Difference(f"{table}.{name} is {there}, not {form}{', which stands under another name' if same else ''}", blocks=not same)
        else:
            yield Difference(f"{table}.{name} is {there}, not {form}", blocks=True)
    for name in _FILLED.get(table, ()):
        if name in shape and not shape[name].filled:
            yield Difference(f"{table}.{name} has no default", blocks=True)


def _beyond(table: str, wanted: Shape, shape: Mapping[str, _Found]) -> Iterator[Difference]:
    """More columns and constraints are welcome, as a portal's plugins bring them, so long as an insert that does not know them passes."""
    twice = {form for name, form in wanted.items() if name not in shape}
    for name in sorted(shape.keys() - wanted.keys() - _OURS.get(table, set())):
        found = shape[name]
        needed = found.column and found.shape.endswith(" not null") and not found.filled
        if needed and table != "verification":
            yield Difference(f"{table}.{name} ({found.shape}) has no default: rows of this program would be refused", blocks=True)
        elif found.shape not in twice:
            yield Difference(f"{table}.{name} ({found.shape}) is more than a portal has", blocks=False)


def _of_flavour(found: Mapping[str, object], flavour: Flavour) -> Iterator[Difference]:
    auth = [table for table in AUTH if table in found]
    if flavour == "portal" and auth and len(auth) < len(AUTH):
        yield from (Difference(f"table {table} is missing", blocks=True) for table in AUTH if table not in found)
    if flavour == "supabase" and set(OF_USER) & set(_names(found.get("todo"))):
        yield Difference("todo.user_id references a table of users", blocks=True)


def _names(shape: object) -> Iterable[str]:
    return shape if isinstance(shape, dict) else ()


def _slow(connection: Connection, found: Mapping[str, object], flavour: Flavour) -> list[Difference]:
    if flavour == "supabase" or "user" not in found:
        return []
    return [
        Difference(f"index {name} on {INDEXES[name]} is missing; an upgrade makes it", blocks=False) for name in missing_indexes(connection)
    ]
