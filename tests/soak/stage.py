"""An account of each kind, and how they are read: what everything here stands on."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from devots_desktop.domain.account import Account, AccountKind, SecretStore
from devots_desktop.domain.mutation import Mutation, Outcome
from devots_desktop.domain.todo import Todo
from devots_desktop.remote.memory.server import MemoryServer
from devots_desktop.services.account import OpenAccount, now
from devots_desktop.store import edits
from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import Lists, View
from devots_desktop.store.profile import Profile
from devots_desktop.sync import apply

ME = "ada"
SERVER = Account("a1", AccountKind.POSTGRES, "ada · db.example.org", "ada@example.org", ME, secrets=SecretStore.MEMORY)
Content = dict[str, tuple[str, bool]]
"""Text and mark by client_id."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two kinds of account: alone on this computer, or with an outbox for a server that is away."""

    syncs: bool

    def profile(self, folder: Path) -> Profile:
        profile = Profile(folder)
        if self.syncs:
            profile.put(SERVER)
        return profile

    def open(self, folder: Path) -> OpenAccount:
        """Open the account as the program does, a damaged list being rebuilt."""
        profile = self.profile(folder)
        return OpenAccount(profile, profile.current(), clock=now)

    def file(self, folder: Path) -> Path:
        profile = self.profile(folder)
        return profile.cache_path(profile.current())


@contextmanager
def repeatable(chance: random.Random) -> Iterator[None]:
    """Make what is made here the same in each run of a seed, to the byte: ids come from `chance`."""
    with patch("uuid.uuid4", lambda: uuid.UUID(int=chance.getrandbits(128), version=4)):
        yield


def close(opened: OpenAccount) -> None:
    opened.lists.close()
    opened.cache.close()


def todos(lists: Lists) -> list[Todo]:
    """All rows, as the screen reads them. Raises CacheUnusable."""
    keys = lists.keys(View.ALL)
    return [todo for start in range(0, len(keys), 64) for todo in lists.todos(keys[start : start + 64]).values()]


def content(lists: Lists) -> Content:
    return {todo.client_id: (todo.text, todo.completed) for todo in todos(lists)}


def one_edit(cache: Cache, chance: random.Random, known: Content, number: int) -> None:
    """Something that a user does, and the same in `known`."""
    client_id = chance.choice(sorted(known)) if known else ""
    what = chance.random()
    if what < 0.5 or not client_id:
        text = f"todo {number} " + "and more " * chance.randint(0, 9)
        known[edits.add(cache, text.strip())] = (text.strip(), False)
    elif what < 0.7:
        edits.edit(cache, client_id, {"text": f"edited {number}"})
        known[client_id] = (f"edited {number}", known[client_id][1])
    elif what < 0.9:
        completed = not known[client_id][1]
        edits.edit(cache, client_id, {"completed": completed})
        known[client_id] = (known[client_id][0], completed)
    else:
        edits.delete(cache, client_id)
        del known[client_id]


def waiting(cache: Cache) -> list[Mutation]:
    """What would be sent. Raises CacheUnusable."""
    return apply.take(cache, 1_000_000)


def delivered(mutations: list[Mutation]) -> Content:
    """What a server that knows nothing has after these mutations; each is applied, none twice."""
    server = MemoryServer(now)
    server.sessions[ME] = ME
    for mutation in mutations:
        [answer] = server.push(ME, [mutation])
        assert answer.outcome in (Outcome.APPLIED, Outcome.GONE), answer
        assert not answer.duplicate
    page = server.pull(ME, 0, None, 1_000_000)
    return {row.client_id: (row.text, row.completed) for row in page.rows if not row.deleted}
