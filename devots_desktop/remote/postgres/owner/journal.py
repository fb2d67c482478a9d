"""The journal of Drizzle's own migrations, in the database and in the portal's repository.

Drizzle applies an entry only where its time is later than the newest one that was applied, and compares no hashes: an entry that was merged late is
passed over without a word, and an edited file is not noticed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from devots_desktop.domain.errors import FileUnusable
from devots_desktop.remote.postgres.owner.marks import exists

_APPLIED = text("select created_at::bigint as at, hash from drizzle.__drizzle_migrations order by created_at")


@dataclass(frozen=True, slots=True)
class Journal:
    """Drizzle's migrations.

    Attributes:
        applied: how many the database has.
        newest: when the newest of them was generated, ISO 8601 in UTC; empty without one.
        waiting: tags of entries in the repository that Drizzle would apply with its next run.
        skipped: tags of entries that it would pass over for good.
        edited: tags of entries whose file is not what was applied.
    """

    applied: int
    newest: str = ""
    waiting: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()


def read(connection: Connection, folder: Path | None) -> Journal | None:
    """The journal of a database, held against that of a repository.

    Args:
        folder: the repository's folder of migrations (drizzle.config's `out`), None to look at the database alone.

    Returns:
        None where there is neither.

    Raises:
        FileUnusable: the folder has no journal that can be read.
    """
    entries = list(_entries(folder)) if folder is not None else []
    rows = connection.execute(_APPLIED).all() if exists(connection, "drizzle", "__drizzle_migrations") else []
    if not rows and folder is None:
        return None
    applied = {int(row.at): str(row.hash) for row in rows}
    newest = max(applied, default=0)
    missing = [(tag, when) for tag, when, _ in entries if when not in applied]
    return Journal(
        applied=len(rows),
        newest=datetime.fromtimestamp(newest / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if rows else "",
        waiting=tuple(tag for tag, when in missing if when > newest),
        skipped=tuple(tag for tag, when in missing if when <= newest),
        edited=tuple(tag for tag, when, sha in entries if when in applied and applied[when] != sha),
    )


def _entries(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Tag, time (milliseconds since 1970) and hash of each migration of the repository."""
    path = folder / "meta" / "_journal.json"
    try:
        for entry in _listed(path):
            tag = str(entry["tag"])
            yield tag, int(entry["when"]), hashlib.sha256((folder / f"{tag}.sql").read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileUnusable(
            "No journal",
            f"The folder {folder} has no journal of Drizzle that can be read.",
            "Name the folder that drizzle.config calls `out`.",
        ) from error


def _listed(path: Path) -> list[Mapping[str, Any]]:
    listed: list[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["entries"]
    return listed
