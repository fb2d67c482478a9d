"""What the window says about counts, times and states."""

from collections.abc import Callable
from datetime import datetime

from devots_desktop.domain.account import Live
from devots_desktop.domain.changes import Via
from devots_desktop.domain.sorting import Sort
from devots_desktop.domain.steps import Action, Step
from devots_desktop.domain.text import one_line
from devots_desktop.domain.todo import State, Todo
from devots_desktop.store.lists import Counts, View

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


_STEP = {Action.ADD: "added", Action.EDIT: "changed", Action.DONE: "done", Action.REOPEN: "open again", Action.DELETE: "deleted"}
_SHORT = 40


def empty(view: View, counts: Counts, words: str = "") -> tuple[str, str]:
    """Heading and sentence for a view without todos, or without any that the words find."""
    if words:
        place = "" if view is View.ALL else f" among those under “{VIEW[view]}”"
        return f"Nothing matches “{short(words)}”", f"Each word has to be in the text{place}."
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


def short(text: str, most: int = _SHORT) -> str:
    """A text as it is quoted within a sentence."""
    line = one_line(text)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def step(done: Step) -> str:
    """What the user did: “Pay rent” done."""
    what = f"“{short(done.text)}”" if done.count == 1 else f"{done.count:,} todos"
    return f"{what} {_STEP[done.action]}"


def undone(taken_back: Step) -> str:
    """What was taken back. Other devices may have left nothing to take back."""
    return (
        f"Undone: {step(taken_back)}"
        if taken_back.count
        else f"“{short(taken_back.text)}” was deleted elsewhere; there is nothing to take back"
    )


def redone(again: Step) -> str:
    """What was done again."""
    return f"Done again: {step(again)}" if again.count else f"“{short(again.text)}” was deleted elsewhere; there is nothing to do again"


_STATE = {State.SYNCED: "Nothing waiting", State.PENDING: "Not sent yet", State.PARKED: "Needs you: the server refused a change"}
_VIA = {Via.LOCAL: "on this device", Via.PUSH: "on this device", Via.LIVE: "on another device", Via.PULL: "on another device"}


def facts(todo: Todo, via: Via | None, here: Callable[[int], datetime]) -> list[str]:
    """What there is to know of a todo besides its text.

    Args:
        via: by which way its last change came; None where that is not known any more.
        here: a time of the program as the user's clock shows it.
    """
    changed = [] if todo.updated_at == todo.created_at and via is None else [f"Changed {_when(here(todo.updated_at))}"]
    origin = [f"Last change {_VIA[via]}"] if via else []
    return [f"Created {_when(here(todo.created_at))}", *changed, *origin, _STATE[todo.state]]


def _when(at: datetime) -> str:
    """Short enough for one line of a narrow pane."""
    return f"{at.day} {at:%b %Y, %H:%M}"
