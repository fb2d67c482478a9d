"""A subscription: which changes of which table a channel wants, and the check that PostgreSQL makes before it begins."""

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

OPERATORS: dict[str, LiteralString] = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "in": "="}
_FILTER = re.compile(r"(?P<column>[^=]+)=(?P<operator>[a-z]+)\.(?P<value>.*)", re.DOTALL)


class SubscriptionRefused(Exception):
    """The message of the server's system frame."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one column of the changed row."""

    column: str
    operator: str
    value: str

    def condition(self, type_name: str) -> sql.Composable:
        """An expression with two places: the value of the row and `wanted`. Both sides are of the column's type."""
        many = "[]" if self.operator == "in" else ""
        template = "%s::{0} = any(%s::{0}[])" if many else f"%s::{{0}} {OPERATORS[self.operator]} %s::{{0}}"
        return sql.SQL(template).format(sql.SQL(type_name))

    @property
    def wanted(self) -> str | list[str]:
        if self.operator == "in":
            return [part.strip('"') for part in self.value.strip("()").split(",")]
        return self.value


@dataclass(frozen=True, slots=True)
class Binding:
    """One entry of `postgres_changes` in a join.

    Attributes:
        asked: as the client sent it; clients compare it word by word with the answer.
        id: names it in the frames of its changes; the same for the same words.
    """

    asked: Mapping[str, Any]

    @property
    def id(self) -> int:
        return zlib.crc32(json.dumps(self.asked, sort_keys=True).encode()) % (2**27 - 1) + 1

    @property
    def event(self) -> str:
        return str(self.asked.get("event", "*"))

    @property
    def schema(self) -> str:
        return str(self.asked.get("schema", "public"))

    @property
    def table(self) -> str:
        return str(self.asked.get("table", "*"))

    def filters(self) -> list[Filter]:
        """The condition, if there is one. Raises SubscriptionRefused for one that is none."""
        given = self.asked.get("filter")
        if not given:
            return []
        found = _FILTER.fullmatch(str(given))
        if found is None or found["operator"] not in OPERATORS:
            raise SubscriptionRefused(f"Error parsing `filter` params: [{given!r}]")
        return [Filter(found["column"], found["operator"], found["value"].strip('"'))]

    def concerns(self, schema: str, table: str, kind: str) -> bool:
        """Whether a change of this kind is wanted, filters aside."""
        return self.event in {"*", kind} and self.schema in {"*", schema} and self.table in {"*", table}


async def check(connection: psycopg.AsyncConnection, binding: Binding, role: str) -> None:
    """Whether this role can subscribe to it.

    Raises:
        SubscriptionRefused: with the text of the system frame.
    """
    filters = binding.filters()
    found = await connection.execute(
        "select format('%%I.%%I', schemaname, tablename)::regclass::oid from pg_publication_tables where pubname = 'supabase_realtime'"
        " and (schemaname = %(schema)s or %(schema)s = '*') and (tablename = %(table)s or %(table)s = '*')",
        {"schema": binding.schema, "table": binding.table},
    )
    tables = [row[0] for row in await found.fetchall()]
    if not tables:
        raise SubscriptionRefused(not_published(binding))
    for oid in tables:
        for condition in filters:
            await _check_filter(connection, oid, condition, role, binding)


async def _check_filter(connection: psycopg.AsyncConnection, oid: int, condition: Filter, role: str, binding: Binding) -> None:
    found = await connection.execute(
        "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = %s and attname = %s and attnum > 0"
        " and not attisdropped and has_column_privilege(%s::name, attrelid, attnum, 'select')",
        [oid, condition.column, role],
    )
    row = await found.fetchone()
    if row is None:
        raise SubscriptionRefused(_exception(binding, f"ERROR P0001 (raise_exception) invalid column for filter {condition.column}"))
    try:
        await connection.execute(sql.SQL("select {}").format(condition.condition(row[0])), [None, condition.wanted])
    except psycopg.DataError as error:
        code, message = error.sqlstate, error.diag.message_primary
        raise SubscriptionRefused(_exception(binding, f"ERROR {code} ({type(error).__name__}) {message}")) from error


def not_published(binding: Binding) -> str:
    """What the server says where no such table is in the publication."""
    advice = "Please check Realtime is enabled for the given connect parameters"
    return f"Unable to subscribe to changes with given parameters. {advice}: {_described(binding)}"


def _exception(binding: Binding, what: str) -> str:
    advice = "An exception happened so please check your connect parameters"
    return f"Unable to subscribe to changes with given parameters. {advice}: {_described(binding)}. Exception: {what}"


def _described(binding: Binding) -> str:
    filters = ", ".join(f'{{"{each.column}", "{each.operator}", "{each.value}", false}}' for each in binding.filters())
    return f"[event: {binding.event}, schema: {binding.schema}, table: {binding.table}, filters: [{filters}], select: nil]"
