"""The demo's own parts: it leaves nothing behind however it ends, and its check sees what is lost."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.demo.changes import CHANGES, ROWS_MOST, Script, Shown, percentiles
from tests.demo.check import Figures, _differences
from tests.demo.stage import Backend, _clear_leftovers, stage
from tests.outcomes import not_run
from tests.servers.postgres import binaries
from tests.window.program import ROOT, Window, environment, open_windows

PATIENCE_S = 60.0

pytestmark = pytest.mark.timeout(180)


def until(condition: Callable[[], object], what: str) -> None:
    """Look until it is so: processes of a process that is gone tell nobody."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.02)


def processes_of(folder: Path) -> list[str]:
    """The command lines that name a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            if os.fsencode(folder) in command:
                found.append(command.replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """The check, running, with both windows open; and the folder below which it makes its own."""
    if binaries(18) is None:
        not_run("PostgreSQL 18 is not installed")
    # Below /tmp and open to PostgreSQL's account, which has to get through.
    place = Path("/tmp") / f"devots-test-{os.getpid()}-{random.getrandbits(32):08x}"
    place.mkdir(mode=0o711)
    environ = {**environment(), "TMPDIR": str(place)}
    command = [sys.executable, "-m", "tests.demo", "--check"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: len([line for line in processes_of(place) if "/one" in line or "/two" in line]) == 2, "two windows")
        yield process, place
        process.kill()
    # Server and windows end with the demo, but a moment later than it.
    until(lambda: processes_of(place) == [], "the end of server and windows")
    subprocess.run(["rm", "-rf", place], check=True)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ended_early_it_leaves_nothing(demo: tuple["subprocess.Popen[bytes]", Path], how: signal.Signals) -> None:
    process, place = demo
    process.send_signal(how)
    assert process.wait(PATIENCE_S) == 130
    assert processes_of(place) == []
    assert list(place.glob("devots-demo-*")) == []


def test_killed_it_takes_its_processes_along_and_the_next_run_removes_its_folder(
    demo: tuple["subprocess.Popen[bytes]", Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    process, place = demo
    process.kill()
    until(lambda: processes_of(place) == [], "the end of server and windows")
    assert list(place.glob("devots-demo-*")) != []
    monkeypatch.setattr("tempfile.tempdir", str(place))
    _clear_leftovers()
    assert list(place.glob("devots-demo-*")) == []


def test_a_run_that_goes_on_is_left_alone(demo: tuple["subprocess.Popen[bytes]", Path], monkeypatch: pytest.MonkeyPatch) -> None:
    process, place = demo
    monkeypatch.setattr("tempfile.tempdir", str(place))
    _clear_leftovers()
    assert process.poll() is None
    assert list(place.glob("devots-demo-*")) != []


@pytest.mark.parametrize("seed", range(20))
def test_a_script_types_all_its_changes_on_a_list_that_stays_on_screen(seed: int) -> None:
    there: dict[str, Shown] = {}
    seen = []
    for burst in Script(seed).bursts(there):
        assert len({step.todo.client_id for step in burst if step.do != "add"}) == sum(step.do != "add" for step in burst)
        for step in burst:
            seen.append(step.do)
            client_id = step.todo.client_id or f"id-{step.number}"
            there[client_id] = Shown(client_id, step.todo.text, step.todo.completed)
            if step.do == "delete":
                del there[client_id]
        assert len(there) <= ROWS_MOST
    assert len(seen) == CHANGES
    assert set(seen) == {"add", "edit", "toggle", "delete"}


def test_percentiles_are_by_nearest_rank() -> None:
    assert percentiles(range(200, 0, -1)) == {"p50": 100, "p95": 190, "max": 200}
    assert percentiles([3.14159]) == {"p50": 3.14, "p95": 3.14, "max": 3.14}


@pytest.mark.parametrize("other", [{}, {"a": ("text", True)}, {"a": ("other", False)}, {"b": ("text", False)}])
def test_a_row_that_differs_is_a_loss(other: dict[str, tuple[object, ...]]) -> None:
    figures = Figures(changes=CHANGES, notified_other=1)
    assert figures.good
    _differences(figures, "one", {"a": ("text", False)}, "two", other)
    assert figures.lost >= 1
    assert not figures.good


def test_an_own_change_that_notifies_or_a_change_that_was_not_typed_fails_the_check() -> None:
    assert not Figures(changes=CHANGES, notified_other=1, notified_own=1).good
    assert not Figures(changes=CHANGES, notified_other=0).good
    assert not Figures(changes=CHANGES - 1, notified_other=1).good


def test_on_a_portal_a_todo_of_one_window_is_painted_in_the_other_and_the_portal_comes_back() -> None:
    if binaries(18) is None:
        not_run("PostgreSQL 18 is not installed")
    with stage(Backend.PORTAL) as on:
        one, two = (Window.open(profile, name=profile.name) for profile in on.profiles)
        with open_windows(one, two):
            for window in (one, two):
                window.live()
            add(on.profiles[0], "Added at the portal")
            for window in (one, two):
                window.painted("Added at the portal")
            on.set_away(True)
            add(on.profiles[1], "Added while it was away")
            two.painted("Added while it was away")
            on.set_away(False)
            one.painted("Added while it was away")
            assert [window.quit() for window in (one, two)] == [0, 0]


def add(profile: Path, text: str) -> None:
    """From a terminal, as the demo says that one can."""
    command = [sys.executable, str(ROOT / "main.py"), "--profile", str(profile), "add", text]
    subprocess.run(command, check=True, capture_output=True, env=environment(), timeout=60)
