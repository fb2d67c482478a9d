"""The changes of a list, one by one, for whoever follows it: `devots watch`, and programs that use this package."""

from asyncio import Queue
from collections.abc import AsyncGenerator, Iterator

from devots_desktop.domain.changes import Change, ChangeSet, Op, Via
from devots_desktop.services.hub import Hub
from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import Lists


async def watch(cache: Cache, lists: Lists, changes: Hub[ChangeSet]) -> AsyncGenerator[Change, None]:
    """Each change of a list from the first step on, in order of commit, whoever made it. None is left out however slow the reader is.

    Args:
        lists: reads the cache's file.
        changes: tells what changed in it.
    """
    waiting: Queue[ChangeSet] = Queue()
    end, shown = changes.subscribe(waiting.put_nowait), Shown(cache, lists)
    try:
        while True:
            for change in shown.news(await waiting.get()):
                yield change
    finally:
        end()


class Shown:
    """What a watcher has been told: where so much changed that the list is to be read again, the single changes are found by comparing."""

    def __init__(self, cache: Cache, lists: Lists) -> None:
        self._lists = lists
        self._clock = cache.clock
        self._via = Via.PULL if cache.syncs else Via.LOCAL
        self._told = {todo.client_id: (todo.text, todo.completed) for todo in lists.each()}

    def news(self, changes: ChangeSet) -> Iterator[Change]:
        """The changes for people, oldest first: all but the marks that the server's answers change."""
        if changes.reload:
            yield from self._compared(changes.seq)
        for change in changes.changes:
            if change.op is Op.DELETE:
                self._told.pop(change.client_id, None)
            elif change.todo is not None:
                self._told[change.client_id] = (change.text, change.completed)
            if change.via is not Via.PUSH or change.op is not Op.UPDATE:
                yield change

    def _compared(self, seq: int) -> Iterator[Change]:
        gone = dict(self._told)
        for todo in self._lists.each():
            before, after = gone.pop(todo.client_id, None), (todo.text, todo.completed)
            if before != after:
                self._told[todo.client_id] = after
                op = Op.UPDATE if before else Op.INSERT
                yield Change(seq, op, self._via, todo.key, todo.client_id, *after, todo.updated_at, todo)
        for client_id, before in gone.items():
            del self._told[client_id]
            yield Change(seq, Op.DELETE, self._via, 0, client_id, *before, self._clock())
