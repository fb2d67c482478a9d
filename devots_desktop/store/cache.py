"""Opening the cache and its transactions: pragmas, migrations, and SQLite's errors as sentences."""

import errno
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from devots_desktop.bundled import bundled
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.store import journal

_BUSY_S = 10.0
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA secure_delete = ON",
    "PRAGMA fullfsync = ON",
    "PRAGMA synchronous = FULL",
)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)


Result = TypeVar("Result")


class Run(Protocol):
    """Awaits a function on the thread that owns a cache."""

    def __call__(self, work: Callable[[], Result]) -> Awaitable[Result]:
        """Answer what `work` answers, or raise what it raises."""
        ...


class Cache:
    """One account's cache file, opened for the thread that made this object.

    Attributes:
        path: the file.
        syncs: whether edits go to a server, through the outbox. False for the account "This computer".
        db: the connection, for the other modules of this package.
    """

    def __init__(self, path: Path, *, syncs: bool, clock: Callable[[], int]) -> None:
        """Open the file, make it where it is missing, and bring it to the newest form.

        Args:
            clock: answers the time in microseconds since 1970 UTC.

        Raises:
            CacheUnusable: the file cannot be opened, is damaged, or was made by a newer version of the program.
        """
        self.path = path
        self.syncs = syncs
        self.clock = clock
        with translated(path):
            _refuse_newer(path)
            self.db = _connect(path)
            self._seen = journal.end(self.db)

    def close(self) -> None:
        """Close the file; the object cannot be used afterwards."""
        self.db.close()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One `BEGIN IMMEDIATE` transaction: all of it is stored, or nothing.

        Args:
            durable: wait until the disk has it. False for what a server can send again.
        """
        with translated(self.path):
            self.db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself on a full disk, for one; a failed COMMIT has not.
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read without a transaction, with SQLite's errors translated."""
        with translated(self.path):
            yield self.db

    def news(self) -> ChangeSet:
        """All changes since the last call, by this object or by another process, in order of commit."""
        with self.reading() as db:
            changes = journal.since(db, self._seen)
        self._seen = changes.seq
        return changes

    def changed_elsewhere(self) -> bool:
        """Whether another connection wrote to the file since the last look: one cheap read, for a look on focus or on a ping."""
        with self.reading() as db:
            return journal.end(db) > self._seen


def _refuse_newer(path: Path) -> None:
    """Look before anything is written: opening a file in WAL mode for writing may change it, if only when it is closed."""
    if not path.exists() or not path.stat().st_size:
        return
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)) as db:
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(_scripts()):
        raise CacheUnusable(
            "Newer data",
            f"The list in {path} was written by a newer version of Devots Desktop.",
            "Install the newer version; nothing was changed.",
        )


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        for pragma in _PRAGMAS:
            db.execute(pragma)
        _migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def _scripts() -> list[Path]:
    return sorted(bundled("migrations", "cache").glob("[0-9]*.sql"))


def _migrate(db: sqlite3.Connection) -> None:
    """Run the numbered SQL files that the cache has not seen, each with its number in one transaction."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(_scripts()[version:], start=version + 1):
        _run_script(db, script, number)


def _run_script(db: sqlite3.Connection, script: Path, number: int) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have opened the new file first.
        if db.execute("PRAGMA user_version").fetchone()[0] < number:
            for statement in _statements(script.read_text(encoding="utf-8")):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """The single statements of a script: `executescript` would commit before it starts."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite and of the file system into CacheUnusable with a sentence for each cause."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.InterfaceError):
        raise  # Bugs of ours, not the state of a file.
    except (sqlite3.Error, OSError) as error:
        raise _cause(error, path) from error


def _cause(error: sqlite3.Error | OSError, path: Path) -> CacheUnusable:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # The low byte is the primary code (sqlite.org/rescode.html).
    number = error.errno if isinstance(error, OSError) else 0
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return CacheUnusable("List damaged", f"The file {path} is damaged.", "Keep the file and restore it from a backup.")
    if code == sqlite3.SQLITE_FULL or number in _FULL:
        return CacheUnusable("Disk full", f"There is no room left on the disk of {path.parent}.", "Free some space and try again.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return CacheUnusable("List busy", f"Another program keeps {path} locked.", "Close that program and try again.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM) or number in _NOT_WRITABLE:
        return CacheUnusable(
            "Folder not writable", f"The folder {path.parent} cannot be written.", "Allow writing to it, or choose another with --profile."
        )
    return CacheUnusable("List not usable", f"The file {path} could not be used ({type(error).__name__}).", "Check the disk and try again.")
