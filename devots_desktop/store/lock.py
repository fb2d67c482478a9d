"""sync.lock: held by the one process that syncs an account. The operating system frees it when that process ends, however it ends."""

import os
import sys
from pathlib import Path


class SyncLock:
    """A lock on a file beside the cache."""

    def __init__(self, cache: Path) -> None:
        self._path = cache.with_name("sync.lock")
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody has it; True also where this object has it already."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let others have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
