"""Two windows and a command line, signed in as one person on one PostgreSQL, show the same, live. And a window with a server can always be quit."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from devots_desktop.store.profile import Profile
from tests.demo.stage import enter
from tests.servers.fixtures import Servers
from tests.servers.managed import Managed
from tests.window.program import ROOT, Window, environment, open_windows

PASSWORD = "a password of the tests"
_number = count(1)

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def server(servers: Servers) -> Iterator[Managed]:
    """An empty migrated database."""
    made = servers.managed(18, "portal")
    yield made
    made.database.server.drop_database(made.database)


@pytest.fixture
def profiles(server: Managed, tmp_path: Path) -> list[Path]:
    """Three profiles of one person."""
    folders = [tmp_path / name for name in ("left", "right", "terminal")]
    for folder in folders:
        enter(folder, server.database, PASSWORD, sign_up=folder is folders[0])
    return folders


def typed_window(profile: Path) -> Window:
    """The real program with somebody at its keyboard."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.demo.driver", str(profile)]
    return Window(f"the window of {profile.name}", command, environment())


def press(window: Window, do: str, *, text: str = "", client_id: str = "") -> None:
    """Type a change into a window."""
    assert window.process.stdin is not None
    command = {"number": next(_number), "do": do, "id": client_id, "text": text}
    window.process.stdin.write(json.dumps(command).encode() + b"\n")
    window.process.stdin.flush()


def devots(profile: Path, *arguments: str) -> object:
    """What the command line answers."""
    command = [sys.executable, str(ROOT / "main.py"), "--profile", str(profile), "--json", *arguments]
    done = subprocess.run(command, env=environment(), check=False, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def listed(profile: Path) -> dict[str, tuple[str, bool, str]]:
    """Text, whether it is done, and state of each todo, as the command line shows them."""
    todos = devots(profile, "list")
    assert isinstance(todos, list)
    return {todo["id"]: (todo["text"], todo["completed"], todo["state"]) for todo in todos}


def on_server(server: Managed) -> dict[str, tuple[str, bool, str]]:
    """The same, as the server holds it."""
    with closing(server.owner()) as owner:
        return {key: (text, done, "synced") for key, text, done in owner.execute("select client_id::text, text, completed from todo")}


def test_two_windows_and_a_command_line_converge_live(server: Managed, profiles: list[Path]) -> None:
    left, right = (typed_window(profile) for profile in profiles[:2])
    terminal = profiles[2]
    with open_windows(left, right):
        for window in (left, right):
            window.live()
        press(left, "add", text="From the left")
        first = right.painted("From the left")["client_id"]
        press(right, "edit", client_id=first, text="Changed on the right")
        left.painted("Changed on the right")
        devots(terminal, "add", "From the terminal")
        second = left.painted("From the terminal")["client_id"]
        right.said("painted", client_id=second)
        press(left, "toggle", client_id=second)
        right.painted("From the terminal", completed=True)
        # Into the left window's own profile, while it is open: the window tells the server.
        devots(profiles[0], "add", "Beside the left window")
        for window in (left, right):
            window.painted("Beside the left window")
        press(right, "delete", client_id=first)
        left.said("gone", client_id=first)
        report = devots(terminal, "sync", "--once")
        assert isinstance(report, dict)
        assert (report["state"], report["pending"], report["parked"]) == ("live", 0, 0)
        for window in (left, right):
            assert window.quit() == 0
            assert window.errors() == ""
    assert {text for text, _, _ in on_server(server).values()} == {"From the terminal", "Beside the left window"}
    assert [listed(profile) for profile in profiles] == [on_server(server)] * 3


def test_windows_that_were_offline_converge_when_the_server_is_back(server: Managed, profiles: list[Path]) -> None:
    """Nobody can reach the server while both are changed; afterwards each has what the other did."""
    port = server.database.server.port
    for profile, text in zip(profiles[:2], ("Left, offline", "Right, offline"), strict=True):
        move_server(profile, 1)
        devots(profile, "add", text)
        move_server(profile, port)
    with server.owner() as owner:
        assert owner.execute("select text from todo where text like '%, offline'").fetchall() == []
    left, right = (typed_window(profile) for profile in profiles[:2])
    with open_windows(left, right):
        left.painted("Right, offline")
        right.painted("Left, offline")


def move_server(profile: Path, port: int) -> None:
    """Let a profile look for its server at another port."""
    known = Profile(profile)
    account = known.current()
    moved = account._replace(address={**account.address, "port": str(port)})
    known.put(moved)


@contextmanager
def refusing() -> Iterator[int]:
    """A port that refuses connections."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield unheard.getsockname()[1]


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        yield deaf.getsockname()[1]


@pytest.mark.parametrize(("nowhere", "state"), [(refusing, "offline"), (silent, "checking")])
def test_a_window_whose_server_does_not_answer_takes_edits_and_can_be_quit(
    profiles: list[Path], nowhere: Callable[[], AbstractContextManager[int]], state: str
) -> None:
    with nowhere() as port:
        move_server(profiles[0], port)
        with typed_window(profiles[0]) as window:
            window.said("status", live=state)
            press(window, "add", text="Meanwhile")
            window.painted("Meanwhile")
            assert window.quit() == 0
            assert window.errors() == ""
    assert [each[0::2] for each in listed(profiles[0]).values()] == [("Meanwhile", "pending")]


def test_a_window_can_be_quit_at_every_moment_of_its_start(profiles: list[Path]) -> None:
    """Each time a little later, from before Python is up until it is live. SIGTERM kills a program that has not said otherwise yet."""
    with typed_window(profiles[0]) as window:
        whole = (window.live()["ns"] - window.started) / 1e9
        assert window.quit() == 0
    for part in range(1, 12, 2):
        with typed_window(profiles[0]) as window:
            try:
                window.process.wait(whole * part / 10)
            except subprocess.TimeoutExpired:
                window.process.send_signal(signal.SIGTERM)
            assert window.ended() in {0, -signal.SIGTERM}
            assert window.errors() == ""
