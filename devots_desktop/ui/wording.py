"""What the window says about counts, times and states."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from devots_desktop.domain.account import Live
from devots_desktop.domain.changes import Via
from devots_desktop.domain.sorting import Sort
from devots_desktop.domain.text import one_line
from devots_desktop.domain.todo import State, Todo
from devots_desktop.store.lists import Counts, View

if TYPE_CHECKING:
    from devots_desktop.domain.account import Status
    from devots_desktop.domain.question import Choice
    from devots_desktop.domain.steps import Step
    from devots_desktop.store.conflicts import Conflict

LIVE = {
    Live.LOCAL: "On this device",
    Live.LIVE: "Live",
    Live.CHECKING: "Checking",
    Live.OFFLINE: "Offline",
    Live.SIGNED_OUT: "Signed out",
}
SORT = {Sort.NEWEST: "Newest first", Sort.OLDEST: "Oldest first", Sort.ALPHABETICAL: "Alphabetical", Sort.OPEN_FIRST: "Open first"}
VIEW = {View.ALL: "All", View.OPEN: "Open", View.DONE: "Done"}

EMPTY = {
    View.ALL: ("Nothing to do yet", "Type what is to be done into the field above and press Enter."),
    View.OPEN: ("All done", "New todos appear here. Press Ctrl+N to add one."),
    View.DONE: ("Nothing done yet", "Click the circle beside a todo, or press Space on it."),
}


_STEP = {"add": "added", "edit": "changed", "done": "done", "reopen": "open again", "delete": "deleted"}
"""What was done, by Action."""
_SHORT, _LONG = 40, 120
_WHY = {
    Live.LOCAL: "This list is on this computer only. Add an account to have it elsewhere too.",
    Live.LIVE: "What is changed elsewhere appears here at once.",
    Live.CHECKING: "The server is asked for news every minute; what is changed elsewhere appears a little later.",
    Live.OFFLINE: "There is no connection to the server. It is tried again by itself.",
    Live.SIGNED_OUT: "Your session has ended. Sign in again.",
}
_SENT_WHEN = {
    Live.LOCAL: "kept here",
    Live.LIVE: "on the way to the server",
    Live.CHECKING: "sent by itself",
    Live.OFFLINE: "kept here, and sent as soon as there is a connection",
    Live.SIGNED_OUT: "kept here, and sent once you have signed in again",
}


def empty(view: View, counts: Counts, words: str = "") -> tuple[str, str]:
    """Heading and sentence for a view without todos, or without any that the words find."""
    if words:
        place = "" if view is View.ALL else f" among those under “{VIEW[view]}”"
        return f"Nothing matches “{short(words)}”", f"Each word has to be in the text{place}."
    return EMPTY[View.ALL] if not counts.all else EMPTY[view]


def saved(live: Live, counts: Counts, since: datetime, now: datetime) -> str:
    """The right end of the status line: it never says that all is sent while something waits.

    Args:
        since: when this became so, in the user's time zone.
    """
    waiting = _changes(counts.pending, "waiting") if counts.pending else ""
    if live is Live.LOCAL:
        return f"Saved on this device · {since:%H:%M}"
    if counts.arrived is not None and counts.contact is not None:
        return " · ".join(filter(None, (waiting, f"{counts.arrived:,} todo{'' if counts.arrived == 1 else 's'} fetched so far")))
    if live is Live.LIVE:
        all_sent = "Everything else sent" if counts.needs_you else "Everything sent"
        return f"{waiting or all_sent} · {since:%H:%M}"
    return f"{waiting or 'Nothing waiting'} · {_contact(counts, now)}"


def why(status: "Status", counts: Counts) -> str:
    """Why an account is as it is, and what the user can do about it or need not do."""
    parts = [status.sentence or _WHY[status.live]]
    if counts.arrived is not None and counts.contact is not None and status.live is not Live.LOCAL:
        parts.append(f"{counts.arrived:,} todos have come so far; you can go on meanwhile, the rest comes by itself.")
    if counts.pending:
        parts.append(f"{_changes(counts.pending, 'waiting')}: {_SENT_WHEN[status.live]}.")
    elif status.live is Live.LIVE:
        parts.append("What you changed is on the server.")
    if counts.needs_you:
        parts.append("1 thing needs you." if counts.needs_you == 1 else f"{counts.needs_you:,} things need you.")
    return " ".join(parts)


def _changes(number: int, rest: str) -> str:
    return f"1 change {rest}" if number == 1 else f"{number:,} changes {rest}"


def _contact(counts: Counts, now: datetime) -> str:
    if counts.contact is None:
        return "No contact yet"
    at = here(counts.contact)
    return f"Last contact {at:%H:%M}" if at.date() == now.date() else f"Last contact {when(at)}"


def here(at: int) -> datetime:
    """A time of the program in the user's time zone."""
    return datetime.fromtimestamp(at / 1_000_000).astimezone()


def lost(conflict: "Conflict", here: Callable[[int], datetime]) -> tuple[str, str]:
    """A value that was overruled, and what it lost to and when."""
    at = when(here(conflict.at))
    value = f"“{short(conflict.text, _LONG)}”" if conflict.text is not None else _mark(conflict.lost["completed"])
    if conflict.won is None:
        return value, f"went with a delete, {at}"
    won = f"“{short(conflict.won)}”" if isinstance(conflict.won, str) else _mark(conflict.won)
    return value, f"overruled by {won}, {at}"


def _mark(value: object) -> str:
    return "Done" if value else "Open"


def answered(choice: "Choice", count: int) -> str:
    """What became of the todos that the server does not have any more."""
    todos = "1 todo" if count == 1 else f"{count:,} todos"
    said = {"remove": "removed here", "put-back": "will be put back on the server", "leave": "left as they are"}
    return f"{todos} {said[choice]}" if count else "That was settled already"


def short(text: str, most: int = _SHORT) -> str:
    """A text as it is quoted within a sentence."""
    line = one_line(text)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def step(done: "Step") -> str:
    """What the user did: “Pay rent” done."""
    what = f"“{short(done.text)}”" if done.count == 1 else f"{done.count:,} todos"
    return f"{what} {_STEP[done.action]}"


def undone(taken_back: "Step") -> str:
    """What was taken back. Other devices may have left nothing to take back."""
    if not taken_back.count:
        return f"“{short(taken_back.text)}” was deleted elsewhere; there is nothing to take back"
    return f"Undone: {step(taken_back)}{_overruled(taken_back)}"


def redone(again: "Step") -> str:
    """What was done again."""
    if not again.count:
        return f"“{short(again.text)}” was deleted elsewhere; there is nothing to do again"
    return f"Done again: {step(again)}{_overruled(again)}"


def _overruled(turned: "Step") -> str:
    """That this overruled what somebody else had done meanwhile, and where that is."""
    if not turned.overruled:
        return ""
    kept = "“Needs you”" if turned.action in ("add", "delete") else "the details"
    return f". It had been changed elsewhere meanwhile: that is kept, see {kept}."


_STATE = {State.SYNCED: "Nothing waiting", State.PENDING: "Not sent yet", State.PARKED: "Needs you: the server refused a change"}
_VIA = {Via.LOCAL: "on this device", Via.PUSH: "on this device", Via.LIVE: "on another device", Via.PULL: "on another device"}


def facts(todo: Todo, via: Via | None, here: Callable[[int], datetime]) -> list[str]:
    """What there is to know of a todo besides its text.

    Args:
        via: by which way its last change came; None where that is not known any more.
        here: a time of the program as the user's clock shows it.
    """
    changed = [] if todo.updated_at == todo.created_at and via is None else [f"Changed {when(here(todo.updated_at))}"]
    origin = [f"Last change {_VIA[via]}"] if via else []
    return [f"Created {when(here(todo.created_at))}", *changed, *origin, _STATE[todo.state]]


def when(at: datetime) -> str:
    """A time, short enough for one line of a narrow pane."""
    return f"{at.day} {at:%b %Y, %H:%M}"
