"""Copies of a cache below its folder, in `backups/`: one before each migration, and the newest three of those made daily.

`VACUUM INTO` copies one snapshot while others go on writing. A copy counts only when it was verified; until then it has another name.
"""

import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from devots_desktop.store import soundness
from devots_desktop.store.files import make_private, sync_file, sync_folder

KEPT = 3
_DAY_US = 86_400_000_000
_UNFINISHED_S = 3_600


def folder_of(path: Path) -> Path:
    """Where the copies of a cache lie."""
    return path.parent / "backups"


def before_migration(path: Path, version: int) -> None:
    """Copy a cache of form `version` before it is changed, by whoever may write to it: nobody changes it meanwhile.

    Raises:
        sqlite3.Error, OSError: there is no verified copy; nothing may be changed then.
    """
    # SQLite copies nothing in the transaction that is to change it.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
        _copy(db, folder_of(path) / f"form-{version}.sqlite3")


def before_repair(db: sqlite3.Connection, path: Path) -> None:
    """Copy a cache before rows of it are replaced by the server's; the copy of an earlier repair goes. Raises as `before_migration`."""
    _copy(db, folder_of(path) / "repair.sqlite3")


def daily(db: sqlite3.Connection, path: Path, at: int) -> Path | None:
    """Copy the cache where the newest daily copy is older than a day and something changed since; drop all but the newest three.

    Args:
        at: microseconds since 1970 UTC.

    Returns:
        the new copy, None where none was due.

    Raises:
        sqlite3.Error, OSError, CacheDamaged: no copy was made; the old ones are all there.
    """
    existing = dailies(path)
    if existing and (at - made_at(existing[0]) < _DAY_US or _end(existing[0]) == _journal_end(db)):
        return None
    fresh = folder_of(path) / f"day-{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%dT%H%M%SZ}.sqlite3"
    _copy(db, fresh)
    for old in dailies(path)[KEPT:]:
        old.unlink()
    return fresh


def dailies(path: Path) -> list[Path]:
    """The daily copies of a cache, newest first."""
    return sorted(folder_of(path).glob("day-*.sqlite3"), reverse=True)


def _copy(db: sqlite3.Connection, target: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    _drop_unfinished(target.parent)
    make_private(fresh)
    try:
        # The copy has indexes of its own: that a row is hidden by a damaged index is only to be seen here.
        soundness.verify(db)
        db.execute("VACUUM INTO ?", (str(fresh),))
        with closing(sqlite3.connect(fresh, isolation_level=None)) as copy:
            soundness.verify_structure(copy)
            _verify_same(db, copy)
        sync_file(fresh)
        fresh.replace(target)
        sync_folder(target.parent)
    finally:
        fresh.unlink(missing_ok=True)


def _drop_unfinished(folder: Path) -> None:
    """Copies of processes that were killed meanwhile; one that is being made is younger."""
    for unfinished in folder.glob("*.sqlite3.*"):
        if time.time() - unfinished.stat().st_mtime > _UNFINISHED_S or unfinished.name.endswith(f".{os.getpid()}"):
            unfinished.unlink(missing_ok=True)


def _verify_same(db: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    """The form is the same; what lies in the rows, `soundness` has looked at. Counts may differ by what others wrote meanwhile."""
    for pragma in ("user_version", "application_id"):
        if db.execute(f"PRAGMA {pragma}").fetchone() != copy.execute(f"PRAGMA {pragma}").fetchone():
            raise sqlite3.DatabaseError("The copy is not like the original.")


def made_at(copy: Path) -> int:
    """When a daily copy was made, microseconds since 1970 UTC."""
    try:
        return int(datetime.strptime(copy.stem.removeprefix("day-"), "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()) * 1_000_000
    except ValueError:
        return 0


def _end(copy: Path) -> int:
    """The journal's end in a copy; -1 where it cannot be read, so that another one is made."""
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            return _journal_end(db)
    except sqlite3.Error:
        return -1


def _journal_end(db: sqlite3.Connection) -> int:
    found = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    return found[0] if found else 0
