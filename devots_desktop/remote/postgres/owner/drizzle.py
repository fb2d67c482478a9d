"""A database's tables and policies as a schema of Drizzle, in TypeScript, for the portal's own repository.

`drizzle-kit push` makes a database what the schema says and knows no other truth: policies that the schema lacks are dropped, and row-level security
is switched off, on session tokens and password hashes too. What is printed here says all that is there, so that a push changes nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, TextClause, text

_HEAD = """\
// The tables of this database as they are, with those of Devots Desktop and the policies on them. Printed by `devots db drizzle`.
// It takes the place of the tables in your schema; your relations(), enums and types stay. After an upgrade, print it again.
// The columns of a primary key have no order here. Should `drizzle-kit push` offer to drop a key and to add it with its columns in another order, print it again.
// Functions and triggers are no part of a Drizzle schema: `devots db drift` looks after them.
"""
_COLUMNS = text("""
    select c.relname::text as table, a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as needed,
           pg_get_expr(d.adbin, d.adrelid) as value, a.attidentity::text as identity,
           exists (select from pg_depend p join pg_class s on s.oid = p.objid and p.classid = 'pg_class'::regclass
                    where p.refobjid = c.oid and p.refobjsubid = a.attnum and p.deptype = 'a' and s.relkind = 'S') as serial
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by c.relname, a.attnum""")
_CONSTRAINTS = text("""
    select c.relname::text as table, k.conname::text as name, k.contype::text as kind, pg_get_expr(k.conbin, k.conrelid) as condition,
           array(select a.attname::text from unnest(k.conkey) with ordinality n(number, place)
                   join pg_attribute a on a.attrelid = k.conrelid and a.attnum = n.number order by n.place) as columns,
           f.relname::text as target, k.confdeltype::text as on_delete, k.confupdtype::text as on_update,
           array(select a.attname::text from unnest(k.confkey) with ordinality n(number, place)
                   join pg_attribute a on a.attrelid = k.confrelid and a.attnum = n.number order by n.place) as targets
      from pg_constraint k join pg_class c on c.oid = k.conrelid left join pg_class f on f.oid = k.confrelid
     where k.connamespace = 'public'::regnamespace and k.contype in ('p', 'u', 'f', 'c') order by c.relname, k.conname""")
_AS_READ = """
    SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema
      FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema
        AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
      WHERE tc.table_name = '{table}' and constraint_schema = 'public'"""
"""How drizzle-kit (0.31) asks for the columns of keys: in no order, and then it compares them as a list. Asked alike, the planner gives the same one."""
_INDEXES = text("""
    select c.relname::text as table, x.relname::text as name, i.indisunique as unique, m.amname::text as method,
           pg_get_expr(i.indpred, i.indrelid) as condition,
           array(select pg_get_indexdef(i.indexrelid, n, true) from generate_series(1, i.indnkeyatts) n) as keys
      from pg_index i join pg_class c on c.oid = i.indrelid join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
     where c.relnamespace = 'public'::regnamespace and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
     order by c.relname, x.relname""")
_POLICIES = text("""
    select tablename::text as table, policyname::text as name, lower(permissive) as kind, lower(cmd) as command, roles::text[] as roles,
           qual as visible, with_check as written from pg_policies where schemaname = 'public' order by tablename, policyname""")
_SECURED = text(
    "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relrowsecurity"
)
_PLAIN = {
    "text": "text",
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "integer",
    "uuid": "uuid",
    "json": "json",
    "jsonb": "jsonb",
    "date": "date",
    "real": "real",
    "double precision": "doublePrecision",
    "numeric": "numeric",
}
_SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}
_ACTIONS = {"c": "cascade", "r": "restrict", "n": "set null", "d": "set default"}
_TIME = re.compile(r"timestamp(?:\((\d)\))? (with|without) time zone")
_NUMBERED = "bigint", "bigserial"


@dataclass(frozen=True, slots=True)
class _Called:
    """A call in TypeScript, and the function that it needs from drizzle-orm/pg-core."""

    function: str
    code: str


def schema_of(connection: Connection) -> str:
    """The schema of what is in `public`. It writes no type that Drizzle has no name for differently: such a column is a customType."""
    columns = _rows(connection, _COLUMNS)
    policies = _rows(connection, _POLICIES)
    constraints = [_as_read(connection, row) for row in _rows(connection, _CONSTRAINTS)]
    parts = [*constraints, *_rows(connection, _INDEXES), *policies]
    secured = set(connection.execute(_SECURED).scalars())
    roles = sorted({role for policy in policies for role in policy["roles"]} - {"public"})
    keys = {row["table"]: row["columns"] for row in parts if row.get("kind") == "p"}
    needed = {"pgTable"} | ({"pgRole"} if roles else set())
    tables = []
    for name in dict.fromkeys(row["table"] for row in columns):
        calls = [_column(row, keys.get(name, [])) for row in columns if row["table"] == name]
        extras = [_extra(row) for row in parts if row["table"] == name and not (row.get("kind") == "p" and len(row["columns"]) == 1)]
        needed |= {call.function for call in (*calls, *extras)}
        tables.append(_table(name, calls, extras, secured=name in secured))
    made = [f'export const {_camel(role)} = pgRole("{role}").existing();' for role in roles]
    imports = f'import {{ sql }} from "drizzle-orm";\nimport {{ {", ".join(sorted(needed))} }} from "drizzle-orm/pg-core";\n'
    return "\n".join([_HEAD + imports, *made, "", *tables])


def _rows(connection: Connection, query: TextClause) -> list[dict[str, Any]]:
    return [{**row} for row in connection.execute(query).mappings()]


def _as_read(connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """A constraint with its columns in the order in which drizzle-kit gets them."""
    if row["kind"] not in "pu" or len(row["columns"]) < 2:
        return row
    table = row["table"].replace("'", "''").replace(":", "\\:")
    found = connection.execute(text(_AS_READ.format(table=table))).mappings()
    return row | {"columns": [each["column_name"] for each in found if each["constraint_name"] == row["name"]]}


def _table(name: str, columns: Iterable[_Called], extras: Iterable[_Called], *, secured: bool) -> str:
    body = "".join(f"  {each.code},\n" for each in columns)
    more = "".join(f"  {each.code},\n" for each in extras)
    third = f", (t) => [\n{more}]" if more else ""
    return f'export const {_camel(name)} = pgTable("{name}", {{\n{body}}}{third}){".enableRLS()" if secured else ""};\n'


def _column(row: dict[str, Any], key: list[str]) -> _Called:
    function, arguments = _type(row)
    code = f"{_camel(row['name'])}: {function}({', '.join([_quoted(row['name']), *arguments])})"
    if function == "customType":
        code = (
            f"{_camel(row['name'])}: customType<{{ data: string }}>({{ dataType: () => {_quoted(row['type'])} }})({_quoted(row['name'])})"
        )
    if row["type"].endswith("[]"):
        code += ".array()"
    if row["identity"]:
        code += f".generated{'Always' if row['identity'] == 'a' else 'ByDefault'}AsIdentity()"
    elif row["value"] is not None and not row["serial"]:
        code += f".default({_value(row['value'])})"
    if row["name"] == "updated_at" and not row["table"].startswith("todo"):
        code += ".$onUpdate(() => new Date())"  # As Better Auth's generator has it; no part of the database.
    if key == [row["name"]]:
        return _Called(function, code + ".primaryKey()")
    return _Called(function, code + (".notNull()" if row["needed"] else ""))


def _type(row: dict[str, Any]) -> tuple[str, list[str]]:
    """Drizzle's function for a column, and its arguments behind the name."""
    kind = row["type"].removesuffix("[]")
    if row["serial"] and kind in _SERIAL:
        function = _SERIAL[kind]
    elif kind in _PLAIN:
        function = _PLAIN[kind]
    elif found := _TIME.fullmatch(kind):
        options = ([f"precision: {found[1]}"] if found[1] else []) + (["withTimezone: true"] if found[2] == "with" else [])
        return "timestamp", [f"{{ {', '.join(options)} }}"] if options else []
    elif found := re.fullmatch(r"character varying(?:\((\d+)\))?", kind):
        return "varchar", [f"{{ length: {found[1]} }}"] if found[1] else []
    else:
        function = "bigint" if kind == "bigint" else "customType"
    # A BigInt in an answer would make JSON.stringify throw.
    return function, ['{ mode: "number" }'] if function in _NUMBERED else []


def _extra(row: dict[str, Any]) -> _Called:
    if "method" in row:
        return _index(row)
    if "command" in row:
        return _policy(row)
    columns, name = ", ".join(f"t.{_camel(each)}" for each in row["columns"]), _quoted(row["name"])
    match row["kind"]:
        case "p":
            return _Called("primaryKey", f"primaryKey({{ name: {name}, columns: [{columns}] }})")
        case "u":
            return _Called("unique", f"unique({name}).on({columns})")
        case "c":
            return _Called("check", f"check({name}, {_sql(row['condition'])})")
    target = ", ".join(f"{_camel(row['target'])}.{_camel(each)}" for each in row["targets"])
    actions = "".join(
        f'.{verb}("{_ACTIONS[row[column]]}")'
        for verb, column in (("onDelete", "on_delete"), ("onUpdate", "on_update"))
        if row[column] in _ACTIONS
    )
    return _Called("foreignKey", f"foreignKey({{ name: {name}, columns: [{columns}], foreignColumns: [{target}] }}){actions}")


def _index(row: dict[str, Any]) -> _Called:
    function = "uniqueIndex" if row["unique"] else "index"
    keys = ", ".join(_key(each) for each in row["keys"])
    on = f".on({keys})" if row["method"] == "btree" else f".using({_quoted(row['method'])}, {keys})"
    return _Called(function, f"{function}({_quoted(row['name'])}){on}" + (f".where({_sql(row['condition'])})" if row["condition"] else ""))


def _key(definition: str) -> str:
    name = definition.strip('"')
    return f"t.{_camel(name)}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else _sql(definition)


def _policy(row: dict[str, Any]) -> _Called:
    roles = [_quoted("public") if role == "public" else _camel(role) for role in row["roles"]]
    parts = list(_policy_parts(row, roles[0] if len(roles) == 1 else f"[{', '.join(roles)}]"))
    return _Called("pgPolicy", f"pgPolicy({_quoted(row['name'])}, {{ {', '.join(parts)} }})")


def _policy_parts(row: dict[str, Any], roles: str) -> Iterator[str]:
    yield f"as: {_quoted(row['kind'])}, for: {_quoted(row['command'])}, to: {roles}"
    if row["visible"]:
        yield f"using: {_sql(row['visible'])}"
    if row["written"]:
        yield f"withCheck: {_sql(row['written'])}"


def _value(default: str) -> str:
    """Drizzle compares constants by their value and everything else by its text."""
    if default in {"true", "false"} or re.fullmatch(r"-?\d+", default):
        return default
    if found := re.fullmatch(r"'([^'\\]*)'::(?:text|character varying)", default):
        return _quoted(found[1])
    return _sql(default)


def _sql(expression: str) -> str:
    return "sql`" + expression.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${") + "`"


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _camel(name: str) -> str:
    return re.sub(r"_+([a-zA-Z0-9])", lambda found: found[1].upper(), name)
