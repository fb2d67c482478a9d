"""`make test`: pytest on at most four processes, without its Qt plugin where Qt's system libraries are missing."""

import sys

import pytest

from tests.outcomes import why_qt_is_missing


def _arguments() -> list[str]:
    plugins = ["-p", "no:pytest-qt"] if why_qt_is_missing() else []
    return [*plugins, "-n", "auto", "--maxprocesses", "4", "--dist", "loadgroup", *sys.argv[1:]]


if __name__ == "__main__":
    sys.exit(pytest.main(_arguments()))
