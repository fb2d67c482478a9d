"""Tables and functions of the schema that is exposed, as the database's own catalogue knows them.

The platform caches this and is told of changes by an event trigger; here it is looked up for each request, which comes to the same.
"""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import DictRow

from tests.servers.supabase.rest.errors import RestRefused

Connection = psycopg.AsyncConnection[DictRow]

_TABLE = b"""
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, pg_get_expr(d.adbin, d.adrelid) as default,
       exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey)) as key
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum and a.attgenerated = ''
 where c.relnamespace = 'public'::regnamespace and c.relname = %s and c.relkind in ('r', 'v', 'm', 'f', 'p')
 order by a.attnum"""
_NEAREST = b"""
select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'f', 'p')
   and left(relname, 3) = left(%s, 3) order by abs(length(relname) - length(%s)) limit 1"""
_FUNCTIONS = b"""
select coalesce(p.proargnames, '{}') as names, p.pronargs as inputs, p.pronargdefaults as defaults, p.proretset as many,
       p.provolatile = 'v' as writes, t.typname = 'void' as void,
       t.typtype = 'c' or t.typname = 'record' as composite,
       array(select format_type(each, null) from unnest(p.proargtypes) with ordinality as u(each, at) order by at) as types
  from pg_proc p join pg_type t on t.oid = p.prorettype
 where p.pronamespace = 'public'::regnamespace and p.proname = %s and p.prokind = 'f'"""


@dataclass(frozen=True, slots=True)
class Column:
    """`default`: an expression of the catalogue, None without one."""

    type: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view. `key`: the columns of the primary key."""

    name: str
    columns: dict[str, Column]
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function that fits the arguments that came.

    Attributes:
        arguments: names and types.
        required: those without a default.
        writes: declared volatile.
    """

    name: str
    arguments: dict[str, str]
    required: frozenset[str]
    many: bool
    composite: bool
    void: bool
    writes: bool


async def find_table(connection: Connection, name: str) -> Table:
    """Raises RestRefused where there is none of that name."""
    rows = await (await connection.execute(_TABLE, [name])).fetchall()
    if not rows:
        near = await (await connection.execute(_NEAREST, [name, name])).fetchone()
        hint = f"Perhaps you meant the table 'public.{near['relname']}'" if near else None
        raise RestRefused(404, "PGRST205", f"Could not find the table 'public.{name}' in the schema cache", None, hint)
    columns = {row["name"]: Column(row["type"], row["default"]) for row in rows}
    return Table(name, columns, tuple(row["name"] for row in rows if row["key"]))


async def find_function(connection: Connection, name: str, given: set[str]) -> Function:
    """The function of that name which takes exactly such arguments. Raises RestRefused where none or more than one does."""
    rows = await (await connection.execute(_FUNCTIONS, [name])).fetchall()
    fitting = [each for each in (_function(name, row) for row in rows) if each.required <= given <= set(each.arguments)]
    if not fitting:
        words = ", ".join(sorted(given))
        wanted = f"with parameter{'s' * (len(given) > 1)} {words}" if given else "without parameters"
        called = f"public.{name}({words})" if given else f"public.{name} without parameters"
        details = (
            f"Searched for the function public.{name} {wanted} or with a single unnamed json/jsonb parameter,"
            " but no matches were found in the schema cache."
        )
        raise RestRefused(404, "PGRST202", f"Could not find the function {called} in the schema cache", details)
    if len(fitting) > 1:
        hint = "Try renaming the parameters or the function itself in the database so function overloading can be resolved"
        raise RestRefused(300, "PGRST203", f"Could not choose the best candidate function between: public.{name}", None, hint)
    return fitting[0]


def _function(name: str, row: dict[str, Any]) -> Function:
    names = row["names"][: row["inputs"]]
    required = names[: row["inputs"] - row["defaults"]]
    types = dict(zip(names, row["types"], strict=False))
    return Function(name, types, frozenset(required), row["many"], row["composite"], row["void"], row["writes"])
