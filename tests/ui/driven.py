"""The real program as a subprocess, watched through DEVOTS_TRACE."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
Event = dict[str, Any]


class Driven:
    """A running window."""

    def __init__(self, process: "subprocess.Popen[str]", trace: int) -> None:
        self.process = process
        self.events: list[Event] = []
        self._trace = trace
        self._rest = b""

    def wait(self, wanted: Callable[[Event], bool], *, seconds: float = 20) -> Event:
        """The first event, also of those that came before, that is wanted."""
        deadline, at = time.monotonic() + seconds, 0
        with selectors.DefaultSelector() as selector:
            selector.register(self._trace, selectors.EVENT_READ)
            while True:
                for event in self.events[at:]:
                    if wanted(event):
                        return event
                at = len(self.events)
                left = deadline - time.monotonic()
                seen = left > 0 and selector.select(left)
                assert seen, f"not seen among {self.events}, exit status {self.process.poll()}"
                data = os.read(self._trace, 65_536)
                assert data, f"the window ended with {self.process.wait()} before it was seen: {self.events}"
                *lines, self._rest = (self._rest + data).split(b"\n")
                self.events += map(json.loads, lines)

    def event(self, name: str) -> Event:
        """The first event of this name."""
        return self.wait(lambda event: event["event"] == name)

    def painted(self, text: str) -> Event:
        """A row with this text was painted."""
        return self.wait(lambda event: event["event"] == "painted" and event["text"] == text)

    def end(self, how: int = 15) -> tuple[int, str]:
        """Ask it to end; answer its exit status and what it wrote to standard error."""
        self.process.send_signal(how)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@contextmanager
def window(folder: Path, *options: str, **environment: str) -> Iterator[Driven]:
    """A window on a profile, ended when the block is left."""
    inner, outer = os.pipe()
    variables = os.environ | {"DEVOTS_TRACE": str(outer), "QT_QPA_PLATFORM": "offscreen"} | environment
    command = [sys.executable, *options, "main.py", "--profile", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, env=variables, pass_fds=[outer], stderr=subprocess.PIPE, text=True)
    os.close(outer)
    try:
        yield Driven(process, inner)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        elif process.stderr:
            process.stderr.close()
        os.close(inner)
