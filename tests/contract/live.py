"""A device that follows a Supabase project live: the engine, the cache and the remote as they are, with their real pauses."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from devots_desktop.domain.account import Live, Status
from devots_desktop.remote.base import Remote
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.link import Link
from devots_desktop.remote.supabase.remote import choose
from devots_desktop.remote.supabase.session import Tokens
from devots_desktop.services.account import now
from devots_desktop.store.cache import Cache
from devots_desktop.sync.engine import Engine
from tests.contract.devices import until
from tests.contract.supabase_backend import MemoryKeep
from tests.servers.supabase import SupabaseServer

Result = TypeVar("Result")


class Follower:
    """A person's device, which looks by itself once a minute at the most: what comes sooner was told.

    Attributes:
        statuses: what the engine said, in order.
    """

    def __init__(self, folder: Path, server: SupabaseServer, project: Project | None = None) -> None:
        """`project`: where the device reaches the server, if not at its own address."""
        session = server.sign_up("ada@example.org")
        self.user_id: str = session["user"]["id"]
        self.keep = MemoryKeep(Tokens(self.user_id, session["refresh_token"]))
        self.statuses: list[Status] = []
        self._project, self._key = project or Project(server.url), server.publishable_key
        self._cache = Cache(folder / "cache.sqlite3", syncs=True, clock=now)
        self._engine = Engine(
            self._cache,
            self._connect,
            user_id=self.user_id,
            run=self._run,
            publish=lambda _: None,
            tell=self.statuses.append,
            sleep=asyncio.sleep,
            rng=random.Random(1),
            wall=time.time,
            monotonic=time.monotonic,
        )

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Live when it begins; nothing is under way when it has ended."""
        before = asyncio.all_tasks()
        life = asyncio.create_task(self._engine.run())
        try:
            await self.live()
            yield
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
            await self._engine.close()
            self._cache.close()
        assert asyncio.all_tasks() == before, "a task would be destroyed while it is pending"

    async def live(self) -> None:
        await until(lambda: bool(self.statuses) and self.statuses[-1].live is Live.LIVE, "live")

    def look(self) -> None:
        """Ask for news, as each minute does."""
        self._engine.check()

    async def shows(self, *texts: str) -> None:
        """Wait until the list is this."""
        await until(lambda: self.texts == sorted(texts), f"the list {texts}; it is {self.texts}")

    @property
    def texts(self) -> list[str]:
        return [text for (text,) in self._cache.db.execute("SELECT text FROM todo ORDER BY text")]

    async def _connect(self) -> Remote:
        return await choose(Link(self._project, self._key, self.keep))

    async def _run(self, work: Callable[[], Result]) -> Result:
        return work()


class Elsewhere:
    """Somebody who changes the person's todos on the web."""

    def __init__(self, server: SupabaseServer, user_id: str) -> None:
        self._server, self._user_id = server, user_id

    def add(self, text: str) -> None:
        self._do("insert into todo(user_id, text) values (%s, %s)", self._user_id, text)

    def edit(self, text: str, new: str) -> None:
        self._do("update todo set text = %s where user_id = %s and text = %s", new, self._user_id, text)

    def delete(self, text: str) -> None:
        self._do("delete from todo where user_id = %s and text = %s", self._user_id, text)

    def _do(self, statement: str, *values: object) -> None:
        with self._server.database.connect() as owner:
            owner.execute(statement, values)


def run(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """On a loop of its own, with nothing pending at its end."""
    asyncio.run(scene())
