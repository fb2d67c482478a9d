"""When to tell the user about changes from elsewhere, and in which words. Pure: the clock is passed in."""

from collections.abc import Callable
from dataclasses import dataclass

from devots_desktop.domain.changes import Change, ChangeSet, Op
from devots_desktop.domain.text import one_line

QUIET_S = 0.4
"""A burst is over when nothing came for so long."""
LONGEST_S = 2.0
"""A burst that does not end is told after so long, what follows is the next one."""
NAMED = 3
_TEXT_MOST = 80


@dataclass(frozen=True, slots=True)
class Notification:
    """What to tell: plain text, and how many todos it is about."""

    title: str
    body: str
    count: int


class Bursts:
    """Collects changes from elsewhere, and answers one notification for each burst of them.

    Own changes and their echoes are never told, nor is a list that was read as a whole (a first download).
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start with nothing.

        Args:
            clock: answers monotonic seconds.
        """
        self._clock = clock
        self._latest: dict[str, Change] = {}
        self._first = self._last = 0.0

    def take(self, changes: ChangeSet) -> None:
        """Take what changed. Of one todo the last change counts; one that came and went within a burst is not told."""
        for change in changes.changes:
            if change.from_elsewhere:
                self._take(change)

    def _take(self, change: Change) -> None:
        self._last = self._clock()
        if not self._latest:
            self._first = self._last
        before = self._latest.pop(change.client_id, None)
        if before is not None and before.op is Op.INSERT:
            if change.op is Op.DELETE:
                return
            change = _as_new(change)
        self._latest[change.client_id] = change

    def wait(self) -> float | None:
        """Seconds until `due` may answer something; None while there is nothing to tell."""
        if not self._latest:
            return None
        return max(0.0, min(self._last + QUIET_S, self._first + LONGEST_S) - self._clock())

    def due(self) -> Notification | None:
        """The notification of a burst that is over, once."""
        if self.wait() != 0.0:
            return None
        changes, self._latest = list(self._latest.values()), {}
        return worded(changes)


def worded(changes: list[Change]) -> Notification:
    """The words for these changes, one of each todo: up to three by name, more as a number."""
    count = len(changes)
    if count > NAMED:
        return Notification(f"{count} todos changed", "They were changed on another device.", count)
    if count == 1:
        return Notification(_what(changes[0]), _shown(changes[0].text), 1)
    return Notification(f"{count} todos changed", "\n".join(f"{_what(change)}: {_shown(change.text)}" for change in changes), count)


def without_text(notification: Notification) -> Notification:
    """The same for a screen that others see."""
    count = notification.count
    return Notification(notification.title, "On another device." if count == 1 else "They were changed on another device.", count)


def _what(change: Change) -> str:
    if change.op is Op.INSERT:
        return "New todo"
    if change.op is Op.DELETE:
        return "Todo deleted"
    return "Todo done" if change.completed else "Todo changed"


def _shown(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _TEXT_MOST else line[: _TEXT_MOST - 1] + "…"


def _as_new(change: Change) -> Change:
    """A todo that was added and changed within one burst is a new one."""
    return Change(change.seq, Op.INSERT, change.via, change.key, change.client_id, change.text, change.completed, change.at, change.todo)
