"""The same person at a web page: supabase-js in a process of its own (javascript/web.mjs), which edits the list and says what it was told of it."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import node
from tests.servers.supabase import SupabaseServer

_SCRIPTS = Path(__file__).parent / "javascript"


class WebClient:
    """Signed in and listening. Its rows are named by their text."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def add(self, text: str) -> None:
        assert self._asked("add", text) == text

    def edit(self, text: str, value: str) -> None:
        assert self._asked("edit", text, value) == value

    def rewrite(self, number: int, value: str) -> None:
        """Give the row of this id another text, whatever it has."""
        assert self._asked("rewrite", number, value) == value

    def complete(self, text: str) -> None:
        assert self._asked("done", text) == text

    def delete(self, text: str) -> None:
        assert self._asked("delete", text) == text

    def id(self, text: str) -> int:
        number: int = self._asked("id", text)
        return number

    def rows(self) -> list[str]:
        """What it reads, newest first, each behind an x or an o."""
        return [f"{'x' if completed else 'o'} {text}" for text, completed in reversed(self._asked("list"))]

    def is_told(self, kind: str, *values: str | int | bool) -> None:
        """Wait until its subscription has told INSERT or UPDATE with this text and whether it is done, or DELETE with this id."""
        assert self._asked("hears", kind, *values) is True

    def _asked(self, *command: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self.answer()
        assert not isinstance(answer, dict), answer["error"]
        return answer

    def answer(self) -> Any:
        """The next line that it says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the web client ended"
        return json.loads(line)


@contextmanager
def web_client(project: SupabaseServer, **who: str) -> Iterator[WebClient]:
    """Sign somebody in; `who`: email and password, or accessToken and userId. What it writes to standard error is the test's."""
    environ = {**os.environ, "STANDIN_URL": project.url, "STANDIN_KEY": project.publishable_key}
    pipe = subprocess.PIPE
    with subprocess.Popen(node.command(_SCRIPTS, "web.mjs"), env=environ, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(who) + "\n")
            process.stdin.flush()
            client = WebClient(process)
            assert client.answer() == "listening"
            yield client
        finally:
            process.kill()
