"""Reading rows out of a damaged database file, page by page, without its tree (sqlite.org/fileformat2.html).

One damaged page near the root of a tree hides thousands of sound rows from SQLite. Here every page that looks like a leaf is read by itself; which of
the rows are believed, the caller decides by their checksums. `secure_delete` overwrites what was deleted, so that a row that is found is one that was there.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Value = int | float | str | bytes | None
Record = tuple[Value, ...]

_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR = 0x0D, 0x0A, 0x02
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)
_DEFAULT_PAGE = 4096
_MOST_VALUES = 64
_MOST_OVERFLOW = 100_000
"""Pages of one value: a chain that is damaged could lead in a circle."""
_BROKEN = (IndexError, ValueError, struct.error)


@dataclass(frozen=True, slots=True)
class Image:
    """The pages of a database with its write-ahead log applied: page n at index n - 1."""

    pages: list[bytes]

    @classmethod
    def read(cls, path: Path, *, past_damage: bool) -> "Image":
        """The image of a database file and of the `-wal` beside it, where there is one. Raises OSError.

        Args:
            past_damage: leave out the frames of the log that are damaged, and go on behind them. SQLite stops at the first one.
        """
        data, wal = path.read_bytes(), _log_of(path)
        size = _page_size(data, wal)
        pages = [data[start : start + size] for start in range(0, len(data) - size + 1, size)]
        _apply_wal(pages, _frames(wal, size), past_damage=past_damage)
        return cls(pages)

    def rows(self) -> Iterator[tuple[int, Record | None]]:
        """The rows of all tables with a rowid: rowid and values, None for values that cannot be read."""
        for number, page in enumerate(self.pages):
            start = 100 if number == 0 else 0
            if page[start : start + 1] != bytes((_TABLE_LEAF,)):
                continue
            for cell in _cells(page, start, 8):
                try:
                    length, place = _varint(page, cell)
                    rowid, place = _varint(page, place)
                except _BROKEN:
                    continue
                yield _signed(rowid), self._record(page, place, length, most=len(page) - 35)

    def index_entries(self) -> Iterator[Record]:
        """The entries of all indexes, and the rows of tables without a rowid, as far as they can be read."""
        for page in self.pages[1:]:
            if page[0] not in (_INDEX_LEAF, _INDEX_INTERIOR):
                continue
            interior = page[0] == _INDEX_INTERIOR
            for cell in _cells(page, 0, 12 if interior else 8):
                try:
                    length, place = _varint(page, cell + 4 * interior)
                except _BROKEN:
                    continue
                record = self._record(page, place, length, most=(len(page) - 12) * 64 // 255 - 23)
                if record is not None:
                    yield record

    def _record(self, page: bytes, place: int, length: int, *, most: int) -> Record | None:
        try:
            return _values(self._payload(page, place, length, most))
        except _BROKEN:
            return None

    def _payload(self, page: bytes, place: int, length: int, most: int) -> bytes:
        """A cell's content: what lies on the page, and on the overflow pages that it leads to."""
        usable = len(page)
        if length <= most:
            return _exactly(page[place : place + length], length)
        least = (usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (usable - 4)
        local = local if local <= most else least
        parts, rest = [_exactly(page[place : place + local], local)], length - local
        (following,) = struct.unpack_from(">I", page, place + local)
        for _ in range(_MOST_OVERFLOW):
            if rest <= 0:
                return b"".join(parts)
            if following < 1:
                break
            overflow = self.pages[following - 1]
            parts.append(_exactly(overflow[4 : 4 + min(rest, usable - 4)], min(rest, usable - 4)))
            rest -= usable - 4
            (following,) = struct.unpack_from(">I", overflow, 0)
        raise ValueError("the chain of pages does not end")


def _page_size(data: bytes, wal: bytes) -> int:
    """What the file's head says, else the log's, else SQLite's default."""
    for stored in (int.from_bytes(data[16:18], "big"), int.from_bytes(wal[8:12], "big")):
        size = 65_536 if stored == 1 else stored
        if 512 <= size <= 65_536 and not size & (size - 1):
            return size
    return _DEFAULT_PAGE


@dataclass(frozen=True, slots=True)
class _Frame:
    """A page in the log. `committed` is the size of the database in pages where a transaction ends here, else 0."""

    number: int
    committed: int
    page: bytes
    sound: bool


def log_is_damaged(path: Path) -> bool:
    """Whether sound transactions lie behind a damaged frame of the log: SQLite would drop them without a word.

    A log that only ends early is what a killed process leaves: its last transaction was never confirmed. Raises OSError.
    """
    wal = _log_of(path)
    damaged = False
    for frame in _frames(wal, _page_size(b"", wal)):
        if damaged and frame.sound and frame.committed:
            return True
        damaged = damaged or not frame.sound
    return False


def _log_of(path: Path) -> bytes:
    log = path.with_name(f"{path.name}-wal")
    return log.read_bytes() if log.exists() else b""


def _frames(wal: bytes, size: int) -> Iterator[_Frame]:
    """The frames of a log (section 4 of the file format). Those of an older log, which lie behind a newer one that is shorter, are not sound.

    The checksum of each goes on from the one before. Taken from what is stored there, one damaged frame does not hide those behind it.
    """
    if len(wal) < 32:
        return
    order = ">" if wal[3] & 1 else "<"
    salts, seed = wal[16:24], struct.unpack(">II", wal[24:32])
    for start in range(32, len(wal) - size - 23, size + 24):
        head, page = wal[start : start + 24], wal[start + 24 : start + 24 + size]
        number, committed, _, _, *stored = struct.unpack(">IIIIII", head)
        sound = head[8:16] == salts and _wal_checksum(head[:8] + page, seed, order) == tuple(stored)
        seed = tuple(stored)
        yield _Frame(number, committed, page, sound)


def _apply_wal(pages: list[bytes], frames: Iterator[_Frame], *, past_damage: bool) -> None:
    """Lay the frames of ended transactions over the pages."""
    waiting: dict[int, bytes] = {}
    for frame in frames:
        if not frame.sound and not past_damage:
            return
        if not frame.sound:
            continue
        waiting[frame.number] = frame.page
        if frame.committed:
            for number, content in sorted(waiting.items()):
                if number <= frame.committed:
                    pages.extend([bytes(len(content))] * (number - len(pages)))
                    pages[number - 1] = content
            del pages[frame.committed :]
            waiting.clear()


def _wal_checksum(data: bytes, seed: tuple[int, ...], order: str) -> tuple[int, int]:
    first, second = seed
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second


def _cells(page: bytes, start: int, head: int) -> Iterator[int]:
    """Where the cells of a page begin. A damaged count is as good as none: no more pointers than there is room for are read.

    What lies between them and the cells may be cells of earlier, that SQLite has moved to another page since and left there.
    """
    count, content = struct.unpack(">HH", page[start + 3 : start + 7])
    first, content = start + head, content or 65_536
    for place in range(first, min(first + 2 * count, content, len(page) - 1), 2):
        cell = int.from_bytes(page[place : place + 2], "big")
        if content <= cell < len(page):
            yield cell


def _values(payload: bytes) -> Record:
    """The values of a record (section 2.1 of the file format)."""
    head, place = _varint(payload, 0)
    kinds = []
    while place < head:
        kind, place = _varint(payload, place)
        kinds.append(kind)
        if len(kinds) > _MOST_VALUES:
            raise ValueError("no record of ours has so many values")
    values, place = [], head
    for kind in kinds:
        value, place = _value(payload, kind, place)
        values.append(value)
    return tuple(values)


def _value(payload: bytes, kind: int, place: int) -> tuple[Value, int]:
    if kind == 0:
        return None, place
    if kind in (8, 9):
        return kind - 8, place
    if kind < 7:
        end = place + _INTEGER_BYTES[kind]
        return int.from_bytes(_exactly(payload[place:end], end - place), "big", signed=True), end
    if kind < 12:
        end = place + 8 * (kind == 7)
        return struct.unpack(">d", payload[place:end])[0] if kind == 7 else None, end
    end = place + (kind - 12) // 2
    content = _exactly(payload[place:end], end - place)
    return content.decode() if kind % 2 else content, end


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A variable-length integer and where it ends."""
    value = 0
    for offset in range(8):
        byte = data[place + offset]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + offset + 1
    return value << 8 | data[place + 8], place + 9


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _exactly(content: bytes, length: int) -> bytes:
    if len(content) != length:
        raise ValueError("the page ends before the value does")
    return content
