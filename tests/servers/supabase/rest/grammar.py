"""What the query string of a request says: columns, conditions, order (supabase-contract.md, section 2.4)."""

import re
from dataclasses import dataclass
from typing import Final

from tests.servers.supabase.rest.errors import RestRefused

OPERATORS: Final = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "like",
    "ilike": "ilike",
    "match": "~",
    "imatch": "~*",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
    "isdistinct": "is distinct from",
}
"""Those that compare with one value, and how SQL writes them. `in` and `is` stand beside them."""
_IS: Final = {"null", "not_null", "true", "false", "unknown"}
_QUANTIFIED: Final = re.compile(r"(\w+)\((any|all)\)")
_ORDER: Final = re.compile(r'("[^"]+"|[^.,]+)(?:\.(asc|desc))?(?:\.(nullsfirst|nullslast))?')
_SELECTED: Final = re.compile(r'(?:([^:,()"]+):(?!:))?("[^"]+"|[^:,()"]+)(?:::(\w+))?')


@dataclass(frozen=True, slots=True)
class Condition:
    """One column compared. `values`: more than one for `in`. `quantifier`: any, all, or empty."""

    column: str
    operator: str
    values: tuple[str, ...]
    negated: bool
    quantifier: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions joined by `and` or `or`."""

    joiner: str
    members: tuple["Condition | Group", ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Selected:
    """A column of the answer: its name there, and a type to cast it to."""

    column: str
    name: str
    cast: str | None


@dataclass(frozen=True, slots=True)
class Sorted:
    """A column to sort by."""

    column: str
    direction: str
    nulls: str


def unreadable(what: str, text: str, at: int = 0) -> RestRefused:
    details = f"unexpected {text[at : at + 1]!r}" if text[at:] else "unexpected end of input"
    return RestRefused(400, "PGRST100", f'"failed to parse {what} ({text})" (line 1, column {at + 1})', details)


def read_condition(column: str, text: str) -> Condition:
    """`text`: what stands behind the column's name and `=`."""
    reader = _Reader(text, "filter")
    condition = reader.comparison(column, whole=True)
    if not reader.done:
        raise unreadable("filter", text, reader.at)
    return condition


def read_group(joiner: str, text: str, *, negated: bool) -> Group:
    """`text`: what stands behind `or=` or `and=`, with its parentheses."""
    reader = _Reader(text, "logic tree")
    group = reader.group(joiner, negated=negated)
    if not reader.done:
        raise unreadable("logic tree", text, reader.at)
    return group


def read_columns(text: str) -> list[str]:
    """Names with commas between them, quoted or not."""
    return [_unquoted(each.strip()) for each in re.findall(r'"[^"]*"|[^,]+', text)]


def read_select(text: str) -> list[Selected]:
    """An empty list, or `*` in it, stands for all columns."""
    if "(" in text:
        name = text[: text.index("(")].rpartition(",")[2]
        message = f"Could not find a relationship between the table and '{name}' in the schema cache"
        raise RestRefused(400, "PGRST200", message)
    found = []
    for item in _items(text):
        match = _SELECTED.fullmatch(item)
        if match is None:
            raise unreadable("select parameter", text)
        column = _unquoted(match[2])
        found.append(Selected(column, match[1] or column, match[3]))
    return found


def read_order(text: str) -> list[Sorted]:
    found = []
    for item in _items(text):
        match = _ORDER.fullmatch(item)
        if match is None:
            raise unreadable("order", text)
        found.append(Sorted(_unquoted(match[1]), match[2] or "asc", {"nullsfirst": "first", "nullslast": "last"}.get(match[3], "")))
    return found


def _items(text: str) -> list[str]:
    return [each.strip() for each in re.findall(r'(?:"[^"]*"|[^,])+', text)]


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


class _Reader:
    """Reads a text from its beginning to its end."""

    def __init__(self, text: str, what: str) -> None:
        self._text, self._what, self.at = text, what, 0

    @property
    def done(self) -> bool:
        return self.at == len(self._text)

    def group(self, joiner: str, *, negated: bool) -> Group:
        self._expect("(")
        members = [self._member()]
        while self._skip(","):
            members.append(self._member())
        self._expect(")")
        return Group(joiner, tuple(members), negated)

    def _member(self) -> Condition | Group:
        begins = re.compile(r"(not\.)?(and|or)(?=\()").match(self._text, self.at)
        if begins is not None:
            self.at = begins.end()
            return self.group(begins[2], negated=begins[1] is not None)
        column = self._quoted() if self._peek() == '"' else self._until(".,()")
        self._expect(".")
        return self.comparison(column, whole=False)

    def comparison(self, column: str, *, whole: bool) -> Condition:
        """From the operator on. `whole`: the value goes on to the end of the text."""
        negated = self._skip("not.")
        word = self._until(".")
        quantified = _QUANTIFIED.fullmatch(word)
        operator, quantifier = (quantified[1], quantified[2]) if quantified else (word, "")
        self._expect(".")
        if operator == "in":
            return Condition(column, "in", self._list("(", ")"), negated)
        if operator in OPERATORS and quantifier:
            return Condition(column, operator, self._list("{", "}"), negated, quantifier)
        value = self._rest() if whole else self._value()
        if operator not in OPERATORS and not (operator == "is" and value.lower() in _IS):
            raise unreadable(self._what, self._text)
        return Condition(column, operator, (value,), negated)

    def _list(self, opening: str, closing: str) -> tuple[str, ...]:
        self._expect(opening)
        if self._skip(closing):
            return ()
        found = [self._value(closing)]
        while self._skip(","):
            found.append(self._value(closing))
        self._expect(closing)
        return tuple(found)

    def _value(self, closing: str = ")") -> str:
        if self._peek() == '"':
            return self._quoted()
        if self._peek() == "{" and closing == ")":
            return self._until("}") + self._take()
        return self._until("," + closing)

    def _quoted(self) -> str:
        match = re.compile(r'"((?:[^"\\]|\\.)*)"').match(self._text, self.at)
        if match is None:
            raise unreadable(self._what, self._text, self.at)
        self.at = match.end()
        return re.sub(r"\\(.)", r"\1", match[1])

    def _rest(self) -> str:
        begin, self.at = self.at, len(self._text)
        return self._text[begin:]

    def _until(self, ends: str) -> str:
        begin = self.at
        while not self.done and self._text[self.at] not in ends:
            self.at += 1
        return self._text[begin : self.at]

    def _peek(self) -> str:
        return self._text[self.at : self.at + 1]

    def _take(self) -> str:
        self.at += 1
        return self._text[self.at - 1 : self.at]

    def _skip(self, text: str) -> bool:
        if not self._text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise unreadable(self._what, self._text, self.at)
