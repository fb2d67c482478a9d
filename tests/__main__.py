"""`make test`: pytest on one process more than there are cores, four at the most: the tests wait for servers and windows, too.

Without its Qt plugin where Qt's system libraries are missing.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.outcomes import why_qt_is_missing
from tests.servers import node


def _arguments() -> list[str]:
    plugins = ["-p", "no:pytest-qt"] if why_qt_is_missing() else []
    processes = min(4, (os.cpu_count() or 1) + 1)
    return [*plugins, "-n", str(processes), "--dist", "loadgroup", *sys.argv[1:]]


def _install_packages() -> None:
    """What the tests' scripts need of npm, before the clock of a test runs. Where it is not to be had, the tests say so."""
    for lock in sorted(Path(__file__).parent.rglob("package-lock.json")):
        with suppress(pytest.skip.Exception):
            node.packages(lock.parent)


if __name__ == "__main__":
    _install_packages()
    sys.exit(pytest.main(_arguments()))
