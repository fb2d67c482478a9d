"""Fixtures for the tests of the window."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from devots_desktop.ui.window import MainWindow
from tests.ui.places import Place


@pytest.fixture(autouse=True)
def _garbage_of_qt_goes_on_this_thread() -> Iterator[None]:
    """As in the program (ui/garbage.py): Qt objects must not be destroyed on a worker's thread."""
    gc.disable()
    yield
    # What a test made is in the youngest generations, as none was collected meanwhile.
    gc.collect(1)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "profile")
    yield made
    made.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "profile", server=True)
    yield made
    made.close()


@pytest.fixture
def window(place: Place, qtbot: QtBot) -> MainWindow:
    made = MainWindow(place.opened, place.accounts.all())
    made.hides = True  # Closing it at the end of a test asks for nothing.
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made
