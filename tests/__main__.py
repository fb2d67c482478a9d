"""`make test`: pytest on one process more than there are cores, four at the most: the tests wait for servers and windows, too.

Without its Qt plugin where Qt's system libraries are missing.
"""

import os
import sys

import pytest

from tests.outcomes import why_qt_is_missing


def _arguments() -> list[str]:
    plugins = ["-p", "no:pytest-qt"] if why_qt_is_missing() else []
    processes = min(4, (os.cpu_count() or 1) + 1)
    return [*plugins, "-n", str(processes), "--dist", "loadgroup", *sys.argv[1:]]


if __name__ == "__main__":
    sys.exit(pytest.main(_arguments()))
