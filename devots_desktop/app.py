"""The program's entry: decides between the window and the command line."""

import gc
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; answer its exit status. Without a COMMAND it is the window, and Qt is imported only for that."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    profile = ""
    if arguments:
        profile, is_window = _for_window(arguments)
        if not is_window:
            return _run_command(arguments)
    return _run_window(profile)


def _run_window(profile: str) -> int:
    """The window; all that needs no Qt comes before it (services/start.py)."""
    # The window collects garbage on its own thread (ui/garbage.py), and its start has nothing to collect.
    gc.disable()
    from pathlib import Path

    from devots_desktop.domain.errors import DevotsError
    from devots_desktop.services import start
    from devots_desktop.store.profile import default_folder

    folder = Path(profile) if profile else default_folder(os.environ)
    try:
        begun = start.begin(folder)
    except DevotsError as error:
        from devots_desktop.ui.program import show_trouble

        return show_trouble(folder, error)
    if begun is None:
        return 0
    from devots_desktop.ui.program import run

    return run(begun)


def _run_command(arguments: Sequence[str]) -> int:
    """A command; of a bug, a report without anybody's data instead of a traceback."""
    from devots_desktop.cli.main import FAILED
    from devots_desktop.cli.main import run as run_command

    try:
        return run_command(arguments)
    except Exception:
        import logging

        from devots_desktop.services import logs

        folder = _folder(arguments)
        logs.start(folder)
        logging.getLogger(__name__).exception("A command failed")
        logs.stop()
        sys.stderr.write(f"Something went wrong inside Devots; what was saved is safe. The report is in {folder / 'crashes'}.\n")
        return FAILED


def _folder(arguments: Sequence[str]) -> "Path":
    """The profile's folder, as far as arguments name it that need not be usable."""
    from pathlib import Path

    from devots_desktop.store.profile import default_folder

    named = [after for before, after in pairwise(arguments) if before == "--profile"]
    named += [each.partition("=")[2] for each in arguments if each.startswith("--profile=")]
    return Path(named[-1]) if named else default_folder(os.environ)


def _for_window(arguments: Sequence[str]) -> tuple[str, bool]:
    """The folder that --profile names, and whether there is nothing else."""
    if len(arguments) == 2 and arguments[0] == "--profile":
        return arguments[1], True
    if len(arguments) == 1 and arguments[0].startswith("--profile="):
        return arguments[0].partition("=")[2], True
    return "", False
