"""A damaged cache is set aside, never deleted, and what can be believed of it goes into a new one.

The damaged file set (database, -wal, -shm) is moved to `quarantine/<time>/` below the account's folder. A note beside the cache says how far this is, so that
a process that is killed meanwhile leaves the rest to the next start. Damage that comes back at once is an error with a sentence, not a circle.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.domain.todo import WHOLE, State, whole
from devots_desktop.store import backup, cache, damage, journal, replica, rows, salvage
from devots_desktop.store.checksum import MUTATIONS, ROWS, TODO
from devots_desktop.store.files import sync_folder
from devots_desktop.store.lock import OpenLock
from devots_desktop.store.profile import write_private
from devots_desktop.store.salvage import Found, Values

_SUFFIXES = ("", "-wal", "-shm", "-journal")
_FRESH = "rebuilt.sqlite3"


@dataclass(frozen=True, slots=True)
class Rescue:
    """What a rebuild saved.

    Attributes:
        folder: where the damaged files lie now.
        todos, changes: how many todos are shown again, and how many waiting or parked changes were saved.
        lost_todos, lost_changes: how many could not be believed, as far as that can be told. Todos of a server come back with the next pull.
        from_backup: how many of the shown todos come from the backup made at `backup_at` (microseconds since 1970 UTC), and may be older than what was lost.
    """

    folder: Path
    todos: int
    changes: int
    lost_todos: int
    lost_changes: int
    from_backup: int = 0
    backup_at: int = 0


def rebuild(path: Path, *, syncs: bool, clock: Callable[[], int]) -> Rescue:
    """Set the file set of a cache aside and put a new cache in its place, with all that can be believed.

    Nobody in this process has the cache open.

    Raises:
        CacheUnusable: another process has it open, or the disk stands in the way; the next start goes on.
    """
    lock = OpenLock(path)
    with cache.translated(path):
        if not lock.alone():
            raise CacheUnusable(
                "List damaged",
                f"The file {path} is damaged, and another Devots program has it open.",
                "Close the window and every other devots command, then start again.",
            )
        try:
            folder = _set_aside(path, clock)
            return _replace(path, folder, syncs=syncs, clock=clock)
        finally:
            lock.release()


def _set_aside(path: Path, clock: Callable[[], int]) -> Path:
    """Move the file set into quarantine; where that was begun by a process that was killed, go on."""
    note = _note(path)
    if not note:
        note = {"folder": f"{datetime.fromtimestamp(clock() / 1e6, UTC):%Y-%m-%dT%H%M%S.%fZ}", "moved": False}
        _write_note(path, note)
    folder: Path = path.parent / "quarantine" / note["folder"]
    if not note["moved"]:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for suffix in _SUFFIXES:
            file = path.with_name(path.name + suffix)
            if file.exists():
                file.rename(folder / file.name)
        sync_folder(folder)
        sync_folder(path.parent)
        _write_note(path, note | {"moved": True})
    return folder


def _replace(path: Path, folder: Path, *, syncs: bool, clock: Callable[[], int]) -> Rescue:
    """Make the new cache beside the old one's place and move it there; done twice, the second one changes nothing."""
    fresh = path.with_name(_FRESH)
    for suffix in _SUFFIXES:
        fresh.with_name(_FRESH + suffix).unlink(missing_ok=True)
    db = cache.connect(fresh)
    try:
        rescue = _fill(db, folder, path, syncs=syncs, clock=clock)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()
    for suffix in _SUFFIXES[1:]:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    fresh.replace(path)
    write_private(folder / "report.json", json.dumps(asdict(rescue), default=str, indent=1))
    sync_folder(path.parent)
    damage.mark_of(path).unlink()
    sync_folder(path.parent)
    return rescue


def _fill(db: sqlite3.Connection, folder: Path, path: Path, *, syncs: bool, clock: Callable[[], int]) -> Rescue:
    damaged = folder / path.name
    found = salvage.read(damaged, db) if damaged.exists() else Found()
    restored, backup_at = ([], 0) if syncs else _from_backup(path, found)
    unsent = _unsent(found) if syncs else []
    db.execute("BEGIN IMMEDIATE")
    _insert(db, "todo", ("key", *TODO, "checksum"), (each for each in found.todos.values() if each not in unsent))
    _insert(db, "todo", (*TODO, "checksum"), restored)
    _insert(db, "outbox", ("seq", *MUTATIONS["outbox"], "checksum"), found.outbox.values())
    _insert(db, "parked", ("seq", *MUTATIONS["parked"], "checksum"), found.parked.values())
    _insert(db, "conflict", ("seq", *ROWS["conflict"], "checksum"), found.conflicts.values())
    _keep_unsent(db, unsent, clock())
    # Everything comes with the next pull, which every version is news to.
    db.execute("UPDATE todo SET row_version = -1")
    rows.stamp(db)
    _raise_sequence(db, "todo", found.last_key)
    _raise_sequence(db, "journal", found.last_seq)
    journal.write_reload(db, clock())
    db.execute("COMMIT")
    changes = len(found.outbox) + len(found.parked)
    return Rescue(
        folder,
        len(found.todos) - len(unsent) + len(restored),
        changes,
        found.lost_todos - len(restored) if found.lost_todos > len(restored) else 0,
        found.lost_changes,
        len(restored),
        backup_at,
    )


def _from_backup(path: Path, found: Found) -> tuple[list[Values], int]:
    """Of a list without a server: the todos of the newest good backup that are missing and were not deleted since, as far as the journal tells."""
    if not found.lost_todos and found.todos:
        return [], 0
    for copy in backup.dailies(path):
        if old := salvage.todos_of(copy):
            missing = [row for client_id, row in old.items() if client_id not in found.todos and client_id not in found.deleted]
            return missing, backup.made_at(copy)
    return [], 0


def _unsent(found: Found) -> list[Values]:
    """Rows that show a change which is not among the saved ones: the change is lost, so the row must not pass for the server's."""
    saved = {each["client_id"] for entries in (found.outbox, found.parked) for each in entries.values()}
    return [row for row in found.todos.values() if row["state"] != State.SYNCED and row["client_id"] not in saved]


def _keep_unsent(db: sqlite3.Connection, unsent: Iterable[Values], at: int) -> None:
    """List them among the values that lost, from where the user can restore them."""
    for row in unsent:
        lost = whole({"completed": bool(row["completed"]), "text": row["text"]}, row["created_at"])
        replica.add_lost(db, row["client_id"], WHOLE, lost, "", at)


def _insert(db: sqlite3.Connection, table: str, columns: tuple[str, ...], entries: Iterable[Values]) -> None:
    marks = ", ".join("?" * len(columns))
    db.executemany(
        f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})",
        (tuple(each[name] for name in columns) for each in entries),
    )


def _raise_sequence(db: sqlite3.Connection, table: str, least: int) -> None:
    """Numbers that a screen may hold are never used again."""
    if not db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (least, table)).rowcount:
        db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, least))


def _note(path: Path) -> dict[str, Any]:
    """How far an earlier process was; empty where none had begun."""
    try:
        note = json.loads(damage.mark_of(path).read_text(encoding="utf-8"))
        return {"folder": os.path.basename(note["folder"]), "moved": bool(note["moved"])}  # noqa: PTH119 (a name, never a way out of the folder)
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write_note(path: Path, note: dict[str, Any]) -> None:
    write_private(damage.mark_of(path), json.dumps(note))
    sync_folder(path.parent)
