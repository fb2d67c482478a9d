"""LISTEN on a thread of its own: tells when this person's todos changed."""

import select
import socket
import threading
from collections.abc import Callable

import psycopg
from sqlalchemy import text

from devots_desktop.remote.postgres.address import Address
from devots_desktop.remote.postgres.connection import check, make_engine
from devots_desktop.remote.postgres.failures import translated

_LISTEN = text("select devots.listen() from (select set_config('devots.session', :token, true) offset 0) s")
_ALIVE = text("select 1")
_ALIVE_EVERY_S = 20.0
"""Seconds of silence after which the connection is tried: a cable that was pulled says nothing."""


class Listener:
    """Waits for notifications until `stop`. `run` is the body of a thread."""

    def __init__(self, address: Address, password: str, token: str, *, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """Make a listener; it begins with `run`.

        Args:
            ready, changed: see Remote.listen; called on the listener's thread.
        """
        self._address = address
        self._password = password
        self._token = token
        self._ready = ready
        self._changed = changed
        self._wake, self._stop = socket.socketpair()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End `run` at its next wait; may be called from any thread, and more than once."""
        self._stopped.set()
        self._stop.close()

    def run(self) -> None:
        """Listen until stopped.

        Raises:
            DevotsError: the connection could not be made, or was lost.
        """
        with self._wake, translated(self._address), make_engine(self._address, self._password).connect() as connection:
            check(connection)
            connection.execute(_LISTEN, {"token": self._token})
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)  # noqa: S101 (the URL says so)
            # Notifications that arrive while a statement runs come here; the others are read below.
            driver.add_notify_handler(lambda _: self._changed())
            self._ready()
            while not self._stopped.is_set():
                readable, _, _ = select.select([driver.fileno(), self._wake.fileno()], [], [], _ALIVE_EVERY_S)
                if self._wake.fileno() in readable:
                    return
                if not readable:
                    connection.execute(_ALIVE)
                elif _take(driver):
                    self._changed()


def _take(driver: "psycopg.Connection[object]") -> bool:
    """Read what has arrived; whether a notification was among it. Several at once are one."""
    try:
        driver.pgconn.consume_input()
    except psycopg.OperationalError:
        # The next statement says what happened, in a form that is translated.
        return False
    found = False
    while driver.pgconn.notifies():
        found = True
    return found
