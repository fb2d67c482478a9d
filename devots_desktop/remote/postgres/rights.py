"""Functions, policies and rights of a migrated database as they should be, held against what its catalogue says.

Everything is read from catalogues that every login may read, so that a person's program and the owner's see the same. What the functions and triggers are
is read from the migrations themselves.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, text

from devots_desktop.bundled import bundled
from devots_desktop.remote.postgres.roles import Flavour

REPAIR = "devots db repair"
"""The owner's command that makes functions, policies and rights anew."""

_WEB, _DESKTOP, _EVERYONE = "authenticated", "devots_desktop", ("public", "anon", "authenticated", "devots_desktop")
_CLIENTS = frozenset({_WEB, _DESKTOP})
_DIRECT = frozenset({_DESKTOP})
_NOBODY: frozenset[str] = frozenset()
_EXECUTE: Mapping[str, frozenset[str]] = {
    "devots.channel": _NOBODY,
    "devots.epoch": _CLIENTS,
    "devots.listen": _DIRECT,
    "devots.need_uid": _CLIENTS,
    "devots.prune": _NOBODY,
    "devots.repair": _NOBODY,
    "devots.revision": _CLIENTS,
    "devots.session_touch": _DIRECT,
    "devots.session_user_id": _DIRECT,
    "devots.sign_in_claim": _DIRECT,
    "devots.sign_in_salt": _DIRECT,
    "devots.sign_in_try": _DIRECT,
    "devots.sign_out": _DIRECT,
    "devots.sign_up": _DIRECT,
    "devots.todo_bury": _NOBODY,
    "devots.todo_hash": _CLIENTS,
    "devots.todo_json": _CLIENTS,
    "devots.todo_notify": _NOBODY,
    "devots.todo_stamp": _NOBODY,
    "devots.todo_truncated": _NOBODY,
    "devots.uid": _CLIENTS,
    "public.devots_digest": _CLIENTS,
    "public.devots_fetch": _CLIENTS,
    "public.devots_pull": _CLIENTS,
    "public.devots_push": _CLIENTS,
}
"""Who may execute what; the owner may execute all."""
_WRITABLE = frozenset({"text", "completed", "user_id", "created_at", "updated_at", "client_id"})
_COLUMNS: Mapping[tuple[str, str], frozenset[str]] = {
    ("public.todo", "INSERT"): _WRITABLE,
    ("public.todo", "UPDATE"): _WRITABLE | {"id"},
    ("public.todo_mutation", "INSERT"): frozenset({"mutation_id"}),
    ("public.todo_mutation", "UPDATE"): frozenset({"answer"}),
}
"""Columns that clients may write. Columns that others have added to a table are theirs to grant."""
_WHOLE = {("public.todo", "SELECT"), ("public.todo", "DELETE"), ("public.todo_tombstone", "SELECT"), ("public.todo_mutation", "SELECT")}
_OURS = {
    "public.todo": {"id", "row_version", *_WRITABLE},
    "public.todo_mutation": {"user_id", "mutation_id", "at", "answer"},
}
_SYNC_TABLES = ("public.todo", "public.todo_tombstone", "public.todo_mutation")
_PORTAL_TABLES = ("public.user", "public.session", "public.account", "public.verification")
_OF_PLUGINS = ("apikey", "device_code", "jwks", "oauth_access_token", "passkey", "two_factor")
"""Tables of Better Auth's plugins that hold tokens, keys or their secrets; a portal has some of them or none."""
_INDEXES = {"todo_client": "todo", "todo_version": "todo", "todo_tombstone_version": "todo_tombstone"}
"""Each begins with user_id: without it a pull reads everybody's rows."""
_HIDDEN = ("devots.setting", "devots.attempt", "devots.alembic_version")
_BY_SESSION = "(( SELECT devots.session_user_id() AS session_user_id) = user_id)"
_BY_CLAIMS = "(( SELECT ((NULLIF(current_setting('request.jwt.claims'::text, true), ''::text))::jsonb ->> 'sub'::text)) = user_id)"
_SCHEMAS = "(select oid from pg_namespace where nspname in ('public', 'devots'))"

_FUNCTIONS = text("""
    select n.nspname || '.' || p.proname as name, p.oid::regprocedure::text as signature, p.prosecdef as definer, p.provolatile::text as volatility,
           p.prosrc as body, p.prosqlbody is not null as parsed, coalesce(array_to_string(p.proconfig, ','), '') as settings,
           array(select r.rolname::text from pg_roles r where r.rolname in ('anon', 'authenticated', 'devots_desktop')
                    and has_function_privilege(r.oid, p.oid, 'execute')) as roles,
           p.proacl is null or exists (select from aclexplode(p.proacl) x where x.grantee = 0 and x.privilege_type = 'EXECUTE') as everybody
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = 'devots' or (n.nspname = 'public' and p.proname like 'devots\\_%')""")
_TABLES = text(f"""
    select n.nspname || '.' || c.relname as name, c.relrowsecurity as secured
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and c.relnamespace in {_SCHEMAS}""")
_POLICIES = text(f"""
    select n.nspname || '.' || c.relname as table, p.polname as name, p.polcmd::text as command, p.polpermissive as permissive,
           array(select coalesce(r.rolname, 'public')::text from unnest(p.polroles) o left join pg_roles r on r.oid = o) as roles,
           pg_get_expr(p.polqual, p.polrelid) as visible, pg_get_expr(p.polwithcheck, p.polrelid) as written
      from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where c.relnamespace in {_SCHEMAS}""")
_TRIGGERS = text("""
    select t.tgname as name, t.tgenabled::text as enabled, t.tgfoid::regproc::text as function
      from pg_trigger t where t.tgrelid = to_regclass('public.todo') and not t.tgisinternal""")
_PRIVILEGES = text("""
    select n.nspname || '.' || c.relname as table, r as role, p as privilege, has_table_privilege(r, c.oid, p) as whole,
           case when p in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') then
             array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                      and has_column_privilege(r, c.oid, a.attnum, p)) else '{}' end as columns,
           array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as there
      from pg_class c join pg_namespace n on n.oid = c.relnamespace, unnest(cast(:roles as text[])) r, unnest(cast(:privileges as text[])) p
     where n.nspname || '.' || c.relname = any(:tables) and (r = 'public' or exists (select from pg_roles where rolname = r))""")
_BEYOND = text("""
    select r as role, has_sequence_privilege(r, s.name, 'UPDATE') as sets, has_schema_privilege(r, 'devots', 'CREATE') as creates, s.name as sequence
      from unnest(cast(:roles as text[])) r, (select pg_get_serial_sequence('public.todo', 'id') as name) s
     where (r = 'public' or exists (select from pg_roles where rolname = r)) and s.name is not null""")
_ROLE = text("""
    select rolsuper or rolbypassrls as bypasses, rolcreaterole or rolcreatedb or rolreplication as makes, rolinherit as inherits,
           exists (select from pg_auth_members m where m.member = r.oid) as member
      from pg_roles r where rolname = 'devots_desktop'""")


_OPEN = text("""
    select c.relname::text as table, c.relrowsecurity as secured,
           array(select r from unnest(cast(:roles as text[])) r
                  where (r = 'public' or exists (select from pg_roles where rolname = r))
                    and (has_table_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
                         or has_any_column_privilege(r, c.oid, 'SELECT, INSERT, UPDATE'))) as roles,
           array(select p.polname::text from pg_policy p where p.polrelid = c.oid and p.polpermissive) as policies
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname = any(:tables) order by 1""")
_VALID = text("""
    select c.relname::text from pg_class c join pg_index i on i.indexrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and i.indisvalid and c.relname = any(:names)""")


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something that is not as it should be.

    Attributes:
        sentence: what.
        mend: the line that mends it, SQL for the owner or a command of ours.
        harms: False for what others have added and what does no harm.
    """

    sentence: str
    mend: str
    harms: bool = True


@dataclass(frozen=True, slots=True)
class _Function:
    """A function as a migration makes it."""

    body: str
    definer: bool
    volatility: str


def deviations(connection: Connection, flavour: Flavour) -> list[Deviation]:
    """What is not as it should be in a database at this program's revision."""
    found = [*_tables(connection, flavour), *_policies(connection, flavour), *_triggers(connection, flavour)]
    found += [*_functions(connection, flavour), *_privileges(connection, flavour), *_beyond_tables(connection)]
    found += [*_of_plugins(connection), *_indexes(connection)]
    return found + (list(_role(connection)) if flavour == "portal" else [])


def _functions(connection: Connection, flavour: Flavour) -> Iterator[Deviation]:
    wanted = expected_functions(flavour)
    rows = {row["name"]: row for row in connection.execute(_FUNCTIONS).mappings()}
    for name in sorted(wanted.keys() - rows.keys()):
        yield Deviation(f"The function {name} is missing.", REPAIR)
    for name, row in sorted(rows.items()):
        if name not in wanted:
            yield Deviation(f"The function {row['signature']} is not ours.", f"drop function {row['signature']};")
            continue
        if _differs(row, wanted[name]):
            yield Deviation(f"The function {name} is not what the migrations made.", REPAIR)
        roles = _EXECUTE[name] - (_DIRECT if flavour == "supabase" else _NOBODY)
        for role in ["public"] if row["everybody"] else sorted(set(row["roles"]) - roles):
            yield Deviation(f"{_named(role)} may execute {name}.", f"revoke execute on function {row['signature']} from {role};")
        for role in sorted(roles - set(row["roles"])):
            yield Deviation(f"{_named(role)} may not execute {name}.", f"grant execute on function {row['signature']} to {role};")


def _differs(row: RowMapping, wanted: _Function) -> bool:
    pinned = row["parsed"] or row["settings"] == 'search_path=""'
    return (row["body"], row["definer"], row["volatility"], pinned) != (wanted.body, wanted.definer, wanted.volatility, True)


def _tables(connection: Connection, flavour: Flavour) -> Iterator[Deviation]:
    rows = {row["name"]: row["secured"] for row in connection.execute(_TABLES).mappings()}
    for table in _secured(flavour):
        if table not in rows:
            yield Deviation(f"The table {table} is missing.", REPAIR)
        elif not rows[table]:
            yield Deviation(f"Row-level security is off on {table}.", f"alter table {_quoted(table)} enable row level security;")


def _policies(connection: Connection, flavour: Flavour) -> Iterator[Deviation]:
    wanted = {(table, f"{table.removeprefix('public.')}_web"): (_WEB, _BY_CLAIMS) for table in _SYNC_TABLES}
    if flavour == "portal":
        wanted |= {(table, f"{table.removeprefix('public.')}_desktop"): (_DESKTOP, _BY_SESSION) for table in _SYNC_TABLES}
    rows = {(row["table"], row["name"]): row for row in connection.execute(_POLICIES).mappings() if row["table"] in _secured(flavour)}
    for table, name in sorted(wanted.keys() - rows.keys()):
        yield Deviation(f"The policy {name} on {table} is missing.", REPAIR)
    for (table, name), row in sorted(rows.items()):
        if (table, name) in wanted:
            role, expression = wanted[table, name]
            same = (row["command"], row["permissive"], row["roles"]) == ("*", True, [role])
            if not same or {row["visible"], row["written"]} != {expression}:
                yield Deviation(f"The policy {name} on {table} is not what the migrations made.", REPAIR)
        elif row["permissive"]:
            yield Deviation(
                f"The policy {name} on {table} is not ours and may let more rows through.", f'drop policy "{name}" on {_quoted(table)};'
            )


def _triggers(connection: Connection, flavour: Flavour) -> Iterator[Deviation]:
    wanted = {"todo_stamp", "todo_bury", "todo_truncated"} | ({"todo_notify"} if flavour == "portal" else set())
    rows = {row["name"]: row for row in connection.execute(_TRIGGERS).mappings()}
    for name in sorted(wanted):
        row = rows.get(name)
        if row is None or row["function"] != f"devots.{name}":
            yield Deviation(f"The trigger {name} on public.todo is missing.", REPAIR)
        elif row["enabled"] not in ("O", "A"):
            yield Deviation(f"The trigger {name} on public.todo is off.", f"alter table public.todo enable trigger {name};")


def _privileges(connection: Connection, flavour: Flavour) -> Iterator[Deviation]:
    tables = [*_secured(flavour), *_HIDDEN]
    privileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
    rows = connection.execute(_PRIVILEGES, {"roles": list(_EVERYONE), "privileges": privileges, "tables": tables}).mappings().all()
    clients = _CLIENTS if flavour == "portal" else _CLIENTS - _DIRECT
    everybodys = {(row["table"], row["privilege"]) for row in rows if row["role"] == "public" and row["whole"]}
    for row in sorted(rows, key=lambda row: (row["table"], row["role"], row["privilege"])):
        key = (row["table"], row["privilege"])
        whole = row["role"] in clients and key in _WHOLE
        columns = _COLUMNS.get(key, _NOBODY) & set(row["there"]) if row["role"] in clients else _NOBODY
        known = set(row["columns"]) & _OURS.get(row["table"], set(row["columns"]))
        on = f"{row['privilege']} on {row['table']}"
        if row["role"] != "public" and key in everybodys:
            continue  # The line for everybody mends it.
        if row["whole"] and not whole:
            # To take the whole takes the columns' grants along.
            line = f"revoke {row['privilege'].lower()} on {_quoted(row['table'])} from {row['role']};"
            yield Deviation(f"{_named(row['role'])} has {on}.", REPAIR if columns else line)
        elif whole and not row["whole"]:
            yield Deviation(
                f"{_named(row['role'])} lacks {on}.", f"grant {row['privilege'].lower()} on {_quoted(row['table'])} to {row['role']};"
            )
        elif not whole:
            yield from _columns(row, known, columns)


def _beyond_tables(connection: Connection) -> Iterator[Deviation]:
    """With UPDATE on the sequence anybody could set it back and stop everybody's inserts."""
    for row in connection.execute(_BEYOND, {"roles": list(_EVERYONE)}).mappings():
        if row["sets"]:
            yield Deviation(
                f"{_named(row['role'])} may set {row['sequence']}.", f"revoke update on sequence {row['sequence']} from {row['role']};"
            )
        if row["creates"]:
            yield Deviation(f"{_named(row['role'])} may make things in devots.", f"revoke create on schema devots from {row['role']};")


def _of_plugins(connection: Connection) -> Iterator[Deviation]:
    """A plugin's table that somebody may touch, by its grants and without row-level security, or by a policy."""
    for row in connection.execute(_OPEN, {"tables": list(_OF_PLUGINS), "roles": list(_EVERYONE)}).mappings():
        if not row["roles"]:
            continue
        table, roles = f"public.{row['table']}", ", ".join(row["roles"])
        if not row["secured"]:
            mend = f"alter table {table} enable row level security; revoke all on {table} from {roles};"
            yield Deviation(f"The table {table}, which holds secrets, is open to {roles}.", mend)
        for name in row["policies"]:
            yield Deviation(f"The policy {name} on {table} may open a table that holds secrets.", f'drop policy "{name}" on {table};')


def _indexes(connection: Connection) -> Iterator[Deviation]:
    valid = set(connection.execute(_VALID, {"names": list(_INDEXES)}).scalars())
    for name, table in _INDEXES.items():
        if name not in valid:
            yield Deviation(f"The index {name} on public.{table}, which begins with user_id, is missing.", REPAIR)


def _columns(row: RowMapping, found: set[str], wanted: frozenset[str]) -> Iterator[Deviation]:
    for names, verb, preposition, has in ((found - wanted, "revoke", "from", "has"), (wanted - found, "grant", "to", "lacks")):
        if names:
            shown = ", ".join(sorted(names))
            yield Deviation(
                f"{_named(row['role'])} {has} {row['privilege']} on {shown} of {row['table']}.",
                f"{verb} {row['privilege'].lower()} ({shown}) on {_quoted(row['table'])} {preposition} {row['role']};",
            )


def _role(connection: Connection) -> Iterator[Deviation]:
    row = connection.execute(_ROLE).mappings().one_or_none()
    if row is None:
        yield Deviation("The role devots_desktop is missing.", "devots db upgrade")
        return
    if row["bypasses"]:
        yield Deviation("The role devots_desktop bypasses row-level security.", "alter role devots_desktop nosuperuser nobypassrls;")
    if row["makes"]:
        yield Deviation(
            "The role devots_desktop may make roles, databases or replicas.",
            "alter role devots_desktop nocreaterole nocreatedb noreplication;",
        )
    if row["inherits"]:
        yield Deviation("The role devots_desktop inherits the rights of other roles.", "alter role devots_desktop noinherit;")
    if row["member"]:
        yield Deviation("The role devots_desktop is a member of another role.", "revoke <that role> from devots_desktop;")


_MADE = re.compile(r"create or replace function ([a-z_.]+)\((.*?)(?:\bas \$\$(.*?)\$\$;|;\nrevoke)", re.DOTALL)
_VOLATILITY = {"stable": "s", "immutable": "i"}


def expected_functions(flavour: Flavour) -> dict[str, _Function]:
    """The functions as the migrations of this flavour make them, by name."""
    other = "supabase" if flavour == "portal" else "portal"
    found: dict[str, _Function] = {}
    for script in sorted(bundled("migrations", "server", "sql").iterdir(), key=lambda path: path.name):
        if script.suffix != ".sql" or script.stem.endswith(f"_{other}") or (flavour == "supabase" and script.stem.startswith("0004")):
            continue
        for name, head, body in _MADE.findall(script.read_text(encoding="utf-8")):
            volatility = next((letter for word, letter in _VOLATILITY.items() if re.search(rf"\b{word}\b", head)), "v")
            found[name] = _Function(body, "security definer" in head, volatility)
    return found


def _secured(flavour: Flavour) -> tuple[str, ...]:
    return _SYNC_TABLES + (_PORTAL_TABLES if flavour == "portal" else ())


def _quoted(table: str) -> str:
    schema, name = table.split(".")
    return f'{schema}."{name}"' if name == "user" else table


def _named(role: str) -> str:
    return "Everybody" if role == "public" else f"The role {role}"
