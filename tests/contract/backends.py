"""The places for todos that the contract is held against: each gives remotes for people, and a stranger who writes without knowing of sync."""

import secrets
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from devots_desktop.domain.todo import Patch
from devots_desktop.remote.base import Remote
from devots_desktop.remote.memory import MemoryRemote, MemoryServer, MemoryTable
from devots_desktop.remote.memory.server import Transaction
from devots_desktop.remote.plain import PlainRemote
from devots_desktop.remote.postgres.migrate import downgrade, upgrade
from devots_desktop.services.account import now
from tests.contract import plain_postgres
from tests.contract.knowing import Keys, KnowingRemote
from tests.servers.managed import DESKTOP, Managed, Person
from tests.servers.postgres import SUPERUSER, Database

FORBIDDEN = "forbidden"
"""A text that begins so is refused by a rule of the server's owner."""


class Elsewhere(Protocol):
    """A transaction of somebody else, who works on the table directly. Its place among the transactions is that of its making."""

    def add(self, user_id: str, client_id: str, text: str) -> object: ...
    def edit(self, user_id: str, client_id: str, patch: Patch) -> object: ...
    def delete(self, user_id: str, client_id: str) -> object: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...


class Web(Protocol):
    """Another program that works on a person's todos by their text, each call committed when it returns."""

    def add(self, user_id: str, text: str) -> None: ...
    def edit(self, user_id: str, text: str, patch: Patch) -> None: ...
    def delete(self, user_id: str, text: str) -> None: ...
    def lose(self, user_id: str) -> None:
        """Come back empty, as from a backup of another time."""
        ...

    def todos(self, user_id: str) -> list[tuple[str, bool]]:
        """Texts and marks, sorted."""
        ...


class Backend(Protocol):
    """A server with people."""

    @property
    def plain(self) -> bool:
        """Whether it has not got our migrations."""
        ...

    @property
    def web(self) -> Web:
        """Somebody else who works on it."""
        ...

    def person(self, name: str) -> str:
        """A new person's user_id."""
        ...

    def connect(self, user_id: str) -> Remote:
        """The remote of a signed-in device of theirs, for the server as it is now."""
        ...

    def remote(self, user_id: str) -> Remote:
        """As `connect`; of a plain server, with what the cache knows."""
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

    def switch(self) -> None:
        """Run our migrations on a plain server; take them back on a managed one."""
        ...


class MemoryBackend:
    """A MemoryServer."""

    def __init__(self, *, plain: bool = False) -> None:
        self.server = MemoryServer(now, forbidden=lambda text: text.startswith(FORBIDDEN), managed=not plain)
        self.web = _MemoryWeb(self.server)
        self._keys: Keys = {}
        self._remotes: list[MemoryRemote | MemoryTable] = []

    @property
    def plain(self) -> bool:
        return not self.server.managed

    def person(self, name: str) -> str:
        self.server.sessions[f"token of {name}"] = name
        return name

    def connect(self, user_id: str) -> Remote:
        return self._connect(self.server, user_id)

    def remote(self, user_id: str) -> Remote:
        return KnowingRemote(self.connect(user_id), self._keys) if self.plain else self.connect(user_id)

    def nowhere(self, user_id: str) -> Remote:
        return self._connect(MemoryServer(now, up=False, managed=not self.plain), user_id)

    def elsewhere(self) -> "Transaction | _MemoryElsewhere":
        return _MemoryElsewhere(self.server, self._keys) if self.plain else self.server.begin()

    def sign_out(self, user_id: str) -> None:
        del self.server.sessions[f"token of {user_id}"]

    def cut(self) -> None:
        for remote in self._remotes:
            remote.cut()

    def switch(self) -> None:
        self.server.upgrade() if self.plain else self.server.downgrade()

    def _connect(self, server: MemoryServer, user_id: str) -> Remote:
        if server.managed:
            remote = MemoryRemote(server, f"token of {user_id}")
            self._remotes.append(remote)
            return remote
        table = MemoryTable(server, f"token of {user_id}")
        self._remotes.append(table)
        return PlainRemote(table)


class _MemoryElsewhere:
    """A transaction on a plain server, where a client_id is what the contract calls a row."""

    def __init__(self, server: MemoryServer, keys: Keys) -> None:
        self._server, self._transaction, self._keys = server, server.begin(), keys

    def add(self, user_id: str, client_id: str, text: str) -> None:
        self._keys[client_id] = self._transaction.add(user_id, client_id, text).server_id

    def edit(self, user_id: str, client_id: str, patch: Patch) -> None:
        self._transaction.edit(user_id, self._row(user_id, client_id), patch)

    def delete(self, user_id: str, client_id: str) -> None:
        self._transaction.delete(user_id, self._row(user_id, client_id))

    def commit(self) -> None:
        self._transaction.commit()

    def rollback(self) -> None:
        self._transaction.rollback()

    def _row(self, user_id: str, client_id: str) -> str:
        rows = self._server.todos(user_id).items()
        return next((key for key, row in rows if row.server_id == self._keys[client_id]), "")


class _MemoryWeb:
    def __init__(self, server: MemoryServer) -> None:
        self._server = server

    def add(self, user_id: str, text: str) -> None:
        self._write(lambda writes: writes.add(user_id, new_id(), text))

    def edit(self, user_id: str, text: str, patch: Patch) -> None:
        self._write(lambda writes: writes.edit(user_id, self._key(user_id, text), patch))

    def delete(self, user_id: str, text: str) -> None:
        self._write(lambda writes: writes.delete(user_id, self._key(user_id, text)))

    def lose(self, user_id: str) -> None:
        self._server.truncate()

    def todos(self, user_id: str) -> list[tuple[str, bool]]:
        return sorted((row.text, row.completed) for row in self._server.todos(user_id).values())

    def _key(self, user_id: str, text: str) -> str:
        [key] = [key for key, row in self._server.todos(user_id).items() if row.text == text]
        return key

    def _write(self, write: Callable[[Transaction], object]) -> None:
        transaction = self._server.begin()
        write(transaction)
        transaction.commit()


class Portal:
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


class PostgresWeb:
    """The tables' owner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, user_id: str, text: str) -> None:
        self._do("insert into todo(user_id, text) values (%s, %s)", user_id, text)

    def edit(self, user_id: str, text: str, patch: Patch) -> None:
        for name, value in patch.items():
            self._do(f"update todo set {name} = %s where user_id = %s and text = %s", value, user_id, text)

    def delete(self, user_id: str, text: str) -> None:
        self._do("delete from todo where user_id = %s and text = %s", user_id, text)

    def lose(self, user_id: str) -> None:
        self._do("truncate todo")

    def todos(self, user_id: str) -> list[tuple[str, bool]]:
        with self._database.connect() as owner:
            return sorted(owner.execute("select text, completed from todo where user_id = %s", [user_id]).fetchall())

    def _do(self, query: str, *values: object) -> None:
        with self._database.connect() as owner:
            owner.execute(query.encode(), values)


class PostgresBackend:
    """A database that our migrations have run on."""

    plain = False

    def __init__(self, managed: Managed) -> None:
        self._managed = managed
        self.web = PostgresWeb(managed.database)
        self._people: dict[str, Person] = {}
        with managed.owner() as owner:
            owner.execute(f"alter table todo add constraint of_the_owner check (text not like '{FORBIDDEN}%')")

    def person(self, name: str) -> str:
        person = self._managed.add_person(name)
        self._people[person.user_id] = person
        return person.user_id

    def connect(self, user_id: str) -> Remote:
        return self._remote(user_id, self._managed.database.server.port)

    def remote(self, user_id: str) -> Remote:
        return self.connect(user_id)

    def nowhere(self, user_id: str) -> Remote:
        return self._remote(user_id, free_port())

    def elsewhere(self) -> "Portal | PlainPortal":
        return Portal(self._managed)

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

    def switch(self) -> None:
        database = self._managed.database
        if self.plain:
            password = database.server.passwords.setdefault(DESKTOP, "a password of the tests")
            upgrade(database.url(), flavour="portal", desktop_password=password, accept_rights=True)
        else:
            with self._managed.owner() as owner:
                # Tables that our migrations made and that are empty go with them; a portal's are in use.
                owner.execute(
                    "insert into verification(id, identifier, value, expires_at) values ('1', 'x', 'y', now()) on conflict do nothing"
                )
                owner.execute(
                    "insert into account(id, account_id, provider_id, user_id, updated_at)"
                    " select id, id, 'credential', id, now() from \"user\" on conflict do nothing"
                )
            downgrade(database.url())
            plain_postgres.let_people_in(database)
        self.plain = not self.plain

    def _remote(self, user_id: str, port: int) -> Remote:
        from devots_desktop.remote.postgres.address import Address
        from devots_desktop.remote.postgres.remote import PostgresRemote

        database = self._managed.database
        if self.plain:
            return PlainRemote(plain_postgres.PostgresTable(database, self._people[user_id].token, port=port))
        address = Address(database.server.host, port, database.name)
        return PostgresRemote(address, database.server.passwords[DESKTOP], self._people[user_id].token)


class PlainPostgresBackend(PostgresBackend):
    """A portal's database without our migrations."""

    def __init__(self, database: Database) -> None:
        super().__init__(Managed(database))
        self.plain = True
        self._keys: Keys = {}

    def remote(self, user_id: str) -> Remote:
        return KnowingRemote(self.connect(user_id), self._keys)

    def elsewhere(self) -> "PlainPortal":
        return PlainPortal(self._managed, self._keys)


class PlainPortal:
    """A transaction of the table's owner, where a client_id is what the contract calls a row."""

    def __init__(self, managed: Managed, keys: Keys) -> None:
        self._connection, self._keys = managed.database.connect(autocommit=False), keys

    def add(self, user_id: str, client_id: str, text: str) -> None:
        row = self._connection.execute("insert into todo(user_id, text) values (%s, %s) returning id", [user_id, text]).fetchone()
        assert row is not None
        self._keys[client_id] = row[0]

    def edit(self, user_id: str, client_id: str, patch: Patch) -> None:
        for name, value in patch.items():
            self._connection.execute(
                f"update todo set {name} = %s where user_id = %s and id = %s".encode(), [value, user_id, self._keys[client_id]]
            )

    def delete(self, user_id: str, client_id: str) -> None:
        self._connection.execute("delete from todo where user_id = %s and id = %s", [user_id, self._keys[client_id]])

    def commit(self) -> None:
        self._connection.commit()
        self._connection.close()

    def rollback(self) -> None:
        self._connection.rollback()
        self._connection.close()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


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
