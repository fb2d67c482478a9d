"""Locks that the operating system frees when their process ends, however it ends.

Of an account, sync.lock (sync_lock.py) is held by the one process that syncs. open.lock is shared by all that have the cache open, and held alone by who sets
it aside: a file that is moved away under a process would take that process's further changes with it.
"""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_S = 10.0
_PAUSE_S = 0.05
_LOCKS = Path("/proc/locks")


class FileLock:
    """A lock on a file, which is made where it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody has it; True also where this object has it already. Raises OSError: its file cannot be made."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        if not _taken(_lock, descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def holder(self) -> int | None:
        """The process that has the lock, as far as the system tells: Linux lists all locks (proc(5))."""
        try:
            found, lines = self._path.stat(), _LOCKS.read_text(encoding="ascii").splitlines()
        except (OSError, ValueError):
            return None
        place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        holders = (int(fields[4]) for line in lines if len(fields := line.split()) > 5 and fields[1] == "FLOCK" and fields[5] == place)
        return next((each for each in holders if each > 0), None)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the lock meanwhile; wait while somebody else has it.

        Raises:
            OSError: somebody has had it for ten seconds, or its file cannot be made.
        """
        _patiently(self.acquire, self._path)
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Let others have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class OpenLock:
    """Says that a cache is open. On Windows it does nothing: there an open file cannot be moved away."""

    def __init__(self, cache: Path) -> None:
        self._path = cache.with_name("open.lock")
        self._descriptor: int | None = None

    def share(self) -> None:
        """Join those that have the cache open; wait while somebody has it alone.

        Raises:
            OSError: somebody has had it alone for ten seconds, or the lock's file cannot be made.
        """
        _patiently(lambda: self._try(_share), self._path)

    def alone(self) -> bool:
        """Have it alone, if nobody else has it open. Raises OSError: the lock's file cannot be made."""
        return self._try(_lock)

    def release(self) -> None:
        """Leave."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _try(self, lock: Callable[[int], None]) -> bool:
        if sys.platform == "win32":
            return True
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        taken = _taken(lock, self._descriptor)
        if not taken:
            self.release()
        return taken


def _patiently(take: Callable[[], bool], path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not take():
        if time.monotonic() > deadline:
            raise BlockingIOError(errno.EAGAIN, "In use", str(path))
        time.sleep(_PAUSE_S)


def _taken(lock: Callable[[int], None], descriptor: int) -> bool:
    try:
        lock(descriptor)
    except OSError as error:
        # A file system that cannot lock has nobody to wait for either.
        return error.errno not in (errno.EAGAIN, errno.EACCES)
    return True


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    _share = _lock
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _share(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
