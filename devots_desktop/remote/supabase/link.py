"""A signed-in person's connection to a project: HTTP, the session, and questions to the REST server. Belongs to one event loop."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from postgrest import AsyncPostgrestClient

from devots_desktop.remote import web
from devots_desktop.remote.supabase import failures, http
from devots_desktop.remote.supabase.http import Rejected
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.session import Keep, Session, auth_client


class Answered(Protocol):
    """What the library answers."""

    @property
    def data(self) -> Any: ...


class Query(Protocol):
    """A request that the library has built and not sent."""

    async def execute(self) -> Answered: ...


Build = Callable[[AsyncPostgrestClient], Query]


class Link:
    """A connection.

    Attributes:
        project, key: where it leads, and what opens it.
        session: gives access tokens.
        untold: see Explaining.
    """

    def __init__(
        self,
        project: Project,
        key: str,
        keep: Keep,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a connection; nothing is sent before it is used. `clock` and `sleep` are the session's.

        Raises:
            AccountUnusable: the project's CA file cannot be used.
        """
        self.project = project
        self.key = key
        self.untold = ""
        self._http = http.make_client(project)
        self.session = Session(project, auth_client(project, key, self._http), keep, clock=clock, sleep=sleep)

    async def ask(self, build: Build) -> Any:
        """The data that the REST server answers. A token that it does not take is renewed once, and the question asked once more.

        Raises:
            DevotsError: as Remote's methods do; also BatchRefused, NotMigrated and AccountUnusable.
        """
        try:
            return await self._ask(build)
        except Rejected as rejected:
            raise failures.rest(rejected) from None

    async def knows(self, build: Build) -> bool:
        """Whether the REST server knows the function that is called so. Raises as `ask`."""
        try:
            await self._ask(build)
        except Rejected as rejected:
            if rejected.code == "PGRST202":
                return False
            raise failures.rest(rejected) from None
        return True

    async def reachable(self) -> bool:
        """See Remote.reachable."""
        return await web.reachable(self.project)

    async def close(self) -> None:
        """End it. Nothing else is called afterwards."""
        await self.session.close()
        await self._http.aclose()

    async def _ask(self, build: Build) -> Any:
        token = await self.session.token()
        try:
            return await self._send(build, token)
        except Rejected as rejected:
            if rejected.status != 401 or rejected.code not in failures.EXPIRED:
                raise
        return await self._send(build, await self.session.another(token))

    async def _send(self, build: Build, token: str) -> Any:
        headers = {"apikey": self.key, "Authorization": f"Bearer {token}"}
        rest = AsyncPostgrestClient(f"{self.project.url}/rest/v1", headers=headers, http_client=self._http, retry_enabled=False)
        with failures.translated(self.project):
            return (await build(rest).execute()).data
