"""The reference of a first download from a portal: getAll with httpx alone, into a bare SQLite table. Prints milliseconds.

Reads the portal's URL and a session's cookie, a line each, from standard input: secrets do not belong into arguments.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from tests.bench.served import bare, upsert

_COLUMNS = ("client_id", "id", "text", "completed", "createdAt", "updatedAt", "row_version")


def download(url: str, cookie: str, database: Path) -> float:
    """Milliseconds from the request to the commit, on a connection that is open."""
    with httpx.Client(base_url=url, headers={"cookie": cookie}, timeout=60, trust_env=False) as client, bare(database) as db:
        _all(client)
        started = time.perf_counter()
        upsert(db, [(str(row["id"]), *(row.get(name) for name in _COLUMNS[1:])) for row in _all(client)])
        return (time.perf_counter() - started) * 1e3


def _all(client: httpx.Client) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get("/trpc/todo.getAll").raise_for_status().json()["result"]["data"]
    return rows


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder:
        url, cookie = (sys.stdin.readline().strip() for _ in range(2))
        sys.stdout.write(f"{download(url, cookie, Path(folder) / 'bare.sqlite3')}\n")
