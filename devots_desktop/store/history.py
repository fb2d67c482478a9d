"""The steps of undo and redo, as they are stored. Called inside a transaction, but for `latest`."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from devots_desktop.domain.errors import CacheDamaged
from devots_desktop.domain.steps import Action, Step, Steps
from devots_desktop.domain.todo import Patch
from devots_desktop.store import rows
from devots_desktop.store.checksum import checksum, verify

KEPT = 100
"""Steps that can be undone at least."""
TRIMMED_EVERY = 20
"""Older ones are forgotten once in so many steps: an edit is not to pay for it each time."""
_CHECKED = "s.step, s.action, s.count, s.at, s.undone, e.place, e.client_id, e.before, e.after"
"""What the checksum of an entry is over: its step has none, so that an edit pays for one only."""
_ENTRIES = "undo s JOIN undo_entry e USING (step)"

_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Was:
    """A todo as the user saw it."""

    text: str
    completed: bool
    created_at: int

    def patch(self) -> Patch:
        """The mergeable fields as a patch."""
        return {"text": self.text, "completed": self.completed}


@dataclass(frozen=True, slots=True)
class Entry:
    """One todo of a step, before and after it; None where it was not there."""

    client_id: str
    before: Was | None
    after: Was | None


def was(row: rows.Row) -> Was:
    """What the user sees of a row."""
    return Was(row.text, row.completed, row.created_at)


def record(db: sqlite3.Connection, action: Action, entries: Sequence[Entry], at: int) -> None:
    """Store a step in the transaction that takes it. What was undone cannot be redone after it."""
    db.execute("DELETE FROM undo WHERE undone = 1")
    step = db.execute("INSERT INTO undo (action, count, at) VALUES (?, ?, ?)", (action, len(entries), at)).lastrowid or 0
    if step % TRIMMED_EVERY == 0:
        db.execute("DELETE FROM undo WHERE step <= (SELECT step FROM undo ORDER BY step DESC LIMIT 1 OFFSET ?)", (KEPT,))
    head = (step, action, len(entries), at, 0)
    db.executemany(
        "INSERT INTO undo_entry (client_id, before, after, checksum, step, place) VALUES (?, ?, ?, ?, ?, ?)",
        [(*_values(head, place, entry), step, place) for place, entry in enumerate(entries)],
    )


def latest(db: sqlite3.Connection) -> Steps:
    """What would be undone and redone now. Raises CacheDamaged."""
    return Steps(*(None if number is None else _step(db, number) for number in (newest(db, undone=False), newest(db, undone=True))))


def newest(db: sqlite3.Connection, *, undone: bool) -> int | None:
    """The number of the step that is undone next or, of those that are undone, redone next."""
    end = "min" if undone else "max"
    found: int | None = db.execute(f"SELECT {end}(step) FROM undo WHERE undone = ?", (undone,)).fetchone()[0]
    return found


def entries(db: sqlite3.Connection, step: int) -> list[Entry]:
    """The todos of a step, in its order. Raises CacheDamaged: undoing it would write what was never there."""
    found = db.execute(f"SELECT {_CHECKED}, e.checksum FROM {_ENTRIES} WHERE s.step = ? ORDER BY e.place", (step,)).fetchall()
    for *values, stored in found:
        verify(stored, *values)
    if not found or found[0][2] != len(found):
        raise CacheDamaged
    return [Entry(client_id, _read(before), _read(after)) for *_, client_id, before, after, _ in found]


def rename(db: sqlite3.Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Give todos other keys: (old, new). What is damaged keeps its old key and its wrong checksum."""
    db.executemany(
        f"UPDATE undo_entry AS e SET client_id = ?2, checksum = row_checksum({_CHECKED.replace('e.client_id', '?2')}) FROM undo s"
        f" WHERE s.step = e.step AND e.client_id = ?1 AND e.checksum = row_checksum({_CHECKED})",
        keys,
    )


def verify_all(db: sqlite3.Connection) -> None:
    """Look at all steps, on a connection that has `row_checksum`. Raises CacheDamaged."""
    wrong = f"SELECT 1 FROM {_ENTRIES} WHERE e.checksum <> row_checksum({_CHECKED})"
    alone = "SELECT 1 FROM undo s WHERE count <> (SELECT count(*) FROM undo_entry e WHERE e.step = s.step)"
    strange = "SELECT 1 FROM undo_entry WHERE step NOT IN (SELECT step FROM undo)"
    if db.execute(f"{wrong} UNION ALL {alone} UNION ALL {strange} LIMIT 1").fetchone():
        raise CacheDamaged


def turn(db: sqlite3.Connection, step: int, now: Sequence[Entry], *, undone: bool) -> Step:
    """Note that a step was undone or redone.

    Args:
        now: its todos, with what undoing or redoing it took away.

    Returns:
        what the step was.
    """
    db.execute("UPDATE undo SET undone = ? WHERE step = ?", (undone, step))
    head = db.execute("SELECT step, action, count, at, undone FROM undo WHERE step = ?", (step,)).fetchone()
    db.executemany(
        "UPDATE undo_entry SET client_id = ?, before = ?, after = ?, checksum = ? WHERE step = ? AND place = ?",
        [(*_values(head, place, entry), step, place) for place, entry in enumerate(now)],
    )
    return _step(db, step)


def _step(db: sqlite3.Connection, number: int) -> Step:
    found = db.execute(f"SELECT {_CHECKED}, e.checksum FROM {_ENTRIES} WHERE s.step = ? AND e.place = 0", (number,)).fetchone()
    if not found:
        raise CacheDamaged
    verify(found[-1], *found[:-1])
    _, action, count, *_, before, after, _ = found
    return Step(Action(action), json.loads(after or before)["text"], count)


def _values(head: tuple[object, ...], place: int, entry: Entry) -> tuple[str | int | None, ...]:
    """The columns of an entry, with their checksum; `head` is step, action, count, at and undone."""
    values = (entry.client_id, _stored(entry.before), _stored(entry.after))
    return (*values, checksum(*head, place, *values))


def _stored(state: Was | None) -> str | None:
    if state is None:
        return None
    return _encode({"text": state.text, "completed": state.completed, "created_at": state.created_at})


def _read(stored: str | None) -> Was | None:
    return None if stored is None else Was(**json.loads(stored))
