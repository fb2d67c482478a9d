"""The verbs on todos. Each is stored on this device before it returns; the server hears of it afterwards."""

from collections.abc import Callable
from typing import TypeVar

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.text import clean_text
from devots_desktop.store import edits
from devots_desktop.store.cache import Cache, Run
from devots_desktop.store.telling import telling

Result = TypeVar("Result")


class Todos:
    """Adds, edits, completes and deletes todos of one account, and publishes what changed."""

    def __init__(self, cache: Cache, run: Run, publish: Callable[[ChangeSet], object]) -> None:
        """Work on an account's cache.

        Args:
            run: awaits a function on the cache's thread.
            publish: called on that thread with what changed, before the verb returns.
        """
        self._cache = cache
        self._run = run
        self._publish = publish

    async def add(self, text: str) -> str:
        """Add a todo on top of the list.

        Returns:
            its client_id.

        Raises:
            InvalidText: the text cannot be a todo.
            CacheUnusable: it could not be stored.
        """
        cleaned = clean_text(text)
        return await self._change(lambda: edits.add(self._cache, cleaned))

    async def edit(self, client_id: str, text: str) -> bool:
        """Give a todo another text; False where nothing changed. Raises as `add` does."""
        cleaned = clean_text(text)
        return await self._change(lambda: edits.edit(self._cache, client_id, {"text": cleaned}))

    async def complete(self, client_id: str, *, completed: bool = True) -> bool:
        """Mark a todo as done or open; False where nothing changed. Raises CacheUnusable."""
        return await self._change(lambda: edits.edit(self._cache, client_id, {"completed": completed}))

    async def delete(self, client_id: str) -> bool:
        """Delete a todo; False where it was gone. Raises CacheUnusable."""
        return await self._change(lambda: edits.delete(self._cache, client_id))

    async def refresh(self) -> None:
        """Publish what other processes wrote to the cache since the last change."""
        await self._change(lambda: None)

    async def _change(self, work: Callable[[], Result]) -> Result:
        return await self._run(telling(self._cache, work, self._publish))
