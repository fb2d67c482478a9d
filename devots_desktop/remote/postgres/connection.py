"""One connection to a PostgreSQL account's database, made when it is needed, and checked before it is used."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, TextClause, create_engine, text
from sqlalchemy.pool import NullPool

from devots_desktop.domain.errors import AccountUnusable, ServerTooNew, Unreachable, UnsafeLogin
from devots_desktop.remote.postgres.address import Address
from devots_desktop.remote.postgres.failures import not_migrated, translated
from devots_desktop.remote.postgres.reaching import refuse_transaction_pooler
from devots_desktop.remote.postgres.schema import HEAD

_CONNECT_S = 10
_SETTINGS = {
    "connect_timeout": _CONNECT_S,
    "application_name": "devots-desktop",
    # The zone is fixed because the server's columns are `timestamp` without one; the time-outs, because a lock must not hold up the sync for ever.
    "options": "-c TimeZone=UTC -c statement_timeout=20s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s",
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

_CHECK = text(
    "select to_regprocedure('devots.revision()') is not null as migrated,"
    " coalesce(row_security_active(to_regclass('public.todo')::oid), false) as guarded"
)
_REVISION = text("select devots.revision()")


def make_engine(address: Address, password: str) -> Engine:
    """An engine in autocommit: each statement is its own transaction, and each of ours is one statement.

    Raises:
        AccountUnusable: the connection cannot be made safe, or leads to a pooler that nothing can be listened to through.
    """
    refuse_transaction_pooler(address)
    url = URL.create("postgresql+psycopg", address.login, password or None, address.host, address.port, address.database)
    return create_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_SETTINGS | address.tls(), hide_parameters=True
    )


class Link:
    """A connection that is made again after it failed. Belongs to one thread."""

    def __init__(self, address: Address, password: str) -> None:
        self._address = address
        self._engine = make_engine(address, password)
        self._connection: Connection | None = None

    def one(self, statement: TextClause, values: Mapping[str, Any]) -> Any:
        """The single value that a statement answers.

        Raises:
            DevotsError: of the kinds that Remote names, and AccountUnusable's kinds where the database cannot be used as it is.
        """
        try:
            with translated(self._address):
                if self._connection is None:
                    self._connection = self._engine.connect()
                    check(self._connection)
                return self._connection.execute(statement, values).scalar_one()
        except (Unreachable, AccountUnusable):
            self.close()
            raise

    def close(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def check(connection: Connection) -> None:
    """Refuse a database that is not prepared, prepared by a newer program, or open to this login beyond its person's rows.

    Raises:
        NotMigrated, ServerTooNew, UnsafeLogin: see there.
    """
    migrated, guarded = connection.execute(_CHECK).one()
    if not migrated:
        raise not_migrated()
    if not guarded:
        raise UnsafeLogin(
            "Login too powerful",
            "This login is not bound by row-level security: it could read and change everybody's todos.",
            "Use the login devots_desktop instead of the owner's or an administrator's.",
        )
    revision = connection.execute(_REVISION).scalar_one()
    if revision > HEAD:
        raise ServerTooNew(
            "Database too new",
            f"The database was prepared by a newer version of Devots Desktop (revision {revision}, known here: {HEAD}).",
            "Install the newer version; your changes are kept meanwhile.",
        )
    if revision < HEAD:
        raise not_migrated()
