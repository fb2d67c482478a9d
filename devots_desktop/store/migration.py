"""Bringing a cache to the newest form: numbered SQL files, all in one transaction, after a copy of the old form was made and verified."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from devots_desktop.bundled import bundled
from devots_desktop.domain.errors import CacheUnusable


def scripts() -> list[Path]:
    """The numbered files, oldest form first."""
    return sorted(bundled("migrations", "cache").glob("[0-9]*.sql"))


def refuse_newer(path: Path, *, wait: float) -> None:
    """Look before anything is written: opening a file in WAL mode for writing may change it, if only when it is closed.

    Args:
        wait: seconds for another program's lock.

    Raises:
        CacheUnusable: a newer version of the program made the file.
    """
    if not path.exists() or not path.stat().st_size:
        return
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=wait)) as db:
        version = form(db)
    if version > len(scripts()):
        raise CacheUnusable(
            "Newer data",
            f"The list in {path} was written by a newer version of Devots Desktop.",
            "Install the newer version; nothing was changed.",
        )


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Run the files that this cache has not seen, in one transaction.

    Killed at any statement it is begun anew at the next start. Another program finds the old form or the newest one, and waits meanwhile: with a form
    between them it would take a half-made file for an old one, and copy it over the copy of the old one.
    """
    if form(db) >= len(scripts()):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        _run_scripts(db, path)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _run_scripts(db: sqlite3.Connection, path: Path) -> None:
    version, newest = form(db), scripts()
    if version >= len(newest):
        return  # Another process has opened the file first.
    if version:
        from devots_desktop.store import backup  # Not for every start.

        backup.before_migration(path, version)
    for script in newest[version:]:
        for statement in _statements(script.read_text(encoding="utf-8")):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(newest)}")


def form(db: sqlite3.Connection) -> int:
    """How many of the files a cache has seen."""
    seen: int = db.execute("PRAGMA user_version").fetchone()[0]
    return seen


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
