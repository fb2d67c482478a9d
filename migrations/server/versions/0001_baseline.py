"""The baseline: adopt a Devots Portal's tables, or make them where there are none.

Two flavours: `portal` has the four tables of Better Auth and todo.user_id references "user"; `supabase` has todo alone, since a subject of
Supabase Auth has no row in "user". A database that has our names in another shape is refused before anything is changed.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, text

from devots_desktop.remote.postgres.steps import Steps, UnknownTables, steps

revision = "0001"
down_revision = None

_TEXT, _MAYBE_TEXT = "text not null", "text"
_TIME, _MAYBE_TIME = "timestamp without time zone not null", "timestamp without time zone"
_AUTH: Mapping[str, Mapping[str, str]] = {
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
        "account_user_id_user_id_fk": 'FOREIGN KEY (user_id) REFERENCES "user"(id) ON DELETE CASCADE',
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
        "session_user_id_user_id_fk": 'FOREIGN KEY (user_id) REFERENCES "user"(id) ON DELETE CASCADE',
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
_TODO: Mapping[str, str] = {
    "id": "integer not null",
    "text": _TEXT,
    "completed": "boolean not null",
    "user_id": _TEXT,
    "created_at": _TIME,
    "updated_at": _TIME,
    "todo_pkey": "PRIMARY KEY (id)",
}
_TODO_OF_USER = {"todo_user_id_user_id_fk": 'FOREIGN KEY (user_id) REFERENCES "user"(id) ON DELETE CASCADE'}
_INDEXES = {  # Better Auth's generator writes them; older portals lack them, and then they are made
    "account_userId_idx": "account (user_id)",
    "session_userId_idx": "session (user_id)",
    "verification_identifier_idx": "verification (identifier)",
}
_SHAPE = text("""
    select c.relname as table, a.attname as name,
           format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end as shape
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname = any(:tables)
    union all
    select c.relname, k.conname, pg_get_constraintdef(k.oid)
      from pg_class c join pg_constraint k on k.conrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relname = any(:tables)
""")


def upgrade() -> None:
    with steps() as run:
        expected = _expected(run.flavour)
        found = _found(run.connection, [*_AUTH, "todo"])
        _refuse_other_shapes(expected, found, run.flavour)
        with run.one_transaction("the tables of a portal" if run.flavour == "portal" else "the table of todos"):
            _make_what_is_absent(run, expected, found)
        if run.flavour == "portal":
            for name, on in _INDEXES.items():
                run.index(name, f'create index concurrently "{name}" on public.{on}')
        run.script("0001_revision")


def downgrade() -> None:
    """Drops only tables that we made and that are empty: a downgrade never destroys a todo or a person."""
    with steps() as run:
        made = (run.setting("made") or "").split(",")
        with run.one_transaction("the baseline"):
            run.connection.exec_driver_sql("drop function if exists devots.revision()")
            for table in ("todo", "account", "session", "verification", "user"):
                if table in made:
                    _drop_if_empty(run.connection, table)
            run.connection.exec_driver_sql("drop table devots.setting")


def _expected(flavour: str) -> Mapping[str, Mapping[str, str]]:
    return {"todo": _TODO} if flavour == "supabase" else {**_AUTH, "todo": {**_TODO, **_TODO_OF_USER}}


def _found(connection: Connection, tables: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for table, name, shape in connection.execute(_SHAPE, {"tables": tables}):
        found.setdefault(table, {})[name] = shape
    return found


def _refuse_other_shapes(expected: Mapping[str, Mapping[str, str]], found: Mapping[str, Mapping[str, str]], flavour: str) -> None:
    """More columns and constraints are welcome (a portal's plugins bring some); what is missing or different is not."""
    differences = [
        f"{table}.{name} is {shape.get(name, 'missing')}, not {wanted}"
        for table, shape in found.items()
        for name, wanted in expected.get(table, {}).items()
        if shape.get(name) != wanted
    ]
    auth = [table for table in _AUTH if table in found]
    if flavour == "portal" and auth and len(auth) < len(_AUTH):
        differences += [f"table {table} is missing" for table in _AUTH if table not in found]
    if flavour == "supabase" and set(_TODO_OF_USER) & set(found.get("todo", {})):
        differences.append("todo.user_id references a table of users")
    if differences:
        raise UnknownTables(differences)


def _make_what_is_absent(run: Steps, expected: Mapping[str, Mapping[str, str]], found: Mapping[str, Mapping[str, str]]) -> None:
    run.execute("0001_setting", made=",".join(table for table in expected if table not in found))
    if run.flavour == "portal" and "user" not in found:
        run.execute("0001_portal")
    if "todo" not in found:
        run.execute("0001_todo")
        if run.flavour == "portal":
            run.execute("0001_todo_of_user")


def _drop_if_empty(connection: Connection, table: str) -> None:
    exists = connection.execute(text("select to_regclass(:name) is not null"), {"name": f'public."{table}"'}).scalar_one()
    if exists and not connection.exec_driver_sql(f'select exists (select from public."{table}")').scalar_one():  # noqa: S608 - our own names
        connection.exec_driver_sql(f'drop table public."{table}"')
