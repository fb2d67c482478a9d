"""Every action of the window with the mouse alone, in the real program under a window manager. Only the letters of texts are typed."""

import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devots_desktop.store.lists import Lists, View
from tests.window.display import Display
from tests.window.program import Window
from tests.window.test_walk import stored
from tests.window.test_window import STRICT, until

pytestmark = [pytest.mark.xserver, pytest.mark.xdist_group("xserver"), pytest.mark.timeout(180)]

Point = tuple[int, int]


class Hand:
    """Moves the mouse to things that the window names (tests/window/looked_at.py)."""

    def __init__(self, display: Display, window: Window, profile: Path) -> None:
        self.display = display
        self.window = window
        self.profile = profile
        self._numbers = itertools.count()

    def look(self, kind: str, name: str) -> Point | None:
        """Where a thing is now; None where it is not on the screen."""
        number = next(self._numbers)
        assert self.window.process.stdin is not None
        self.window.process.stdin.write(json.dumps({"kind": kind, "name": name, "number": number}).encode() + b"\n")
        self.window.process.stdin.flush()
        at = self.window.said("found", number=number)["at"]
        return (at[0], at[1]) if at else None

    def find(self, kind: str, name: str) -> Point:
        """Wait for a thing; answer where it is."""
        seen: list[Point] = []

        def look() -> bool:
            if at := self.look(kind, name):
                seen.append(at)
            return bool(seen)

        until(look, f"{kind} {name!r}")
        return seen[0]

    def gone(self, kind: str, name: str) -> None:
        """Wait until a thing is there no more."""
        until(lambda: self.look(kind, name) is None, f"the end of {kind} {name!r}")

    def click(self, kind: str, name: str, *, button: int = 1, times: int = 1) -> None:
        """Wait for a thing and click on it."""
        self.display.click(*self.find(kind, name), button=button, times=times)

    def write(self, field: str, text: str) -> None:
        """Click into a field and type: a window manager may pass a click on after the letters, so it is waited for."""
        self.click("field", field)
        self.find("focused", field)
        self.display.type(text)

    def choose(self, name: str, *, of: str) -> None:
        """Choose from the menu of a todo's row."""
        self.click("row", of, button=3)
        self.click("entry", name)
        self.gone("entry", name)

    def choose_from_window(self, name: str) -> None:
        """Choose from the menu of the window."""
        self.click("button", "Menu")
        self.click("entry", name)

    def has(self, *wanted: str) -> None:
        """Wait until these todos are stored, newest first, and shown: where they are is certain then."""
        until(lambda: self._stored() == list(wanted), f"{wanted}, but there is {self._stored()}")
        if wanted:
            self.find("rows", "\n".join(wanted))

    def _stored(self) -> list[str]:
        lists = Lists(self.profile / "accounts" / "computer" / "cache.sqlite3")
        keys = lists.search("", View.ALL)
        todos = lists.todos(keys)
        lists.close()
        return [f"{'x' if todos[key].completed else 'o'} {todos[key].text}" for key in keys if key in todos]


@contextmanager
def held(display: Display, profile: Path) -> Iterator[Hand]:
    command = [sys.executable, *STRICT, "-m", "tests.window.looked_at", "--profile", str(profile)]
    with Window("window", command, display.environment()) as window:
        window.said("ready")
        with display.pictured():
            yield Hand(display, window, profile)


def walk(desk: Display, profile: Path, *steps: Callable[[Hand], None]) -> None:
    """Take some steps in one window, which ends in order."""
    with held(desk, profile) as hand:
        for step in steps:
            step(hand)
        hand.choose_from_window("Quit")
        assert hand.window.ended() == 0
        assert hand.window.errors() == ""


def test_one_todo_after_the_other(desk: Display, profile: Path) -> None:
    walk(desk, profile, _adds, _ticks, _edits, _deletes_and_takes_back)


def test_several_at_once(desk: Display, profile: Path) -> None:
    walk(desk, profile, _adds, _drags_over_rows, _picks_rows_apart, _copies_and_pastes)


def test_what_is_shown(desk: Display, profile: Path) -> None:
    walk(desk, profile, _adds, _searches, _sorts, _changes_views, _opens_details)


def test_what_belongs_to_the_program(desk: Display, profile: Path) -> None:
    with held(desk, profile) as hand:
        _adds(hand)
        hand.window.kill()
    walk(desk, profile, _reads_a_notice, _changes_settings, _looks_at_forms, _exports_and_imports)


def test_the_window_managers_button_ends_it(desk: Display, profile: Path) -> None:
    with held(desk, profile) as hand:
        _adds(hand)
        hand.click("close button", "Devots")
        assert hand.window.ended() == 0
        assert hand.window.errors() == ""
    assert stored(profile) == ["o three", "o two", "o one"]


def _adds(hand: Hand) -> None:
    for text in ("one", "two", "three"):
        hand.write("New todo", text)
        hand.click("button", "Add")
        hand.find("row", text)
    hand.has("o three", "o two", "o one")
    hand.gone("button", "Add")


def _ticks(hand: Hand) -> None:
    hand.click("circle", "two")
    hand.has("o three", "x two", "o one")
    hand.click("circle", "two")
    hand.has("o three", "o two", "o one")


def _edits(hand: Hand) -> None:
    hand.click("row", "one", times=2)
    hand.find("focused", "Text of the todo")
    hand.display.type("uno")
    hand.click("field", "New todo")
    hand.has("o three", "o two", "o uno")
    hand.choose("Edit", of="uno")
    hand.find("focused", "Text of the todo")
    hand.display.type("one")
    hand.click("field", "New todo")
    hand.has("o three", "o two", "o one")


def _deletes_and_takes_back(hand: Hand) -> None:
    hand.click("bin", "three")
    hand.has("o two", "o one")
    hand.click("button", "Undo")
    hand.has("o three", "o two", "o one")
    hand.click("button", "Redo")
    hand.has("o two", "o one")
    hand.choose_from_window("Undo: ")
    hand.has("o three", "o two", "o one")
    hand.choose_from_window("Redo: ")
    hand.has("o two", "o one")
    hand.choose("Delete", of="two")
    hand.has("o one")
    hand.click("button", "Undo")
    hand.has("o two", "o one")


def _drags_over_rows(hand: Hand) -> None:
    hand.display.drag(hand.find("row", "three"), hand.find("row", "two"))
    hand.choose("Done", of="two")
    hand.has("x three", "x two", "o one")
    hand.click("button", "Undo")
    hand.has("o three", "o two", "o one")


def _picks_rows_apart(hand: Hand) -> None:
    hand.click("row", "three")
    hand.choose("Select several", of="three")
    hand.click("row", "one")
    hand.choose("Done", of="one")
    hand.has("x three", "o two", "x one")
    hand.choose("Open again", of="one")
    hand.has("o three", "o two", "o one")
    hand.choose("Select one at a time", of="one")
    hand.click("row", "two")
    hand.choose("Delete", of="two")
    hand.has("o three", "o one")
    hand.click("button", "Undo")
    hand.has("o three", "o two", "o one")


def _copies_and_pastes(hand: Hand) -> None:
    hand.choose("Select all", of="two")
    hand.choose("Copy", of="two")
    hand.choose("Paste lines as todos", of="two")
    hand.has(*["o three", "o two", "o one"] * 2)
    hand.click("button", "Undo")
    hand.has("o three", "o two", "o one")
    hand.click("field", "New todo", button=3)
    hand.click("entry", "Paste")
    hand.has(*["o three", "o two", "o one"] * 2)
    hand.click("button", "Undo")
    hand.has("o three", "o two", "o one")


def _searches(hand: Hand) -> None:
    hand.write("Search", "tw")
    hand.gone("row", "one")
    hand.click("button", "Clear the search")
    hand.find("row", "one")
    hand.write("Search", "nothing has this")
    hand.click("button", "Show the whole list")
    hand.find("row", "one")


def _sorts(hand: Hand) -> None:
    for order, wanted in (
        ("Alphabetical", ["one", "three", "two"]),
        ("Oldest first", ["one", "two", "three"]),
        ("Newest first", ["three", "two", "one"]),
    ):
        hand.click("button", "Order of the list")
        hand.click("entry", order)
        until(lambda wanted=wanted: sorted(wanted, key=lambda text: hand.find("row", text)[1]) == wanted, order)  # type: ignore[misc]


def _changes_views(hand: Hand) -> None:
    hand.click("circle", "two")
    hand.has("o three", "x two", "o one")
    hand.click("button", "Done")
    hand.gone("row", "one")
    hand.find("row", "two")
    hand.click("button", "Open")
    hand.gone("row", "two")
    hand.click("button", "All")
    hand.find("row", "two")


def _opens_details(hand: Hand) -> None:
    hand.click("row", "one")
    hand.click("button", "Details")
    hand.click("button", "Mark as done")
    hand.has("o three", "x two", "x one")
    hand.write("Text of the todo", "!")
    hand.click("row", "three")
    hand.has("o three", "x two", "x one!")
    hand.click("button", "Close the details")
    hand.gone("button", "Close the details")


def _reads_a_notice(hand: Hand) -> None:
    hand.click("button", "Got it")
    hand.gone("button", "Got it")


def _changes_settings(hand: Hand) -> None:
    kept = hand.profile / "settings.json"
    for appearance in ("Dark", "Light"):
        hand.choose_from_window("Settings")
        hand.click("button", appearance)
        until(lambda appearance=appearance: kept.exists() and appearance.lower() in kept.read_text(), appearance)  # type: ignore[misc]
        hand.click("button", "Tell me about changes from other devices")
        hand.click("button", "Close")
        hand.gone("button", "Close")


def _looks_at_forms(hand: Hand) -> None:
    hand.choose_from_window("Keyboard shortcuts")
    hand.click("button", "Close")
    hand.gone("button", "Close")
    hand.click("button", "Add account…")
    hand.click("button", "Cancel")
    hand.gone("button", "Cancel")


def _exports_and_imports(hand: Hand) -> None:
    file = Path(os.environ["HOME"]) / "todos.json"
    hand.choose_from_window("Export")
    hand.click("button", "Save")
    until(file.exists, "the export")
    hand.click("bin", "two")
    hand.has("o three", "o one")
    hand.choose_from_window("Import")
    hand.click("item", "todos.json")
    hand.click("button", "Open")
    hand.has("o three", "o two", "o one")
    hand.click("button", "Undo")
    hand.has("o three", "o one")
