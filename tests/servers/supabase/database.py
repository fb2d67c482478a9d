"""The database of the stand-in: the platform's roles, schemas and functions, and the two forms of the todo table.

The platform's side is what supabase-contract.md, sections 1.12 and 8.1, says of it. Like a project that was made before May 2026 it grants everything new
in public to its roles by name: whoever does not take that away again has given it to everybody.
"""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Literal

import psycopg
from psycopg.rows import DictRow, dict_row

from devots_desktop.remote.postgres.migrate import upgrade
from tests.servers.postgres import OWNER, SUPERUSER, Database

Form = Literal["managed", "plain", "empty"]
"""managed: our migrations have run. plain: the table that a guide would make, with correct policies. empty: nothing of ours."""

AUTHENTICATOR: Final = "authenticator"
_HERE: Final = Path(__file__).parent
_IDLE: Final = 8


def prepare(database: Database, form: Form) -> None:
    """Make an empty database a project's."""
    database.server.passwords.setdefault(AUTHENTICATOR, "a password of the tests")
    with database.connect(SUPERUSER) as admin:
        admin.execute((_HERE / "roles.sql").read_bytes())
        admin.execute(f"alter role {AUTHENTICATOR} password '{database.server.passwords[AUTHENTICATOR]}'")
        admin.execute((_HERE / "platform.sql").read_bytes())
        admin.execute(f"alter publication supabase_realtime owner to {OWNER}")
    if form == "managed":
        upgrade(database.url(), flavour="supabase")
    elif form == "plain":
        with database.connect() as owner:
            owner.execute((_HERE / "plain.sql").read_bytes())


def tell_time_in_utc(database: Database) -> None:
    """As the hosted platform does. Belongs to a database and not to its template."""
    with database.connect(SUPERUSER) as admin:
        admin.execute(f"alter database {database.name} set timezone = 'UTC'")


class Pool:
    """Connections of one login. Used on one event loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[psycopg.AsyncConnection[DictRow]] = []

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[DictRow]]:
        """A connection outside of a transaction, in autocommit. One that an error left unusable is closed."""
        made = self._idle.pop() if self._idle else await self._connect()
        try:
            yield made
        finally:
            usable = not made.closed and made.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            if usable and len(self._idle) < _IDLE:
                self._idle.append(made)
            else:
                await made.close()

    async def _connect(self) -> psycopg.AsyncConnection[DictRow]:
        return await psycopg.AsyncConnection.connect(self._url, autocommit=True, connect_timeout=10, row_factory=dict_row)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()
