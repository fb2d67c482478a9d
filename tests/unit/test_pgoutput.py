"""The reader of pgoutput, on messages put together by hand as the PostgreSQL manual describes them."""

import struct
from types import EllipsisType

import pytest

from tests.servers.supabase.realtime.pgoutput import Decoder

OID = 16_400
_KEY, _PLAIN = 1, 0


def begin(microseconds: int = 0) -> bytes:
    return b"B" + struct.pack(">QqI", 1, microseconds, 7)


def relation(identity: bytes = b"d", flags: tuple[int, ...] = (_KEY, _PLAIN, _PLAIN)) -> bytes:
    columns = b"".join(
        struct.pack(">B", flag) + name + b"\0" + struct.pack(">Ii", 25, -1)
        for flag, name in zip(flags, (b"id", b"text", b"user_id"), strict=True)
    )
    return b"R" + struct.pack(">I", OID) + b"public\0todo\0" + identity + struct.pack(">H", 3) + columns


def row(*values: str | EllipsisType | None) -> bytes:
    """A tuple; None is null, Ellipsis a large value that was not touched."""
    parts = [b"n" if value is None else b"u" if value is ... else b"t" + _text(str(value)) for value in values]
    return struct.pack(">H", len(values)) + b"".join(parts)


def _text(value: str) -> bytes:
    return struct.pack(">I", len(value.encode())) + value.encode()


def change(letter: bytes, *parts: bytes) -> bytes:
    return letter + struct.pack(">I", OID) + b"".join(parts)


def test_an_insert_brings_its_values_and_the_time_of_its_commit() -> None:
    day = 24 * 3600 * 1_000_000
    [told] = Decoder().changes([begin(day + 5), relation(), change(b"I", b"N", row("1", "Milch ß", None)), b"C"])
    assert (told.kind, told.new, told.old) == ("INSERT", {"id": "1", "text": "Milch ß", "user_id": None}, {})
    assert told.committed.isoformat() == "2000-01-02T00:00:00.000005+00:00"
    assert (told.relation.schema, told.relation.table, told.relation.oid) == ("public", "todo", OID)
    assert told.size == 9, "bytes, not letters"


def test_an_update_without_an_old_row_is_known_by_the_key_of_the_new_one() -> None:
    [told] = Decoder().changes([begin(), relation(), change(b"U", b"N", row("1", "milk", "u1"))])
    assert (told.new["text"], told.old) == ("milk", {"id": "1"})


def test_an_update_of_the_key_brings_the_old_one() -> None:
    [told] = Decoder().changes([begin(), relation(), change(b"U", b"K", row("1", None, None), b"N", row("2", "milk", "u1"))])
    assert (told.new["id"], told.old) == ("2", {"id": "1"}), "the nulls of the other columns say nothing"


def test_a_large_value_that_was_not_touched_is_missing() -> None:
    [told] = Decoder().changes([begin(), relation(), change(b"U", b"N", row("1", ..., "u1"))])
    assert told.new == {"id": "1", "user_id": "u1"}


def test_the_whole_old_row_supplies_it() -> None:
    full = relation(b"f", (_KEY, _KEY, _KEY))
    [told] = Decoder().changes([begin(), full, change(b"U", b"O", row("1", "long", "u1"), b"N", row("1", ..., "u2"))])
    assert told.new == {"id": "1", "text": "long", "user_id": "u2"}
    assert told.old == {"id": "1", "text": "long", "user_id": "u1"}


@pytest.mark.parametrize(
    ("part", "flags", "old"),
    [(b"K", (_KEY, _PLAIN, _PLAIN), {"id": "1"}), (b"O", (_KEY, _KEY, _KEY), {"id": "1", "text": None, "user_id": None})],
)
def test_a_delete_brings_its_identity(part: bytes, flags: tuple[int, ...], old: dict[str, str | None]) -> None:
    [told] = Decoder().changes([begin(), relation(flags=flags), change(b"D", part, row("1", None, None))])
    assert (told.kind, told.new, told.old) == ("DELETE", {}, old)


def test_relations_are_remembered_and_truncations_passed_over() -> None:
    decoder = Decoder()
    assert list(decoder.changes([begin(), relation(), b"T" + bytes(9), b"Y", b"C"])) == []
    [told] = decoder.changes([begin(), change(b"I", b"N", row("1", "milk", "u1"))])
    assert told.new["id"] == "1"


def test_a_message_that_ends_too_early_is_an_error() -> None:
    with pytest.raises(ValueError, match="too short"):
        list(Decoder().changes([begin(), relation(), change(b"I", b"N", row("1", "milk", "u1")[:-1])]))
