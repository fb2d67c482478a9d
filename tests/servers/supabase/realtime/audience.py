"""Who is told of a change, and what: the rules of Supabase's `realtime.apply_rls` (supabase-contract.md, section 3.4), carried out by PostgreSQL.

Row-level security is asked when the change is read from the log, of the row as it is then; for a DELETE it is not asked at all.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import psycopg
from psycopg import sql

from tests.servers.supabase.realtime.pgoutput import Change, Tuple
from tests.servers.supabase.realtime.subscription import Binding, Filter
from tests.servers.supabase.tokens import Claims

MOST_BYTES = 1_048_576
_SMALL_BYTES = 64
_TABLE = """
    select a.attname, t.typname, format_type(a.atttypid, a.atttypmod), coalesce(a.attnum = any(i.indkey), false), c.relrowsecurity,
           has_column_privilege(%(role)s::name, c.oid, a.attnum, 'select')
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type t on t.oid = a.atttypid
      left join pg_index i on i.indrelid = c.oid and i.indisprimary
     where c.oid = %(oid)s and a.attnum > 0 and not a.attisdropped order by a.attnum"""


@dataclass(frozen=True, slots=True)
class Listener:
    """A binding of a channel, as the poller sees it. `channel` is only compared and handed back."""

    channel: Any
    binding: Binding
    filters: Sequence[Filter]
    claims: Claims

    @property
    def role(self) -> str:
        return str(self.claims["role"])


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel is told of a change."""

    channel: Any
    ids: list[int]
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str
    cast: str
    key: bool
    secured: bool
    readable: bool


@dataclass(frozen=True, slots=True)
class _Table:
    """A table as one role sees it."""

    name: sql.Composable
    columns: list[_Column]

    @property
    def secured(self) -> bool:
        return any(column.secured for column in self.columns)

    @property
    def keys(self) -> list[_Column]:
        return [column for column in self.columns if column.key]


async def audience(
    connection: psycopg.AsyncConnection, change: Change, listeners: Iterable[Listener], *, oversized: bool = False
) -> list[Told]:
    """Everybody who is told of this change. `oversized` treats it as larger than 1 MiB.

    Raises:
        psycopg.Error: a policy or a filter raised. The server loses the whole batch then, for everybody.
    """
    concerned = [each for each in listeners if each.binding.concerns(change.relation.schema, change.relation.table, change.kind)]
    told = []
    for role, group in groupby(sorted(concerned, key=lambda each: each.role), key=lambda each: each.role):
        async with connection.transaction(force_rollback=True):
            told += await _for_role(connection, change, role, list(group), oversized=oversized or change.size > MOST_BYTES)
    return told


async def _for_role(
    connection: psycopg.AsyncConnection, change: Change, role: str, listeners: list[Listener], *, oversized: bool
) -> list[Told]:
    table = await _describe(connection, change, role)
    if not table.keys:
        return _tell(listeners, _refusal(change, "Error 400: Bad Request, no primary key"))
    if change.kind != "DELETE" and not all(column.readable for column in table.keys):
        return _tell(listeners, _refusal(change, "Error 401: Unauthorized"))
    data = _head(change) | await _body(connection, table, change, oversized=oversized)
    admitted = [each for each in listeners if await _passes(connection, table, change, each)]
    return _tell([each for each in admitted if await _may_see(connection, table, change, each)], data)


def refused(change: Change, listeners: Iterable[Listener], error: str) -> list[Told]:
    """Everybody who listens to the table, filters aside, told nothing but an error."""
    concerned = (each for each in listeners if each.binding.concerns(change.relation.schema, change.relation.table, change.kind))
    return _tell(concerned, _refusal(change, error))


def _head(change: Change) -> dict[str, Any]:
    return {"schema": change.relation.schema, "table": change.relation.table, "type": change.kind}


def _refusal(change: Change, error: str) -> dict[str, Any]:
    return {**_head(change), "commit_timestamp": None, "columns": [], "errors": [error]}


def _tell(listeners: Iterable[Listener], data: dict[str, Any]) -> list[Told]:
    """One frame for each channel, with all of its bindings that match."""
    told: dict[int, Told] = {}
    for each in listeners:
        told.setdefault(id(each.channel), Told(each.channel, [], data)).ids.append(each.binding.id)
    return list(told.values())


async def _describe(connection: psycopg.AsyncConnection, change: Change, role: str) -> _Table:
    found = await connection.execute(_TABLE, {"role": role, "oid": change.relation.oid})
    columns = [_Column(*row) for row in await found.fetchall()]
    return _Table(sql.Identifier(change.relation.schema, change.relation.table), columns)


async def _body(connection: psycopg.AsyncConnection, table: _Table, change: Change, *, oversized: bool) -> dict[str, Any]:
    readable = [column for column in table.columns if column.readable]
    body: dict[str, Any] = {
        "commit_timestamp": change.committed.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "columns": [{"name": column.name, "type": column.type} for column in readable],
        "errors": ["Error 413: Payload Too Large"] if oversized else None,
    }
    if change.kind != "DELETE":
        body["record"] = await _json(connection, readable, change.new, oversized=oversized)
    if change.kind != "INSERT":
        # Who may have read a row that is gone cannot be asked any more: under row-level security only its key is told.
        hidden = change.kind == "DELETE" and table.secured
        body["old_record"] = await _json(connection, [each for each in readable if each.key or not hidden], change.old, oversized=oversized)
    return body


async def _json(
    connection: psycopg.AsyncConnection, columns: Sequence[_Column], values: Tuple, *, oversized: bool
) -> dict[str, Any] | None:
    """The values as PostgreSQL writes them in JSON; None for none."""
    shown = [column for column in columns if column.name in values]
    if not shown:
        return None
    parts = [sql.SQL("to_jsonb(%s::{})").format(sql.SQL(column.cast)) for column in shown]
    found = await connection.execute(sql.SQL("select {}").format(sql.SQL(", ").join(parts)), [values[column.name] for column in shown])
    row = await found.fetchone()
    assert row is not None
    pairs = zip((column.name for column in shown), row, strict=True)
    return {name: value for name, value in pairs if not oversized or len(json.dumps(value).encode()) <= _SMALL_BYTES}


async def _passes(connection: psycopg.AsyncConnection, table: _Table, change: Change, listener: Listener) -> bool:
    """Whether the filters let it through. A column that the change does not tell, or that is null, lets nothing through."""
    values = change.old if change.kind == "DELETE" else change.new
    casts = {column.name: column.cast for column in table.columns}
    for condition in listener.filters:
        value = values.get(condition.column)
        if value is None or condition.column not in casts:
            return False
        found = await connection.execute(
            sql.SQL("select {}").format(condition.condition(casts[condition.column])), [value, condition.wanted]
        )
        row = await found.fetchone()
        if row is None or not row[0]:
            return False
    return True


async def _may_see(connection: psycopg.AsyncConnection, table: _Table, change: Change, listener: Listener) -> bool:
    if change.kind == "DELETE" or not table.secured:
        return True
    await connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(dict(listener.claims))])
    await connection.execute(sql.SQL("set local role {}").format(sql.Identifier(listener.role)))
    same = [sql.SQL("{} = %s::{}").format(sql.Identifier(key.name), sql.SQL(key.cast)) for key in table.keys]
    statement = sql.SQL("select exists(select from {} where {})").format(table.name, sql.SQL(" and ").join(same))
    found = await connection.execute(statement, [change.new[key.name] for key in table.keys])
    row = await found.fetchone()
    await connection.execute("reset role")
    return bool(row and row[0])
