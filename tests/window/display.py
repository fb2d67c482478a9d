"""A private X server, and a hand on its keyboard and mouse (xdotool).

Without a window manager nothing but the tests decides who has the keyboard; with one, windows have title bars.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.window.program import ROOT, environment

SIZE = (1280, 900)
_GRAB = "import sys; from PySide6.QtGui import QGuiApplication as A; a = A([]); a.primaryScreen().grabWindow(0).save(sys.argv[1])"


def missing_programs(*more: str) -> list[str]:
    """What this machine lacks for a Display, and of these."""
    return [name for name in ("Xvfb", "xdotool", *more) if shutil.which(name) is None]


class Display:
    """A running X server that nobody else uses. A context manager.

    Attributes:
        name: for the environment variable DISPLAY.
    """

    def __init__(self, *, managed: bool = False) -> None:
        """Start one; `managed`: with a window manager (openbox), which gives windows a title bar and decides who has the keyboard."""
        reading, writing = os.pipe()
        screen = f"{SIZE[0]}x{SIZE[1]}x24"
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", screen, "-nolisten", "tcp", "-noreset"],
            pass_fds=[writing],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        if not number:
            raise RuntimeError(f"Xvfb ended with {self._server.wait()}")
        self.name = f":{number}"
        self._manager = (
            subprocess.Popen(["openbox", "--sm-disable"], env=self.environment(), stderr=subprocess.DEVNULL) if managed else None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for each in filter(None, (self._manager, self._server)):
            each.terminate()
            each.wait()

    def environment(self) -> dict[str, str]:
        """For programs whose windows are to be here."""
        return environment("xcb", self.name)

    # Keyboard and mouse

    def key(self, *names: str) -> None:
        """Press keys one after the other, as xdotool names them: Return, ctrl+n."""
        self._do("key", "--delay", "0", *names)

    def type(self, text: str) -> None:
        """Type letters."""
        self._do("type", "--delay", "0", text)

    def click(self, x: int, y: int, *, button: int = 1, times: int = 1) -> None:
        """Go to a point and click; button 3 opens menus."""
        self._do("mousemove", str(x), str(y), "click", "--repeat", str(times), "--delay", "20", str(button))

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press at a point, move in steps as a hand does, and let go at the other."""
        steps = [(start[0] + (end[0] - start[0]) * part // 4, start[1] + (end[1] - start[1]) * part // 4) for part in range(1, 5)]
        moves = [word for x, y in steps for word in ("mousemove", str(x), str(y))]
        self._do("mousemove", *map(str, start), "mousedown", "1", *moves, "mouseup", "1")

    def hover(self, x: int, y: int) -> None:
        """Go to a point."""
        self._do("mousemove", str(x), str(y))

    # Windows

    def window_of(self, process: int) -> str:
        """Wait for the window of a process; answer its id."""
        return self._do("search", "--all", "--sync", "--onlyvisible", "--pid", str(process), "--name", "^Devots$").splitlines()[0]

    def focus(self, window: str) -> None:
        """Give a window the keyboard."""
        self._do("windowfocus", "--sync", window)

    def place(self, window: str, x: int, y: int) -> None:
        """Move a window."""
        self._do("windowmove", "--sync", window, str(x), str(y))

    def size_of(self, window: str) -> tuple[int, int]:
        """Width and height of a window; nothing of one that is gone."""
        try:
            shown = self._do("getwindowgeometry", "--shell", window)
        except subprocess.CalledProcessError:
            return 0, 0
        values = dict(line.split("=") for line in shown.split())
        return int(values["WIDTH"]), int(values["HEIGHT"])

    def at(self, x: int, y: int) -> str:
        """The window that is on top at a point."""
        shown = self._do("mousemove", str(x), str(y), "getmouselocation", "--shell")
        return dict(line.split("=") for line in shown.split())["WINDOW"]

    def screenshot(self, path: Path) -> None:
        """Save what is on the screen as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-c", _GRAB, path], env=self.environment(), check=True, timeout=30)

    @contextmanager
    def pictured(self) -> Iterator[None]:
        """Where the test fails within this, keep a picture of the screen; outside of it the windows are gone."""
        try:
            yield
        except BaseException:
            test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2].partition(" ")[0]
            self.screenshot(ROOT / "build" / f"failed-{test}.png")
            raise

    def _do(self, *arguments: str) -> str:
        environ = {**os.environ, "DISPLAY": self.name}
        return subprocess.run(["xdotool", *arguments], env=environ, check=True, capture_output=True, text=True, timeout=30).stdout
