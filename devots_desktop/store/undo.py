"""Undo and redo: the opposite of a step, done as an edit like any other, so that it reaches the server through the outbox.

An undone step remembers what undoing took away, which may have come from elsewhere meanwhile: redoing brings that back.
"""

import sqlite3
from dataclasses import replace

from devots_desktop.domain.changes import Via
from devots_desktop.domain.steps import Step
from devots_desktop.store import changing, conflicts, history, journal, rows
from devots_desktop.store.cache import Cache
from devots_desktop.store.changing import Changed
from devots_desktop.store.history import Entry, Was, was


def undo(cache: Cache) -> Step | None:
    """Take back the newest step.

    Returns:
        what it was, `count` being how many todos changed; None where there is no step.
    """
    return _turn(cache, undone=True)


def redo(cache: Cache) -> Step | None:
    """Do the step again that was undone last; answers as `undo` does."""
    return _turn(cache, undone=False)


def _turn(cache: Cache, *, undone: bool) -> Step | None:
    with cache.transaction() as db:
        number = history.newest(db, undone=not undone)
        if number is None:
            return None
        at, changes, turned, overruled = cache.clock(), list[Changed](), list[Entry](), 0
        # Last made, first undone: what a step added on top goes from the top.
        for entry in history.entries(db, number):
            wanted = entry if undone else _swapped(entry)
            overruled += _keep_overruled(db, wanted, at)
            change, taken = _apply(cache, wanted, at)
            changes += [change] if change else []
            turned.append(taken if undone else _swapped(taken))
        journal.write_all(db, Via.LOCAL, [(each.op, each.row) for each in changes], at)
        journal.trim(db)
        return replace(history.turn(db, number, turned, undone=undone), count=len(changes), overruled=overruled)


def _keep_overruled(db: sqlite3.Connection, entry: Entry, at: int) -> bool:
    """Before a todo goes from `after` to `before`, keep what was changed elsewhere meanwhile and would be overruled.

    The server could not tell: what this device saw last it has seen with that change.

    Returns:
        whether there was something.
    """
    row, after = rows.row(db, entry.client_id), entry.after
    if row is None or after is None or row.patch() == after.patch():
        return False
    if entry.before is None:
        conflicts.add_row(db, row, at)
        return True
    target, seen = entry.before.patch(), after.patch()
    overruled = {
        name: value for name, value in row.patch().items() if value not in (seen[name], target[name]) and seen[name] != target[name]
    }
    for name, value in overruled.items():
        conflicts.add(db, entry.client_id, name, value, target[name], at)
    return bool(overruled)


def _apply(cache: Cache, entry: Entry, at: int) -> tuple[Changed | None, Entry]:
    """Bring one todo from `after` to `before`.

    Returns:
        the change, None where there is nothing to do; and the entry, whose `after` is now what was taken away.
    """
    row, target = rows.row(cache.db, entry.client_id), entry.before
    if target is None:
        return (changing.remove(cache, row, at), replace(entry, after=was(row))) if row else (None, entry)
    if entry.after is None:
        return (None if row else changing.put_back(cache, entry.client_id, target, at)), entry
    if row is None:
        return None, entry
    changed = {name: value for name, value in target.patch().items() if value not in (entry.after.patch()[name], row.patch()[name])}
    if not changed:
        return None, entry
    taken = entry.after.patch() | {name: row.patch()[name] for name in changed}
    after = Was(str(taken["text"]), bool(taken["completed"]), entry.after.created_at)
    return changing.change(cache, row, changed, at), replace(entry, after=after)


def _swapped(entry: Entry) -> Entry:
    return Entry(entry.client_id, before=entry.after, after=entry.before)
