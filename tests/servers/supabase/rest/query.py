"""A query string sorted into its parts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from tests.servers.supabase.rest import grammar
from tests.servers.supabase.rest.errors import RestRefused
from tests.servers.supabase.rest.grammar import Condition, Group, Selected, Sorted

_GROUPS = {"and": False, "or": False, "not.and": True, "not.or": True}


@dataclass(slots=True)
class Query:
    """What a request asks of a table.

    Attributes:
        limit: None without one.
        columns: of the payload, None where it speaks for itself.
        on_conflict: the columns that decide whether a row is there; None for the primary key.
    """

    select: list[Selected] = field(default_factory=list)
    where: list[Condition | Group] = field(default_factory=list)
    order: list[Sorted] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    columns: list[str] | None = None
    on_conflict: list[str] | None = None

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Raises RestRefused (PGRST100) for what cannot be read."""
        query = cls()
        for name, value in pairs:
            query._take(name, value)
        return query

    def _take(self, name: str, value: str) -> None:
        match name:
            case "select":
                self.select = grammar.read_select(value)
            case "order":
                self.order = grammar.read_order(value)
            case "limit":
                self.limit = _number(name, value)
            case "offset":
                self.offset = _number(name, value)
            case "columns":
                self.columns = grammar.read_columns(value)
            case "on_conflict":
                self.on_conflict = grammar.read_columns(value)
            case "and" | "or" | "not.and" | "not.or":
                self.where.append(grammar.read_group(name.rpartition(".")[2], value, negated=_GROUPS[name]))
            case _:
                self.where.append(grammar.read_condition(name, value))

    def narrow(self, first: int, last: int | None) -> None:
        """Leave only a range of what limit and offset leave. `last`: included; None for no end."""
        if last is not None and last < first:
            details = "The lower boundary must be lower than or equal to the upper boundary in the Range header."
            raise RestRefused(416, "PGRST103", "Requested range not satisfiable", details)
        left = None if last is None else last - first + 1
        if self.limit is not None:
            left = max(0, self.limit - first) if left is None else min(left, max(0, self.limit - first))
        self.limit, self.offset = left, self.offset + first


def _number(name: str, value: str) -> int:
    if not value.isdigit():
        raise grammar.unreadable(f"{name} parameter", value)
    return int(value)
