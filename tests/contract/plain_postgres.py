"""A portal's database without our migrations, as a plain server: row-level security, a login of the tests, and the table's five calls over psycopg.

There is no such account in the program: a portal's database has no login for its people (sync.md, section 4). It is how plain mode meets a real table.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from devots_desktop.domain.errors import BatchRefused, SignedOut, Unreachable
from devots_desktop.domain.todo import Patch, ServerRow
from devots_desktop.remote.plain import plain_row
from devots_desktop.remote.thread import BlockingThread
from tests.servers.postgres import Database, PostgresServer

PEOPLE = "plain_people"
_PORTAL = Path(__file__).parents[1] / "servers" / "portal.sql"
_COLUMNS = "id, text, completed, created_at, updated_at"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ACCESS = f"""
drop schema if exists plain cascade;
create schema plain;
grant usage on schema plain to {PEOPLE};
create function plain.uid() returns text language sql stable security definer set search_path = '' as
  $$ select user_id from public.session where token = current_setting('plain.session', true) $$;
alter table public.todo enable row level security;
create policy theirs on public.todo to {PEOPLE} using (plain.uid() = user_id) with check (plain.uid() = user_id);
grant select, insert, update, delete on public.todo to {PEOPLE};
grant usage on sequence public.todo_id_seq to {PEOPLE};
"""


def make(server: PostgresServer) -> Database:
    """A database with the portal's tables, and a way in for people."""
    database = server.create_database()
    with database.connect() as owner:
        owner.execute(_PORTAL.read_bytes())
    let_people_in(database)
    return database


def let_people_in(database: Database) -> None:
    """Row-level security, and a login that it binds."""
    server = database.server
    password = server.passwords.setdefault(PEOPLE, secrets.token_urlsafe(12))
    with server.superuser() as admin:
        if not admin.execute("select 1 from pg_roles where rolname = %s", [PEOPLE]).fetchone():
            admin.execute(sql.SQL("create role {} login noinherit password {}").format(sql.Identifier(PEOPLE), sql.Literal(password)))
    with database.connect() as owner:
        owner.execute(_ACCESS)


class PostgresTable:
    """Keeps the protocol Table of remote/plain.py for a person's session."""

    def __init__(self, database: Database, token: str, *, port: int | None = None) -> None:
        self._url, self._token = database.url(PEOPLE), token
        self._address = (database.server.host, port or database.server.port)
        self._thread = BlockingThread("plain-postgres")
        self._connection: psycopg.Connection | None = None
        self._closed = False

    async def who(self) -> str:
        """See Table.who."""
        [(user_id,)] = await self._ask("select plain.uid()")
        if user_id is None:
            raise SignedOut
        return str(user_id)

    async def rows(self, after: int, limit: int) -> list[ServerRow]:
        """See Table.rows."""
        return _rows(await self._ask(f"select {_COLUMNS} from todo where id > %s order by id limit %s", after, limit))

    async def find(self, created_at: int) -> list[ServerRow]:
        """See Table.find."""
        return _rows(await self._ask(f"select {_COLUMNS} from todo where created_at = %s", _time(created_at)))

    async def insert(self, values: Patch, created_at: int) -> ServerRow:
        """See Table.insert."""
        query = f"insert into todo(text, completed, user_id, created_at) values (%s, %s, plain.uid(), %s) returning {_COLUMNS}"
        [row] = _rows(await self._ask(query, values["text"], values.get("completed", False), _time(created_at)))
        return row

    async def update(self, server_id: int, values: Patch) -> ServerRow | None:
        """See Table.update."""
        changes = ", ".join(f"{name} = %s" for name in values)
        rows = _rows(await self._ask(f"update todo set {changes} where id = %s returning {_COLUMNS}", *values.values(), server_id))
        return rows[0] if rows else None

    async def delete(self, server_id: int) -> bool:
        """See Table.delete."""
        return bool(await self._ask("delete from todo where id = %s returning id", server_id))

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """See Table.listen. The portal's table tells nobody."""
        await self.who()
        await asyncio.Event().wait()

    async def reachable(self) -> bool:
        """See Remote.reachable."""
        with suppress(OSError), socket.create_connection(self._address, timeout=2):
            return True
        return False

    async def close(self) -> None:
        """See Remote.close."""
        if not self._closed:
            self._closed = True
            await self._thread.call(self._close)
            self._thread.close()

    async def _ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return await self._thread.call(lambda: self._answer(query, values))

    def _answer(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._connected().execute(query.encode(), values).fetchall()
        except psycopg.DataError as error:
            raise BatchRefused("Not accepted", "The server cannot store this text.", "Edit the todo and try again.") from error
        except psycopg.Error as error:
            if error.sqlstate and error.sqlstate[:2] in ("22", "23", "42", "54"):
                raise BatchRefused("Not accepted", "The server's rules do not allow this todo.", "Edit the todo and try again.") from error
            self._close()
            raise Unreachable("Offline", "The server does not answer.", "It is tried again.") from error

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            options = f"-c plain.session={self._token} -c TimeZone=UTC -c lock_timeout=2s"
            self._connection = psycopg.connect(self._url, autocommit=True, options=options, connect_timeout=5, port=self._address[1])
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _rows(found: list[tuple[Any, ...]]) -> list[ServerRow]:
    return [
        plain_row(server_id, text, completed=completed, created_at=_number(created_at), updated_at=_number(updated_at))
        for server_id, text, completed, created_at, updated_at in found
    ]


def _time(at: int) -> datetime:
    """Naive UTC, as the column is: an aware one would shift by the session's zone."""
    return (_EPOCH + timedelta(microseconds=at)).replace(tzinfo=None)


def _number(at: datetime) -> int:
    return (at.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
