"""Two ways in which a test can end besides passing and failing. Both are skips that the closing lines count apart."""

import importlib
from typing import NoReturn

import pytest

NOT_RUN = "not run: "
NOT_PROMISED = "not promised: "


def not_run(reason: str) -> NoReturn:
    """End the test because this machine lacks what it needs. The reason names it: "PostgreSQL 15 is not installed"."""
    pytest.skip(NOT_RUN + reason, allow_module_level=True)


def not_promised(reason: str) -> NoReturn:
    """End a test of the contract because its backend does not promise this, as in "a plain table keeps no row versions"."""
    pytest.skip(NOT_PROMISED + reason)


def why_qt_is_missing() -> str:
    """Why Qt cannot be loaded on this machine, as the loader says it ("libEGL.so.1: cannot open ..."); '' where it can."""
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError as error:
        return str(error)
    return ""


def need_qt() -> None:
    """End a test that starts a program with a window where Qt lacks a library of the system."""
    if why_qt_is_missing():
        not_run("Qt's system libraries are missing")
