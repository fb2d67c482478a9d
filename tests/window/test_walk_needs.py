"""What needs the user, decided in the real program in a real X server: by keyboard alone, by mouse alone, and from a terminal while it is open."""

import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from devots_desktop.domain.mutation import DELETED_ELSEWHERE
from devots_desktop.store import conflicts, edits, outbox, parking, replica, rows
from devots_desktop.store.lists import Lists, View
from tests.ui.places import SERVER, Place
from tests.window.display import Display
from tests.window.test_mouse import held
from tests.window.test_walk import to_list
from tests.window.test_window import command_line, opened, until

pytestmark = [pytest.mark.xserver, pytest.mark.xdist_group("xserver"), pytest.mark.timeout(180)]

Result = TypeVar("Result")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """The account of a server that has ended the session: "milk" and "bread" with refused texts, "tea" deleted with a change, "rent" overruled."""
    at = time.time_ns() // 1_000
    place = Place(tmp_path / "profile", server=True)
    milk, bread, tea, rent = place.add("milk", "bread", "tea", "rent")
    place.sql("DELETE FROM outbox")
    place.sql("UPDATE todo SET state = 'synced', server_id = key, row_version = 1")
    place.edit(milk, "too long")
    place.edit(bread, "gone")
    with place.cache.transaction() as db:
        for change, reason in zip(outbox.take(db, 2), ("No.", DELETED_ELSEWHERE), strict=True):
            parking.park(db, change.mutation_id, reason, at)
        replica.bury(db, bread, 2)
        db.execute("UPDATE todo SET state = 'parked' WHERE client_id IN (?, ?)", (milk, bread))
        rows.stamp(db)
        taken = rows.row(db, tea)
        assert taken is not None
        conflicts.add_row(db, taken, at)
        conflicts.add(db, rent, "text", "the rent", "rent", at)
    edits.delete(place.cache, tea)
    place.close()
    return tmp_path / "profile"


def seen(profile: Path, read: Callable[[Lists], Result]) -> Result:
    """What another program reads of the list."""
    with Lists(profile / "accounts" / SERVER.account_id / "cache.sqlite3") as lists:
        return read(lists)


def texts(lists: Lists) -> set[str]:
    return {todo.text for todo in lists.todos(lists.keys(View.ALL)).values()}


def parked(lists: Lists) -> set[str]:
    return {str(each.mutation.values["text"]) for each in lists.parked()}


def comes(profile: Path, read: Callable[[Lists], Result], wanted: Result) -> None:
    until(lambda: seen(profile, read) == wanted, f"{wanted}, but there is {seen(profile, read)}")


def decided(display: Display, profile: Path, *keys: str, left: int) -> None:
    """Press keys on the page until only so much is left; on a card that is settled already, and about to go, they do nothing."""

    def done() -> bool:
        display.key("ctrl+4", *keys)
        return seen(profile, lambda lists: lists.counts().needs_you) == left

    until(done, f"{left} left")


def test_by_keyboard_alone(display: Display, profile: Path) -> None:
    with opened(display, profile) as window:
        display.key("ctrl+4", "Tab", "Tab", "Tab", "Tab", "space")
        comes(profile, parked, {"too long"})
        display.key("ctrl+z")
        comes(profile, texts, {"too long", "gone", "rent"})
        decided(display, profile, "Tab", "Tab", "Return", left=1)  # "Retry" of the first card
        assert seen(profile, lambda lists: (lists.parked(), lists.counts().pending)) == ([], 3)
        decided(display, profile, "Tab", "Tab", "Tab", "Return", left=0)  # "Leave deleted" of the last one
        display.key("ctrl+1")
        to_list(display)
        # In the menu of the row: Done, Edit, Copy, Delete, Restore.
        display.key("Up", "Up", "Menu", *["Down"] * 5, "Return")
        comes(profile, lambda lists: "the rent" in texts(lists), wanted=True)
        display.key("ctrl+z")
        comes(profile, lambda lists: "the rent" in texts(lists), wanted=False)
        display.key("ctrl+q")
        assert window.ended() == 0
        assert window.errors() == ""


def test_by_mouse_alone(desk: Display, profile: Path) -> None:
    with held(desk, profile) as hand:
        hand.click("button", "Needs you")
        hand.click("button", "Drop: bread")
        comes(profile, parked, {"too long"})
        hand.click("button", "Undo")
        comes(profile, texts, {"too long", "gone", "rent"})
        hand.click("button", "Edit…: milk")
        hand.find("field", "Text of the todo")
        hand.display.type("short")
        hand.click("button", "Save and send")
        comes(profile, texts, {"short", "gone", "rent"})
        hand.gone("button", "Edit…: milk")  # The cards below it have moved up then.
        hand.click("button", "Restore as new: tea")
        comes(profile, texts, {"short", "gone", "rent", "tea"})
        hand.click("button", "To the list")
        hand.click("row", "rent", button=3)
        hand.click("entry", "Restore “the rent”")
        comes(profile, texts, {"short", "gone", "the rent", "tea"})
        hand.click("button", SERVER.name)
        hand.choose_from_window("Quit")
        assert hand.window.ended() == 0
        assert hand.window.errors() == ""


def test_from_a_terminal_and_painted_within_100_ms(display: Display, profile: Path) -> None:
    """As for what a terminal adds (test_window.py): from the time that the cache notes for the change, the best of some."""
    [overruled] = [each for each in seen(profile, lambda lists: lists.conflicts()) if each.won is not None]
    taken: list[float] = []
    with opened(display, profile) as window:
        while len(taken) < 10 and min(taken, default=100) >= 100:
            for command, text in ((("conflicts", "restore", overruled.client_id), "the rent"), (("undo",), "rent")):
                began = time.monotonic_ns()
                command_line(profile, *command)
                painted = window.painted(text, after=began)["ns"]
                taken.append((painted - written(profile)) / 1e6)
        command_line(profile, "parked", "drop", seen(profile, lambda lists: lists.parked()[-1].mutation.client_id))
        window.painted("milk")
    sys.stdout.write(f"milliseconds to the paint: {[round(each, 1) for each in taken]}\n")
    assert min(taken) < 100


def written(profile: Path) -> float:
    """When the newest change was written, in nanoseconds of CLOCK_MONOTONIC."""
    between = time.time_ns() - time.monotonic_ns()
    with closing(sqlite3.connect(profile / "accounts" / SERVER.account_id / "cache.sqlite3")) as cache:
        (at,) = cache.execute("SELECT max(at) FROM journal").fetchone()
    return float(at * 1_000 - between)
