"""Opening the cache and its transactions: pragmas, and SQLite's errors as sentences."""

import errno
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, Self, TypeVar

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import CacheDamaged, CacheUnusable, DevotsError
from devots_desktop.store import checksum, damage, journal, migration, rows
from devots_desktop.store.files import is_network, make_private
from devots_desktop.store.lock import OpenLock

_BUSY_S = 10.0
_PAUSE_S = 0.02
_UNDECODABLE = ("Could not decode to UTF-8", "user-defined function raised")
"""What Python's sqlite3 says, without a code, of a text that is no UTF-8 any more; of our functions, too, nothing else lets them fail."""
_LITTLE = 1 << 17
"""Bytes of free space with which SQLite cannot work."""
_SMALLEST = 512
"""Bytes of the smallest database (sqlite.org/fileformat2.html)."""
_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA secure_delete = ON",
    "PRAGMA fullfsync = ON",
    # A page of a download changes pages all over an index.
    "PRAGMA cache_size = -32768",
)
_DURABLE = ("PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 1000")
_REPEATABLE = ("PRAGMA synchronous = NORMAL", "PRAGMA wal_autocheckpoint = 4000")
"""A checkpoint waits for the disk twice: while much is being written, larger ones (16 MiB) and fewer."""
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
        self._lock = OpenLock(path)
        self._trouble: CacheUnusable | None = None
        self.open()

    def open(self) -> None:
        """Open the file again, after `close`: another one may lie in its place. Raises as making a Cache does."""
        try:
            with translated(self.path):
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                migration.refuse_newer(self.path, wait=_BUSY_S)
                # Where others have the file open they are using its log, which is sound then.
                damaged = self._lock.alone() and _log_is_damaged(self.path)
                self._lock.share()
                if damaged or damage.marked(self.path) or _lost(self.path):
                    raise CacheDamaged(f"The file {self.path} is damaged.")
                self.db = connect(self.path)
                self._seen = journal.end(self.db)
                self._trouble = None
        except DevotsError as error:
            self._lock.release()
            self._trouble = error if isinstance(error, CacheUnusable) else None
            raise

    def close(self, because: CacheUnusable | None = None) -> None:
        """Close the file.

        Args:
            because: what whoever uses the cache is told until it is open again.
        """
        self._trouble = because
        self.db.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One `BEGIN IMMEDIATE` transaction: all of it is stored, or nothing.

        Args:
            durable: wait until the disk has it. False for what a server can send again.
        """
        with self._usable():
            for pragma in _DURABLE if durable else _REPEATABLE:
                self.db.execute(pragma)
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
        with self._usable():
            yield self.db

    @contextmanager
    def _usable(self) -> Iterator[None]:
        if self._trouble is not None:
            raise self._trouble  # It could not be opened again.
        with translated(self.path):
            yield

    def news(self) -> ChangeSet:
        """All changes since the last call, by this object or by another process, in order of commit."""
        with self.reading() as db:
            changes = journal.since(db, self._seen)
        self._seen = changes.seq
        return changes

    @property
    def seen(self) -> int:
        """The journal entry up to which `news` has told."""
        return self._seen

    def changed_elsewhere(self) -> bool:
        """Whether another connection wrote to the file since the last look: one cheap read, for a look on focus or on a ping."""
        with self.reading() as db:
            return journal.end(db) > self._seen


def connect(path: Path) -> sqlite3.Connection:
    """A connection that writes to a cache file, which is made where it is missing and brought to the newest form.

    Raises:
        sqlite3.Error, OSError, DevotsError: it cannot be opened.
    """
    with suppress(FileExistsError):  # Another program may make it at this moment.
        make_private(path)
    db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        prepare(db, path)
    except BaseException:
        db.close()
        raise
    return db


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make a new connection one that the modules of this package can use. Raises as `connect` does."""
    checksum.register(db)
    rows.register(db)
    _keep_journal(db, "DELETE" if is_network(path) else "WAL")
    for pragma in _PRAGMAS:
        db.execute(pragma)
    migration.migrate(db, path)


def _keep_journal(db: sqlite3.Connection, mode: str) -> None:
    """Set how changes are logged. Where two programs do so to one new file, SQLite lets the second one fail at once: each would wait for the other."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            db.execute(f"PRAGMA journal_mode = {mode}")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_S)


def _lost(path: Path) -> bool:
    """Whether the file was cut off or is gone, which SQLite takes for a new one. A process that is killed while it makes the file leaves an empty one."""
    size = path.stat().st_size if path.exists() else 0
    if size >= _SMALLEST:
        return False
    from devots_desktop.store import backup  # As in _log_is_damaged.

    return size > 0 or bool(backup.dailies(path))


def _log_is_damaged(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or not log.stat().st_size:
        return False
    from devots_desktop.store import carving  # The start after an ordinary end does without it.

    return carving.log_is_damaged(path)


def _no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _LITTLE
    except OSError:
        return False


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite and of the file system into CacheUnusable with a sentence for each cause. Damage is marked for who opens next."""
    try:
        yield
    except CacheDamaged:
        damage.mark(path)
        raise
    except UnicodeDecodeError as error:
        # SQLite's own sentence repeated a damaged name.
        damage.mark(path)
        raise CacheDamaged(f"The file {path} is damaged.") from error
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.InterfaceError):
        raise  # Bugs of ours, not the state of a file.
    except (sqlite3.Error, OSError) as error:
        cause = _cause(error, path)
        if isinstance(cause, CacheDamaged):
            damage.mark(path)
        raise cause from error


def _cause(error: sqlite3.Error | OSError, path: Path) -> CacheUnusable:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # The low byte is the primary code (sqlite.org/rescode.html).
    number = error.errno if isinstance(error, OSError) else 0
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or str(error).startswith(_UNDECODABLE):
        return CacheDamaged(f"The file {path} is damaged.")
    # Where the log's index cannot grow, SQLite speaks of an I/O error.
    if code == sqlite3.SQLITE_FULL or number in _FULL or (code == sqlite3.SQLITE_IOERR and _no_room(path)):
        return CacheUnusable("Disk full", f"There is no room left on the disk of {path.parent}.", "Free some space and try again.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or number in (errno.EAGAIN, errno.EWOULDBLOCK):
        return CacheUnusable("List busy", f"Another program keeps {path} locked.", "Close that program and try again.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM) or number in _NOT_WRITABLE:
        return CacheUnusable(
            "Folder not writable", f"The folder {path.parent} cannot be written.", "Allow writing to it, or choose another with --profile."
        )
    return CacheUnusable("List not usable", f"The file {path} could not be used ({type(error).__name__}).", "Check the disk and try again.")
