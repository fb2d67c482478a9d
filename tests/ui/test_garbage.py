"""Garbage is collected on the window's thread, and what the start made is left out."""

import gc
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from devots_desktop.ui.garbage import Garbage


class Knot:
    """Garbage that only the collector can find."""

    alive = 0

    def __init__(self) -> None:
        Knot.alive += 1
        self.itself = self

    def __del__(self) -> None:
        Knot.alive -= 1


@pytest.fixture
def garbage(qtbot: QtBot) -> Iterator[Garbage]:
    made = Garbage()
    yield made
    made.close()
    gc.disable()  # As the tests of the window have it.


def _allocate() -> None:
    """So much that the youngest generation is due."""
    made: list[list[int]] = [[] for _ in range(gc.get_threshold()[0] + 100)]
    assert made


def test_the_first_look_leaves_what_is_there_out_for_good(garbage: Garbage) -> None:
    _allocate()
    garbage.look()
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 10_000


def test_what_becomes_garbage_later_is_collected(garbage: Garbage) -> None:
    garbage.look()
    Knot()
    assert Knot.alive == 1
    made: list[list[int]] = [[] for _ in range(gc.get_threshold()[0] + 100)]
    garbage.look()
    assert Knot.alive == 0
    del made


def test_the_end_gives_everything_back(qtbot: QtBot) -> None:
    garbage = Garbage()
    garbage.look()
    garbage.close()
    assert (gc.get_freeze_count(), gc.isenabled()) == (0, True)
    gc.disable()
