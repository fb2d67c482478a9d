"""What the user asks for in the window, done on the account that is on screen."""

from collections.abc import Callable, Coroutine
from typing import Any

from devots_desktop.domain.errors import DevotsError
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.window import MainWindow


class Verbs:
    """Turns the window's signals into calls of the services; each failure is said where it belongs."""

    def __init__(self, window: MainWindow, tasks: Tasks, current: Callable[[], OpenAccount]) -> None:
        """Serve a window from now on.

        Args:
            current: the account on screen.
        """
        self._window = window
        self._tasks = tasks
        self._current = current
        window.quick_add.submitted.connect(self.add)
        window.view.rows.toggled.connect(lambda client_id, done: self._do("toggle", current().todos.complete(client_id, completed=done)))
        window.view.rows.edited.connect(lambda client_id, text: self._do("edit", self._edit(client_id, text)))
        window.view.rows.deleted.connect(lambda client_id: self._do("delete", current().todos.delete(client_id)))

    def add(self, text: str) -> None:
        """Add a todo; a text that cannot be stored comes back into the field."""
        self._do("add", self._add(text))

    def _do(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.spawn(name, work)

    async def _add(self, text: str) -> None:
        await self._or_back(text, self._current().todos.add(text))

    async def _edit(self, client_id: str, text: str) -> None:
        await self._or_back(text, self._current().todos.edit(client_id, text))

    async def _or_back(self, text: str, work: Coroutine[Any, Any, Any]) -> None:
        """Store a text; whatever goes wrong, what the user typed comes back into the field."""
        try:
            await work
        except DevotsError as error:
            self._window.quick_add.offer(text, str(error))
        except Exception:
            self._window.quick_add.offer(text, self._window.tr("This was not stored."))
            raise
