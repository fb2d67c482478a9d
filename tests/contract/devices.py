"""Devices of one person on a real server: the engine and the cache as they are, with short pauses, for the tests that disturb them."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from devots_desktop.domain.account import Account, Live, Status
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.remote.base import Remote
from devots_desktop.remote.postgres.address import Address
from devots_desktop.remote.postgres.remote import PostgresRemote
from devots_desktop.services.account import OpenAccount, now
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.tasks import Tasks
from devots_desktop.services.todos import Todos
from devots_desktop.services.worker import Worker
from devots_desktop.store import known, lists
from devots_desktop.store.cache import Cache
from devots_desktop.store.replica import Cursor
from devots_desktop.sync.compare import Comparison, Verdict, compare
from devots_desktop.sync.engine import Engine
from tests.servers.managed import DESKTOP, Managed, Person

SOON_S = 40.0
PAUSE_MOST_S = 0.1
"""What the engine's pauses are cut to: how long they are is proven on virtual time."""

Result = TypeVar("Result")
Rows = list[tuple[str, bool]]


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait until something has come about; for what another process or server does there is no event here."""
    end = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < end, f"waited in vain until {what}"
        await asyncio.sleep(0.01)


def in_use(accounts: Accounts, account: Account, work: Callable[[OpenAccount], Awaitable[Result]]) -> Result:
    """Do something with an open account that follows its server, and close it."""

    async def main() -> Result:
        failures: list[BaseException] = []
        tasks = Tasks(lambda _, error: failures.append(error))
        opened = accounts.open(account)
        opened.start(tasks)
        try:
            return await work(opened)
        finally:
            await tasks.close()
            await opened.close()
            assert not failures

    return asyncio.run(main())


class Device:
    """One device.

    Attributes:
        port: where it looks for the server; may be changed, for its next connection.
        todos: the verbs.
    """

    def __init__(self, folder: Path, managed: Managed, person: Person, *, port: int = 0, clock: Callable[[], int] = now) -> None:
        """Open its cache; `port` is the server's own where none is given."""
        folder.mkdir(parents=True, exist_ok=True)
        self.managed, self.person = managed, person
        self.port = port or managed.database.server.port
        self.cache = Cache(folder / "cache.sqlite3", syncs=True, clock=clock)
        self.worker = Worker("device")
        self.statuses: list[Status] = []
        self.todos = Todos(self.cache, self.worker, self._changed)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.engine: Engine | None = None

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Sync meanwhile."""
        self._loop = asyncio.get_running_loop()
        self.statuses.clear()
        self.engine = Engine(
            self.cache,
            self._connect,
            user_id=self.person.user_id,
            run=self.worker,
            publish=lambda _: None,
            tell=self.statuses.append,
            sleep=lambda seconds: asyncio.sleep(min(seconds, PAUSE_MOST_S)),
            rng=random.Random(1),
            wall=time.time,
            monotonic=time.monotonic,
        )
        life = asyncio.create_task(self.engine.run())
        try:
            yield
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
            await self.engine.close()
            self.engine = None

    def close(self) -> None:
        self.worker.close()
        self.cache.close()

    @property
    def live(self) -> bool:
        return bool(self.statuses) and self.statuses[-1].live is Live.LIVE

    def waiting(self) -> int:
        pending, _ = lists.waiting(self.cache.db)
        return pending

    def ids(self) -> dict[str, str]:
        """client_id by text."""
        return {text: client_id for client_id, text in self.cache.db.execute("SELECT client_id, text FROM todo")}

    def shown(self) -> Rows:
        return sorted((text, bool(completed)) for text, completed in self.cache.db.execute("SELECT text, completed FROM todo"))

    async def settled(self) -> Rows:
        """Wait until nothing waits and the device has what the server has, proven row by row; what it shows then."""

        def equal() -> bool:
            return self.live and not self.waiting() and self.shown() == at_server(self.managed, self.person)

        await until(equal, "the device has what the server has")
        found = await self.compared()
        assert found.verdict is Verdict.EQUAL, found
        return self.shown()

    async def compared(self) -> Comparison:
        async def read(hash_of: known.Hash) -> tuple[Cursor, dict[str, int]]:
            return await self.worker(lambda: known.everything(self.cache.db, hash_of))

        remote = await self._connect()
        try:
            return await compare(remote, self.person.user_id, read)
        finally:
            await remote.close()

    async def _connect(self) -> Remote:
        server = self.managed.database.server
        return PostgresRemote(Address(server.host, self.port, self.managed.database.name), server.passwords[DESKTOP], self.person.token)

    def _changed(self, _: ChangeSet) -> None:
        if self._loop is not None and self.engine is not None:
            self._loop.call_soon_threadsafe(self.engine.nudge)


def at_server(managed: Managed, person: Person) -> Rows:
    """What the server has of one person."""
    with managed.owner() as owner:
        found = owner.execute("select text, completed from todo where user_id = %s", [person.user_id]).fetchall()
    return sorted((text, completed) for text, completed in found)


async def play(device: Device, edits: int, *, seed: int = 7) -> None:
    """Do the same edits whoever plays them: adds, new texts, marks and deletes, each text once."""
    dice, texts = random.Random(seed), list[str]()
    ids: dict[str, str] = {}
    for number in range(edits):
        what = dice.choice(("add", "add", "edit", "done", "delete")) if texts else "add"
        if what == "add":
            text = f"todo {number}"
            ids[text] = await device.todos.add(text)
            texts.append(text)
            continue
        text = texts[dice.randrange(len(texts))]
        if what == "edit":
            new = f"{text.partition(',')[0]}, then {number}"
            await device.todos.edit(ids[text], new)
            texts[texts.index(text)], ids[new] = new, ids.pop(text)
        elif what == "done":
            await device.todos.complete(ids[text], completed=dice.random() < 0.7)
        else:
            await device.todos.delete(ids[text])
            texts.remove(text)


async def undisturbed(folder: Path, managed: Managed, edits: int, *, seed: int = 7) -> Rows:
    """What the same edits come to where nothing goes wrong: by somebody of their own on the same server."""
    device = Device(folder, managed, managed.add_person("undisturbed"))
    async with device.following():
        await play(device, edits, seed=seed)
        rows = await device.settled()
    device.close()
    return rows


def run(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a scene on a loop of its own."""
    asyncio.run(scene())
