"""Certificates and proxies on the way to a Supabase project, with real ones."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from devots_desktop.domain.errors import AccountUnusable, Unreachable, UntrustedCertificate
from devots_desktop.remote.supabase import http
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.signing import Door
from tests.contract.asking import runs
from tests.contract.backends import free_port

NAME = "project.test"
KEY = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"
SETTINGS = b'{"external": {"email": true}, "disable_signup": false, "mailer_autoconfirm": true}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (
    len(SETTINGS),
    SETTINGS,
)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a server with a certificate of its own, which nobody has signed; its key lies beside it."""
    folder = tmp_path_factory.mktemp("certificate")
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1"]
    out = ["-keyout", str(folder / "server.key"), "-out", str(folder / "server.crt")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *out, *names],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return folder / "server.crt"


@asynccontextmanager
async def served(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server of ours."""
    ended: list[asyncio.Event] = []
    end = asyncio.Event()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(done := asyncio.Event())
        serving = asyncio.create_task(serve(reader, writer))
        await asyncio.wait([serving, ending := asyncio.create_task(end.wait())], return_when=asyncio.FIRST_COMPLETED)
        for task in (serving, ending):
            task.cancel()
        await asyncio.gather(serving, ending, return_exceptions=True)
        writer.close()
        done.set()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        end.set()
        server.close()
        await asyncio.gather(*(each.wait() for each in ended))
        await server.wait_closed()


@asynccontextmanager
async def project_server(certificate: Path) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("server.key"))
    async with served(answer, context) as port:
        yield port


@asynccontextmanager
async def proxy(*, refuses: bool = False) -> AsyncIterator[tuple[int, list[str]]]:
    """The port of a proxy that finds everything on this computer, and what it was asked for."""
    asked: list[str] = []

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.split("\r\n")[0])
        if refuses:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            writer.close()
            return
        there = await asyncio.open_connection("127.0.0.1", int(head.split()[1].rpartition(":")[2]))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer), return_exceptions=True)

    async with served(tunnel) as port:
        yield port, asked


@pytest.fixture(autouse=True)
def _no_proxy_of_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class TestCertificate:
    @runs
    async def test_one_that_nobody_vouches_for_is_not_trusted(self, certificate: Path) -> None:
        async with project_server(certificate) as port:
            with pytest.raises(UntrustedCertificate):
                await Door(Project(f"https://127.0.0.1:{port}"), KEY).methods()

    @runs
    async def test_with_its_own_ca_it_is(self, certificate: Path) -> None:
        async with project_server(certificate) as port:
            assert (await Door(Project(f"https://127.0.0.1:{port}", str(certificate)), KEY).methods()).email

    @runs
    async def test_not_under_another_name(self, certificate: Path) -> None:
        async with project_server(certificate) as port:
            with pytest.raises(UntrustedCertificate):
                await Door(Project(f"https://localhost:{port}", str(certificate)), KEY).methods()

    @runs
    async def test_what_the_system_trusts_is_trusted(self, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with project_server(certificate) as port:
            assert (await Door(Project(f"https://127.0.0.1:{port}"), KEY).methods()).email

    @pytest.mark.parametrize("content", [None, "no certificate"])
    @runs
    async def test_a_ca_file_that_is_none_is_said_so(self, tmp_path: Path, content: str | None) -> None:
        file = tmp_path / "ca.pem"
        if content is not None:
            file.write_text(content, encoding="ascii")
        with pytest.raises(AccountUnusable) as caught:
            await Door(Project("https://127.0.0.1:1", str(file)), KEY).methods()
        assert caught.value.title == "No CA file"


class TestProxy:
    @runs
    async def test_a_project_is_reached_through_the_proxy_alone(self, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async with project_server(certificate) as port, proxy() as (way, asked):
            project = Project(f"https://{NAME}:{port}", str(certificate))
            assert not await http.reachable(project)
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{way}")
            assert await http.reachable(project)
            assert (await Door(project, KEY).methods()).email
            assert asked[-1] == f"CONNECT {NAME}:{port} HTTP/1.1"

    @runs
    async def test_one_that_refuses_is_named(self, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async with proxy(refuses=True) as (way, _):
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{way}")
            with pytest.raises(Unreachable) as caught:
                await Door(Project(f"https://{NAME}", str(certificate)), KEY).methods()
            assert caught.value.title == "Proxy refuses"

    @runs
    async def test_this_computer_is_never_asked_through_it(self, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
        async with project_server(certificate) as port:
            project = Project(f"https://127.0.0.1:{port}", str(certificate))
            assert await http.reachable(project)
            assert (await Door(project, KEY).methods()).email
