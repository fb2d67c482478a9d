"""Reading the list: an array of row keys, and the rows of the visible window.

Reads of a window take under a millisecond and may run on any thread that has its own Lists.
"""

import sqlite3
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Self

from devots_desktop.domain.changes import Via
from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.domain.search import fold, terms
from devots_desktop.domain.sorting import ALPHABET_LENGTH, Sort
from devots_desktop.domain.todo import WHOLE, Todo
from devots_desktop.store import numbers, rows
from devots_desktop.store.cache import translated

if TYPE_CHECKING:
    from devots_desktop.domain.question import Question
    from devots_desktop.domain.steps import Steps
    from devots_desktop.store.conflicts import Conflict
    from devots_desktop.store.parking import Parked


class View(StrEnum):
    """Which todos a list shows."""

    ALL = "all"
    OPEN = "open"
    DONE = "done"

    def holds(self, todo: Todo) -> bool:
        """Whether a todo belongs to this view."""
        return self is View.ALL or todo.completed == (self is View.DONE)


_AT_ONCE = 500
"""Keys in one query; an SQLite can be built to take no more than 999 parameters (sqlite.org/limits.html)."""
_STEPS = 20_000
"""Steps of SQLite between two looks at whether to stop: about a millisecond."""

_WHERE = {View.ALL: "true", View.OPEN: "t.completed = 0", View.DONE: "t.completed = 1"}
_LETTERS = f"substr(t.folded, 1, {ALPHABET_LENGTH})"
_LETTERS_NOW = f"substr(fold(t.text), 1, {ALPHABET_LENGTH})"
_ORDER = {
    Sort.NEWEST: "t.created_at DESC, t.key DESC",
    Sort.OLDEST: "t.created_at, t.key",
    Sort.ALPHABETICAL: f"coalesce({_LETTERS}, {_LETTERS_NOW}), t.key DESC",
    Sort.OPEN_FIRST: "t.completed, t.created_at DESC, t.key DESC",
}


class Counts(NamedTuple):
    """How many todos there are, and how many of this account's changes wait or need the user.

    Attributes:
        pending, parked: changes that wait for the server, and that it refused.
        needs_you: what the user is to decide about: todos with parked changes, rows that a delete took with it, and the question of `question`.
        arrived: while everything is being fetched from the server (the first time, or after its history changed), how many todos have come.
        contact: when the server answered last, microseconds since 1970 UTC; None for never.
    """

    open: int
    done: int
    pending: int
    parked: int
    needs_you: int = 0
    arrived: int | None = None
    contact: int | None = None

    @property
    def all(self) -> int:
        """All todos."""
        return self.open + self.done


def waiting(db: sqlite3.Connection) -> tuple[int, int]:
    """How many changes are pending and how many are parked."""
    found: tuple[int, int] = db.execute("SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM parked)").fetchone()
    return found


class Lists:
    """A read-only connection to a cache file that a Cache has opened before."""

    def __init__(self, path: Path) -> None:
        """Open the file for reading.

        Raises:
            CacheUnusable: it cannot be read.
        """
        self._path = path
        self._lock = Lock()
        self.open()

    def open(self) -> None:
        """Open the file again, after `close`: another one may lie in its place. Raises as making a Lists does."""
        with self._lock, translated(self._path):
            self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA query_only = ON")
            self._db.execute("PRAGMA busy_timeout = 1000")
            self._db.create_function("fold", 1, fold, deterministic=True)
            rows.register(self._db)
            self._closed = False

    def close(self) -> None:
        """Close the file, when nobody reads in it."""
        with self._lock:
            self._closed = True
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for one reader at a time: while a damaged file is set aside, another thread closes it."""
        with self._lock, translated(self._path):
            if self._closed:
                raise CacheUnusable("List closed", "The list is closed, or being rebuilt.", "Wait a moment and look again.")
            yield self._db

    def keys(self, view: View, *, sort: Sort = Sort.NEWEST, limit: int = -1) -> "array[int]":
        """The keys of a view's rows in the order of the list: 8 bytes a row."""
        query = f"SELECT t.key FROM todo t WHERE {_WHERE[view]} ORDER BY {_ORDER[sort]} LIMIT ?"
        if sort is Sort.ALPHABETICAL:
            # Two ordered parts: what is folded, by its index (the + keeps SQLite off the other ones), and the few that are not yet.
            where = f"+{_WHERE[view]}"
            query = (
                f"SELECT key FROM (SELECT t.key, {_LETTERS} FROM todo t WHERE t.folded IS NOT NULL AND {where} UNION ALL"
                f" SELECT t.key, {_LETTERS_NOW} FROM todo t WHERE t.folded IS NULL AND {where} ORDER BY 2, 1 DESC) LIMIT ?"
            )
        with self._reading() as db:
            return array("q", chain.from_iterable(db.execute(query, (limit,))))

    def newest(self) -> int:
        """The greatest key of a row there is; 0 where there is none."""
        with self._reading() as db:
            found: tuple[int | None] = db.execute("SELECT max(key) FROM todo").fetchone()
        return found[0] or 0

    def search(self, words: str, view: View, *, sort: Sort = Sort.NEWEST, limit: int = -1) -> "array[int]":
        """The keys of a view's rows that the words find (domain/search.py), in the order of the list. Blank words find all.

        Args:
            limit: answer only the newest so many, which takes under a millisecond where there is much to be found.
        """
        from devots_desktop.store import search

        if not terms(words):
            return self.keys(view, sort=sort, limit=limit)
        with self._reading() as db:
            return search.keys(db, words, where=f"+{_WHERE[view]}", order=_ORDER[sort], limit=limit)

    def todos(self, keys: Sequence[int]) -> dict[int, Todo]:
        """The rows of these keys; a key whose row is gone is not in the answer."""
        answer: dict[int, Todo] = {}
        with self._reading() as db:
            for start in range(0, len(keys), _AT_ONCE):
                part = tuple(keys[start : start + _AT_ONCE])
                marks = ",".join("?" * len(part))
                found = db.execute(f"SELECT {rows.todo_columns('t')} FROM todo t WHERE t.key IN ({marks})", part)
                answer.update((values[0], rows.todo(values)) for values in found)
        return answer

    def each(self, view: View = View.ALL, *, words: str = "", limit: int = -1) -> Iterator[Todo]:
        """The todos of a view that the words find, newest first, a part at a time; one that somebody deletes meanwhile may be missing."""
        keys = self.search(words, view)[: limit if limit >= 0 else None]
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            found = self.todos(part)
            yield from (found[key] for key in part if key in found)

    def by_prefix(self, prefix: str) -> list[Todo]:
        """The todos whose client_id starts so, two at the most."""
        with self._reading() as db:
            found = db.execute(
                f"SELECT {rows.todo_columns('t')} FROM todo t WHERE t.client_id >= ? AND t.client_id < ? LIMIT 2", (prefix, prefix + "g")
            )
            return list(map(rows.todo, found))

    def counts(self) -> Counts:
        """The numbers for the sidebar and the status line."""
        with self._reading() as db:
            # SQLite counts a whole table without looking at its rows, and what is done is the smaller part of most lists.
            every, done = db.execute("SELECT (SELECT count(*) FROM todo), (SELECT count(*) FROM todo WHERE completed = 1)").fetchone()
            pending, parked = waiting(db)
            needs_you, arrived, contact = _standing(db)
            return Counts(every - done, done, pending, parked, needs_you, arrived, contact)

    @contextmanager
    def stopped_by(self, stop: Callable[[], bool]) -> Iterator[None]:
        """Give up what is being read as soon as `stop` says so, with CacheUnusable."""
        self._db.set_progress_handler(stop, _STEPS)
        try:
            yield
        finally:
            self._db.set_progress_handler(None, 0)

    def steps(self) -> "Steps":
        """What undo and redo would do now."""
        from devots_desktop.store import history

        with self._reading() as db:
            return history.latest(db)

    def origin(self, key: int) -> Via | None:
        """By which way the last change of a row came; None where the journal does not reach back so far."""
        from devots_desktop.store import journal  # As in `parked`.

        with self._reading() as db:
            return journal.origin(db, key)

    def parked(self) -> "list[Parked]":
        """The changes that the server did not take, newest first."""
        from devots_desktop.store import parking  # With what it needs it costs the first paint 18 ms.

        with self._reading() as db:
            return parking.everything(db)

    def conflicts(self, client_id: str | None = None) -> "list[Conflict]":
        """The values that lost and can be restored, newest first: those of a todo, else all."""
        from devots_desktop.store import conflicts  # As above.

        with self._reading() as db:
            return conflicts.everything(db) if client_id is None else conflicts.of_todo(db, client_id)

    def lost_rows(self) -> "list[Conflict]":
        """Of these, the rows that a delete took with it, newest first."""
        from devots_desktop.store import conflicts  # As above.

        with self._reading() as db:
            return conflicts.of_gone(db)

    def question(self) -> "Question | None":
        """What the user is to be asked about todos that the server does not have any more; None where nothing is open."""
        from devots_desktop.store import missing  # As in `parked`.

        with self._reading() as db:
            return missing.question(db)


def _standing(db: sqlite3.Connection) -> tuple[int, int | None, int | None]:
    """Of Counts: needs_you, arrived, contact."""
    needs_you, unfinished = db.execute(
        "SELECT (SELECT count(DISTINCT client_id) FROM parked)"
        " + (SELECT count(*) FROM conflict WHERE field = ? AND client_id NOT IN (SELECT client_id FROM todo))"
        " + EXISTS (SELECT 1 FROM missing JOIN todo USING (client_id) WHERE settled = 0),"
        " NOT EXISTS (SELECT 1 FROM sync_state WHERE name = 'since')",
        (WHOLE,),
    ).fetchone()
    arrived = db.execute("SELECT count(*) FROM todo WHERE row_version >= 0").fetchone()[0] if unfinished else None
    return needs_you, arrived, numbers.read(db, "contact")
