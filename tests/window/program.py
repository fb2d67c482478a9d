"""The real program in a process of its own, watched through its trace (devots_desktop/ui/trace.py): wait for what it says, never for time to pass.

Knows nothing of pytest: the demo and the measurements start their windows from here as well.
"""

import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
PATIENCE_S = 45.0
"""Longer than anything takes on a busy machine."""
_PR_SET_PDEATHSIG = 1

_NOISE = re.compile(r"This plugin does not support (propagateSizeHints|raise)\(\)|Executing <.* took \d+\.\d+ seconds")
"""What the offscreen platform says each time (pyproject.toml has the same for tests in the process), and what asyncio's debug mode says of a busy
machine: how long things take is measured by tests/bench."""

Event = dict[str, Any]
"""A line of the trace: "event", "ns" (CLOCK_MONOTONIC), and what belongs to that event."""


class NotSeen(AssertionError):
    """What was waited for did not come. Says what it was, and how the program's standard error ends."""


def environment(platform: str = "offscreen", display: str = "") -> dict[str, str]:
    """The environment of a program whose window is on this platform; bytecode may be written and read, as for everybody."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONDONTWRITEBYTECODE", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"}
    }
    return {**kept, "QT_QPA_PLATFORM": platform, **({"DISPLAY": display} if display else {})}


class Window:
    """A running program. Leaving its context kills it where it still runs.

    Attributes:
        started: CLOCK_MONOTONIC nanoseconds right before it was started.
        events: what it has said so far.
    """

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start a command that is, or becomes, the real program."""
        self.name = name
        self.events: list[Event] = []
        self._news = threading.Condition()
        self._silent = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        reading, writing = os.pipe()
        self.started = time.monotonic_ns()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environ, "DEVOTS_TRACE": str(writing), "PYTHONFAULTHANDLER": "1"},
            pass_fds=[writing],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 (one system call, no lock)
        )
        os.close(writing)
        self._reader = threading.Thread(target=self._read, args=(reading,), name=f"trace of {name}", daemon=True)
        self._reader.start()

    @classmethod
    def open(cls, profile: Path, *, name: str = "window", environ: Mapping[str, str] | None = None, python: Sequence[str] = ()) -> Self:
        """Start the program on a profile; `python` are options of the interpreter."""
        command = [sys.executable, *python, str(ROOT / "main.py"), "--profile", str(profile)]
        return cls(name, command, environment() if environ is None else environ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        self._reader.join(PATIENCE_S)
        self._errors.close()
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def _read(self, descriptor: int) -> None:
        with open(descriptor, encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):  # Killed while it wrote, it leaves half of one.
                    with self._news:
                        self.events.append(json.loads(line))
                        self._news.notify_all()
        with self._news:
            self._silent = True
            self._news.notify_all()

    # What it says

    def wait(self, what: str, matches: Callable[[Event], bool], *, after: int = 0, within: float = PATIENCE_S) -> Event:
        """The first event at or after the time `after` that matches.

        Raises:
            NotSeen: it did not come within so many seconds, or the program ended before.
        """
        deadline, seen = time.monotonic() + within, 0
        with self._news:
            while True:
                for event in self.events[seen:]:
                    if event["ns"] >= after and matches(event):
                        return event
                seen = len(self.events)
                if self._silent:
                    raise self.missing(f"{what}: it ended before")
                if not self._news.wait(deadline - time.monotonic()):
                    raise self.missing(f"{what}: not within {within:g} s")

    def said(self, event: str, *, after: int = 0, **values: object) -> Event:
        """The first event of this name with these values."""
        what = " ".join([event, *(f"{name}={value!r}" for name, value in values.items())])
        wanted = {"event": event, **values}
        return self.wait(what, lambda each: wanted.items() <= each.items(), after=after)

    def painted(self, text: str, *, completed: bool | None = None, after: int = 0) -> Event:
        """The first paint of a todo with this text, in this state where it matters."""
        return self.said("painted", after=after, text=text, **({} if completed is None else {"completed": completed}))

    def live(self, *, after: int = 0) -> Event:
        """When an account of it became live."""
        return self.said("status", after=after, live="live")

    def errors(self) -> str:
        """What it has written to standard error, without the noise."""
        written = os.pread(self._errors.fileno(), 1 << 20, 0).decode(errors="replace")
        return "".join(line for line in written.splitlines(keepends=True) if not _NOISE.fullmatch(line.strip()))

    def missing(self, what: str) -> NotSeen:
        """The error for something that did not come."""
        tail = self.errors().strip()[-2_000:] or "(nothing)"
        last = [{key: value for key, value in event.items() if key != "ns"} for event in self.events[-5:]]
        return NotSeen(
            f"waited in {self.name} for {what}\nits last events: {last}\nits exit status: {self.process.poll()}\nits standard error: {tail}"
        )

    # Its end

    def ended(self, within: float = PATIENCE_S) -> int:
        """Wait for its end; answer the exit status, negative for a signal."""
        try:
            status = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise self.missing(f"its end: not within {within:g} s") from None
        self._reader.join(PATIENCE_S)
        return status

    def quit(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end in order, and wait."""
        self.process.send_signal(how)
        return self.ended()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)


def end_with_parent() -> None:
    """In a child: the kernel sends SIGTERM when the thread that started it is gone, also after a crash."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextlib.contextmanager
def open_windows(*windows: Window) -> Iterator[None]:
    """Kill what of these is left at the end."""
    with contextlib.ExitStack() as stack:
        for window in windows:
            stack.enter_context(window)
        yield
