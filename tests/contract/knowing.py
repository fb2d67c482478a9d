"""A plain server's remote with what the cache adds to it: which row is which todo, and what was sent before."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from devots_desktop.domain.mutation import Answer, Mutation, Page
from devots_desktop.remote.base import Position, Remote

Keys = dict[str, int]
"""Server ids by client_id; shared by all that know each other's todos."""


class KnowingRemote:
    """Keeps the protocol of remote/base.py. Mutations are sent one at a time, as the engine does."""

    def __init__(self, inner: Remote, keys: Keys) -> None:
        self._inner = inner
        self._keys = keys
        self._sent: set[str] = set()

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        return [await self._push(mutation) for mutation in mutations]

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        page = await self._inner.pull(since, after, limit)
        names = {server_id: client_id for client_id, server_id in self._keys.items()}
        return replace(page, rows=tuple(row._replace(client_id=names.get(row.server_id, row.client_id)) for row in page.rows))

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        await self._inner.listen(ready, changed)

    async def reachable(self) -> bool:
        return await self._inner.reachable()

    async def close(self) -> None:
        await self._inner.close()

    async def _push(self, mutation: Mutation) -> Answer:
        sent = mutation.mutation_id in self._sent
        self._sent.add(mutation.mutation_id)
        asked = replace(mutation, server_id=self._keys.get(mutation.client_id, 0), sent=sent)
        [answer] = await self._inner.push([asked])
        if answer.row is not None:
            self._keys[mutation.client_id] = answer.row.server_id
        return answer
