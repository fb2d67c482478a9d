"""Export and import in the window: the dialogs that ask for a file, and what is said afterwards."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from devots_desktop.domain.text import one_line
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.edits import Imported
from devots_desktop.store.lists import View
from devots_desktop.ui.commands import WINDOW, Do, add_action
from devots_desktop.ui.reading import read
from devots_desktop.ui.window import MainWindow

_FORMS = {"JSON (*.json)": "json", "CSV (*.csv)": "csv", "todo.txt (*.txt)": "txt"}


class Files(QObject):
    """Writes the account's todos to a file, and takes those of a file in."""

    def __init__(self, window: MainWindow, tasks: Tasks, current: Callable[[], OpenAccount]) -> None:
        """Serve a window from now on.

        Args:
            current: the account on screen.
        """
        super().__init__(window)
        self._window = window
        self._tasks = tasks
        self._current = current
        for do, work in ((Do.EXPORT, self.ask_where_to), (Do.IMPORT, self.ask_where_from)):
            window.commands[do] = add_action(window, do, WINDOW[do].bindings(), work)

    def ask_where_to(self) -> None:
        """Ask for the file to write; the form goes by the name's end."""
        dialog = self._dialog(self.tr("Export the todos"), list(_FORMS))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.selectFile("todos.json")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(_FORMS[chosen]))
        dialog.fileSelected.connect(lambda file: self._tasks.spawn("export", self.write(Path(file))))
        dialog.open()

    def ask_where_from(self) -> None:
        """Ask for the file to read."""
        dialog = self._dialog(self.tr("Import todos"), ["JSON (*.json)", self.tr("All files (*)")])
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda file: self._tasks.spawn("import", self.read(Path(file))))
        dialog.open()

    async def write(self, path: Path) -> None:
        """Write all todos of the account to this file. Raises FileUnusable, CacheUnusable."""
        from devots_desktop.services import transfer

        lists = self._current().lists
        todos = await read(lists, lists.search("", View.ALL))
        parts = transfer.written(todos, transfer.form_of(path))
        await asyncio.to_thread(transfer.save, path, parts, one_line(str(path)))
        count = len(todos)
        self._window.status_line.say(f"{count:,} {'todo' if count == 1 else 'todos'} written to {one_line(str(path))}")

    async def read(self, path: Path) -> None:
        """Add the todos of this file that are not here. Raises FileUnusable, CacheUnusable."""
        from devots_desktop.services import transfer

        opened = self._current()
        todos = await asyncio.to_thread(transfer.load, path.read_bytes, one_line(path.name))
        imported = await opened.todos.bring(todos)
        undo = ("Undo", self._window.undo_asked.emit) if imported.added and opened is self._current() else None
        self._window.status_line.say(_said(imported), offer=undo)

    def _dialog(self, title: str, filters: list[str]) -> QFileDialog:
        dialog = QFileDialog(self._window, title, str(Path.home()))
        dialog.setNameFilters(filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog


def _said(imported: Imported) -> str:
    kept = f", {imported.kept:,} left as they are here" if imported.kept else ""
    return f"{imported.added:,} added, {imported.same:,} here already{kept}"
