"""What the program has to tell a person besides answers: a list that the window shows until it is read, and that a command prints."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from devots_desktop.services.hub import Hub

if TYPE_CHECKING:
    from devots_desktop.domain.question import Question
    from devots_desktop.store.recovery import Rescue


class Notice(NamedTuple):
    """Something that happened, as people are told. Plain text; it may name a file, never a todo's text.

    Attributes:
        title: a few words without a full stop.
        sentence: what happened.
        next_step: what the person can do, or that nothing needs to be done.
    """

    title: str
    sentence: str
    next_step: str = ""

    def __str__(self) -> str:
        return f"{self.title}: {self.sentence} {self.next_step}".rstrip()


class Notices:
    """The notices that nobody has dismissed, oldest first.

    Attributes:
        added: tells each new one, on the loop's thread.
    """

    def __init__(self) -> None:
        self.added: Hub[Notice] = Hub()
        self._all: list[Notice] = []

    def all(self) -> tuple[Notice, ...]:
        """Those that nobody has dismissed."""
        return tuple(self._all)

    def add(self, notice: Notice) -> None:
        """Tell this, unless it is being told already."""
        if notice not in self._all:
            self._all.append(notice)
            self.added.publish(notice)

    def dismiss(self, notice: Notice) -> None:
        """The person has read it."""
        if notice in self._all:
            self._all.remove(notice)


def unclean_end() -> Notice:
    """An earlier run did not end by itself."""
    return Notice(
        "Ended unexpectedly",
        "Devots was ended the last time before it could close its files.",
        "Nothing that was saved is lost; the list is being looked through.",
    )


def on_network(account: str, folder: Path) -> Notice:
    """The list lies on another computer's disk."""
    return Notice(
        "List on a network drive",
        f"The list of “{account}” lies on a network drive, in {folder}. It works, if more slowly.",
        "Open it on one computer at a time, or keep it on this one with --profile.",
    )


def missing(account: str, question: "Question") -> Notice:
    """A server has lost many todos that are still here."""
    return Notice(
        "Todos missing on the server",
        f"The server of “{account}” no longer has {question.missing:,} of {question.shown:,} todos.",
        "They stay here, marked, until you decide: see “Needs you”, or `devots missing`.",
    )


def rescued(account: str, rescue: "Rescue", *, syncs: bool) -> Notice:
    """What a rebuild of an account's cache saved and did not save."""
    from datetime import datetime

    saved = [_count(rescue.todos, "todo")] + [_count(rescue.changes, "waiting change")] * bool(rescue.changes)
    lost = [_count(rescue.lost_todos, "todo")] * bool(rescue.lost_todos and not syncs)
    lost += [_count(rescue.lost_changes, "waiting change")] * bool(rescue.lost_changes)
    parts = [f"The file of “{account}” was damaged. It was set aside and the list rebuilt with {' and '.join(saved)}."]
    if rescue.from_backup:
        at = datetime.fromtimestamp(rescue.backup_at / 1e6).astimezone()
        parts.append(
            f"{_count(rescue.from_backup, 'of them came', 'of them came')} from the backup of {at:%d %B %Y, %H:%M}, and may be older."
        )
    if not (rescue.todos or rescue.changes or lost):
        parts.append("Nothing in it could be read.")
    else:
        parts.append(f"{' and '.join(lost)} could not be saved." if lost else "Nothing is known to be missing.")
    parts.append("What was done before cannot be undone any more.")
    if syncs:
        parts.append("Everything else comes from the server again.")
    return Notice("List rebuilt", " ".join(parts), f"The damaged file is in {rescue.folder}. Check the disk: a sound one does not do this.")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
