"""Rows of the cache as objects, and back."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from devots_desktop.domain.todo import WHOLE, Patch, ServerRow, State, Todo
from devots_desktop.store.checksum import checksum, verify

_AT_ONCE = 500
"""Keys in one query; an SQLite can be built to take no more than 999 parameters (sqlite.org/limits.html)."""
_SERVER = "client_id, server_id, text, completed, created_at, updated_at, row_version"


class Row(NamedTuple):
    """A row of the table todo. `checksum` is over all of it but the key."""

    key: int
    client_id: str
    server_id: int
    text: str
    completed: bool
    created_at: int
    updated_at: int
    row_version: int
    state: State

    def patch(self) -> Patch:
        """The mergeable fields as a patch."""
        return {"text": self.text, "completed": self.completed}

    def server(self) -> ServerRow:
        """The row in the form that a server's has."""
        return ServerRow(self.client_id, self.server_id, self.text, self.completed, self.created_at, self.updated_at, self.row_version)

    @property
    def checksum(self) -> int:
        """What stands in the row's column `checksum`."""
        return checksum(*_checked(self))


def among(db: sqlite3.Connection, query: str, keys: Sequence[str | int]) -> Iterator[tuple[Any, ...]]:
    """What a query finds for these keys, a part of them at a time. `{}` in the query stands for the question marks."""
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        yield from db.execute(query.format(",".join("?" * len(part))), part)


def _checked(row: Row) -> tuple[str, int, str, int, int, int, int, str]:
    times = (row.created_at, row.updated_at)
    return (row.client_id, row.server_id, row.text, int(row.completed), *times, row.row_version, str(row.state))


def stamp(db: sqlite3.Connection) -> None:
    """Write the checksums of all rows anew, after a statement over many of them. The connection has `row_checksum` (checksum.register)."""
    db.execute(f"UPDATE todo SET checksum = row_checksum({_SERVER}, state)")
    db.execute(f"UPDATE base SET checksum = row_checksum({_SERVER})")


def mark(db: sqlite3.Connection, marked: Iterable[Row]) -> None:
    """Store another server id, version or state of rows."""
    db.executemany(
        "UPDATE todo SET server_id = ?, row_version = ?, state = ?, checksum = ? WHERE key = ?",
        [(row.server_id, row.row_version, row.state, row.checksum, row.key) for row in marked],
    )


def todo_columns(table: str) -> str:
    """The columns that `todo` makes a Todo of. The connection has `overruled` (register)."""
    names = ("key", "client_id", "server_id", "text", "completed", "created_at", "updated_at", "row_version", "state", "checksum")
    open_ones = f"overruled(c.field, c.lost, {table}.text, {table}.completed)"
    conflicts = f"(SELECT count(*) FROM conflict c WHERE c.client_id = {table}.client_id AND {open_ones})"
    missing = f"EXISTS (SELECT 1 FROM missing m WHERE m.client_id = {table}.client_id)"
    return ", ".join(f"{table}.{name}" for name in names) + f", {conflicts}, {missing}"


def register(db: sqlite3.Connection) -> None:
    """Give a connection the SQL function `overruled`."""
    db.create_function("overruled", 4, overruled, deterministic=True)


def overruled(field: str, lost: str, text: str | None, completed: int | None) -> bool:
    """Whether restoring a lost value would change its todo. One that is not in the list (None) can be restored as a whole only."""
    if text is None or field == WHOLE:
        return field == WHOLE and (text is None or (text, bool(completed)) != (json.loads(lost)["text"], json.loads(lost)["completed"]))
    return lost != text if field == "text" else json.loads(lost) != bool(completed)


def todo(values: tuple[Any, ...]) -> Todo:
    """A Todo from the columns of `todo_columns`.

    Raises:
        CacheDamaged: the row is not what was written.
    """
    key, client_id, _, text, completed, created_at, updated_at, _, state, stored, conflicts, missing = values
    verify(stored, *values[1:9])
    return Todo(key, client_id, text, bool(completed), created_at, updated_at, State(state), conflicts, bool(missing))


def row(db: sqlite3.Connection, client_id: str) -> Row | None:
    """The row that the screen shows for a todo. Raises CacheDamaged."""
    found = db.execute(f"SELECT key, {_SERVER}, state, checksum FROM todo WHERE client_id = ?", (client_id,)).fetchone()
    if not found:
        return None
    key, client_id, server_id, text, completed, created_at, updated_at, row_version, state, stored = found
    verify(stored, *found[1:9])
    return Row(key, client_id, server_id, text, bool(completed), created_at, updated_at, row_version, State(state))


def known(db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, Row]:
    """The rows that the screen shows for these todos, by client_id. Raises CacheDamaged."""
    query = f"SELECT client_id, key, {_SERVER.removeprefix('client_id, ')}, state, checksum FROM todo WHERE client_id IN ({{}})"
    answer: dict[str, Row] = {}
    for client_id, key, server_id, text, completed, *rest, stored in among(db, query, ids):
        verify(stored, client_id, server_id, text, completed, *rest)
        created_at, updated_at, row_version, state = rest
        answer[client_id] = Row(key, client_id, server_id, text, bool(completed), created_at, updated_at, row_version, State(state))
    return answer


def base(db: sqlite3.Connection, client_id: str) -> ServerRow | None:
    """The last known server row of a todo with pending edits. Raises CacheDamaged."""
    found = db.execute(f"SELECT {_SERVER}, checksum FROM base WHERE client_id = ?", (client_id,)).fetchone()
    if not found:
        return None
    verify(found[7], *found[:7])
    return server_row(found[:7])


def server_row(values: tuple[Any, ...]) -> ServerRow:
    """A ServerRow from client_id, server_id, text, completed, created_at, updated_at, row_version and, optionally, deleted."""
    client_id, server_id, text, completed, created_at, updated_at, row_version, *deleted = values
    return ServerRow(client_id, server_id, text, bool(completed), created_at, updated_at, row_version, bool(deleted and deleted[0]))


def server_values(server: ServerRow) -> tuple[str, int, str, int, int, int, int]:
    """The column values of a ServerRow, in the order of the tables base and staging."""
    times = (server.created_at, server.updated_at)
    return (server.client_id, server.server_id, server.text, int(server.completed), *times, server.row_version)


def put_base(db: sqlite3.Connection, server: ServerRow) -> None:
    """Remember the server's row of a todo with pending edits."""
    values = server_values(server)
    db.execute(f"INSERT OR REPLACE INTO base ({_SERVER}, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, checksum(*values)))
