"""Which profile and account a command means, and which todos."""

import os
from argparse import Namespace
from pathlib import Path

from devots_desktop.cli.output import plain
from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import AccountUnusable, UnknownTodo
from devots_desktop.domain.todo import Todo
from devots_desktop.store.lists import Lists
from devots_desktop.store.profile import Profile, default_folder

SHORTEST_ID = 4
"""Characters of an id that are taken for it at least (product.md)."""
_SEE_IDS = "`devots list` shows the ids."


def open_profile(arguments: Namespace) -> Profile:
    """The profile of `--profile`, else of DEVOTS_PROFILE, else the platform's own. Raises ProfileUnusable."""
    return Profile(Path(arguments.profile) if arguments.profile else default_folder(os.environ))


def chosen(profile: Profile, name: str | None) -> Account:
    """The account of this name, else the current one.

    Raises:
        AccountUnusable: there is none of this name.
        ProfileUnusable: the list of accounts cannot be read.
    """
    if name is None:
        return profile.current()
    for account in profile.accounts():
        if account.name == name:
            return account
    raise AccountUnusable(
        "No such account", f"No account here is named {plain(name)!r}.", "`devots accounts` shows them; write the whole name."
    )


def find(lists: Lists, prefix: str) -> Todo:
    """The todo whose id starts so.

    Raises:
        UnknownTodo: none does, or several do, or the prefix is too short to be meant.
    """
    wanted = prefix.lower()
    if len(wanted) < SHORTEST_ID:
        raise UnknownTodo("Id too short", f"{plain(prefix)!r} has fewer than {SHORTEST_ID} characters.", _SEE_IDS)
    found = lists.by_prefix(wanted) if set(wanted) <= set("0123456789abcdef-") else []
    if not found:
        raise UnknownTodo("No such todo", f"No todo in this account has an id that starts with {plain(prefix)!r}.", _SEE_IDS)
    if len(found) > 1:
        raise UnknownTodo(
            "Which todo?",
            f"More than one id starts with {plain(prefix)!r}: {' and '.join(todo.client_id for todo in found)}.",
            "Write more of it.",
        )
    return found[0]
