"""The verbs on todos. Each is stored on this device before it returns; the server hears of it afterwards."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import InvalidText
from devots_desktop.domain.lines import lines
from devots_desktop.domain.question import Choice
from devots_desktop.domain.steps import Step
from devots_desktop.domain.text import clean_text
from devots_desktop.store import edits, missing, undo
from devots_desktop.store.cache import Cache, Run
from devots_desktop.store.telling import telling

Result = TypeVar("Result")


class Todos:
    """Adds, edits, completes and deletes todos of one account, takes that back, and publishes what changed.

    Each call is one step of undo. What raises has changed nothing.
    """

    def __init__(self, cache: Cache, run: Run, publish: Callable[[ChangeSet], object], *, text_fixed: str = "") -> None:
        """Work on an account's cache.

        Args:
            run: awaits a function on the cache's thread.
            publish: called on that thread with what changed, before the verb returns.
            text_fixed: why texts cannot be changed, as a sentence; empty where they can.
        """
        self._cache = cache
        self._run = run
        self._publish = publish
        self._text_fixed = text_fixed

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

    async def add_lines(self, text: str) -> list[str]:
        """Add a todo for each line of a text (domain/lines.py), the first one highest: all of them or none.

        Returns:
            their client_ids, in the order of the lines.

        Raises:
            InvalidText: a line cannot be a todo; the sentence names it.
            CacheUnusable: they could not be stored.
        """
        found = lines(text)
        return await self._change(lambda: edits.add_all(self._cache, found))

    async def bring(self, todos: Sequence[edits.Brought]) -> edits.Imported:
        """Add the todos of a file that are not here: all of them or none. Raises CacheUnusable."""
        return await self._change(lambda: edits.bring(self._cache, todos))

    async def edit(self, client_id: str, text: str) -> bool:
        """Give a todo another text; False where nothing changed. Raises as `add` does; InvalidText, too, where the account's server has no way to do it."""
        if self._text_fixed:
            raise InvalidText("Text read-only", self._text_fixed, "What you typed was not stored.")
        cleaned = clean_text(text)
        return await self._change(lambda: edits.edit(self._cache, client_id, {"text": cleaned}))

    async def complete(self, client_id: str, *, completed: bool = True) -> bool:
        """Mark a todo as done or open; False where nothing changed. Raises CacheUnusable."""
        return await self._change(lambda: edits.edit(self._cache, client_id, {"completed": completed}))

    async def delete(self, client_id: str) -> bool:
        """Delete a todo; False where it was gone. Raises CacheUnusable."""
        return await self._change(lambda: edits.delete(self._cache, client_id))

    async def complete_all(self, ids: Sequence[str], *, completed: bool = True) -> int:
        """Mark todos as done or open; answers how many changed. Raises CacheUnusable."""
        return await self._change(lambda: edits.edit_all(self._cache, ids, {"completed": completed}))

    async def delete_all(self, ids: Sequence[str]) -> int:
        """Delete todos; answers how many there were. Raises CacheUnusable."""
        return await self._change(lambda: edits.delete_all(self._cache, ids))

    async def undo(self) -> Step | None:
        """Take back the newest step, whichever face took it; None where there is none.

        Returns:
            what it was, and how many todos changed: none where they were deleted elsewhere meanwhile.

        Raises:
            CacheUnusable: it could not be stored.
        """
        return await self._change(lambda: undo.undo(self._cache))

    async def redo(self) -> Step | None:
        """Do again what was undone last. Answers and raises as `undo` does."""
        return await self._change(lambda: undo.redo(self._cache))

    async def answer_question(self, choice: Choice) -> int:
        """Decide about the todos that the server does not have any more (`Lists.question`). Raises CacheUnusable.

        Returns:
            how many todos it was about; none where the question was settled meanwhile.
        """
        return await self._change(lambda: missing.answer(self._cache, choice))

    async def refresh(self) -> None:
        """Publish what other processes wrote to the cache since the last change."""
        await self._change(lambda: None)

    async def _change(self, work: Callable[[], Result]) -> Result:
        return await self._run(telling(self._cache, work, self._publish))
