"""Bringing a cache to the newest form: numbered SQL files, each in one transaction, after a copy of the old form was made and verified."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from devots_desktop.bundled import bundled
from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.store import backup


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
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(scripts()):
        raise CacheUnusable(
            "Newer data",
            f"The list in {path} was written by a newer version of Devots Desktop.",
            "Install the newer version; nothing was changed.",
        )


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Run the files that this cache has not seen, each with its number in one transaction: killed at any statement, it goes on at the next start."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    newest = scripts()
    if 0 < version < len(newest):
        backup.before_migration(db, path, version)
    for number, script in enumerate(newest[version:], start=version + 1):
        _run_script(db, script, number)


def _run_script(db: sqlite3.Connection, script: Path, number: int) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have opened the file first.
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
