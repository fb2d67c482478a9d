"""The commands on todos: add, list, search, done, reopen, edit, delete, undo, redo, export, import; those on what needs the user are in settling.py.

They work on the account's cache in this thread and end. asyncio is loaded only where a server is to be told afterwards: its import takes longer
than everything else here.
"""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

from devots_desktop.cli import forms
from devots_desktop.cli.at_once import at_once, here
from devots_desktop.cli.opening import chosen, find, open_profile
from devots_desktop.cli.output import Output, message
from devots_desktop.domain.account import Account, AccountKind
from devots_desktop.domain.errors import CacheUnusable, DevotsError
from devots_desktop.domain.todo import Todo
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.todos import Todos
from devots_desktop.store.lists import Lists, View
from devots_desktop.store.profile import Profile
from devots_desktop.store.sync_lock import SyncLock


def run(arguments: Namespace, output: Output) -> None:
    """Run one of these commands. Raises DevotsError."""
    profile = open_profile(arguments)
    account = chosen(profile, arguments.account)
    with _opened(profile, account) as opened:
        match arguments.command:
            case "list" | "search":
                _list(opened.lists, arguments, output)
            case "parked" | "conflicts" | "missing":
                _settling().run(opened, arguments, lambda: _tell(profile, account), output)
            case "export":
                _transfer().export(opened.lists, arguments, output)
            case "import":
                todos = _transfer().read(arguments.file)
                imported = at_once(Todos(opened.cache, here, opened.changes.publish).bring(todos))
                _tell(profile, account)
                _transfer().show(imported, output)
            case "undo" | "redo":
                _turn(opened, arguments.command, lambda: _tell(profile, account), output)
            case _:
                before = _change(opened, arguments)
                _tell(profile, account)
                _answer(opened.lists, before, arguments.command, output)


@contextmanager
def _opened(profile: Profile, account: Account) -> Iterator[OpenAccount]:
    opened = OpenAccount(profile, account)
    for notice in opened.notices.all():
        message(str(notice))
    try:
        yield opened
    finally:
        opened.lists.close()
        opened.cache.close()


def _transfer() -> ModuleType:
    """What only two commands need."""
    from devots_desktop.cli import transfer

    return transfer


def _settling() -> ModuleType:
    """What only three commands need."""
    from devots_desktop.cli import settling

    return settling


# Reading ---------------------------------------------------------------------------------------------------------------------


def _list(lists: Lists, arguments: Namespace, output: Output) -> None:
    words = " ".join(arguments.words) if arguments.command == "search" else ""
    todos = lists.each(View(arguments.view), words=words, limit=arguments.limit)
    if output.as_json:
        output.array(map(forms.todo_form, todos))
    else:
        empty = not output.lines(forms.todo_line(output, todo, words=words) for todo in todos)
        if empty and not lists.counts().all:
            message("No todos yet. Add one: devots add TEXT")


# Writing ---------------------------------------------------------------------------------------------------------------------


def _change(opened: OpenAccount, arguments: Namespace) -> list[Todo]:
    """Make a change; every id is looked up before the first todo is touched.

    Returns:
        the todos as they were before, a new one as it is now.
    """
    verbs = Todos(opened.cache, here, opened.changes.publish, text_fixed=opened.text_fixed)
    match arguments.command:
        case "add":
            return [find(opened.lists, at_once(verbs.add(arguments.text)))]
        case "edit":
            todo = find(opened.lists, arguments.id)
            at_once(verbs.edit(todo.client_id, arguments.text))
            return [todo]
        case command:
            todos = list({todo.client_id: todo for todo in (find(opened.lists, each) for each in arguments.ids)}.values())
            ids = [todo.client_id for todo in todos]
            at_once(verbs.delete_all(ids) if command == "delete" else verbs.complete_all(ids, completed=command == "done"))
            return todos


def _turn(opened: OpenAccount, command: str, tell: Callable[[], None], output: Output) -> None:
    """Undo or redo, and say what that was."""
    verbs = Todos(opened.cache, here, opened.changes.publish)
    step = at_once(verbs.undo() if command == "undo" else verbs.redo())
    if step is None:
        was = "made" if command == "undo" else "undone"
        raise DevotsError(f"Nothing to {command}", f"No change of this account that was {was} on this device is left to {command}.", "")
    tell()
    if output.as_json:
        output.value(forms.step_form(step))
    else:
        output.line(forms.step_line(output, "Undone" if command == "undo" else "Redone", step))
    if not step.count:
        message("Nothing changed: what it was about has been changed or deleted elsewhere meanwhile.")
    if step.overruled:
        message("It had been changed elsewhere meanwhile: `devots conflicts` shows what was overruled, and restores it.")


def _answer(lists: Lists, before: list[Todo], command: str, output: Output) -> None:
    """Show the todos as they are now; of deleted ones, what they were."""
    now = lists.todos([todo.key for todo in before])
    todos = [now.get(todo.key, todo) for todo in before]
    if not output.as_json:
        output.lines(forms.todo_line(output, todo, note="deleted" if todo.key not in now else "") for todo in todos)
    elif command in ("add", "edit"):
        output.value(forms.todo_form(todos[0]))
    else:
        output.array(map(forms.todo_form, todos))


def _tell(profile: Profile, account: Account) -> None:
    """Tell an open window, and, where no other program syncs the account, its server. The change is stored already: nothing here can undo it."""
    from devots_desktop.services import wake

    wake.ping(profile.folder, wake.CHANGED)
    if account.kind is not AccountKind.COMPUTER and _nobody_syncs(profile, account):
        from devots_desktop.cli import following

        following.push(profile, account)


def _nobody_syncs(profile: Profile, account: Account) -> bool:
    lock = SyncLock(profile.cache_path(account))
    try:
        return lock.acquire()
    except CacheUnusable:
        return True  # Whoever then tries to sync says why that cannot be.
    finally:
        lock.release()
