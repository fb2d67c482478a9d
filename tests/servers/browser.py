"""A real browser without a screen: Debian's chromium-headless-shell, driven over the DevTools protocol.

Things are found as a screen reader finds them, by role and name, and used as a person does, by mouse and keyboard. The protocol runs over two pipes: the
browser ends when they close, so that it never outlives who started it.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.outcomes import not_run

_PROGRAM = "chromium-headless-shell"
_WAIT_S = 20.0
_LOOK_S = 0.02
_OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--force-renderer-accessibility",
    "--window-size=800,700",
)
_Found = TypeVar("_Found")


class Browser:
    """A browser with one page. A context manager. Ends the test where the program is not installed."""

    def __init__(self) -> None:
        program = shutil.which(_PROGRAM)
        if program is None:
            not_run(f"{_PROGRAM} is not installed")
        self._folder = Path(tempfile.mkdtemp(prefix="devots-browser-"))
        asked, self._ask = os.pipe()
        self._answers, answered = os.pipe()
        self._process = subprocess.Popen(
            [program, *_OPTIONS, *(["--no-sandbox"] if os.geteuid() == 0 else []), f"--user-data-dir={self._folder}"],
            env={**os.environ, "HOME": str(self._folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: _as_three_and_four(asked, answered),  # noqa: PLW1509 - system calls, no lock
            pass_fds=(3, 4),
        )
        for end in (asked, answered):
            os.close(end)
        self._number, self._rest, self._page = 0, b"", ""
        self._events: set[str] = set()

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # Killed, it would leave processes behind that write into its folder for a while.
        self._page = ""
        try:
            self._asked("Browser.close")
            self._process.wait(_WAIT_S)
        finally:
            self._process.kill()
            self._process.wait()
            self._clear()

    def _clear(self) -> None:
        for end in (self._ask, self._answers):
            os.close(end)
        shutil.rmtree(self._folder, ignore_errors=True)

    def begin(self) -> None:
        """Begin anew, as somebody else: with an empty page and without a cookie."""
        self._page = ""
        person = self._asked("Target.createBrowserContext")["browserContextId"]
        target = self._asked("Target.createTarget", url="about:blank", browserContextId=person)["targetId"]
        self._page = self._asked("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "DOM", "Accessibility"):
            self._asked(f"{part}.enable")

    def go(self, url: str) -> None:
        """Open an address and wait until the page is there."""
        self._events.clear()
        self._asked("Page.navigate", url=url)
        while "Page.loadEventFired" not in self._events:
            self._message()

    def type_into(self, label: str, text: str) -> None:
        """Click into the field of that name and type over what is in it."""
        self._click("textbox", label)
        self._asked("Input.dispatchKeyEvent", type="keyDown", commands=["selectAll"])
        self._asked("Input.insertText", text=text)

    def press(self, name: str) -> None:
        """Click the button of that name."""
        self._click("button", name)

    def read(self, text: str) -> None:
        """Wait until the page shows this text."""
        self._until(lambda: text in self.text() or None, f"the text {text!r}")

    def text(self) -> str:
        """All that the page shows now."""
        shown: str = self._evaluated("document.body?.innerText ?? ''")
        return shown

    def picture(self, path: Path, *, dark: bool = False) -> None:
        """Write what is shown as a PNG."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._asked("Emulation.setEmulatedMedia", features=[scheme])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._asked("Page.captureScreenshot", format="png")["data"]))

    def has_focus(self) -> str:
        """The name of what has the keyboard, as a screen reader says it."""
        nodes = self._asked("Accessibility.getFullAXTree")["nodes"]
        (name,) = [each["name"]["value"] for each in nodes if _property(each, "focused") and each["role"]["value"] != "RootWebArea"]
        return str(name)

    def _click(self, role: str, name: str) -> None:
        x, y = self._until(lambda: self._middle(role, name), f"the {role} {name!r}")
        for kind in ("mousePressed", "mouseReleased"):
            self._asked("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def _middle(self, role: str, name: str) -> tuple[float, float] | None:
        """Where something is, None where it is not there or not shown."""
        root = self._asked("DOM.getDocument", depth=0)["root"]["nodeId"]
        found = self._asked("Accessibility.queryAXTree", nodeId=root, role=role, accessibleName=name)["nodes"]
        seen = [each for each in found if not each["ignored"]]
        if len(seen) != 1:
            return None
        model = self._asked("DOM.getBoxModel", backendNodeId=seen[0]["backendDOMNodeId"])["model"]["content"]
        return sum(model[0::2]) / 4, sum(model[1::2]) / 4

    def _evaluated(self, expression: str) -> Any:
        return self._asked("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def _until(self, look: Callable[[], _Found | None], what: str) -> _Found:
        """A page tells no event for what is on it to a screen reader, so it is looked at again and again."""
        end = time.monotonic() + _WAIT_S
        while (found := look()) is None:
            assert time.monotonic() < end, f"waited in vain for {what}; the page says {self.text()!r}"
            time.sleep(_LOOK_S)
        return found

    def _asked(self, method: str, **parameters: Any) -> Any:
        """What the browser answers."""
        self._number += 1
        session = {"sessionId": self._page} if self._page else {}
        os.write(self._ask, json.dumps({"id": self._number, "method": method, "params": parameters, **session}).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("id") == self._number:
                assert "error" not in message, f"{method}: {message['error']['message']}"
                return message["result"]

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self._answers, 2**20)
            assert chunk, "the browser ended"
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        self._events.add(message.get("method", ""))
        return message


def _as_three_and_four(asked: int, answered: int) -> None:
    """In the child: the two descriptors at which the browser looks for the protocol, over spares that cannot be one of them."""
    spare = os.dup(asked), os.dup(answered), os.dup(asked), os.dup(answered)
    os.dup2(spare[2], 3)
    os.dup2(spare[3], 4)


def _property(node: dict[str, Any], name: str) -> bool:
    return any(each["name"] == name and each["value"]["value"] for each in node.get("properties", []))
