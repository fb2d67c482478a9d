"""What a driver of the real window may watch: JSON lines with CLOCK_MONOTONIC nanoseconds, and those of CPU time that the program has used.

A hook for tests and measurements, set by whoever starts the program: DEVOTS_TRACE is the number of an inherited file descriptor or the path of
a file. The lines hold the text of todos, for only the text tells a driver that the right thing was painted; nobody else ever sets the
variable. When it is not set there is no Trace, and all that is left of it is a comparison with None.
"""

import json
import os
import time
from collections.abc import Mapping

from devots_desktop.domain.todo import Todo


class Trace:
    """Writes each event as one line, at once."""

    def __init__(self, descriptor: int) -> None:
        """Write to an open file descriptor."""
        self._descriptor = descriptor
        self._painted: dict[int, tuple[str, bool]] = {}
        self._removed: list[str] = []

    def event(self, event: str, **values: object) -> None:
        """Write an event with the time now."""
        line = json.dumps({"event": event, "ns": time.monotonic_ns(), "cpu_ns": time.process_time_ns(), **values}) + "\n"
        os.write(self._descriptor, line.encode())

    def painted(self, todo: Todo) -> None:
        """A row was painted: an event where it looks different from the last time. Rows removed before this are not on screen any more: "gone"."""
        for client_id in self._removed:
            self.event("gone", client_id=client_id)
        self._removed.clear()
        looks = (todo.text, todo.completed)
        if self._painted.get(todo.key) != looks:
            self._painted[todo.key] = looks
            self.event("painted", client_id=todo.client_id, text=todo.text, completed=todo.completed)

    def removed(self, key: int, client_id: str) -> None:
        """A row was removed from the list."""
        self._painted.pop(key, None)
        self._removed.append(client_id)
        self.event("removed", client_id=client_id)


def open_trace(environ: Mapping[str, str]) -> Trace | None:
    """The trace that DEVOTS_TRACE asks for, if any."""
    target = environ.get("DEVOTS_TRACE")
    if not target:
        return None
    if target.isdigit():
        return Trace(int(target))
    return Trace(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
