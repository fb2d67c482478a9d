"""`make test`: pytest on at most four processes, without its Qt plugin where Qt's system libraries are missing."""

import importlib
import sys

import pytest


def _qt_can_be_loaded() -> bool:
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError:
        return False
    return True


def _arguments() -> list[str]:
    plugins = [] if _qt_can_be_loaded() else ["-p", "no:pytest-qt"]
    return [*plugins, "-n", "auto", "--maxprocesses", "4", "--dist", "loadgroup", *sys.argv[1:]]


if __name__ == "__main__":
    sys.exit(pytest.main(_arguments()))
