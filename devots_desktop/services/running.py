"""Whether an earlier run of the program ended without saying so: killed, crashed, or the power went.

Each run holds a lock on a file of its own below the profile, and deletes it when it ends. A file that is there and not locked is what such a run left.
"""

import os
import time
from pathlib import Path

from devots_desktop.store.lock import FileLock


class Running:
    """This run's mark in a profile."""

    def __init__(self, folder: Path) -> None:
        """For the profile in `folder`."""
        self._file = folder / "running" / str(os.getpid())
        self._lock = FileLock(self._file)

    def begin(self) -> bool:
        """Leave the mark.

        Returns:
            whether an earlier run ended uncleanly; told once. False also where the folder cannot be written: the cache will say so.
        """
        try:
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            unclean = [_take_away(each) for each in self._file.parent.iterdir()]
            self._lock.acquire()
            self._file.write_text(f"pid {os.getpid()}, since {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n", encoding="utf-8")
        except OSError:
            return False
        return any(unclean)

    def end(self) -> None:
        """Take the mark away: this run ends as it should."""
        self._lock.release()
        self._file.unlink(missing_ok=True)


def _take_away(mark: Path) -> bool:
    """Delete the mark of a run that is not there any more; False where it runs."""
    lock = FileLock(mark)
    if not lock.acquire():
        return False
    lock.release()
    mark.unlink(missing_ok=True)
    return True
