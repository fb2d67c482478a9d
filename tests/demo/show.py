"""The demo for people: two windows beside each other, and a terminal that says what to try and can pull the server."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.demo.stage import EMAIL, Backend, Stage, stage
from tests.window.program import ROOT, end_with_parent

_END_S = 10.0
_NO_DISPLAY = "There is no display to open windows on: set DISPLAY or WAYLAND_DISPLAY, or type `xvfb-run -a make demo`."
_TEXT = """
You are {email}, signed in twice at one {where}.

  Add, edit, check off or delete a todo in one window: see it in the other.
  Press Enter here to pull the server, and again to bring it back: what you did meanwhile waits, then goes.
  From another terminal:
    {command} add "Buy oat milk"

Quit both windows (Ctrl+Q), or press Ctrl+C here: then the server ends and everything is removed.
"""


def run(backend: Backend) -> int:
    """Play it until both windows are closed; answer the exit status."""
    if not has_display(os.environ, sys.platform):
        sys.stderr.write(_NO_DISPLAY + "\n")
        return 1
    _say("Making a server and signing in…")
    with stage(backend) as on:
        subprocess.run([sys.executable, "-m", "tests.demo.place", *on.profiles], cwd=ROOT, check=True, timeout=60)
        windows = [_open(profile) for profile in on.profiles]
        try:
            _tell(on)
            _follow(on, windows)
        finally:
            # A second Ctrl+C must not leave anything behind.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            for window in windows:
                _end(window)
    return 0


def has_display(environ: Mapping[str, str], platform: str) -> bool:
    """Whether windows can be opened: as packaging/bootstrap.py decides for `make run`."""
    return not platform.startswith("linux") or any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _open(profile: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, ROOT / "main.py", "--profile", profile],
        stdin=subprocess.DEVNULL,
        preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 (one system call, no lock)
    )


def _tell(on: Stage) -> None:
    command = f"{sys.executable} {ROOT / 'main.py'} --profile {on.profiles[0]}"
    _say(_TEXT.format(email=EMAIL, where=on.where, command=command))


def _follow(on: Stage, windows: list[subprocess.Popen[bytes]]) -> None:
    """Wait for the end of both windows; meanwhile each Enter stops the server or starts it."""
    happened: queue.SimpleQueue[str] = queue.SimpleQueue()
    for window in windows:
        threading.Thread(target=_watch, args=(window, happened), daemon=True).start()
    threading.Thread(target=_read_keys, args=(happened,), daemon=True).start()
    runs, closed = True, 0
    while closed < len(windows):
        if happened.get() == "closed":
            closed += 1
        elif runs:
            on.set_away(True)
            runs = False
            _say("The server is gone. Change something, then press Enter to bring it back.")
        else:
            on.set_away(False)
            runs = True
            _say("The server is back.")


def _watch(window: subprocess.Popen[bytes], happened: "queue.SimpleQueue[str]") -> None:
    window.wait()
    happened.put("closed")


def _read_keys(happened: "queue.SimpleQueue[str]") -> None:
    for _ in sys.stdin:
        happened.put("enter")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _end(window: subprocess.Popen[bytes]) -> None:
    window.terminate()
    try:
        window.wait(_END_S)
    except subprocess.TimeoutExpired:
        window.kill()
        window.wait()
