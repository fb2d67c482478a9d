"""The same person at the portal's web side: @trpc/client and supabase-js in a process of their own (tests/servers/portal/web.mjs)."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.portal.client import PASSWORD
from tests.servers import node, portal
from tests.servers.portal import PortalServer

_SCRIPTS = Path(portal.__file__).parent


class WebSide:
    """Signed in. Its rows are named by their text."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def add(self, text: str) -> int:
        return int(self._asked("add", text))

    def complete(self, text: str) -> int:
        return int(self._asked("done", text))

    def delete(self, text: str) -> int:
        return int(self._asked("delete", text))

    def rows(self) -> list[str]:
        """What it reads, oldest first, each behind an x or an o."""
        return [f"{'x' if completed else 'o'} {text}" for text, completed in self._asked("list")]

    def follow(self) -> None:
        """Listen to what getRealtimeChannel names, from now on."""
        assert self._asked("follow") is True

    def is_told(self, kind: str, text: str) -> None:
        """Wait until its channel has told INSERT or UPDATE with this text."""
        assert self._asked("hears", kind, text) is True

    def _asked(self, *command: object) -> Any:
        self.say(command)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the web side ended"
        answer = json.loads(line)
        assert not isinstance(answer, dict), answer["error"]
        return answer

    def say(self, message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


@contextmanager
def web_side(server: PortalServer, email: str, password: str = PASSWORD) -> Iterator[WebSide]:
    """Sign somebody in. What it writes to standard error is the test's."""
    pipe = subprocess.PIPE
    with subprocess.Popen(node.command(_SCRIPTS, "web.mjs"), stdin=pipe, stdout=pipe, text=True) as process:
        try:
            web = WebSide(process)
            web.say({"url": server.url, "email": email, "password": password, "superjson": server.settings.superjson})
            yield web
        finally:
            process.kill()
