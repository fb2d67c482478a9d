"""What stands before a portal in the real world: a proxy that loses answers, answers itself, or holds them back, as a test asks for."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import httpx

from tests.servers.supabase import NO_TLS

_SKIPPED = {"transfer-encoding", "connection", "keep-alive", "content-length"}
HTML = b"<html>Welcome to the station. Please accept our terms.</html>"


@dataclass(slots=True)
class Page:
    """An answer that is not the portal's."""

    status: int = 200
    body: bytes = HTML
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/html"})


@dataclass(frozen=True, slots=True)
class Seen:
    """A request. The names of its headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Front:
    """A proxy on a free port of loopback. A context manager.

    Attributes:
        instead: pages by the end of a path ("" for all), given instead of asking the portal.
        lose: ends of paths whose next answers are lost, each once: the portal has done what it was asked for, and the connection ends.
        hold: while it is clear, requests that end so wait before they reach the portal.
        seen: all requests.
    """

    def __init__(self, target: str) -> None:
        self.instead: dict[str, Page] = {}
        self.lose: list[str] = []
        self.held = ""
        self.hold = threading.Event()
        self.hold.set()
        self.seen: list[Seen] = []
        self._client = httpx.Client(verify=NO_TLS, timeout=30)
        self._target = target
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="front", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._client.close()

    def asked(self, end: str) -> list[Seen]:
        """The requests whose path ends so."""
        return [each for each in self.seen if each.path.partition("?")[0].endswith(end)]

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.seen.append(Seen(handler.command, handler.path, headers, body))
        path = handler.path.partition("?")[0]
        page = next((page for end, page in self.instead.items() if path.endswith(end)), None)
        if page is None:
            if self.held and path.endswith(self.held):
                self.hold.wait(30)
            page = self._passed(handler, headers, body)
        if (lost := next((end for end in self.lose if path.endswith(end)), None)) is not None:
            self.lose.remove(lost)
            handler.close_connection = True
            return
        self._answer(handler, page)

    def _passed(self, handler: BaseHTTPRequestHandler, headers: dict[str, str], body: bytes) -> Page:
        kept = {name: value for name, value in headers.items() if name not in {*_SKIPPED, "host"}}
        answer = self._client.request(handler.command, self._target + handler.path, headers=kept, content=body)
        self._client.cookies.clear()
        lines = [(name, value) for name, value in answer.headers.multi_items() if name not in {*_SKIPPED, "content-encoding"}]
        return Page(answer.status_code, answer.content, dict(lines) | {"set-cookie": "\n".join(answer.headers.get_list("set-cookie"))})

    @staticmethod
    def _answer(handler: BaseHTTPRequestHandler, page: Page) -> None:
        try:
            handler.send_response_only(page.status)
            for name, value in page.headers.items():
                for line in filter(None, value.split("\n")):
                    handler.send_header(name, line)
            handler.send_header("content-length", str(len(page.body)))
            handler.end_headers()
            handler.wfile.write(page.body)
        except OSError:
            handler.close_connection = True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                front.serve(self)

            def do_POST(self) -> None:
                front.serve(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name in the library)
                pass

        return Handler
