"""Two ways in which a test can end besides passing and failing. Both are skips that the closing lines count apart."""

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
