"""A stand-in for a Supabase project, on a real PostgreSQL. For tests and for playing; never shipped.

It speaks as supabase-contract.md says that the platform does: Auth, REST and Realtime under one address, with the database's real roles and row-level
security behind them.
"""

import asyncio
import ssl
import threading
from types import TracebackType
from typing import Any, Self

import httpx
from aiohttp import web

from tests.servers.postgres import SUPERUSER, Database
from tests.servers.supabase import auth, control, rest
from tests.servers.supabase.clock import Clock
from tests.servers.supabase.database import Form
from tests.servers.supabase.faults import Faults
from tests.servers.supabase.gate import make_gate
from tests.servers.supabase.gateway import Gateway, Mail, Settings
from tests.servers.supabase.realtime.server import Realtime
from tests.servers.supabase.tokens import ApiKeys, Tokens

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For requests to loopback: to load the system's authorities takes a client a tenth of a second."""
_SECONDS = 30.0


class SupabaseServer:
    """A project on a free port of loopback, with a thread and an event loop of its own. A context manager.

    Attributes:
        gateway: what its parts share; a test may look at it and change its settings, faults, tokens and clock at any time.
        realtime: the part that tells changes; a test may end its connections or lose its place in the log.
    """

    gateway: Gateway
    realtime: Realtime

    def __init__(self, database: Database, form: Form, *, port: int = 0) -> None:
        """`database`: prepared in that form (tests.servers.supabase.database.prepare)."""
        self._database, self._form, self._port = database, form, port
        self._started = threading.Event()
        self._loop = asyncio.SelectorEventLoop()  # psycopg asks for this kind
        self._stopping = asyncio.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="supabase stand-in", daemon=True)

    @property
    def url(self) -> str:
        return self.gateway.url

    @property
    def publishable_key(self) -> str:
        return self.gateway.keys.publishable

    @property
    def secret_key(self) -> str:
        return self.gateway.keys.secret

    @property
    def anon_key(self) -> str:
        return self.gateway.keys.anon

    @property
    def service_key(self) -> str:
        return self.gateway.keys.service

    @property
    def faults(self) -> Faults:
        return self.gateway.faults

    @property
    def settings(self) -> Settings:
        return self.gateway.settings

    @property
    def clock(self) -> Clock:
        return self.gateway.clock

    @property
    def tokens(self) -> Tokens:
        return self.gateway.tokens

    @property
    def mail(self) -> list[Mail]:
        return self.gateway.mail

    @property
    def database(self) -> Database:
        return self._database

    def sign_up(self, email: str, password: str = "correct horse") -> dict[str, Any]:
        """A new person; answers their first session as Auth shows it."""
        return self._session("/signup", email, password)

    def sign_in(self, email: str, password: str = "correct horse") -> dict[str, Any]:
        """A further session of a person."""
        return self._session("/token?grant_type=password", email, password)

    def _session(self, path: str, email: str, password: str) -> dict[str, Any]:
        answer = httpx.post(
            f"{self.url}/auth/v1{path}",
            headers={"apikey": self.publishable_key},
            json={"email": email, "password": password},
            verify=NO_TLS,
        )
        session: dict[str, Any] = answer.raise_for_status().json()
        return session

    def ban(self, email: str, *, until: str = "2999-01-01") -> None:
        """Keep somebody out; a date that is past lets them in again."""
        self._as_owner("update auth.users set banned_until = %s where email = %s", until, email)

    def end_sessions(self, email: str) -> None:
        """As signing out everywhere does: access tokens stay good until they end."""
        self._as_owner("delete from auth.sessions s using auth.users u where u.id = s.user_id and u.email = %s", email)

    def forget(self, email: str) -> None:
        """Delete somebody's account. Their todos stay."""
        self._as_owner("delete from auth.users where email = %s", email)

    def _as_owner(self, statement: str, *values: str) -> None:
        with self._database.connect(SUPERUSER) as admin:
            admin.execute(statement.encode(), values)

    def start(self) -> Self:
        self._thread.start()
        if not self._started.wait(_SECONDS) or self._failure is not None:
            raise RuntimeError("the Supabase stand-in did not start") from self._failure
        return self

    def stop(self) -> None:
        """End every connection at once. Harmless when stopped already."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_SECONDS)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._failure = error
        finally:
            self._started.set()
            self._loop.run_until_complete(self._end_all())
            self._loop.close()

    @staticmethod
    async def _end_all() -> None:
        """Requests that nobody waits for any more, as those that a fault holds up."""
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self) -> None:
        clock, tokens = Clock(), Tokens()
        self.gateway = Gateway("", self._database, self._form, clock, tokens, ApiKeys.make(tokens, clock()))
        self.realtime = Realtime(self.gateway)
        runner = web.AppRunner(_application(self.gateway, self.realtime), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self._port)
            await site.start()
            self.gateway.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._started.set()
            await self._stopping.wait()
        finally:
            await self.realtime.close()
            await runner.cleanup()
            await _end_tasks()
            await self.gateway.rest.close()
            await self.gateway.admin.close()


async def _end_tasks() -> None:
    """Requests that a fault keeps waiting, or whose client is gone."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for each in left:
        each.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _application(gateway: Gateway, realtime: Realtime) -> web.Application:
    application = web.Application(middlewares=[make_gate(gateway)], client_max_size=8 * 2**20)
    auth.add_routes(application, gateway)
    rest.add_routes(application, gateway)
    control.add_routes(application, gateway)
    application.router.add_get("/realtime/v1/websocket", realtime.serve)
    return application
