"""What the user asks for in the window, done on the account that is on screen."""

import asyncio
from array import array
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtGui import QGuiApplication

from devots_desktop.domain.changes import ChangeSet, Via
from devots_desktop.domain.errors import DevotsError
from devots_desktop.domain.steps import Step
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui import wording
from devots_desktop.ui.reading import read
from devots_desktop.ui.widgets.selection import select_keys
from devots_desktop.ui.window import MainWindow

_LAST_S = 5
"""Seconds that the end of the program waits for the last edits: another program may hold the file for a moment."""


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
        self._writing: set[asyncio.Task[Any]] = set()
        view = window.view
        window.quick_add.submitted.connect(self.add)
        window.quick_add.pasted.connect(self.paste)
        view.rows.toggled.connect(lambda client_id, done: self._do("toggle", current().todos.complete(client_id, completed=done)))
        view.rows.edited.connect(self.edit)
        view.rows.deleted.connect(lambda client_id: self._do("delete", current().todos.delete(client_id)))
        view.toggled.connect(lambda keys: self._do("toggle", self._toggle(keys)))
        view.deleted.connect(lambda keys: self._do("delete", self._delete(keys)))
        view.copied.connect(lambda keys: tasks.spawn("copy", self._copy(keys)))
        view.pasted.connect(lambda: self.paste(QGuiApplication.clipboard().text()))
        window.undo_asked.connect(self.undo)
        window.redo_asked.connect(self.redo)

    def add(self, text: str) -> None:
        """Add a todo; a text that cannot be stored comes back into the field."""
        self._do("add", self.or_back(text, self._current().todos.add(text)))

    def edit(self, client_id: str, text: str) -> None:
        """Give a todo another text; one that cannot be stored comes into the field for a new todo."""
        self._do("edit", self.or_back(text, self._edit(self._current(), client_id, text)))

    def paste(self, text: str) -> None:
        """Add a todo for each line."""
        if text.strip():
            self._do("paste", self._current().todos.add_lines(text))

    def undo(self) -> None:
        """Take back the newest step, and say which one that was."""
        self._tasks.spawn("undo", self._step(self._current().todos.undo(), wording.undone, "Nothing to undo", ("Redo", self.redo)))

    def redo(self) -> None:
        """Do again what was undone last."""
        self._tasks.spawn("redo", self._step(self._current().todos.redo(), wording.redone, "Nothing to do again", ("Undo", self.undo)))

    async def finish(self) -> None:
        """Wait until what was asked for is stored."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=_LAST_S)

    def do(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Start what changes the list; the end of the program waits for it."""
        task = self._tasks.spawn(name, work)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def ask(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Start what asks the user first; the end of the program does not wait for it."""
        self._tasks.spawn(name, work)

    def _do(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        self.do(name, self._told(self._current(), work))

    async def _edit(self, opened: OpenAccount, client_id: str, text: str) -> bool:
        changed = await opened.todos.edit(client_id, text)
        if not changed and not opened.lists.by_prefix(client_id):
            self._window.view.orphaned.emit(text)
        return changed

    async def _told(self, opened: OpenAccount, work: Coroutine[Any, Any, Any]) -> None:
        """Do something, and offer to take it back."""
        if not await work or opened is not self._current():
            return
        step = opened.lists.steps().undo
        if step is not None:
            self._window.status_line.say(wording.step(step), offer=("Undo", self.undo))

    async def _step(
        self, work: Coroutine[Any, Any, Step | None], worded: Callable[[Step], str], nothing: str, offer: tuple[str, Callable[[], object]]
    ) -> None:
        """Undo or redo; the todos that came back or changed are selected, where they are in the list."""
        keys: list[int] = []

        def note(changes: ChangeSet) -> None:
            keys.extend(change.key for change in changes.changes if change.via is Via.LOCAL and change.todo is not None)

        opened = self._current()
        end = opened.changes.subscribe(note)
        try:
            step = await work
        finally:
            end()
        if opened is not self._current():
            return
        window = self._window
        window.status_line.say(worded(step) if step else nothing, offer=offer if step else None)
        select_keys(window.view, window.model, keys)

    async def _toggle(self, keys: "array[int]") -> int:
        opened = self._current()
        todos = await read(opened.lists, keys)
        done = all(todo.completed for todo in todos)
        return await opened.todos.complete_all([todo.client_id for todo in todos], completed=not done)

    async def _delete(self, keys: "array[int]") -> int:
        opened = self._current()
        return await opened.todos.delete_all([todo.client_id for todo in await read(opened.lists, keys)])

    async def _copy(self, keys: "array[int]") -> None:
        """Put the todos on the clipboard, one on each line."""
        todos = await read(self._current().lists, keys)
        QGuiApplication.clipboard().setText("\n".join(" ".join(todo.text.splitlines()) for todo in todos))
        if todos:
            count = len(todos)
            self._window.status_line.say("1 todo copied" if count == 1 else f"{count:,} todos copied")

    async def or_back(self, text: str, work: Coroutine[Any, Any, Any]) -> Any:
        """Store a text; whatever goes wrong, what the user typed comes back into the field."""
        try:
            return await work
        except DevotsError as error:
            self._window.quick_add.offer(text, str(error))
            return None
        except Exception:
            self._window.quick_add.offer(text, self._window.tr("This was not stored."))
            raise
