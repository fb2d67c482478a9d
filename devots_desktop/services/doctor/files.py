"""The account's files: who may read them, room on the disk, the list itself, who syncs it, and what waits to be sent. Blocks: for a thread."""

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from devots_desktop.domain.errors import CacheDamaged, CacheUnusable
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.services import care
from devots_desktop.store import damage, lists, migration, missing
from devots_desktop.store.profile import Profile
from devots_desktop.store.sync_lock import SyncLock

FOLDER, SPACE, LIST, LOCK, OUTBOX = "folder", "disk space", "list", "sync lock", "outbox"
LITTLE_BYTES = 50_000_000
_NONE_BYTES = 1_000_000
WAITS_S = 3_600.0
"""Seconds after which a change that waits is worth a word."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def examine(profile: Profile, path: Path, at: int, *, syncs: bool) -> Iterator[Finding]:
    """Look at an account's files.

    Args:
        at: now, microseconds since 1970 UTC.
    """
    yield _folder(profile, path)
    yield _space(path)
    if not path.exists():
        yield Finding(LIST, Level.OK, "Nothing is stored here yet.")
        return
    yield (found := _list(path))
    if syncs:
        yield _lock(path)
    if found.level is Level.OK and syncs:
        yield _outbox(path, at)


def make_private(profile: Profile, path: Path) -> str:
    """Take everybody else's rights away; what was done."""
    for each in _open_to_others(profile, path):
        each.chmod(stat.S_IMODE(each.stat().st_mode) & ~_OTHERS)
    return "Only you may read the folder and its files now."


def _folder(profile: Profile, path: Path) -> Finding:
    for folder in (profile.folder, path.parent):
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            return Finding(FOLDER, Level.WRONG, "The folder cannot be written.", "Allow writing to it, or choose another with --profile.")
    if _open_to_others(profile, path):
        return Finding(
            FOLDER,
            Level.WRONG,
            "Others on this computer may read the folder or its files.",
            "Repair it: devots doctor --repair",
            mends=True,
        )
    return Finding(FOLDER, Level.OK, "Only you may read the folder and its files.")


def _open_to_others(profile: Profile, path: Path) -> list[Path]:
    """What somebody else may read; on Windows the rights of the user's own folder are inherited, and none are set here."""
    if sys.platform == "win32":
        return []
    files = [
        profile.folder / "accounts.json",
        path,
        *(path.with_name(path.name + end) for end in ("-wal", "-shm")),
        path.with_name("secrets.json"),
    ]
    # The folders above are enough; a file that was opened to others does not stay so all the same.
    return [each for each in (profile.folder, path.parent, *files) if each.exists() and each.stat().st_mode & _OTHERS]


def _space(path: Path) -> Finding:
    folder = next(each for each in (path.parent, *path.parents) if each.exists())
    free, wanted = shutil.disk_usage(folder).free, LITTLE_BYTES
    if path.exists():
        wanted = max(wanted, 3 * path.stat().st_size)
    sentence = f"{_bytes(free)} are free on the disk of the list."
    if free < _NONE_BYTES:
        return Finding(SPACE, Level.WRONG, sentence, "Free some space: nothing can be stored.")
    if free < wanted:
        return Finding(SPACE, Level.WARNING, sentence, "Free some space: backups need room for several copies of the list.")
    return Finding(SPACE, Level.OK, sentence)


def _list(path: Path) -> Finding:
    """Structure and checksums of the whole file."""
    if damage.marked(path):
        return _damaged()
    try:
        with closing(_read_only(path)) as db:
            form = db.execute("PRAGMA user_version").fetchone()[0]
            if form > len(migration.scripts()):
                return Finding(LIST, Level.WRONG, "A newer version of this program wrote the list.", "Install the newer version.")
            if form < len(migration.scripts()):
                return Finding(
                    LIST,
                    Level.WARNING,
                    "The list has the form of an older version.",
                    "It is brought up to date when it is opened: devots list",
                )
            care.check(path)
            count = db.execute("SELECT count(*) FROM todo").fetchone()[0]
    except CacheDamaged:
        return _damaged()
    except (CacheUnusable, sqlite3.Error) as error:
        title = error.title if isinstance(error, CacheUnusable) else "The list cannot be read"
        return Finding(
            LIST, Level.WRONG, f"{title}.", "Close other programs that use it, look after the disk, then check the account again."
        )
    return Finding(LIST, Level.OK, f"{count:,} {'todo' if count == 1 else 'todos'}; structure and checksums are sound.")


def _damaged() -> Finding:
    return Finding(
        LIST, Level.WRONG, "A part of the list's file is damaged.", "Rebuild it: devots doctor --repair. Nothing is deleted.", mends=True
    )


def _lock(path: Path) -> Finding:
    lock = SyncLock(path)
    try:
        free = lock.acquire()
    except CacheUnusable as error:
        return Finding(LOCK, Level.WRONG, f"{error.title}.", "Allow writing to the folder.")
    if free:
        lock.release()
        return Finding(LOCK, Level.OK, "No program syncs this account just now.")
    holder = lock.holder()
    if holder == os.getpid():
        return Finding(LOCK, Level.OK, "This program syncs this account.")
    return Finding(LOCK, Level.OK, f"Another program syncs this account{f', process {holder}' if holder else ''}.")


def _outbox(path: Path, at: int) -> Finding:
    with closing(_read_only(path)) as db:
        pending, parked = lists.waiting(db)
        question = missing.question(db)
        oldest = db.execute("SELECT min(made_at) FROM outbox").fetchone()[0]
    if question is not None:
        sentence = f"{question.missing:,} todos are not on the server any more, and you are asked what becomes of them."
        return Finding(OUTBOX, Level.WARNING, sentence, "Decide in the window, under Needs you.")
    if parked:
        return Finding(
            OUTBOX, Level.WARNING, f"{_changes(parked)} the server did not accept, and {pending:,} wait.", "See why: devots parked"
        )
    if pending and at - oldest > WAITS_S * 1e6:
        hours = (at - oldest) / 3.6e9
        return Finding(OUTBOX, Level.WARNING, f"{_waiting(pending)}, the oldest for {hours:,.0f} hours.", "Send them: devots sync --once")
    return Finding(OUTBOX, Level.OK, f"{_waiting(pending)} to be sent." if pending else "Nothing waits to be sent.")


def _waiting(count: int) -> str:
    return f"{_changes(count)} {'waits' if count == 1 else 'wait'}"


def _changes(count: int) -> str:
    return f"{count:,} {'change' if count == 1 else 'changes'}"


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10)


def _bytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"
