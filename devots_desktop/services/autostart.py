"""Starting with the user's session: a desktop entry in the autostart folder (Desktop Application Autostart Specification 0.5). Linux and BSD only."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from devots_desktop.domain.errors import ProfileUnusable
from devots_desktop.store.profile import write_private

_NAME = "devots.desktop"
_QUOTED = str.maketrans({character: f"\\{character}" for character in '"`$\\'})


def available(platform: str = sys.platform) -> bool:
    """Whether this platform has such a folder."""
    return platform not in {"win32", "darwin", "cygwin"}


class Autostart:
    """The entry of this program."""

    def __init__(self, environ: Mapping[str, str], command: Sequence[str]) -> None:
        """Use the user's autostart folder.

        Args:
            command: what starts the window: a program and its arguments.
        """
        config = environ.get("XDG_CONFIG_HOME", "")
        # A relative path is to be ignored (XDG Base Directory, section 2).
        folder = Path(config) if Path(config).is_absolute() else Path.home() / ".config"
        self.file = folder / "autostart" / _NAME
        self._command = command

    def is_on(self) -> bool:
        """Whether the program starts with the session; a desktop may have switched the entry off without deleting it."""
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return False
        return "Hidden=true" not in lines and "X-GNOME-Autostart-enabled=false" not in lines

    def set(self, *, on: bool) -> None:
        """Write the entry, or delete it.

        Raises:
            ProfileUnusable: the folder cannot be written.
        """
        try:
            if on:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                write_private(self.file, self._entry())
            else:
                self.file.unlink(missing_ok=True)
        except OSError as error:
            raise ProfileUnusable(
                "Start at login not set", f"{self.file} could not be written.", "Allow writing to its folder, or leave it as it is."
            ) from error

    def _entry(self) -> str:
        run = " ".join(map(_quoted, self._command))
        return f"[Desktop Entry]\nType=Application\nName=Devots\nExec={run}\nIcon=devots\nTerminal=false\n"


def _quoted(argument: str) -> str:
    """An argument as the Exec key takes it (Desktop Entry Specification 1.5, "The Exec key"): quoted, escaped twice, per cent signs doubled."""
    inner = argument.translate(_QUOTED).replace("%", "%%")
    return '"' + inner.replace("\\", "\\\\") + '"'


def start_command(folder: Path, default: Path, argv0: str) -> list[str]:
    """What starts the window of a profile as it was started now: the frozen program, or Python with the script that it was started with."""
    frozen = bool(getattr(sys, "frozen", False))
    command = [sys.executable] if frozen else [sys.executable, str(Path(argv0).absolute())]
    return command if folder == default else [*command, "--profile", str(folder)]
