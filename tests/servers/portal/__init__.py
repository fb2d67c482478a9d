"""A real Devots Portal: Better Auth, Drizzle and tRPC, out of their own npm packages, over a real PostgreSQL. For tests and for playing; never shipped.

portal-contract.md says what such a portal does; tests/portal holds this one to it. Two profiles: `seed` is the portal as its guide makes it (e-mail and
password, cookies, the anon key); `desktop` has the plugins with which other programs sign in (bearer, jwt, deviceAuthorization, twoFactor), and a
token for Supabase in getRealtimeChannel.
"""

import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from tests.servers.portal.host import PortalFailed, PortalHost
from tests.servers.postgres import OWNER, Database

if TYPE_CHECKING:
    from tests.servers.supabase import SupabaseServer

_HERE = Path(__file__).parent
Profile = Literal["seed", "desktop"]
__all__ = ["Mail", "PortalFailed", "PortalHost", "PortalServer", "Profile", "Settings"]
_WEEK, _DAY = 604_800, 86_400
_MAIL_S = 10.0


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that would have been sent.

    Attributes:
        kind: "verification" of an address, "reset" of a password, or "otp", a code for signing in.
        code: what to type, or the token in the link.
        link: what to open; "" where there is only a code.
    """

    to: str
    kind: str
    code: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a portal is set up. The defaults are those of its packages, in seconds where they are times.

    Attributes:
        superjson: tRPC with that transformer.
        returning: mutations answer the rows that they wrote; else always an empty list.
        rate_limit: on, as in production.
        verify_email: nobody signs in before they have opened the link of a mail.
        expires_in: how long a session lasts after it was last stretched.
        update_age: a session that was stretched longer ago is stretched again when it is used.
        fresh_age: how old a session may be that asks for the list of sessions.
        code_seconds, interval: how long a device's code lasts, and the pause between two of its questions.
        token_seconds: how long the token for Supabase lasts.
        latency: how long each request waits before it is looked at.
        base_url: where the portal believes to be, when a proxy stands before it.
        cookie_prefix: what the names of its cookies begin with, when not with "better-auth".
        supabase_url, supabase_anon_key: the project that getRealtimeChannel names.
    """

    profile: Profile = "seed"
    superjson: bool = False
    returning: bool = True
    rate_limit: bool = False
    verify_email: bool = False
    expires_in: int = _WEEK
    update_age: int = _DAY
    fresh_age: int = _DAY
    code_seconds: int = 1800
    interval: int = 5
    token_seconds: int = 3600
    latency: float = 0
    base_url: str | None = None
    cookie_prefix: str | None = None
    supabase_url: str = "http://127.0.0.1:1"
    supabase_anon_key: str = "no project"


class PortalServer:
    """A portal on a free port of loopback. A context manager.

    Attributes:
        url: without a slash at the end.
        database_url: as the portal connects: as the owner of the tables.
        settings: as they are; `change` changes them.
        secret: what it signs cookies with (BETTER_AUTH_SECRET).
    """

    url: str

    def __init__(
        self,
        database: Database,
        *,
        host: PortalHost | None = None,
        port: int = 0,
        secret: str | None = None,
        on_mail: Callable[[Mail], None] | None = None,
        **switches: Any,
    ) -> None:
        """`database`: migrated by `migrate` with the same profile. `switches`: fields of Settings.

        `host`: the process to run in; one of its own without it. `on_mail` is told each mail, on a thread of the host's.
        """
        self.database, self.settings = database, Settings(**switches)
        self.database_url = database.url()
        self._host, self._owns_host, self._port = host, host is None, port
        self.secret = secret or secrets.token_urlsafe(32)
        self._on_mail = on_mail
        self._number = 0
        self._mail: list[Mail] = []
        self._mail_came = threading.Condition()

    @property
    def mail(self) -> list[Mail]:
        """All that would have been sent, the oldest first."""
        with self._mail_came:
            return list(self._mail)

    def wait_for_mail(self, to: str, kind: str) -> Mail:
        """The newest of that kind to an address, when there is one."""

        def found() -> list[Mail]:
            return [mail for mail in self._mail if (mail.to, mail.kind) == (to, kind)]

        with self._mail_came:
            assert self._mail_came.wait_for(found, _MAIL_S), f"no mail of kind {kind} came"
            return found()[-1]

    def change(self, **switches: Any) -> None:
        """Change settings while it runs. All but the latency build it anew: it forgets whom it had counted for its rate limit."""
        self.settings = replace(self.settings, **switches)
        self._running().ask("change", portal=self._number, changed=switches)

    def set_away(self, away: bool) -> None:  # noqa: FBT001 (a switch)
        """Take the portal off its port, with every connection, or bring it back there."""
        self._running().ask("away", portal=self._number, away=away)

    def set_database_away(self, away: bool) -> None:  # noqa: FBT001 (a switch)
        """End the portal's connections to its database and refuse new ones to everybody, or let them in again."""
        name = self.database.name
        with self.database.server.superuser() as admin:
            admin.execute(f"alter database {name} allow_connections {str(not away).lower()}".encode())
            if away:
                admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where (datname, usename) = (%s, %s)", [name, OWNER])

    def join(self, project: "SupabaseServer") -> None:
        """Name this project in getRealtimeChannel; it believes the portal's tokens from now on, where the profile has any."""
        self.change(supabase_url=project.url, supabase_anon_key=project.anon_key)
        if self.settings.profile == "desktop":
            project.tokens.trust(self._asked("GET", "jwks"))

    def sign_up(self, name: str, email: str, password: str) -> None:
        """A new person, as somebody at the portal's page becomes one."""
        self._asked("POST", "sign-up/email", name=name, email=email, password=password)

    def _asked(self, method: str, path: str, **body: str) -> Any:
        import httpx  # few tests need it, and it takes its time

        return httpx.request(method, f"{self.url}/api/auth/{path}", json=body or None, trust_env=False).raise_for_status().json()

    def start(self) -> Self:
        self._host = self._host or PortalHost()
        details = {"database_url": self.database_url, "secret": self.secret, "settings": asdict(self.settings), "port": self._port}
        self._number, self.url = self._host.open(self._take, **details)
        return self

    def stop(self) -> None:
        """End every connection at once. Harmless when its process has ended."""
        with suppress(PortalFailed):
            self._running().ask("close", portal=self._number)
        if self._owns_host:
            self._running().stop()
            self._host = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _running(self) -> PortalHost:
        assert self._host is not None
        return self._host

    def _take(self, message: dict[str, str]) -> None:
        with self._mail_came:
            self._mail.append(Mail(**message))
            self._mail_came.notify_all()
        if self._on_mail is not None:
            self._on_mail(Mail(**message))


def migrate(host: PortalHost, database: Database, profile: Profile, *, on_supabase: bool = False) -> None:
    """Make the portal's tables in an empty database, as its owner does: by Drizzle's migrator, which keeps its journal.

    `on_supabase`: the database is a project's, and its owner has done there what the profile has.
    """
    host.ask("migrate", database_url=database.url(), profile=profile)
    if on_supabase:
        with database.connect() as owner:
            owner.execute((_HERE / "supabase" / f"{profile}.sql").read_bytes())
