"""The real program in a real X server, while the same person edits the same list at a web page: with supabase-js, another program by other people."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devots_desktop.services import settings
from devots_desktop.services.settings import Appearance, Settings
from tests.e2e.devots import Devots
from tests.e2e.test_cli_supabase import EMAIL, PASSWORD, enter, named
from tests.servers.fixtures import Servers, newest
from tests.servers.supabase.database import Form
from tests.standin.web_client import WebClient, web_client
from tests.window.display import Display
from tests.window.test_mouse import Hand, held
from tests.window.test_window import until

pytestmark = [
    pytest.mark.xserver,
    pytest.mark.xdist_group("xserver"),
    pytest.mark.timeout(180),
    pytest.mark.parametrize(("form", "appearance"), [("managed", Appearance.LIGHT), ("plain", Appearance.DARK)]),
]


@contextmanager
def both(desk: Display, servers: Servers, profile: Path, form: Form, appearance: Appearance) -> Iterator[tuple[Hand, WebClient]]:
    """One person's window and web page on a project of that form. The window is live, and ends in order."""
    with servers.project(newest(), form) as project:
        enter(Devots(profile), *named(project), "--sign-up")
        settings.save(profile, Settings(appearance))
        with web_client(project, email=EMAIL, password=PASSWORD) as web, held(desk, profile) as hand:
            hand.window.live()
            yield hand, web
            the_same(hand, web)
            hand.choose_from_window("Quit")
            hand.window.ended()
            assert (hand.window.ended(), hand.window.errors()) == (0, "")


def the_same(hand: Hand, web: WebClient) -> None:
    """Wait until the window shows what the web page reads."""
    until(lambda: hand.look("rows", "\n".join(web.rows())) is not None, f"a window with {web.rows()}")


def test_what_each_does_the_other_is_told(desk: Display, servers: Servers, tmp_path: Path, form: Form, appearance: Appearance) -> None:
    with both(desk, servers, tmp_path / "profile", form, appearance) as (hand, web):
        for text in ("Pay rent", "Buy oat milk", "Water the ferns"):
            web.add(text)
            hand.window.painted(text)
        hand.write("New todo", "Call the plumber")
        desk.key("Return")
        web.is_told("INSERT", "Call the plumber", False)
        web.edit("Call the plumber", "Call the electrician")
        hand.window.painted("Call the electrician")
        _the_window_changes(hand, web)
        web.complete("Call the electrician")
        hand.window.painted("Call the electrician", completed=True)
        web.delete("Buy oat milk and honey")
        hand.gone("row", "Buy oat milk and honey")
        desk.screenshot(tmp_path / f"told-{appearance}.png")
        assert web.rows() == ["x Call the electrician", "x Pay rent"]


def _the_window_changes(hand: Hand, web: WebClient) -> None:
    hand.click("circle", "Pay rent")
    web.is_told("UPDATE", "Pay rent", True)
    hand.click("row", "Buy oat milk", times=2)
    hand.find("edited", "Buy oat milk")
    hand.display.key("End")
    hand.display.type(" and honey")
    hand.display.key("Return")
    web.is_told("UPDATE", "Buy oat milk and honey", False)
    ferns = web.id("Water the ferns")
    hand.click("bin", "Water the ferns")
    web.is_told("DELETE", ferns)


def test_nothing_moves_under_the_hands(desk: Display, servers: Servers, tmp_path: Path, form: Form, appearance: Appearance) -> None:
    with both(desk, servers, tmp_path / "profile", form, appearance) as (hand, web):
        for number in range(1, 31):
            web.add(f"Errand {number}")
        hand.find("row", "Errand 30")
        hand.click("row", "Errand 30")
        desk.key("ctrl+End", *["Up"] * 4)
        place = hand.find("selected", "Errand 5")
        _the_page_changes(hand, web, 1)
        assert hand.look("selected", "Errand 5") == place
        desk.screenshot(tmp_path / f"selected-{appearance}.png")
        desk.key("F2", "End")
        place = hand.find("edited", "Errand 5")
        desk.type(" in")
        _the_page_changes(hand, web, 2)
        assert hand.look("edited", "Errand 5 in") == place
        desk.type(" town")
        assert hand.find("edited", "Errand 5 in town") == place
        desk.screenshot(tmp_path / f"edited-{appearance}.png")
        desk.key("Return")
        web.is_told("UPDATE", "Errand 5 in town", False)
        _types_while_the_page_adds(hand, web)


def _the_page_changes(hand: Hand, web: WebClient, turn: int) -> None:
    """Above what is on the screen and on it, on both sides of the row that is in use."""
    web.add(f"Above {turn}")
    web.delete(f"Errand {30 - turn}")
    web.edit(f"Errand {7 + turn}", f"Errand {7 + turn} at noon")
    web.complete(f"Errand {turn}")
    hand.window.painted(f"Errand {7 + turn} at noon")
    hand.window.painted(f"Errand {turn}", completed=True)
    the_same(hand, web)


def _types_while_the_page_adds(hand: Hand, web: WebClient) -> None:
    hand.click("field", "New todo")
    hand.find("focused", "New todo")
    for number, word in enumerate(("Book", " a", " table", " for", " two")):
        hand.display.type(word)
        web.add(f"Meanwhile {number}")
    hand.display.key("Return")
    web.is_told("INSERT", "Book a table for two", False)
