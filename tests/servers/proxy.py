"""A proxy on loopback between a device and a server, which loses answers, goes silent or refuses, as a test asks for."""

import re
import socket
import threading
from contextlib import suppress
from typing import Self

_MUTATION = re.compile(rb'"mutation_id":\s*"([0-9a-f-]{36})"')
_CHUNK = 65_536


class Proxy:
    """Listens on a free port. A context manager.

    Attributes:
        port: where.
        lose: of each push with a mutation that was not seen before, lose the answer: the server has done it, and the connection ends.
        silent: take what comes and pass nothing on.
        lost: how many answers were lost.
        round_trips: how often a client has spoken, at first or after the server has.
        passed: bytes that went either way.
    """

    def __init__(self, port: int, *, at: int = 0, lose: bool = False, silent: bool = False) -> None:
        """Stand before the server that listens on `port` of 127.0.0.1; `at` is the proxy's own port where it was there before."""
        self._server = port
        self.lose, self.silent, self.lost = lose, silent, 0
        self.round_trips = self.passed = 0
        self._seen: set[bytes] = set()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", at))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._listener)  # closed alone it would go on listening for the thread that waits in accept
        self.cut()

    def cut(self) -> None:
        """End all connections."""
        for each in tuple(self._open):
            _end(each)
        self._open.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.add(client)
                threading.Thread(target=self._serve, args=(client,), name="proxy", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self.silent:
            with suppress(OSError):
                while client.recv(_CHUNK):
                    pass
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._server))
        except OSError:
            _end(client)
            return
        self._open.add(server)
        losing, answered = threading.Event(), threading.Event()
        answered.set()
        back = threading.Thread(target=self._pass_back, args=(server, client, losing, answered), name="proxy", daemon=True)
        back.start()
        tail = b""
        with suppress(OSError):
            while chunk := client.recv(_CHUNK):
                found = set(_MUTATION.findall(tail + chunk))
                if self.lose and found - self._seen:
                    losing.set()
                self._seen |= found
                tail = chunk[-64:]
                self.round_trips += answered.is_set()
                answered.clear()
                self.passed += len(chunk)
                if not self.silent:
                    server.sendall(chunk)
        _end(server)

    def _pass_back(self, server: socket.socket, client: socket.socket, losing: threading.Event, answered: threading.Event) -> None:
        with suppress(OSError):
            while chunk := server.recv(_CHUNK):
                answered.set()
                self.passed += len(chunk)
                if losing.is_set():
                    # The server answers when it has committed.
                    self.lost += 1
                    break
                if not self.silent:
                    client.sendall(chunk)
        _end(client)
        _end(server)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        connection.close()
