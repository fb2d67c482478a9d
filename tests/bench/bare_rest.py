"""The reference of a first download from a Supabase project: the same pages with httpx alone, into a bare SQLite table. Prints milliseconds.

Reads the project's URL, its key and a token, a line each, from standard input: secrets do not belong into arguments.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from devots_desktop.remote.supabase.remote import ROWS_MOST
from tests.bench.served import bare, upsert


def download(url: str, key: str, token: str, database: Path) -> float:
    """Milliseconds from the first request to the last commit, on a connection that is open."""
    headers = {"apikey": key, "Authorization": f"Bearer {token}"}
    with (
        httpx.Client(base_url=f"{url}/rest/v1", headers=headers, timeout=60, trust_env=False) as client,
        bare(database) as db,
    ):
        _page(client, None, None, 0)
        started, version, place = time.perf_counter(), None, None
        while True:
            rows = _page(client, version, place, ROWS_MOST)
            upsert(db, [tuple(row.get(name) for name in _COLUMNS) for row in rows])
            if len(rows) < ROWS_MOST:
                return (time.perf_counter() - started) * 1e3
            version, place = int(rows[-1]["row_version"]), rows[-1]["client_id"]


_COLUMNS = ("client_id", "id", "text", "completed", "created_at", "updated_at", "row_version")


def _page(client: httpx.Client, version: int | None, place: str | None, limit: int) -> list[dict[str, Any]]:
    asked = {"since": 0, "after_version": version, "after_key": place, "lim": limit}
    rows: list[dict[str, Any]] = client.post("/rpc/devots_pull", json=asked).raise_for_status().json()["rows"]
    return rows


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder:
        url, key, token = (sys.stdin.readline().strip() for _ in range(3))
        sys.stdout.write(f"{download(url, key, token, Path(folder) / 'bare.sqlite3')}\n")
