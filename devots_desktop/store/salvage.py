"""What can be believed of a damaged cache: rows whose checksum fits, found by reading the pages themselves (carving.py)."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devots_desktop.store.carving import Image, Record, log_is_damaged
from devots_desktop.store.checksum import MUTATIONS, ROWS, TODO, checksum, mutation_checksum

Values = dict[str, Any]


@dataclass(slots=True)
class Found:
    """What was read of a damaged cache.

    Attributes:
        todos: rows by client_id.
        outbox, parked: rows by seq.
        conflicts: values that lost, by seq.
        last_op: by client_id, the newest entry of the journal and what it says.
        last_key, last_seq: the highest numbers of a todo and of a journal entry that were seen.
        expected_todos, expected_changes: rows that an index or a row's own place says there were.
    """

    todos: dict[str, Values] = field(default_factory=dict)
    outbox: dict[int, Values] = field(default_factory=dict)
    parked: dict[int, Values] = field(default_factory=dict)
    conflicts: dict[int, Values] = field(default_factory=dict)
    last_op: dict[str, tuple[int, str]] = field(default_factory=dict)
    last_key: int = 0
    last_seq: int = 0
    expected_todos: set[int] = field(default_factory=set)
    expected_changes: set[int] = field(default_factory=set)

    @property
    def deleted(self) -> set[str]:
        """Todos that were deleted, as far as the journal tells."""
        return {client_id for client_id, (_, op) in self.last_op.items() if op == "delete"}

    @property
    def lost_todos(self) -> int:
        """How many todos there were, at least, that cannot be believed."""
        return len(self.expected_todos - {values["key"] for values in self.todos.values()})

    @property
    def lost_changes(self) -> int:
        """How many waiting changes there were, at least, that cannot be believed."""
        return len(self.expected_changes - self.outbox.keys())


def read(damaged: Path, like: sqlite3.Connection) -> Found:
    """Read what can be believed of a damaged cache file and its log, without changing them.

    Args:
        like: a sound cache, whose columns tell what the rows look like.

    Raises:
        OSError: the file cannot be read.
    """
    layouts = {table: _columns(like, table) for table in ("todo", "outbox", "parked", "conflict", "journal")}
    found = _read_image(Image.read(damaged, past_damage=True), layouts)
    if log_is_damaged(damaged):
        # A row that moved from a page whose newer form is sound to one whose newer form is not, is in the image before the damage only.
        before = _read_image(Image.read(damaged, past_damage=False), layouts)
        deleted = found.deleted
        for client_id, values in before.todos.items():
            if client_id not in deleted:
                found.todos.setdefault(client_id, values)
        found.outbox = before.outbox | found.outbox
        found.parked = before.parked | found.parked
        found.conflicts = before.conflicts | found.conflicts
    return found


def _read_image(image: Image, layouts: Mapping[str, Sequence[str]]) -> Found:
    found = Found()
    for rowid, record in image.rows():
        if record is not None:
            _take(found, rowid, record, layouts)
    for entry in image.index_entries():
        _expect(found, entry)
    return found


def todos_of(copy: Path) -> dict[str, Values]:
    """The todos of a backup that can be believed, by client_id; none where it cannot be read."""
    columns = ("key", *TODO, "checksum")
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            rows = [dict(zip(columns, row, strict=True)) for row in db.execute(f"SELECT {', '.join(columns)} FROM todo")]
    except sqlite3.Error:
        return {}
    return {row["client_id"]: row for row in rows if _is_sound("todo", row)}


def _columns(db: sqlite3.Connection, table: str) -> tuple[str, ...]:
    return tuple(name for _, name, *_ in db.execute(f"PRAGMA table_info({table})"))


def _take(found: Found, rowid: int, record: Record, layouts: Mapping[str, Sequence[str]]) -> None:
    """Keep a row in the table whose shape it has; a row of none of them is not ours to keep."""
    for table, columns in layouts.items():
        if len(columns) != len(record):
            continue
        values: Values = dict(zip(columns, record, strict=True)) | {columns[0]: rowid}
        if not _is_sound(table, values):
            continue
        match table:
            case "todo":
                _keep_newest(found.todos, values)
                found.last_key = max(found.last_key, rowid)
            case "outbox":
                found.outbox[rowid] = values
            case "parked":
                found.parked[rowid] = values
            case "conflict":
                found.conflicts[rowid] = values
            case "journal":
                found.last_seq = max(found.last_seq, rowid)
                if rowid > found.last_op.get(values["client_id"], (0, ""))[0]:
                    found.last_op[values["client_id"]] = (rowid, values["op"])


def _keep_newest(todos: dict[str, Values], values: Values) -> None:
    """Where a page that could not be applied leaves an old form of a row beside the new one, the new one counts."""
    other = todos.get(values["client_id"])
    if other is None or (values["row_version"], values["updated_at"]) >= (other["row_version"], other["updated_at"]):
        todos[values["client_id"]] = values


def _is_sound(table: str, values: Values) -> bool:
    function, columns = (mutation_checksum, MUTATIONS[table]) if table in MUTATIONS else (checksum, ROWS[table])
    return bool(values["checksum"] == function(*(values[name] for name in columns)))


def _expect(found: Found, entry: Record) -> None:
    """The indexes tell which rows there were: (completed, created_at, key, key) of todos, (client_id, seq, seq) of the outbox."""
    match entry:
        case (0 | 1, int(), int(key), int(rowid)) if key == rowid > 0:
            found.expected_todos.add(key)
            found.last_key = max(found.last_key, key)
        case (str(client_id), int(seq), int(rowid)) if seq == rowid > 0 and len(client_id) == 36:
            found.expected_changes.add(seq)
        case _:
            return
