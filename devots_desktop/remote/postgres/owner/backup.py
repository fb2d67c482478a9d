"""A copy of a database before it is changed, made by pg_dump."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from psycopg.conninfo import conninfo_to_dict

from devots_desktop.domain.errors import AccountUnusable, DevotsError, FileUnusable

_DEBIANS = Path("/usr/lib/postgresql")
_SCHEMAS = ("public", "devots", "drizzle")
"""Where a portal's tables, ours and Drizzle's journal are; those of a platform belong to others."""
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
}
_SECONDS = 3_600


def save(url: str, folder: Path, *, server: int, connect_args: Mapping[str, str] | None = None) -> Path:
    """Copy a database into a new file of this folder, which nobody else may read; the copy holds todos, sessions and password hashes.

    Args:
        url: the owner's. What it holds goes to pg_dump by its environment: arguments stand in the process list.
        server: the server's major version; an older pg_dump refuses it.
        connect_args: libpq's parameters beside the URL.

    Returns:
        the file, in pg_dump's own format: `pg_restore` takes it.

    Raises:
        AccountUnusable: there is no pg_dump that is new enough.
        FileUnusable: the file cannot be written.
        DevotsError: pg_dump failed; nothing is left of the copy.
    """
    program = _program(server)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            _dump(program, _environment(url, connect_args or {}), file)
    except OSError as error:
        raise FileUnusable(
            "No backup", f"The copy cannot be written: {error.strerror}.", "Name another folder with --backup-to."
        ) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _dump(program: Path, environment: Mapping[str, str], file: BinaryIO) -> None:
    command: list[str | Path] = [program, "--format=custom", "--no-password", *(f"--schema={name}" for name in _SCHEMAS)]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, check=False, timeout=_SECONDS
    )
    if done.returncode != 0:
        # What it says may hold values of rows.
        raise DevotsError(
            "No backup",
            "pg_dump could not copy the database. Nothing was changed.",
            "Make a copy in another way and add --no-backup, or see with pg_dump what stands in its way.",
        )


def _environment(url: str, connect_args: Mapping[str, str]) -> dict[str, str]:
    scheme, separator, rest = url.partition("://")
    settings = {**conninfo_to_dict(scheme.partition("+")[0] + separator + rest), **connect_args}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return inherited | {_VARIABLES[name]: str(value) for name, value in settings.items() if name in _VARIABLES and value is not None}


def _program(server: int) -> Path:
    """The newest pg_dump of the PATH and of Debian's folders. The one on Debian's PATH chooses a version by itself, not always the newest."""
    on_path = shutil.which("pg_dump")
    found = [Path(on_path)] if on_path else []
    found += sorted(_DEBIANS.glob("*/bin/pg_dump"))
    newest = max(((_version(each), each) for each in found), default=(0, Path()))
    if newest[0] < server:
        there = f"The newest pg_dump here is of version {newest[0]}, and the server of {server}." if found else "There is no pg_dump here."
        raise AccountUnusable(
            "No backup",
            f"{there} Nothing was changed.",
            f"Install PostgreSQL's client programs, version {server} or newer, or make a copy in another way and add --no-backup.",
        )
    return newest[1]


def _version(program: Path) -> int:
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
        if found := re.search(r" (\d+)", said):
            return int(found[1])
    return 0
