"""What the user decides on the parked changes of a todo. Each verb is one transaction, as those of edits.py are, and a step of undo where the list changes.

All that is parked of one todo is settled together: its changes lie upon each other, and one of them alone would meet the same answer again.
"""

import sqlite3
import uuid
from dataclasses import replace

from devots_desktop.domain.changes import Op, Via
from devots_desktop.domain.mutation import Kind
from devots_desktop.domain.steps import Action
from devots_desktop.domain.todo import Patch
from devots_desktop.store import changing, edits, journal, outbox, parking, queueing, replica, rows
from devots_desktop.store.cache import Cache
from devots_desktop.store.changing import Changed
from devots_desktop.store.history import Entry, was


def retry(cache: Cache, client_id: str, text: str | None = None) -> bool:
    """Send what is parked of a todo again, behind what waits already; a todo that was deleted elsewhere is made anew.

    Args:
        text: another text for the todo, which takes the place of a parked one.

    Returns:
        whether something was parked.
    """
    with cache.transaction() as db:
        parked = parking.of_todo(db, client_id)
        row, at = rows.row(db, client_id), cache.clock()
        if not parked:
            return False
        if row is None:
            _send_again(db, client_id, at)
        elif text is None and any(mutation.kind is Kind.DELETE for mutation in parked):
            edits.finish(cache, Action.DELETE, [Entry(client_id, was(row), None)], [changing.remove(cache, row, at)], at)
        else:
            changed: Patch = {} if text in (None, row.text) else {"text": str(text)}
            change = changing.change(cache, row, changed, at, anew=parking.gone(db, client_id))
            _tell(cache, row, change, at)
    return True


def drop(cache: Cache, client_id: str) -> bool:
    """Give up what is parked of a todo: it shows what the server has again, and leaves the list where the server has none.

    Returns:
        whether something was parked.
    """
    with cache.transaction() as db:
        row, at = rows.row(db, client_id), cache.clock()
        if not parking.of_todo(db, client_id):
            return False
        if row is None:
            for mutation in parking.of_todo(db, client_id):
                parking.unpark(db, mutation)
            journal.write_mark(db, client_id, at)
            return True
        shown = queueing.drop(db, row)
        if shown is None:
            db.execute("DELETE FROM todo WHERE key = ?", (row.key,))
            edits.finish(cache, Action.DELETE, [Entry(client_id, was(row), None)], [Changed(Op.DELETE, row)], at)
        else:
            replica.show(db, shown, Via.LOCAL, at, tell=False)
            new = rows.row(db, client_id)
            assert new is not None  # noqa: S101 (written by the statement before)
            _tell(cache, row, Changed(Op.UPDATE, new), at)
    return True


def _tell(cache: Cache, before: rows.Row, change: Changed, at: int) -> None:
    """Make it a step where the todo looks different; else only its mark changed."""
    changed = {name: value for name, value in change.row.patch().items() if before.patch()[name] != value}
    if changed:
        edits.finish(cache, edits.action(changed), [Entry(before.client_id, was(before), was(change.row))], [change], at)
    else:
        journal.write_mark(cache.db, before.client_id, at)


def _send_again(db: sqlite3.Connection, client_id: str, at: int) -> None:
    """Parked changes whose row is not in the list: the server decides on them as they are, under new ids, as it has answered the old ones."""
    for mutation in parking.of_todo(db, client_id):
        parking.unpark(db, mutation)
        outbox.add(db, replace(mutation, mutation_id=str(uuid.uuid4())))
    journal.write_mark(db, client_id, at)
