"""What is done for an account's file while nobody waits: a look through it after an unclean end, and the daily backup.

On a thread and a connection of its own: writers do not wait for a reader, and a large file takes a while.
"""

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from devots_desktop.domain.errors import DevotsError
from devots_desktop.remote.thread import on_thread
from devots_desktop.store import backup, soundness
from devots_desktop.store.cache import translated

QUIET_S = 20.0
"""Seconds after the start before anything is done: the start is for the user."""
EVERY_S = 1_800.0

_log = logging.getLogger(__name__)


async def look_after(path: Path, clock: Callable[[], int], sleep: Callable[[float], Awaitable[None]], *, suspicious: bool) -> None:
    """Look after a cache until cancelled. Damage that is found is marked, and whoever has the cache open rebuilds it (store/damage.py).

    Args:
        suspicious: an earlier run ended uncleanly: look through the file before anything else.
    """
    if suspicious:
        await _try("Looking through a list", lambda: check(path))
    await sleep(QUIET_S)
    while True:
        await _try("The daily backup of a list", lambda: back_up(path, clock()))
        await sleep(EVERY_S)


def check(path: Path) -> None:
    """Look through the whole file. Raises CacheUnusable: it is damaged, which is marked."""
    with translated(path), closing(_connect(path)) as db:
        soundness.verify(db)


def back_up(path: Path, at: int) -> None:
    """Make the daily backup where it is due. Raises CacheUnusable: it was not made."""
    with translated(path), closing(_connect(path)) as db:
        backup.daily(db, path, at)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=10)


async def _try(what: str, work: Callable[[], None]) -> None:
    try:
        await on_thread("care", work)
    except DevotsError as error:
        # A full disk, for one: the list itself works on, and says so where it does not.
        _log.warning("%s did not succeed: %s", what, error.title)
