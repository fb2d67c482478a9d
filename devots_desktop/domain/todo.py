"""The todo, as the screen shows it and as a server holds it."""

import json
from enum import StrEnum
from typing import NamedTuple

Value = str | bool
Patch = dict[str, Value]
"""New values by field name; only names of FIELDS."""

FIELDS = ("text", "completed")
"""The fields that people change, and that are therefore merged one by one."""

WHOLE = "todo"
"""Stands for a field's name where a value that lost is a whole todo, which a delete took with it."""


UNVERSIONED = -1
"""The version of a row that has none: this device never saw it from a server, or the server is a plain one (sync.md, section 4)."""


class State(StrEnum):
    """Where a todo stands between this device and the server."""

    SYNCED = "synced"
    PENDING = "pending"
    PARKED = "parked"


class Todo(NamedTuple):
    """A row of the list, as this device shows it.

    Attributes:
        key: this cache's own row number; never leaves the device, never used again.
        client_id: UUID in lower case, the todo's identity everywhere.
        created_at, updated_at: microseconds since 1970-01-01 UTC.
        state: synced, pending (in the outbox) or parked (refused; needs the user).
        conflicts: how many overruled values can be restored.
        missing: the server's complete list did not have it, and it was too many to take them off without asking (domain/question.py).
    """

    key: int
    client_id: str
    text: str
    completed: bool
    created_at: int
    updated_at: int
    state: State = State.SYNCED
    conflicts: int = 0
    missing: bool = False


class ServerRow(NamedTuple):
    """A todo as a server holds it, or its tombstone.

    Attributes:
        server_id: the server's serial number, an attribute and never the key.
        row_version: strictly increasing per row (sync.md, section 3). Of a tombstone: above the row's. Of a plain server's row: UNVERSIONED.
        deleted: true for a tombstone; text, completed and the times then mean nothing.
    """

    client_id: str
    server_id: int
    text: str
    completed: bool
    created_at: int
    updated_at: int
    row_version: int
    deleted: bool = False

    def patch(self) -> Patch:
        """The mergeable fields as a patch."""
        return {"text": self.text, "completed": self.completed}


def whole(patch: Patch, created_at: int) -> str:
    """A todo as the value that lost, as JSON: its fields, and when it was made."""
    return json.dumps({**patch, "created_at": created_at}, ensure_ascii=False, sort_keys=True)


def derived_id(server_id: int, *, again: bool = False) -> str:
    """The client_id of a todo that has none of its own on a plain server, as the server's migration derives it: md5('todo:' || id)::uuid.

    Args:
        again: another one, where a todo that was deleted and put back has taken the first along to its new server id.
    """
    import hashlib  # Not for the first paint: it loads OpenSSL.

    name = f"todo:{server_id}:again" if again else f"todo:{server_id}"
    digits = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    # A UUID object would cost as much again, for each row of a plain list.
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
