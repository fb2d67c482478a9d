"""Live changes of a Supabase project, on the stand-in at the real intervals of Realtime: what comes after the server is ours.

`supabase-commit-to-paint`: from a commit by somebody else to the painted row, against the time that realtime-py alone takes to hear of the same commit, which
adds a row for another person, too. Most of both is the server's look at its log, every 100 to 500 ms. The reference is the bare client's p95 and a frame of
16 ms; what is above it is the pull.

`supabase-live-again-…`: the network is away for so many seconds; from its return to the painted row that was committed meanwhile, against five seconds, which
is how often the program looks whether the network is back.
"""

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg

from tests.bench.project import Stage, staged
from tests.bench.report import ROUNDS, Row, percentile
from tests.servers.supabase import SupabaseServer
from tests.window.program import ROOT, Window

FRAME_MS = 16.0
COMMITS = 15
"""Commits for each in a round."""
AWAY_MOST_MS = 5_000.0


def run() -> Iterator[Row]:
    """Each commit has a row for the window and one for the bare client."""
    with staged() as on, on.way(), Window.open(on.profile) as window:
        window.live()
        bare = on.server.sign_up("bare@example.org")
        other_id = bare["user"]["id"]
        with on.server.database.connect(autocommit=False) as writer, _bare(on.server, bare["access_token"], other_id) as listener:
            rounds = [_round(number, writer, window, on.user_id, listener, other_id) for number in range(ROUNDS)]
    ours, reference = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row.of("supabase-commit-to-paint", ours, reference + FRAME_MS, goal=1.25)


def run_away() -> Iterator[Row]:
    """The network goes and comes back."""
    for seconds in (5, 20):
        with staged() as on, contextlib.ExitStack() as network, on.server.database.connect() as writer:
            network.enter_context(on.way())
            with Window.open(on.profile) as window:
                window.live()
                taken = [_away(on, network, window, writer, f"away {number}", seconds) for number in range(ROUNDS)]
        yield Row.of(f"supabase-live-again-{seconds}s", statistics.median(taken), AWAY_MOST_MS, goal=1.0)


def _away(on: Stage, network: contextlib.ExitStack, window: Window, writer: psycopg.Connection, text: str, seconds: int) -> float:
    network.close()
    writer.execute("insert into todo(text, user_id) values (%s, %s)", [text, on.user_id])
    time.sleep(seconds)
    back = time.monotonic_ns()
    network.enter_context(on.way())
    painted: int = window.painted(text)["ns"]
    # Where the connection came back in time, it never said that it was not live.
    last = [event for event in window.events if event["event"] == "status"][-1]
    if last["live"] != "live":
        window.live(after=last["ns"])
    return (painted - back) / 1e6


@contextlib.contextmanager
def _bare(server: SupabaseServer, token: str, user_id: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare_realtime"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{server.url}\n{server.publishable_key}\n{token}\n{user_id}\n")
        process.stdin.flush()
        process.stdout.readline()
        yield process
        process.terminate()


def _round(
    number: int, writer: psycopg.Connection, window: Window, user_id: str, listener: "subprocess.Popen[str]", other_id: str
) -> tuple[float, float]:
    """The 95th percentiles of commit to paint and of commit to event, milliseconds."""
    assert listener.stdout is not None
    ours, bare = [], []
    for each in range(COMMITS):
        text = f"Commit {each} of round {number}"
        writer.execute("insert into todo(text, user_id) values (%s, %s), (%s, %s)", [text, user_id, text, other_id])
        committed = time.monotonic_ns()
        writer.commit()
        ours.append((window.painted(text)["ns"] - committed) / 1e6)
        bare.append((int(listener.stdout.readline()) - committed) / 1e6)
    return percentile(ours, 95), percentile(bare, 95)
