"""SQL of requests. Values are bound; names are quoted, and PostgreSQL says what it thinks of those that it does not know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from tests.servers.supabase.rest.catalogue import Function, Table
from tests.servers.supabase.rest.grammar import OPERATORS, Condition, Group, Selected, Sorted
from tests.servers.supabase.rest.query import Query

_ANSWER = "select coalesce(json_agg(_row), '[]')::text as body, count(*) as number"


@dataclass(slots=True)
class Statement:
    """SQL with the values that it binds, in order."""

    parts: list[sql.Composable] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, text: str, **names: sql.Composable) -> "Statement":
        """SQL of ours; `{name}` in it is replaced."""
        self.parts.append(sql.SQL(text).format(**names) if names else sql.SQL(text))
        return self

    def value(self, value: Any) -> "Statement":
        self.parts.append(sql.Placeholder())
        self.values.append(value)
        return self

    def composed(self) -> sql.Composed:
        return sql.Composed(self.parts)


def read(table: Table, query: Query, most: int, *, count: bool) -> Statement:
    """Answers `body`, `number` and, when `count`, the `total` without limit and offset."""
    statement = Statement().add("with _row as (select {columns} from {table}", columns=_selected(table, query.select), table=_name(table))
    _where(statement, table, query.where)
    _order(statement, table, query.order)
    limit = most if query.limit is None else min(query.limit, most)
    statement.add(" limit ").value(limit).add(" offset ").value(query.offset).add(f") {_ANSWER}")
    if count:
        statement.add(", (select count(*) from {table}", table=_name(table))
        _where(statement, table, query.where)
        statement.add(") as total")
    return statement.add(" from _row")


@dataclass(frozen=True, slots=True)
class Payload:
    """Rows to write.

    Attributes:
        text: a JSON array of objects.
        columns: which of their keys count; each a column of the table.
        defaults: a key that a row lacks gets the column's default, not null.
    """

    text: str
    columns: Sequence[str]
    defaults: bool = False


def insert(table: Table, query: Query, payload: Payload, resolution: str, returning: str) -> Statement:
    """`resolution`: empty, merge-duplicates or ignore-duplicates. Answers also `inserted`: how many rows are new."""
    statement = Statement().add("with _source as (insert into {table}", table=_name(table))
    if payload.columns:
        names = _names(payload.columns)
        statement.add("({names}) select {names} from ", names=names)
        _payload_rows(statement, table, payload)
    else:
        statement.add(" default values")
    _on_conflict(statement, table, query, payload, resolution)
    merging = resolution == "merge-duplicates"
    _returning(statement, table, query, returning, "(xmax = 0) as _inserted" if merging else "true as _inserted")
    return statement.add(f") {_ANSWER}, count(*) filter (where _inserted) as inserted from _source, lateral (select ").add(
        "{columns}) as _row", columns=_outer(table, query, returning)
    )


def update(table: Table, query: Query, payload: Payload, returning: str) -> Statement:
    statement = Statement().add("with _source as (update {table} set ", table=_name(table))
    settings = [sql.SQL("{0} = _body.{0}").format(_identifier(name)) for name in payload.columns]
    statement.parts.append(sql.SQL(", ").join(settings))
    statement.add(" from (select * from ")
    _payload_rows(statement, table, payload)
    statement.add(" limit 1) as _body")
    _where(statement, table, query.where)
    return _answered(statement, table, query, returning)


def delete(table: Table, query: Query, returning: str) -> Statement:
    statement = Statement().add("with _source as (delete from {table}", table=_name(table))
    _where(statement, table, query.where)
    return _answered(statement, table, query, returning)


def call(function: Function, given: Iterable[str], arguments: str, most: int) -> Statement:
    """`arguments`: a JSON object with the `given` names. Answers `body`, a list of what the function answers, and the `first` of it."""
    statement = (
        Statement().add("with _row as (select _called.*" if function.composite else "with _row as (select _called as value").add(" from ")
    )
    passed = [sql.SQL("{0} := _given.{0}").format(_identifier(name)) for name in given]
    if passed:
        types = [sql.SQL("{} " + function.arguments[name]).format(_identifier(name)) for name in given]
        statement.add("json_to_record(").value(arguments).add(") as _given({types}), lateral ", types=sql.SQL(", ").join(types))
    statement.add("public.{name}({passed}) as _called", name=_identifier(function.name), passed=sql.SQL(", ").join(passed))
    statement.add(" limit ").value(most).add(")")
    each = "_row" if function.composite else "_row.value"
    return statement.add(
        f" select coalesce(json_agg({each}), '[]')::text as body, coalesce((json_agg({each}) -> 0)::text, 'null') as first,"
        " count(*) as number from _row"
    )


def _answered(statement: Statement, table: Table, query: Query, returning: str) -> Statement:
    _returning(statement, table, query, returning)
    return statement.add(f") {_ANSWER} from _source, lateral (select ").add("{columns}) as _row", columns=_outer(table, query, returning))


def _returning(statement: Statement, table: Table, query: Query, returning: str, more: str = "true as _inserted") -> None:
    """Nothing of the row where nothing was asked for: then no right to read it is needed."""
    if returning == "representation":
        statement.add(" returning {columns}, ", columns=_selected(table, query.select)).add(more)
    elif returning == "headers-only" and table.key:
        statement.add(" returning {columns}, ", columns=_selected(table, _all(table.key))).add(more)
    else:
        statement.add(" returning ").add(more)


def _outer(table: Table, query: Query, returning: str) -> sql.Composable:
    """The columns of the answer again, without those that were added."""
    if returning == "representation":
        return _names(each.name for each in _wanted(table, query.select))
    return _names(table.key) if returning == "headers-only" and table.key else sql.SQL("1 as one")


def _wanted(table: Table, selected: list[Selected]) -> list[Selected]:
    """With all columns in the place of `*`."""
    each = selected or [Selected("*", "*", None)]
    return [column for one in each for column in (_all(table.columns) if one.column == "*" else [one])]


def _selected(table: Table, selected: list[Selected]) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{column}{cast} as {name}").format(
            column=_column(table, each.column),
            cast=sql.SQL("::") + _identifier(each.cast) if each.cast else sql.SQL(""),
            name=_identifier(each.name),
        )
        for each in _wanted(table, selected)
    )


def _all(columns: Iterable[str]) -> list[Selected]:
    return [Selected(name, name, None) for name in columns]


def _identifier(*names: str) -> sql.Identifier:
    """A percent sign would be read as the mark of a value."""
    return sql.Identifier(*(name.replace("%", "%%") for name in names))


def _name(table: Table) -> sql.Identifier:
    return _identifier("public", table.name)


def _column(table: Table, name: str) -> sql.Identifier:
    return _identifier("public", table.name, name)


def _names(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(_identifier(name) for name in names)


def _payload_rows(statement: Statement, table: Table, payload: Payload) -> None:
    """The rows as a table of the columns' own types."""
    types = [sql.SQL("{} " + table.columns[name].type).format(_identifier(name)) for name in payload.columns]
    defaults = [(name, table.columns[name].default) for name in payload.columns]
    given = [(name, text) for name, text in defaults if text is not None]
    if payload.defaults and given:
        pairs = [
            sql.SQL("{}, " + text.replace("{", "{{").replace("}", "}}").replace("%", "%%")).format(sql.Literal(name))
            for name, text in given
        ]
        statement.add(
            "jsonb_to_recordset((select jsonb_agg(jsonb_build_object({pairs}) || _each) from jsonb_array_elements(",
            pairs=sql.SQL(", ").join(pairs),
        )
        statement.value(payload.text).add("::jsonb) as _each)) as _({types})", types=sql.SQL(", ").join(types))
    else:
        statement.add("json_to_recordset(").value(payload.text).add(") as _({types})", types=sql.SQL(", ").join(types))


def _on_conflict(statement: Statement, table: Table, query: Query, payload: Payload, resolution: str) -> None:
    key = query.on_conflict or table.key
    if not resolution or not key:
        return
    statement.add(" on conflict({key})", key=_names(key))
    if resolution == "ignore-duplicates" or not payload.columns:
        statement.add(" do nothing")
    else:
        settings = [sql.SQL("{0} = excluded.{0}").format(_identifier(name)) for name in payload.columns]
        statement.add(" do update set {settings}", settings=sql.SQL(", ").join(settings))


def _where(statement: Statement, table: Table, conditions: Sequence[Condition | Group]) -> None:
    for number, each in enumerate(conditions):
        statement.add(" and " if number else " where ")
        _condition(statement, table, each)


def _condition(statement: Statement, table: Table, condition: Condition | Group) -> None:
    if condition.negated:
        statement.add("not ")
    statement.add("(")
    if isinstance(condition, Group):
        for number, each in enumerate(condition.members):
            if number:
                statement.add(f" {condition.joiner} ")
            _condition(statement, table, each)
    else:
        _comparison(statement, table, condition)
    statement.add(")")


def _comparison(statement: Statement, table: Table, condition: Condition) -> None:
    statement.parts.append(_column(table, condition.column))
    if condition.operator == "in":
        statement.add(" = any(").value(_array(condition.values)).add(")")
        return
    if condition.operator == "is":
        statement.add(f" is {condition.values[0].lower().replace('_', ' ')}")
        return
    stars = condition.operator in {"like", "ilike"}
    values = [each.replace("*", "%") if stars else each for each in condition.values]
    statement.add(f" {OPERATORS[condition.operator]} ")
    if condition.quantifier:
        statement.add(f"{condition.quantifier}(").value(_array(values)).add(")")
    else:
        statement.value(values[0])


def _array(values: Iterable[str]) -> str:
    """As PostgreSQL reads it; of which type is decided by the column beside it."""
    escaped = (each.replace("\\", "\\\\").replace('"', '\\"') for each in values)
    return "{" + ",".join(f'"{each}"' for each in escaped) + "}"


def _order(statement: Statement, table: Table, order: Sequence[Sorted]) -> None:
    for number, each in enumerate(order):
        statement.add(", " if number else " order by ").parts.append(_column(table, each.column))
        statement.add(f" {each.direction}" + (f" nulls {each.nulls}" if each.nulls else ""))
