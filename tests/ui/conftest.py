"""Fixtures for the tests of the window."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from devots_desktop.ui.window import MainWindow
from tests.ui.places import Place


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
