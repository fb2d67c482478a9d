"""What stands between a device and a server on real networks: TLS with an authority of its own, and a proxy that asks to be asked (CONNECT)."""

import asyncio
import base64
import ssl
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_SECONDS = 30.0
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate of our own, and a server's that it signed.

    Attributes:
        ca: PEM file of what is to be trusted.
        names: the servers that the certificate is good for.
    """

    ca: Path
    chain: Path
    key: Path
    names: tuple[str, ...]

    @classmethod
    def make(cls, folder: Path, *names: str) -> Self:
        """In this folder, for servers of these names; good for two days."""
        made = cls(folder / "ca.pem", folder / "server.pem", folder / "server.key", names)
        own = folder / "ca.key"
        _openssl("req", "-x509", *_NEW_KEY, "-days", "2", "-keyout", own, "-out", made.ca, "-subj", "/CN=An authority of the tests")
        asked = folder / "server.csr"
        _openssl("req", *_NEW_KEY, "-keyout", made.key, "-out", asked, "-subj", f"/CN={names[0]}")
        extensions = folder / "server.ext"
        extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + "\nbasicConstraints=CA:FALSE\n")
        signing: list[str | Path] = ["-CA", made.ca, "-CAkey", own, "-CAcreateserial", "-days", "2", "-extfile", extensions]
        _openssl("x509", "-req", "-in", asked, "-out", made.chain, *signing)
        return made

    def context(self) -> ssl.SSLContext:
        """The server's side."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


class Relay:
    """Passes what comes on to a port of loopback, on a thread and an event loop of its own. A context manager.

    Attributes:
        port: where it listens.
    """

    port: int

    def __init__(self, to: int, *, tls: ssl.SSLContext | None = None) -> None:
        """`tls`: it speaks TLS with those who come, and plainly with the server."""
        self._to = to
        self._tls = tls
        self._loop = asyncio.SelectorEventLoop()
        self._stopping = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()), name="relay", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_SECONDS)
        self._loop.close()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._guarded, "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _guarded(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self.meet(reader, writer)
        writer.close()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Somebody has come."""
        await self.join(reader, writer)

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on until one side ends."""
        back, forth = await asyncio.open_connection("127.0.0.1", self._to)
        tasks = [asyncio.create_task(_pass(reader, forth)), asyncio.create_task(_pass(back, writer))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            forth.close()


class ConnectProxy(Relay):
    """A proxy for HTTP's CONNECT. Whatever it is asked for, it leads to the one server.

    Attributes:
        asked: the places that it was asked for, as "host:port".
        login: "name:password" that it wants; empty for none.
        refuses: it lets nobody through.
    """

    def __init__(self, to: int) -> None:
        super().__init__(to)
        self.asked: list[str] = []
        self.login = ""
        self.refuses = False

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read what is asked for, and lead there."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, _, rest = head.partition(" ")
        self.asked.append(rest.partition(" ")[0])
        wanted = f"Proxy-Authorization: Basic {base64.b64encode(self.login.encode()).decode()}\r\n"
        if method != "CONNECT" or self.refuses:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        elif self.login and wanted.lower() not in head.lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await self.join(reader, writer)
            return
        await writer.drain()


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
