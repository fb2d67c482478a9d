"""Rows of the cache as objects, and back."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from devots_desktop.domain.todo import Patch, ServerRow, State, Todo

_SERVER = "client_id, server_id, text, completed, created_at, updated_at, row_version"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table todo."""

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


def todo_columns(table: str) -> str:
    """The columns that `todo` makes a Todo of."""
    names = ("key", "client_id", "text", "completed", "created_at", "updated_at", "state")
    conflicts = f"(SELECT count(*) FROM conflict c WHERE c.client_id = {table}.client_id)"
    return ", ".join(f"{table}.{name}" for name in names) + f", {conflicts}"


def todo(values: tuple[Any, ...]) -> Todo:
    """A Todo from the columns of `todo_columns`."""
    key, client_id, text, completed, created_at, updated_at, state, conflicts = values
    return Todo(key, client_id, text, bool(completed), created_at, updated_at, State(state), conflicts)


def row(db: sqlite3.Connection, client_id: str) -> Row | None:
    """The row that the screen shows for a todo."""
    found = db.execute(f"SELECT key, {_SERVER}, state FROM todo WHERE client_id = ?", (client_id,)).fetchone()
    if not found:
        return None
    key, client_id, server_id, text, completed, created_at, updated_at, row_version, state = found
    return Row(key, client_id, server_id, text, bool(completed), created_at, updated_at, row_version, State(state))


def base(db: sqlite3.Connection, client_id: str) -> ServerRow | None:
    """The last known server row of a todo with pending edits."""
    found = db.execute(f"SELECT {_SERVER} FROM base WHERE client_id = ?", (client_id,)).fetchone()
    return server_row(found) if found else None


def server_row(values: tuple[Any, ...]) -> ServerRow:
    """A ServerRow from client_id, server_id, text, completed, created_at, updated_at, row_version and, optionally, deleted."""
    client_id, server_id, text, completed, created_at, updated_at, row_version, *deleted = values
    return ServerRow(client_id, server_id, text, bool(completed), created_at, updated_at, row_version, bool(deleted and deleted[0]))


def server_values(server: ServerRow) -> tuple[str, int, str, bool, int, int, int]:
    """The column values of a ServerRow, in the order of the tables base and staging."""
    return (server.client_id, server.server_id, server.text, server.completed, server.created_at, server.updated_at, server.row_version)


def put_base(db: sqlite3.Connection, server: ServerRow) -> None:
    """Remember the server's row of a todo with pending edits."""
    db.execute(f"INSERT OR REPLACE INTO base ({_SERVER}) VALUES (?, ?, ?, ?, ?, ?, ?)", server_values(server))
