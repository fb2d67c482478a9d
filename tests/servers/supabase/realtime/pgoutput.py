"""Reads what PostgreSQL's output plugin `pgoutput` writes, protocol version 1: the changes of a transaction, row by row.

The format is that of the PostgreSQL manual, "Logical Replication Message Formats": big-endian numbers, names that end with a zero byte.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Kind = Literal["INSERT", "UPDATE", "DELETE"]
Tuple = dict[str, str | None]
"""Values by column in PostgreSQL's text form. A column that was not sent is not in it."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Relation:
    """A table as it was when the change was made.

    Attributes:
        columns: names in order, each with whether it belongs to the replica identity (all do where it is FULL).
    """

    oid: int
    schema: str
    table: str
    columns: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One changed row.

    Attributes:
        new: the row after an INSERT or UPDATE. A large value that the UPDATE did not touch is missing, unless the old row brings it.
        old: what the replica identity tells of the row before an UPDATE or DELETE.
        size: bytes of all values that were sent.
    """

    kind: Kind
    relation: Relation
    committed: datetime
    new: Tuple
    old: Tuple
    size: int


class _Reader:
    """A position in one message."""

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._at = 0

    def take(self, length: int) -> bytes:
        part = self._message[self._at : self._at + length]
        if len(part) < length:
            raise ValueError("a message of the output plugin is too short")
        self._at += length
        return part

    def number(self, form: str) -> int:
        value: int = struct.unpack(f">{form}", self.take(struct.calcsize(form)))[0]
        return value

    def letter(self) -> str:
        return self.take(1).decode("ascii")

    def name(self) -> str:
        end = self._message.index(b"\0", self._at)
        return (self.take(end - self._at + 1)[:-1]).decode()


class Decoder:
    """Turns the messages of one slot, in their order, into changes. Relations are remembered between calls."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}
        self._committed = _EPOCH

    def changes(self, messages: Iterable[bytes]) -> Iterator[Change]:
        """The changes in these messages, in the order of their commits."""
        for message in messages:
            reader = _Reader(message)
            match reader.letter():
                case "B":
                    reader.take(8)  # where the commit stands in the log
                    self._committed = _EPOCH + timedelta(microseconds=reader.number("q"))
                case "R":
                    relation = _relation(reader)
                    self._relations[relation.oid] = relation
                case "I" | "U" | "D" as letter:
                    yield self._change(letter, self._relations[reader.number("I")], reader)
                case _:
                    pass  # commits, types, origins, truncations: nobody is told of them

    def _change(self, letter: Literal["I", "U", "D"], relation: Relation, reader: _Reader) -> Change:
        kind: Kind = {"I": "INSERT", "U": "UPDATE", "D": "DELETE"}[letter]  # type: ignore[assignment]
        new: Tuple = {}
        old: Tuple = {}
        size = 0
        part = reader.letter()
        if part in "KO":
            old, weight = _tuple(reader, relation, only_key=part == "K")
            size += weight
            part = "" if kind == "DELETE" else reader.letter()
        if part == "N":
            new, weight = _tuple(reader, relation)
            size += weight
        if kind == "UPDATE":
            new, old = _completed(new, old, relation)
        return Change(kind, relation, self._committed, new, old, size)


def _relation(reader: _Reader) -> Relation:
    oid, schema, table = reader.number("I"), reader.name(), reader.name()
    reader.letter()  # the kind of replica identity: the flags of the columns say what matters
    columns = []
    for _ in range(reader.number("H")):
        key = bool(reader.number("B") & 1)
        name = reader.name()
        reader.take(8)  # type and its modifier: the catalogue knows them better
        columns.append((name, key))
    return Relation(oid, schema, table, tuple(columns))


def _tuple(reader: _Reader, relation: Relation, *, only_key: bool = False) -> tuple[Tuple, int]:
    """The values that were sent, and their bytes. In a key tuple the other columns are sent as null, which says nothing about them."""
    values: Tuple = {}
    size = 0
    for index in range(reader.number("H")):
        name, key = relation.columns[index]
        form = reader.letter()
        value = reader.take(reader.number("I")) if form == "t" else None
        size += len(value or b"")
        if form == "u" or (only_key and not key):
            continue
        values[name] = None if value is None else value.decode()
    return values, size


def _completed(new: Tuple, old: Tuple, relation: Relation) -> tuple[Tuple, Tuple]:
    """An UPDATE as a reader of the log wants it: a large value that was not touched is the old one, an unchanged key is in the new row."""
    filled = {name: new.get(name, old.get(name)) for name, _ in relation.columns if name in new or name in old}
    return filled, old or {name: new[name] for name, key in relation.columns if key and name in new}
