"""Real accounts in a folder of their own, for the tests of the window."""

from collections.abc import Callable
from pathlib import Path

from devots_desktop.domain.account import Account, AccountKind, SecretStore
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.store import edits, rows
from devots_desktop.store.profile import Profile

PORTAL = Account("a2", AccountKind.PORTAL, "ada@example.org · todos.example.org", "ada@example.org", "u1", secrets=SecretStore.MEMORY)
SERVER = Account("a1", AccountKind.POSTGRES, "ada@example.org · db.example.org", "ada@example.org", "u1", secrets=SecretStore.MEMORY)


class Clock:
    """One second later each time."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        self.now += 1_000_000
        return self.now


class Place:
    """An open account whose changes are made here and told as ChangeSets."""

    def __init__(self, folder: Path, *, server: bool = False, account: Account = SERVER, clock: Callable[[], int] | None = None) -> None:
        self.profile = Profile(folder)
        if server:
            self.profile.put(account)
        self.accounts = Accounts(self.profile, clock=clock or Clock())
        self.opened: OpenAccount = self.accounts.open(self.accounts.current())
        self.cache = self.opened.cache
        self.lists = self.opened.lists

    def add(self, *texts: str) -> list[str]:
        return [edits.add(self.cache, text) for text in texts]

    def edit(self, client_id: str, text: str) -> None:
        edits.edit(self.cache, client_id, {"text": text})

    def complete(self, client_id: str, *, completed: bool = True) -> None:
        edits.edit(self.cache, client_id, {"completed": completed})

    def delete(self, client_id: str) -> None:
        edits.delete(self.cache, client_id)

    def sql(self, statement: str, *values: object) -> None:
        with self.cache.transaction() as db:
            db.execute(statement, values)
            if "RENAME" not in statement:
                rows.stamp(db)

    def news(self) -> ChangeSet:
        return self.cache.news()

    def close(self) -> None:
        self.lists.close()
        self.cache.close()
