"""The lock of the one process that syncs an account."""

from pathlib import Path

from devots_desktop.store.cache import translated
from devots_desktop.store.lock import FileLock


class SyncLock(FileLock):
    """It lies beside the account's cache."""

    def __init__(self, cache: Path) -> None:
        super().__init__(cache.with_name("sync.lock"))
        self._cache = cache

    def acquire(self) -> bool:
        """As FileLock does. Raises CacheUnusable: its file cannot be made."""
        with translated(self._cache):
            return super().acquire()
