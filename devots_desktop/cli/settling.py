"""The commands on what needs the user: parked, conflicts, missing."""

from argparse import Namespace
from collections.abc import Callable

from devots_desktop.cli import forms
from devots_desktop.cli.at_once import at_once, here
from devots_desktop.cli.opening import SHORTEST_ID
from devots_desktop.cli.output import Output, message, plain
from devots_desktop.domain.errors import DevotsError, UnknownTodo
from devots_desktop.domain.question import Choice
from devots_desktop.domain.todo import Todo
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.settling import Settling
from devots_desktop.services.todos import Todos
from devots_desktop.store.conflicts import Conflict
from devots_desktop.store.lists import Lists
from devots_desktop.store.parking import Parked


def run(opened: OpenAccount, arguments: Namespace, tell: Callable[[], None], output: Output) -> None:
    """Run one of these commands.

    Args:
        tell: tells an open window and the server, once something was changed.

    Raises:
        DevotsError: nothing answers to the id, or the cache cannot be used.
    """
    match arguments.command, arguments.verb:
        case "parked", None:
            _list_parked(opened.lists, output)
        case "parked", "show":
            _show(opened.lists, arguments.id, output)
        case "parked", verb:
            _settle(opened, verb, arguments.id, tell, output)
        case "conflicts", None:
            _list_conflicts(opened.lists, output)
        case "conflicts", _:
            _restore(opened, arguments.id, tell, output)
        case _, None:
            _ask(opened.lists, output)
        case _, verb:
            _answer(opened, Choice(verb), tell, output)


# Parked changes --------------------------------------------------------------------------------------------------------------


def _list_parked(lists: Lists, output: Output) -> None:
    parked = lists.parked()
    if output.as_json:
        output.array(map(forms.parked_form, parked))
    elif not output.lines(forms.parked_line(output, each) for each in parked):
        message("Nothing is parked: the server refused nothing.")


def _show(lists: Lists, prefix: str, output: Output) -> None:
    found = _parked(lists, prefix)
    if output.as_json:
        output.value(forms.parked_form(found[0]) | {"values": found[0].mutation.values, "seen": found[0].mutation.base})
    else:
        output.lines(line for each in found for line in forms.parked_lines(output, each))


def _settle(opened: OpenAccount, verb: str, prefix: str, tell: Callable[[], None], output: Output) -> None:
    """Retry or drop all that is parked of a todo: its changes lie upon each other."""
    found = _parked(opened.lists, prefix)
    client_id = found[0].mutation.client_id
    before = opened.lists.by_prefix(client_id)
    settling = Settling(opened.cache, here, opened.changes.publish)
    at_once(settling.retry(client_id) if verb == "retry" else settling.drop(client_id))
    tell()
    _tell_todo(opened.lists, client_id, before, "dropped" if verb == "drop" else "", output)


def _parked(lists: Lists, prefix: str) -> list[Parked]:
    """What is parked of the todo whose id, or the id of a change of it, starts so; the change that is meant comes first."""
    wanted = _checked(prefix)
    parked = lists.parked()
    found = [each for each in parked if each.mutation.client_id.startswith(wanted) or each.mutation.mutation_id.startswith(wanted)]
    _refuse_unless_one({each.mutation.client_id for each in found}, prefix, "No change that is parked", "`devots parked` shows the ids.")
    return found + [each for each in parked if each.mutation.client_id == found[0].mutation.client_id and each not in found]


# Values that lost ------------------------------------------------------------------------------------------------------------


def _list_conflicts(lists: Lists, output: Output) -> None:
    conflicts = lists.conflicts()
    if output.as_json:
        output.array(map(forms.conflict_form, conflicts))
    elif not output.lines(forms.conflict_lines(output, each) for each in conflicts):
        message("No value was overruled that could be restored.")


def _restore(opened: OpenAccount, prefix: str, tell: Callable[[], None], output: Output) -> None:
    conflict = _conflict(opened.lists, prefix)
    at_once(Settling(opened.cache, here, opened.changes.publish).restore(conflict.number))
    tell()
    _tell_todo(opened.lists, conflict.client_id, [], "restored", output)


def _conflict(lists: Lists, prefix: str) -> Conflict:
    """The value of this id: the todo's id or its beginning, and the value's number where the todo has several."""
    start, _, number = prefix.partition(".")
    wanted = _checked(start)
    found = [each for each in lists.conflicts() if each.client_id.startswith(wanted) and number in ("", str(each.number))]
    ids = {forms.conflict_id(each) for each in found}
    _refuse_unless_one(ids, prefix, "No overruled value", "`devots conflicts` shows the ids.")
    return found[0]


# The question about todos that the server does not have any more -------------------------------------------------------------


def _ask(lists: Lists, output: Output) -> None:
    question = lists.question()
    if output.as_json:
        output.value(forms.question_form(question) if question else None)
    elif question:
        output.line(forms.question_line(question))
        message("Decide with `devots missing remove`, `put-back` or `leave`; until then they stay.")
    else:
        message("Nothing is missing on the server.")


def _answer(opened: OpenAccount, choice: Choice, tell: Callable[[], None], output: Output) -> None:
    count = at_once(Todos(opened.cache, here, opened.changes.publish).answer_question(choice))
    if not count:
        raise DevotsError("Nothing to decide", "No todo of this account is missing on the server.", "")
    tell()
    if output.as_json:
        output.value({"choice": choice, "todos": count})
        return
    what = {Choice.REMOVE: "removed here", Choice.PUT_BACK: "put back on the server", Choice.LEAVE: "left as they are"}[choice]
    output.line(f"{count:,} {'todo' if count == 1 else 'todos'} {what}.")


# What they have in common ----------------------------------------------------------------------------------------------------


def _tell_todo(lists: Lists, client_id: str, before: list[Todo], note: str, output: Output) -> None:
    """Show a todo as it is now; one that left the list, as it was."""
    now = lists.by_prefix(client_id)
    for todo in (now or before)[:1]:
        if output.as_json:
            output.value(forms.todo_form(todo))
        else:
            output.line(forms.todo_line(output, todo, note=note if now else "not in the list any more"))
    if not (now or before):
        if output.as_json:
            output.value(None)
        message("Its todo is not in the list.")


def _checked(prefix: str) -> str:
    if len(prefix) < SHORTEST_ID:
        raise UnknownTodo("Id too short", f"{plain(prefix)!r} has fewer than {SHORTEST_ID} characters.", "Write more of it.")
    return prefix.lower()


def _refuse_unless_one(ids: set[str], prefix: str, none: str, see: str) -> None:
    if not ids:
        raise UnknownTodo("Nothing found", f"{none} in this account has an id that starts with {plain(prefix)!r}.", see)
    if len(ids) > 1:
        raise UnknownTodo("Which one?", f"Several start with {plain(prefix)!r}: {' and '.join(sorted(ids))}.", "Write more of it.")
