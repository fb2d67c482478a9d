"""A list with a server of one's own, used without a window. The programs of its page are in tests/e2e/test_package.py."""

import asyncio
from pathlib import Path

from devots_desktop.domain.account import Live
from devots_desktop.remote.memory import MemoryRemote, MemoryServer
from devots_desktop.services.account import now
from devots_desktop.services.synced import SyncedTodos
from tests.unit.building import ME

PROMPTLY_S = 10.0
"""Far below the minute after which the engine would look by itself."""


async def _live(todos: SyncedTodos) -> None:
    """Until the list is live."""
    live = asyncio.Event()
    end = todos.statuses.subscribe(lambda status: live.set() if status.live is Live.LIVE else None)
    if todos.status.live is not Live.LIVE:
        await live.wait()
    end()


def test_what_is_added_while_it_is_live_is_sent_at_once(tmp_path: Path) -> None:
    server = MemoryServer(now, {"token": ME})

    async def scene() -> None:
        async def connect() -> MemoryRemote:
            return MemoryRemote(server, "token")

        arrived = asyncio.Event()
        async with asyncio.timeout(PROMPTLY_S), SyncedTodos(tmp_path / "cache.sqlite3", connect, user_id=ME) as todos:
            await _live(todos)
            server.listen(ME, arrived.set)
            await todos.add("milk")
            await arrived.wait()

    asyncio.run(scene())
    assert [row.text for row in server.todos(ME).values()] == ["milk"]


def test_watch_tells_what_is_done_here_and_elsewhere_and_ends(tmp_path: Path) -> None:
    server = MemoryServer(now, {"token": ME})

    async def scene() -> list[str]:
        async def connect() -> MemoryRemote:
            return MemoryRemote(server, "token")

        told: list[str] = []
        async with asyncio.timeout(PROMPTLY_S), SyncedTodos(tmp_path / "cache.sqlite3", connect, user_id=ME) as todos:
            await _live(todos)
            changes = todos.watch()
            first = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)  # It has begun to listen.
            await todos.add("here")
            told.append(f"{(await first).via} here")
            transaction = server.begin()
            transaction.add(ME, "11111111-1111-4111-8111-111111111111", "elsewhere")
            transaction.commit()
            change = await anext(changes)
            told.append(f"{change.via} {change.text}")
            await changes.aclose()
        return told

    assert asyncio.run(scene()) == ["local here", "live elsewhere"]
