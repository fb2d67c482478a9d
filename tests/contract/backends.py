"""The places for todos that the contract is held against: each gives remotes for people, and a stranger who writes without knowing of sync."""

import secrets
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from devots_desktop.domain.todo import Patch
from devots_desktop.remote.base import Remote
from devots_desktop.remote.memory import MemoryRemote, MemoryServer
from devots_desktop.remote.memory.server import Transaction
from devots_desktop.services.account import now
from tests.servers.managed import DESKTOP, Managed, Person
from tests.servers.postgres import SUPERUSER

FORBIDDEN = "forbidden"
"""A text that begins so is refused by a rule of the server's owner."""


class Elsewhere(Protocol):
    """A transaction of somebody else, who works on the table directly. Its place among the transactions is that of its making."""

    def add(self, user_id: str, client_id: str, text: str) -> object: ...
    def edit(self, user_id: str, client_id: str, patch: Patch) -> object: ...
    def delete(self, user_id: str, client_id: str) -> object: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...


class Backend(Protocol):
    """A server with people."""

    def person(self, name: str) -> str:
        """A new person's user_id."""
        ...

    def remote(self, user_id: str) -> Remote:
        """A signed-in device of theirs."""
        ...

    def nowhere(self, user_id: str) -> Remote:
        """As `remote`, but nobody answers at the address."""
        ...

    def elsewhere(self) -> Elsewhere:
        """Begin a transaction. Whoever begins one ends it."""
        ...

    def sign_out(self, user_id: str) -> None:
        """End the person's session at the server."""
        ...

    def cut(self) -> None:
        """Cut all connections of devices."""
        ...


class MemoryBackend:
    """A MemoryServer."""

    def __init__(self) -> None:
        self.server = MemoryServer(now, forbidden=lambda text: text.startswith(FORBIDDEN))
        self._remotes: list[MemoryRemote] = []

    def person(self, name: str) -> str:
        self.server.sessions[f"token of {name}"] = name
        return name

    def remote(self, user_id: str) -> Remote:
        self._remotes.append(MemoryRemote(self.server, f"token of {user_id}"))
        return self._remotes[-1]

    def nowhere(self, user_id: str) -> Remote:
        return MemoryRemote(MemoryServer(now, up=False), f"token of {user_id}")

    def elsewhere(self) -> Transaction:
        return self.server.begin()

    def sign_out(self, user_id: str) -> None:
        del self.server.sessions[f"token of {user_id}"]

    def cut(self) -> None:
        for remote in self._remotes:
            remote.cut()


class _Portal:
    """A transaction of the tables' owner, as the portal's server writes."""

    def __init__(self, managed: Managed) -> None:
        self._connection = managed.database.connect(autocommit=False)
        # Takes its number now, as a transaction does that has written something else before.
        self._connection.execute("select pg_current_xact_id()")

    def add(self, user_id: str, client_id: str, text: str) -> None:
        self._connection.execute("insert into todo(user_id, client_id, text) values (%s, %s, %s)", [user_id, client_id, text])

    def edit(self, user_id: str, client_id: str, patch: Patch) -> None:
        for name, value in patch.items():
            query = {"text": "update todo set text = %s", "completed": "update todo set completed = %s"}[name]
            self._connection.execute(f"{query} where user_id = %s and client_id = %s", [value, user_id, client_id])

    def delete(self, user_id: str, client_id: str) -> None:
        self._connection.execute("delete from todo where user_id = %s and client_id = %s", [user_id, client_id])

    def commit(self) -> None:
        self._connection.commit()
        self._connection.close()

    def rollback(self) -> None:
        self._connection.rollback()
        self._connection.close()


class PostgresBackend:
    """A database that our migrations have run on."""

    def __init__(self, managed: Managed) -> None:
        self._managed = managed
        self._people: dict[str, Person] = {}
        with managed.owner() as owner:
            owner.execute(f"alter table todo add constraint of_the_owner check (text not like '{FORBIDDEN}%')")

    def person(self, name: str) -> str:
        person = self._managed.add_person(name)
        self._people[person.user_id] = person
        return person.user_id

    def remote(self, user_id: str) -> Remote:
        return self._remote(user_id, self._managed.database.server.port)

    def nowhere(self, user_id: str) -> Remote:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return self._remote(user_id, free.getsockname()[1])

    def elsewhere(self) -> _Portal:
        return _Portal(self._managed)

    def sign_out(self, user_id: str) -> None:
        with self._managed.owner() as owner:
            owner.execute("delete from session where user_id = %s", [user_id])

    def cut(self) -> None:
        database = self._managed.database
        with database.server.superuser() as admin:
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and usename not in (%s, 'portal')",
                [database.name, SUPERUSER],
            )

    def _remote(self, user_id: str, port: int) -> Remote:
        from devots_desktop.remote.postgres.address import Address
        from devots_desktop.remote.postgres.remote import PostgresRemote

        database = self._managed.database
        address = Address(database.server.host, port, database.name)
        return PostgresRemote(address, database.server.passwords[DESKTOP], self._people[user_id].token)


@contextmanager
def ended(transaction: Elsewhere) -> Iterator[Elsewhere]:
    """Commit at the end."""
    try:
        yield transaction
    except BaseException:
        transaction.rollback()
        raise
    transaction.commit()


def new_id() -> str:
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
