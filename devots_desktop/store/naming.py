"""Which row of the server is which todo, where the server keeps no keys of ours (sync.md, section 4), and the change to a server that does.

Called inside a transaction.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from devots_desktop.domain.mutation import Kind, Mutation, made_by
from devots_desktop.domain.todo import ServerRow, derived_id
from devots_desktop.store import history, outbox, rows
from devots_desktop.store.checksum import MUTATIONS, ROWS

_TABLES = {table: ("row_checksum", ROWS[table]) for table in ("todo", "base", "tombstone", "conflict", "missing")}
_TABLES |= {table: ("mutation_checksum", columns) for table, columns in MUTATIONS.items()}
"""The tables that name todos, besides the steps of undo: how their checksum is made, and over what."""


def addressed(db: sqlite3.Connection, mutation: Mutation) -> Mutation:
    """The mutation with what a plain server is asked by. Raises CacheDamaged: a wrong number would change another todo."""
    base, row = rows.base(db, mutation.client_id), rows.row(db, mutation.client_id)
    known = base or row
    siblings: frozenset[int] = frozenset()
    if mutation.sent and mutation.kind is Kind.CREATE:
        others = db.execute(
            "SELECT server_id FROM todo WHERE created_at = ?1 AND client_id <> ?2 UNION SELECT server_id FROM base WHERE created_at = ?1",
            (mutation.created_at, mutation.client_id),
        )
        siblings = frozenset(server_id for (server_id,) in others)
    return replace(mutation, server_id=known.server_id if known else 0, siblings=siblings)


def named(db: sqlite3.Connection, page: Sequence[ServerRow]) -> list[ServerRow]:
    """A plain server's rows under the keys that this device has for them: by server id, else as a create of its own whose answer was lost.

    Args:
        page: rows under the keys that are derived from their server ids.
    """
    # No other account finds rows by it, and none should pay for it.
    db.execute("CREATE INDEX IF NOT EXISTS todo_server ON todo (server_id)")
    numbers = [row.server_id for row in page]
    known = dict(rows.among(db, "SELECT server_id, client_id FROM todo WHERE server_id IN ({})", numbers))
    known |= dict(rows.among(db, "SELECT server_id, client_id FROM base WHERE server_id IN ({})", numbers))
    known |= _unanswered(db, [row for row in page if row.server_id not in known])
    strangers = [row.client_id for row in page if row.server_id not in known]
    taken = {client_id for (client_id,) in rows.among(db, "SELECT client_id FROM todo WHERE client_id IN ({})", strangers)}
    known |= {row.server_id: derived_id(row.server_id, again=True) for row in page if row.server_id not in known and row.client_id in taken}
    return [row if (ours := known.get(row.server_id, row.client_id)) == row.client_id else row._replace(client_id=ours) for row in page]


def pairs(db: sqlite3.Connection, page: Iterable[ServerRow]) -> list[tuple[str, str]]:
    """The keys of this device and those of a server that keeps keys, for todos where they differ."""
    theirs = {row.server_id: row for row in page if not row.deleted}
    ours = dict(db.execute("SELECT server_id, client_id FROM todo WHERE server_id > 0"))
    ours |= dict(db.execute("SELECT server_id, client_id FROM base WHERE server_id > 0"))
    ours |= _unanswered(db, [row for server_id, row in theirs.items() if server_id not in ours])
    return [(ours[number], row.client_id) for number, row in theirs.items() if number in ours and ours[number] != row.client_id]


def rename(db: sqlite3.Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Give todos other keys, everywhere: (old, new). What is damaged keeps its old key and its wrong checksum, so that it is noticed."""
    olds = {old for old, _ in keys}
    # Under a new key there is at most what came of the same row before; the pull brings the row again.
    stale = [(new,) for _, new in keys if new not in olds]
    db.executemany("DELETE FROM todo WHERE client_id = ?", stale)
    db.executemany("DELETE FROM base WHERE client_id = ?", stale)
    # In two steps, because a new key may be the old one of another todo.
    for step in ([(old, f"~{new}") for old, new in keys], [(f"~{new}", new) for _, new in keys]):
        for table, (function, columns) in _TABLES.items():
            _rename(db, table, function, columns, step)
        history.rename(db, step)


def _rename(db: sqlite3.Connection, table: str, function: str, columns: Sequence[str], keys: Sequence[tuple[str, str]]) -> None:
    before = ", ".join(columns)
    after = ", ".join("?2" if name == "client_id" else name for name in columns)
    db.executemany(
        f"UPDATE OR REPLACE {table} SET client_id = ?2, checksum = {function}({after}) WHERE client_id = ?1 AND checksum = {function}({before})",
        keys,
    )


def _unanswered(db: sqlite3.Connection, page: Sequence[ServerRow]) -> dict[int, str]:
    """By server id, the todos that this device made and whose answer was lost."""
    found: dict[int, str] = {}
    for create in outbox.unanswered_creates(db):
        row = made_by(addressed(db, replace(create, sent=True)), [row for row in page if row.server_id not in found])
        if row is not None:
            found[row.server_id] = create.client_id
    return found
