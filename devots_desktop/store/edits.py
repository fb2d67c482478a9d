"""What the user does: each verb is one transaction of rows, outbox entries, journal entries and a step for undo (sync.md, section 2)."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from devots_desktop.domain.changes import Via
from devots_desktop.domain.lines import Line
from devots_desktop.domain.steps import Action
from devots_desktop.domain.todo import Patch
from devots_desktop.store import changing, history, journal, outbox, rows
from devots_desktop.store.cache import Cache
from devots_desktop.store.changing import Changed
from devots_desktop.store.history import Entry, Was, was


def add(cache: Cache, text: str) -> str:
    """Add a todo on top of the list.

    Returns:
        its client_id.
    """
    return add_all(cache, [Line(text, completed=False)])[0]


def add_all(cache: Cache, lines: Sequence[Line]) -> list[str]:
    """Add todos on top of the list, the first of them highest.

    Returns:
        their client_ids.
    """
    ids = [str(uuid.uuid4()) for _ in lines]
    with cache.transaction() as db:
        at = cache.clock()
        # The first one is the newest. They were all made at this moment, so that none of them lies in the future.
        first = outbox.creation_time(db, at, len(ids)) if cache.syncs else at
        made = [
            (client_id, Was(line.text, line.completed, first - place))
            for place, (client_id, line) in enumerate(zip(ids, lines, strict=True))
        ]
        changes = [changing.insert(cache, client_id, values, at) for client_id, values in reversed(made)]
        finish(cache, Action.ADD, [Entry(client_id, None, values) for client_id, values in made], changes, at)
    return ids


@dataclass(frozen=True, slots=True)
class Brought:
    """A todo from a file; times are microseconds since 1970 UTC."""

    client_id: str
    text: str
    completed: bool
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes:
        added: todos that were not here.
        same: todos that are here with the same text and mark.
        kept: todos that are here with another text or mark.
    """

    added: int
    same: int
    kept: int


def bring(cache: Cache, todos: Sequence[Brought]) -> Imported:
    """Add todos of a file, with their ids and times. What is here already is left as it is: an import never changes or removes anything."""
    with cache.transaction() as db:
        at = cache.clock()
        here = {todo.client_id: row for todo in todos if (row := rows.row(db, todo.client_id)) is not None}
        fresh = [todo for todo in todos if todo.client_id not in here]
        made = [(todo, Was(todo.text, todo.completed, todo.created_at)) for todo in fresh]
        changes = [changing.insert(cache, todo.client_id, values, at, updated_at=todo.updated_at) for todo, values in made]
        finish(cache, Action.ADD, [Entry(todo.client_id, None, values) for todo, values in made], changes, at)
    same = sum((row.text, row.completed) == (todo.text, todo.completed) for todo in todos if (row := here.get(todo.client_id)))
    return Imported(len(fresh), same, len(here) - same)


def edit(cache: Cache, client_id: str, patch: Patch) -> bool:
    """Change fields of a todo.

    Returns:
        whether anything changed; False also where the todo is gone.
    """
    return edit_all(cache, [client_id], patch) > 0


def edit_all(cache: Cache, ids: Iterable[str], patch: Patch) -> int:
    """Give todos the same values.

    Returns:
        how many changed; those that are gone or have the values do not.
    """
    entries: list[Entry] = []
    changes: list[Changed] = []
    with cache.transaction() as db:
        at = cache.clock()
        for client_id in dict.fromkeys(ids):
            row = rows.row(db, client_id)
            changed = {name: value for name, value in patch.items() if row and row.patch()[name] != value}
            if row is not None and changed:
                changes.append(changing.change(cache, row, changed, at))
                entries.append(Entry(client_id, was(row), was(changes[-1].row)))
        finish(cache, action(patch), entries, changes, at)
    return len(entries)


def delete(cache: Cache, client_id: str) -> bool:
    """Delete a todo.

    Returns:
        whether there was one.
    """
    return delete_all(cache, [client_id]) > 0


def delete_all(cache: Cache, ids: Iterable[str]) -> int:
    """Delete todos.

    Returns:
        how many there were.
    """
    with cache.transaction() as db:
        at = cache.clock()
        found = [row for client_id in dict.fromkeys(ids) if (row := rows.row(db, client_id)) is not None]
        changes = [changing.remove(cache, row, at) for row in found]
        finish(cache, Action.DELETE, [Entry(row.client_id, was(row), None) for row in found], changes, at)
    return len(found)


def action(patch: Patch) -> Action:
    """What an edit of these fields is called."""
    if "text" in patch:
        return Action.EDIT
    return Action.DONE if patch["completed"] else Action.REOPEN


def finish(cache: Cache, action: Action, entries: Sequence[Entry], changes: Sequence[Changed], at: int) -> None:
    """Store the step and tell the changes, where there are any."""
    if not entries:
        return
    history.record(cache.db, action, entries, at)
    journal.write_all(cache.db, Via.LOCAL, [(each.op, each.row) for each in changes], at)
    journal.trim(cache.db)
