"""How todos, changes and accounts look: as JSON, where the forms are a contract with scripts, and for people."""

import time
from typing import TYPE_CHECKING, Any

from devots_desktop import __version__
from devots_desktop.cli.output import Colour, Output, plain
from devots_desktop.domain.changes import Change, Op, Via
from devots_desktop.domain.search import marks
from devots_desktop.domain.steps import Action, Step
from devots_desktop.domain.times import to_iso
from devots_desktop.domain.todo import WHOLE, State, Todo, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devots_desktop.domain.account import Account
    from devots_desktop.domain.finding import Finding, Level
    from devots_desktop.domain.question import Question
    from devots_desktop.store.conflicts import Conflict
    from devots_desktop.store.parking import Parked
    from devots_desktop.sync.engine import SyncReport

Form = dict[str, Any]

SHOWN_ID = 8
"""Characters of an id that people see: enough to be unique among many thousands, and to be taken where it is."""

_STATE_COLOURS = {State.PENDING: Colour.PENDING, State.PARKED: Colour.PARKED}
_ACTIONS = {Action.ADD: "added", Action.EDIT: "changed", Action.DONE: "done", Action.REOPEN: "reopened", Action.DELETE: "deleted"}
_OPS = {Op.INSERT: "added", Op.UPDATE: "changed", Op.DELETE: "deleted"}


def todo_form(todo: Todo) -> Form:
    """A todo as JSON."""
    return {
        "id": todo.client_id,
        "text": todo.text,
        "completed": todo.completed,
        "created_at": to_iso(todo.created_at),
        "updated_at": to_iso(todo.updated_at),
        "state": todo.state,
        "conflicts": todo.conflicts,
    }


def change_form(change: Change) -> Form:
    """A change as JSON, a line of `watch`."""
    return {
        "op": change.op,
        "via": _via(change),
        "id": change.client_id,
        "text": change.text,
        "completed": change.completed,
        "at": to_iso(change.at),
    }


def parked_form(parked: "Parked") -> Form:
    """A parked change as JSON."""
    mutation = parked.mutation
    return {
        "id": mutation.mutation_id,
        "todo": mutation.client_id,
        "kind": mutation.kind,
        "text": _parked_text(parked),
        "reason": parked.reason,
        "at": to_iso(parked.at),
    }


def conflict_id(conflict: "Conflict") -> str:
    """What a value that lost is called: its todo's id and its number."""
    return f"{conflict.client_id}.{conflict.number}"


def conflict_form(conflict: "Conflict") -> Form:
    """A value that lost, as JSON. Of a todo that a delete took with it, `field` is "todo" and `lost` has all its fields."""
    whole = conflict.won is None
    name, value = (WHOLE, conflict.lost) if whole else next(iter(conflict.lost.items()))
    return {
        "id": conflict_id(conflict),
        "todo": conflict.client_id,
        "field": name,
        "lost": value,
        "won": conflict.won,
        "at": to_iso(conflict.at),
    }


def question_form(question: "Question") -> Form:
    """The question about todos that the server does not have any more, as JSON."""
    return {"missing": question.missing, "shown": question.shown, "at": to_iso(question.at)}


def account_form(account: "Account", *, current: bool) -> Form:
    """An account as JSON."""
    return {
        "name": account.name,
        "kind": account.kind,
        "email": account.email,
        "host": account.host,
        "current": current,
    }


def report_form(report: "SyncReport") -> Form:
    """What `sync --once` answers."""
    return {
        "state": report.live,
        "pushed": report.pushed,
        "pulled": report.pulled,
        "pending": report.pending,
        "parked": report.parked,
    }


def examination_form(account: "Account", found: "Sequence[Finding]", state: "Level", repaired: "Sequence[str]") -> Form:
    """What `doctor` answers: it can be sent around, so that it names neither person nor server."""
    return {
        "version": __version__,
        "account": account.account_id,
        "kind": account.kind,
        "state": state,
        "repaired": list(repaired),
        "findings": [
            {
                "check": each.check,
                "state": each.level,
                "sentence": each.sentence,
                "next_step": each.next_step,
                "repairable": each.mends,
                "ids": list(each.ids),
            }
            for each in found
        ],
    }


def step_form(step: Step) -> Form:
    """What was undone or redone, as JSON."""
    return {"action": step.action, "text": step.text, "count": step.count}


def todo_line(output: Output, todo: Todo, *, note: str = "", words: str = "") -> str:
    """A todo on a line for people.

    Args:
        note: what was done to it, where its state does not say so.
        words: what was searched for, to be marked.
    """
    notes = [note] if note else []
    notes += [str(todo.state)] if todo.state is not State.SYNCED else []
    notes += ["not on the server"] if todo.missing else []
    notes += ["conflict"] if todo.conflicts else []
    behind = f"  [{', '.join(notes)}]" if notes else ""
    text = output.fit(plain(todo.text), taken=14 + len(behind))
    colour = _STATE_COLOURS.get(todo.state, Colour.FAINT)
    return _row(output, todo.client_id, text, completed=todo.completed, words=words) + output.paint(behind, colour)


def change_line(output: Output, change: Change) -> str:
    """A change on a line for people, with the time of day here."""
    clock = time.strftime("%H:%M:%S", time.localtime(change.at / 1_000_000))
    before = f"{clock}  {_via(change):<5}  {_OPS[change.op]:<7}  "
    text = output.fit(plain(change.text), taken=len(before) + 14)
    return output.paint(before, Colour.FAINT) + _row(output, change.client_id, text, completed=change.completed)


def parked_line(output: Output, parked: "Parked") -> str:
    """A parked change on two lines: what it was, and why the server refused it."""
    first = f"{parked.mutation.client_id[:SHOWN_ID]}  {parked.mutation.kind:<6}  "
    return f"{first}{output.fit(plain(_parked_text(parked)), len(first))}\n{'':10}{output.paint(plain(parked.reason), Colour.PARKED)}"


def parked_lines(output: Output, parked: "Parked") -> list[str]:
    """All there is to know of a parked change, for people."""
    mutation, lines = parked.mutation, [parked_line(output, parked)]
    for name, value in mutation.values.items():
        seen = f"{_said(mutation.base[name])} -> " if name in mutation.base else ""
        lines.append(f"{'':10}{name}: {seen}{_said(value)}")
    return [*lines, f"{'':10}{output.paint(_moment(parked.at), Colour.FAINT)}"]


def conflict_lines(output: Output, conflict: "Conflict") -> str:
    """A value that lost on two lines: what it is, and what it lost to."""
    first = f"{conflict.client_id[:SHOWN_ID]}.{conflict.number}  "
    lost = _said(conflict.lost.get("text", conflict.lost.get("completed", "")))
    won = "to a delete" if conflict.won is None else f"to {_said(conflict.won)}"
    behind = output.paint(f"lost {won}, {_moment(conflict.at)}", Colour.FAINT)
    return f"{first}{output.fit(lost, len(first))}\n{'':{len(first)}}{behind}"


def question_line(question: "Question") -> str:
    """What is asked about todos that the server does not have any more."""
    return f"The server no longer has {question.missing:,} of your {question.shown:,} todos, since {_moment(question.at)}."


def account_line(account: "Account", *, current: bool) -> str:
    """An account on a line for people."""
    return f"{'*' if current else ' '} {plain(account.name)}  ({account.kind})"


def step_line(output: Output, verb: str, step: Step) -> str:
    """What was undone or redone, on a line for people."""
    others = f"  [and {step.count - 1} more]" if step.count > 1 else ""
    before = f"{verb}: {_ACTIONS[step.action]}  "
    return before + output.fit(plain(step.text), taken=len(before) + len(others)) + output.paint(others, Colour.FAINT)


def _row(output: Output, client_id: str, text: str, *, completed: bool, words: str = "") -> str:
    """Mark, id and text: ASCII beside the text, so that it reads on every terminal."""
    colour, shown, last = Colour.FAINT if completed else None, "", 0
    for start, end in marks(text, words):
        shown += output.paint(text[last:start], colour) + output.paint(text[start:end], Colour.MARK)
        last = end
    shown += output.paint(text[last:], colour)
    return f"{'(x)' if completed else '( )'} {output.paint(client_id[:SHOWN_ID], Colour.FAINT)}  {shown}"


def _via(change: Change) -> Via:
    """Of a change that the server's answer brought (it refused a delete, and the todo is back): as if it were told, which it is."""
    return Via.LIVE if change.via is Via.PUSH else change.via


def _said(value: Value) -> str:
    """A field's value on one line."""
    return plain(value) if isinstance(value, str) else "done" if value else "open"


def _moment(at: int) -> str:
    """A time here."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at / 1_000_000))


def _parked_text(parked: "Parked") -> str:
    mutation = parked.mutation
    return str(mutation.values.get("text") or mutation.base.get("text") or "")
