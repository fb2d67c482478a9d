"""Every action of the list with the keyboard alone, in the real program in a real X server."""

import json
from pathlib import Path

import pytest

from tests.window.display import Display
from tests.window.test_window import add, command_line, opened, until

pytestmark = [pytest.mark.xserver, pytest.mark.xdist_group("xserver"), pytest.mark.timeout(180)]


def stored(profile: Path) -> list[str]:
    """What a terminal sees, newest first."""
    todos = json.loads(command_line(profile, "list", "--all", "--json"))
    return [f"{'x' if todo['completed'] else 'o'} {todo['text']}" for todo in todos]


def comes(profile: Path, *wanted: str) -> None:
    until(lambda: stored(profile) == list(wanted), f"{wanted}, but there is {stored(profile)}")


def to_list(display: Display) -> None:
    """From anywhere: the search leads to the list."""
    display.key("ctrl+f", "Down")


def test_everything_is_done_with_the_keyboard_alone(display: Display, profile: Path) -> None:
    with opened(display, profile) as window:
        for text in ("one", "two", "three"):
            add(display, window, text)
        to_list(display)
        display.key("shift+Down", "space")
        comes(profile, "x three", "x two", "o one")
        display.key("ctrl+z")
        comes(profile, "o three", "o two", "o one")
        display.key("ctrl+shift+z")
        comes(profile, "x three", "x two", "o one")
        _copies_and_deletes(display, profile)
        _searches(display, profile)
        _opens_and_closes_all_else(display, profile)
        display.key("ctrl+q")
        assert window.ended() == 0
        assert window.errors() == ""


def _copies_and_deletes(display: Display, profile: Path) -> None:
    display.key("ctrl+a", "ctrl+c", "Delete")
    comes(profile)
    display.key("ctrl+z")
    comes(profile, "x three", "x two", "o one")
    to_list(display)
    display.key("ctrl+v")
    comes(profile, "o three", "o two", "o one", "x three", "x two", "o one")
    display.key("ctrl+z")
    comes(profile, "x three", "x two", "o one")


def _searches(display: Display, profile: Path) -> None:
    display.key("ctrl+f")
    display.type("two")
    display.key("Down")
    until(lambda: _opened_again(display, profile), "the todo that was found open again")
    display.key("Escape")
    comes(profile, "x three", "o two", "o one")


def _opened_again(display: Display, profile: Path) -> bool:
    """Press Space; where the search had not come yet and it was another row's, take it back."""
    display.key("space")
    if stored(profile) == ["x three", "o two", "o one"]:
        return True
    display.key("ctrl+z")
    return False


def _opens_and_closes_all_else(display: Display, profile: Path) -> None:
    display.key("ctrl+2", "ctrl+3", "ctrl+1", "ctrl+i", "ctrl+i")
    to_list(display)
    display.key("Menu", "Escape")
    add_one = "four"
    display.key("ctrl+n")
    display.type(add_one)
    display.key("Return")
    comes(profile, "o four", "x three", "o two", "o one")
