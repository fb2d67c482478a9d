"""Short ways to ask a remote, for the contract."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, Protocol

from devots_desktop.domain.mutation import Kind, Mutation, Page
from devots_desktop.domain.todo import Patch, ServerRow
from devots_desktop.remote.base import Position, Remote
from tests.contract.backends import new_id

SOON_S = 20.0
Args = ParamSpec("Args")


def runs(test: Callable[Args, Coroutine[Any, Any, None]]) -> Callable[Args, None]:
    """Run a test on a loop of its own, for as long as is reasonable."""

    @functools.wraps(test)
    def run(*args: Args.args, **kwargs: Args.kwargs) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(SOON_S):
                await test(*args, **kwargs)

        asyncio.run(bounded())

    return run


class Closing(Protocol):
    """What is closed at the end."""

    async def close(self) -> None: ...


@asynccontextmanager
async def opened(*remotes: Closing) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for remote in remotes:
            await remote.close()


def create(text: str = "milk", client_id: str = "", *, completed: bool = False) -> Mutation:
    values: Patch = {"text": text, "completed": completed}
    return Mutation(new_id(), client_id or new_id(), Kind.CREATE, values, {}, made_at=1, created_at=1_600_000_000_123_456)


def edit(client_id: str, **values: str | bool) -> Mutation:
    return Mutation(new_id(), client_id, Kind.EDIT, dict(values), dict.fromkeys(values, "?"), made_at=1)


def delete(client_id: str) -> Mutation:
    return Mutation(new_id(), client_id, Kind.DELETE, {}, {"text": "?", "completed": False}, made_at=1)


def fields(row: ServerRow | None) -> tuple[str, bool] | None:
    return None if row is None else (row.text, row.completed)


async def all_pages(remote: Remote, since: int = 0, limit: int = 500) -> tuple[list[ServerRow], Page]:
    """The rows of a whole pull, and its first page."""
    rows: list[ServerRow] = []
    after: Position | None = None
    first: Page | None = None
    while True:
        page = await remote.pull(since, after, limit)
        first = first or page
        rows += page.rows
        if not page.more:
            return rows, first
        after = (page.rows[-1].row_version, page.rows[-1].client_id)
