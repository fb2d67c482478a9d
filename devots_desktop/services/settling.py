"""The verbs on what needs the user: changes that the server did not take, and values that lost a conflict."""

from collections.abc import Callable
from typing import TypeVar

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.text import clean_text
from devots_desktop.store import conflicts, settling
from devots_desktop.store.cache import Cache, Run
from devots_desktop.store.conflicts import Conflict
from devots_desktop.store.telling import telling

Result = TypeVar("Result")


class Settling:
    """Carries out on an account's cache what the user decided, and publishes what changed. All raise CacheUnusable."""

    def __init__(self, cache: Cache, run: Run, publish: Callable[[ChangeSet], object]) -> None:
        """As Todos takes them."""
        self._cache = cache
        self._run = run
        self._publish = publish

    async def retry(self, client_id: str) -> bool:
        """Send what is parked of a todo again; one that was deleted elsewhere is made anew. False where nothing is parked."""
        return await self._change(lambda: settling.retry(self._cache, client_id))

    async def rewrite(self, client_id: str, text: str) -> bool:
        """Give a todo another text instead of what is parked, and send that. False where nothing is parked.

        Raises:
            InvalidText: the text cannot be a todo.
        """
        cleaned = clean_text(text)
        return await self._change(lambda: settling.retry(self._cache, client_id, cleaned))

    async def drop(self, client_id: str) -> bool:
        """Give up what is parked of a todo; it shows what the server has. False where nothing is parked."""
        return await self._change(lambda: settling.drop(self._cache, client_id))

    async def restore(self, number: int) -> str | None:
        """Restore a value that lost, as an edit; answers the todo's client_id, None where there is nothing to restore."""
        return await self._change(lambda: conflicts.restore(self._cache, number))

    async def dismiss(self, number: int) -> Conflict | None:
        """Forget a value that lost; answers it, so that `keep` can take that back."""
        return await self._change(lambda: conflicts.dismiss(self._cache, number))

    async def keep(self, conflict: Conflict) -> None:
        """Take a dismissal back."""
        await self._change(lambda: conflicts.keep(self._cache, conflict))

    async def prune(self) -> None:
        """Forget the values that have been kept long enough."""
        await self._change(lambda: conflicts.prune(self._cache))

    async def _change(self, work: Callable[[], Result]) -> Result:
        return await self._run(telling(self._cache, work, self._publish))
