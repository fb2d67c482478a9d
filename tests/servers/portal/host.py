"""The process that portals run in: Node with host.mjs, spoken to in lines of JSON."""

import json
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.servers import node

_HERE = Path(__file__).parent
_ANSWER_S = 30.0
Take = Callable[[dict[str, Any]], None]


class PortalFailed(Exception):
    """A portal could not do what it was asked for, or its process has ended. Carries what it said."""


class PortalHost:
    """A process for any number of portals: to load their packages takes a second, a further portal a few milliseconds. A context manager.

    It ends by itself when whoever started it is gone.
    """

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        environment = {**os.environ, "NODE_ENV": "production", "TZ": "UTC"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            node.command(_HERE, "host.mjs"),
            env=environment,
            stdin=pipe,
            stdout=pipe,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl+C in the terminal is for us
        )
        self._lock = threading.Lock()
        self._asked = 0
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any] | None]] = {}
        self._mail: dict[int, Take] = {}
        self._ended = False
        self._reader = threading.Thread(target=self._read, name="portal host", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process and every portal in it. Harmless when it has ended already."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for each in (self._process.stdin, self._process.stdout, self._errors):
            if each is not None:
                each.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, verb: str, **details: Any) -> Any:
        """What host.mjs answers to one of its verbs. Raises PortalFailed."""
        answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with self._lock:
            if self._ended:
                raise PortalFailed(self._said())
            self._asked += 1
            self._waiting[self._asked] = answers
            self._say({"verb": verb, "number": self._asked, **details})
        try:
            answer = answers.get(timeout=_ANSWER_S)
        except queue.Empty:
            raise PortalFailed(f"no answer to {verb}") from None
        if answer is None or "error" in answer:
            raise PortalFailed(answer["error"] if answer else self._said())
        return answer["answer"]

    def open(self, take_mail: Take, **details: Any) -> tuple[int, str]:
        """Start a portal; answers its number and its URL."""
        with self._lock:
            portal = len(self._mail) + 1
            self._mail[portal] = take_mail
        url: str = self.ask("open", portal=portal, **details)
        return portal, url

    def _say(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, which _read tells whoever waits
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "mail" in message:
                self._mail[message["portal"]](message["mail"])
            else:
                self._waiting.pop(message["number"]).put(message)
        with self._lock:
            self._ended = True
            for each in self._waiting.values():
                each.put(None)

    def _said(self) -> str:
        """The end of what the process wrote to standard error."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-4000:] or "the portals' process has ended"
