"""The demo as a check: 200 changes typed into one window, each seen painted in the other, then all copies compared row by row.

How the times are taken, all on one machine and on CLOCK_MONOTONIC:
- keystroke: the moment before the Enter, Space or Delete that makes the change is given to Qt (tests/demo/driver.py);
- commit: the server's own commit timestamp (track_commit_timestamp) of the transaction that wrote the row or its tombstone, taken by PostgreSQL
  when the commit begins; it is CLOCK_REALTIME and is brought to CLOCK_MONOTONIC by the difference of the two clocks;
- paint: in the delegate's paint of the row; of a delete, the first paint of the list without the row.
"""

import contextlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.demo.changes import CHANGES, Script, Shown, Step, percentiles
from tests.demo.stage import Stage
from tests.window.program import Event, NotSeen, Window, environment, open_windows

SEED = 20_260_101
FROM_ELSEWHERE = "Added by another program"
_COMMITS = """
    select client_id::text, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000000)::bigint from todo
    union all select client_id::text, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000000)::bigint from todo_tombstone"""
_SERVER_ROWS = """
    select client_id::text, id, text, completed, (extract(epoch from created_at) * 1000000)::bigint,
           (extract(epoch from updated_at) * 1000000)::bigint, row_version from todo order by 1"""
_CACHE_ROWS = "select client_id, server_id, text, completed, created_at, updated_at, row_version from todo order by 1"
_CACHE_WAITING = (
    "select (select count(*) from outbox) + (select count(*) from parked) + (select count(*) from todo where state <> 'synced')"
)

Row = tuple[Any, ...]


@dataclass(slots=True)
class Figures:
    """What the check found.

    Attributes:
        lost: changes that were typed and not seen, and rows in which a copy differs.
        troubles: a sentence for each of them.
    """

    changes: int = 0
    lost: int = 0
    commit_to_paint_ms: list[float] = field(default_factory=list)
    keystroke_to_paint_ms: list[float] = field(default_factory=list)
    notified_other: int = 0
    notified_own: int = 0
    troubles: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether everything arrived, and only the other window told of it."""
        return self.changes == CHANGES and not self.lost and not self.troubles and self.notified_other >= 1 and not self.notified_own

    def line(self) -> str:
        """The one line of JSON."""
        return json.dumps(
            {
                "changes": self.changes,
                "lost": self.lost,
                "commit_to_paint_ms": percentiles(self.commit_to_paint_ms),
                "keystroke_to_paint_ms": percentiles(self.keystroke_to_paint_ms),
                "notifications": {"other": self.notified_other, "own": self.notified_own},
            }
        )

    def trouble(self, sentence: str, *, lost: int = 0) -> None:
        """Note what went wrong."""
        self.lost += lost
        self.troubles.append(sentence)


def check(on: Stage) -> Figures:
    """Type, watch and compare."""
    figures, there = Figures(), dict[str, Shown]()
    typed, other = _windows(on)
    with open_windows(typed, other), contextlib.closing(on.database.connect()) as owner:
        try:
            for window in (typed, other):
                window.live()
            _type_all(figures, there, typed, other, owner)
            _count_notifications(figures, there, (typed, other), owner, on.account.user_id)
        except NotSeen as error:
            figures.trouble(str(error))
        for window in (typed, other):
            _end(figures, window)
        if figures.changes == CHANGES:
            _compare(figures, there, on, owner)
    return figures


def _windows(on: Stage) -> tuple[Window, Window]:
    driver = [sys.executable, "-m", "tests.demo.driver", str(on.profiles[0])]
    return Window("the window that is typed into", driver, environment()), Window.open(on.profiles[1], name="the other window")


def _type_all(figures: Figures, there: dict[str, Shown], typed: Window, other: Window, owner: psycopg.Connection) -> None:
    for burst in Script(SEED).bursts(there):
        assert typed.process.stdin is not None
        typed.process.stdin.write(b"".join(json.dumps(step.command()).encode() + b"\n" for step in burst))
        typed.process.stdin.flush()
        figures.changes += len(burst)
        seen = []
        for step in burst:
            try:
                seen.append(_see(step, there, typed, other))
            except NotSeen:
                figures.lost += 1
                raise
        commits = _commits(owner)
        for client_id, key, paint in seen:
            figures.keystroke_to_paint_ms.append((paint["ns"] - key["ns"]) / 1e6)
            figures.commit_to_paint_ms.append((paint["ns"] - commits[client_id]) / 1e6)


def _see(step: Step, there: dict[str, Shown], typed: Window, other: Window) -> tuple[str, Event, Event]:
    """Wait until a change is on both screens; answer its todo, the key that made it, and its paint in the other window."""
    key = typed.said("key", number=step.number)
    todo, after = step.todo, key["ns"]
    if step.do == "delete":
        typed.said("removed", client_id=todo.client_id, after=after)
        paint = other.said("gone", client_id=todo.client_id, after=after)
        del there[todo.client_id]
        return todo.client_id, key, paint
    own = typed.painted(todo.text, completed=todo.completed, after=after)
    client_id: str = own["client_id"]
    paint = other.said("painted", client_id=client_id, text=todo.text, completed=todo.completed, after=after)
    there[client_id] = Shown(client_id, todo.text, todo.completed)
    return client_id, key, paint


def _commits(owner: psycopg.Connection) -> dict[str, int]:
    """When the newest change of each todo was committed."""
    between = time.time_ns() - time.monotonic_ns()
    return {client_id: at * 1_000 - between for client_id, at in owner.execute(_COMMITS)}


def _count_notifications(
    figures: Figures, there: dict[str, Shown], windows: tuple[Window, Window], owner: psycopg.Connection, user_id: str
) -> None:
    """Let somebody else add a todo: the typing window must tell of this one alone. An own change would have been told before or with it."""
    typed, other = windows
    statement = "insert into todo(text, user_id) values (%s, %s) returning client_id::text"
    row = owner.execute(statement, [FROM_ELSEWHERE, user_id]).fetchone()
    assert row is not None
    there[row[0]] = Shown(row[0], FROM_ELSEWHERE)
    for window in windows:
        arrived = window.painted(FROM_ELSEWHERE)
        window.said("notified", after=arrived["ns"])
    told = {window.name: [event["count"] for event in window.events if event["event"] == "notified"] for window in windows}
    figures.notified_own = sum(told[typed.name]) - 1
    figures.notified_other = len(told[other.name])


def _end(figures: Figures, window: Window) -> None:
    try:
        status = window.quit()
    except NotSeen as error:
        figures.trouble(str(error))
        return
    if status or window.errors():
        figures.trouble(f"{window.name} ended with {status} and said: {window.errors() or '(nothing)'}")


# Comparing


def _compare(figures: Figures, there: dict[str, Shown], on: Stage, owner: psycopg.Connection) -> None:
    """Server, both caches and what was typed: equal in every row and column, and nothing waits."""
    server = {row[0]: tuple(row) for row in owner.execute(_SERVER_ROWS)}
    expected = {todo.client_id: (todo.text, todo.completed) for todo in there.values()}
    _differences(figures, "what was typed", expected, "the server", {client_id: row[2:4] for client_id, row in server.items()})
    for profile in on.profiles:
        with _cache(profile) as cache:
            rows = {row[0]: (*row[:3], bool(row[3]), *row[4:]) for row in cache.execute(_CACHE_ROWS)}
            (waiting,) = cache.execute(_CACHE_WAITING).fetchone()
        _differences(figures, "the server", server, f"the cache of profile {profile.name}", rows)
        if waiting:
            figures.trouble(f"{waiting} changes wait in profile {profile.name}", lost=waiting)


@contextlib.contextmanager
def _cache(profile: Path) -> Iterator[sqlite3.Connection]:
    (path,) = (path for path in profile.glob("accounts/*/cache.sqlite3") if path.parent.name != "computer")
    with contextlib.closing(sqlite3.connect(path)) as cache:
        yield cache


def _differences(figures: Figures, left: str, ours: dict[str, Row], right: str, theirs: dict[str, Row]) -> None:
    for client_id in sorted(ours.keys() | theirs.keys()):
        if ours.get(client_id) != theirs.get(client_id):
            figures.trouble(f"{client_id}: {left} has {ours.get(client_id)}, {right} has {theirs.get(client_id)}", lost=1)
