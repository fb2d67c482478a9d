"""What the window says about counts, times and states."""

from datetime import datetime

from devots_desktop.domain.account import Live
from devots_desktop.store.lists import Counts, View

LIVE = {
    Live.LOCAL: "On this device",
    Live.LIVE: "Live",
    Live.CHECKING: "Checking",
    Live.OFFLINE: "Offline",
    Live.SIGNED_OUT: "Signed out",
}
VIEW = {View.ALL: "All", View.OPEN: "Open", View.DONE: "Done"}

EMPTY = {
    View.ALL: ("Nothing to do yet", "Type what is to be done into the field above and press Enter."),
    View.OPEN: ("All done", "New todos appear here. Press Ctrl+N to add one."),
    View.DONE: ("Nothing done yet", "Click the circle beside a todo, or press Space on it."),
}


def empty(view: View, counts: Counts) -> tuple[str, str]:
    """Heading and sentence for a view without todos."""
    return EMPTY[View.ALL] if not counts.all else EMPTY[view]


def saved(live: Live, counts: Counts, at: datetime) -> str:
    """The right end of the status line: it never says that all is sent while something waits.

    Args:
        at: when this became so, in the user's time zone.
    """
    if counts.pending:
        what = "1 change waiting" if counts.pending == 1 else f"{counts.pending:,} changes waiting"
        return f"{what} · {at:%H:%M}"
    if live is Live.LOCAL:
        return f"Saved on this device · {at:%H:%M}"
    if live is Live.LIVE:
        return f"Everything sent · {at:%H:%M}"
    return f"Nothing waiting · {at:%H:%M}"
