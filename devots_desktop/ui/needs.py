"""What needs the user, as cards: what it is about, why, and what can be done. The page of widgets/needs_you.py shows them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from devots_desktop.domain.mutation import NOT_MADE, Kind, merge
from devots_desktop.domain.question import Choice, Question
from devots_desktop.domain.text import one_line
from devots_desktop.domain.todo import Patch
from devots_desktop.store.conflicts import Conflict
from devots_desktop.store.lists import Lists
from devots_desktop.store.parking import Parked
from devots_desktop.ui import wording

MOST = 200
"""Cards that are shown; of more, the newest."""
_TITLE, _QUOTED = 200, 120


class Act(StrEnum):
    """What can be done about a card."""

    EDIT = "edit"
    RETRY = "retry"
    COPY = "copy"
    DROP = "drop"
    RESTORE = "restore"
    DISMISS = "dismiss"
    REMOVE = Choice.REMOVE.value
    PUT_BACK = Choice.PUT_BACK.value
    LEAVE = Choice.LEAVE.value


class Card(NamedTuple):
    """One thing to decide.

    Attributes:
        about: the todo's client_id; of a value that lost, its number; of the question, nothing.
        text: the whole text, for copying and editing.
        said: sentences, the reason last.
        acts: what can be done, and the word on its button.
    """

    about: str | int | None
    title: str
    text: str
    said: tuple[str, ...]
    acts: tuple[tuple[Act, str], ...]


def cards(lists: Lists, here: Callable[[int], datetime]) -> list[Card]:
    """All that an account has to decide: the question first, then changes, then rows, the newest first of each.

    Args:
        here: a time of the program as the user's clock shows it.

    Raises:
        CacheUnusable: the cache cannot be read.
    """
    question, by_todo = lists.question(), dict[str, list[Parked]]()
    for each in lists.parked():
        by_todo.setdefault(each.mutation.client_id, []).append(each)
    found = [_of_question(question, here)] if question else []
    found += [_of_parked(changes[::-1], lists) for changes in list(by_todo.values())[:MOST]]
    return found + [_of_row(conflict, here) for conflict in lists.lost_rows()[:MOST]]


def _of_question(question: Question, here: Callable[[int], datetime]) -> Card:
    title = f"The server no longer has {question.missing:,} of your {question.shown:,} todos"
    said = f"This was noticed on {wording.when(here(question.at))}. They stay in the list, marked, until you decide."
    # The first gets the focus: it changes nothing.
    acts = ((Act.LEAVE, "Leave as they are"), (Act.PUT_BACK, "Put back on the server"), (Act.REMOVE, "Remove here"))
    return Card(None, title, title, (said,), acts)


def _of_parked(changes: Sequence[Parked], lists: Lists) -> Card:
    """Of the changes of one todo, oldest first."""
    client_id = changes[0].mutation.client_id
    todo = next(iter(lists.by_prefix(client_id)), None)
    mutations = [each.mutation for each in changes]
    wanted = merge({}, mutations)
    seen = next((mutation.base["text"] for mutation in mutations if "text" in mutation.base), "")
    text = todo.text if todo else str(wanted.get("text") or seen)
    kinds = {mutation.kind for mutation in mutations}
    gone = any(each.gone for each in changes)
    title = wording.short(str(seen or text), _TITLE) or "A todo that is gone"
    acts = [(Act.EDIT, "Edit…")] if todo and Kind.DELETE not in kinds else []
    acts += [(Act.RETRY, "Restore as new" if gone else "Retry"), (Act.COPY, "Copy"), (Act.DROP, "Drop")]
    return Card(client_id, title, text, (_wanted(kinds, wanted), _reason(changes)), tuple(acts))


def _wanted(kinds: set[Kind], values: Patch) -> str:
    """What the user wanted, as a sentence."""
    if Kind.DELETE in kinds:
        parts = ["delete it"]
    elif Kind.CREATE in kinds:
        parts = ["add it"]
    else:
        parts = [f"change the text to “{wording.short(str(values['text']), _QUOTED)}”"] if "text" in values else []
        parts += ["mark it as done" if values["completed"] else "open it again"] if "completed" in values else []
    return f"You wanted to {' and '.join(parts)}."


def _reason(changes: Sequence[Parked]) -> str:
    """Why, each reason once; that the todo itself was not accepted says less than why."""
    reasons = list(dict.fromkeys(one_line(each.reason) for each in changes))
    return " ".join([each for each in reasons if each != NOT_MADE] or reasons)


def _of_row(conflict: Conflict, here: Callable[[int], datetime]) -> Card:
    text = conflict.text or ""
    said = f"It is not in the list any more. This form of it was overruled on {wording.when(here(conflict.at))}."
    acts = ((Act.RESTORE, "Restore as new"), (Act.COPY, "Copy"), (Act.DISMISS, "Leave deleted"))
    return Card(conflict.number, wording.short(text, _TITLE), text, (said,), acts)
