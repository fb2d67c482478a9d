"""From a commit in PostgreSQL by somebody else to the painted row, against the time that a plain psycopg listener takes to hear of a commit.

Commits for the person in the window and for another person, whom the plain listener hears, take turns: neither disturbs the other. Both count from
the moment before COMMIT is sent. The goal is 3 x the listener's p95 and a frame of 16 ms; that sum is the reference.
"""

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg

from devots_desktop.remote.postgres.address import LOGIN
from tests.bench.report import ROUNDS, Row, percentile
from tests.demo.stage import Stage, stage
from tests.servers.managed import Managed
from tests.window.program import ROOT, Window

FRAME_MS = 16.0
COMMITS = 40
"""Commits for each in a round."""


def run() -> Iterator[Row]:
    """Commits for the window and for the listener take turns."""
    with stage() as on, Window.open(on.profiles[0]) as window, contextlib.closing(on.database.connect(autocommit=False)) as writer:
        window.live()
        other = Managed(on.database).add_person("bare")
        with _listener(on, other.token) as listener:
            rounds = [_round(number, writer, window, on.account.user_id, listener, other.user_id) for number in range(ROUNDS)]
    ours, bare = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row.of("commit-to-paint", ours, 3 * bare + FRAME_MS, goal=1.0)


@contextlib.contextmanager
def _listener(on: Stage, token: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.listener"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{on.database.url(LOGIN)}\n{token}\n")
        process.stdin.flush()
        process.stdout.readline()
        yield process
        process.terminate()


def _round(
    number: int, writer: psycopg.Connection, window: Window, user_id: str, listener: "subprocess.Popen[str]", other_id: str
) -> tuple[float, float]:
    """The 95th percentiles of commit to paint and of commit to notification, milliseconds."""
    assert listener.stdout is not None
    ours, bare = [], []
    for each in range(COMMITS):
        text = f"Commit {each} of round {number}"
        committed = _commit(writer, user_id, text)
        ours.append((window.painted(text)["ns"] - committed) / 1e6)
        committed = _commit(writer, other_id, text)
        bare.append((int(listener.stdout.readline()) - committed) / 1e6)
    return percentile(ours, 95), percentile(bare, 95)


def _commit(writer: psycopg.Connection, user_id: str, text: str) -> int:
    """Add a todo for a person; answer when the commit began."""
    writer.execute("insert into todo(text, user_id) values (%s, %s)", [text, user_id])
    at = time.monotonic_ns()
    writer.commit()
    return at
