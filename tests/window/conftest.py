"""What the tests on a real X server need."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.outcomes import not_run
from tests.window.display import Display, missing_programs


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line("markers", "xserver: drives the real program in a private X server (Xvfb, xdotool)")


@pytest.fixture(scope="session")
def display() -> Iterator[Display]:
    """An X server for the tests of this process."""
    missing = missing_programs()
    if missing:
        not_run(f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not installed")
    with Display() as running:
        yield running


@pytest.fixture(scope="session")
def desk() -> Iterator[Display]:
    """An X server with a window manager."""
    missing = missing_programs("openbox")
    if missing:
        not_run(f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not installed")
    with Display(managed=True) as running:
        yield running


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A folder for a profile, not made yet."""
    return tmp_path / "profile"
