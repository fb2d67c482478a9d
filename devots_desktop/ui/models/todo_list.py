"""The model of the list: an array of row keys, and the rows of the window that is being looked at.

Every change becomes an insert, a remove, a move or a `dataChanged` of single rows. Where too much changed for that, rows are removed and
inserted in one step each and put in order by `layoutChanged`, never by a reset: selection, current row and an open editor hang on
persistent indexes, which survive all of these.
"""

from array import array
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import DevotsError
from devots_desktop.domain.search import found
from devots_desktop.domain.sorting import Sort
from devots_desktop.domain.text import MAX_TEXT, one_line
from devots_desktop.domain.todo import State, Todo
from devots_desktop.store.lists import Lists, View
from devots_desktop.ui.models.difference import Asked, Difference, difference
from devots_desktop.ui.models.rows import Rows

Role = Qt.ItemDataRole
TODO_ROLE = Role.UserRole
"""The Todo of a row."""
STATE_ROLE = Role.UserRole + 1

ONE_BY_ONE = 64
"""More changes than this at once are found by comparing the arrays of keys."""
COMPARED_AT_ONCE = 4_000
"""Keys that are read and compared within a quarter of a frame; longer arrays are asked for (`outdated`)."""
_FEW = 16
_TEXT_ROLES = [Role.DisplayRole, Role.EditRole, Role.AccessibleTextRole, TODO_ROLE]
_DONE_ROLES = [Role.CheckStateRole, Role.AccessibleTextRole, TODO_ROLE]
_STATE_ROLES = [STATE_ROLE, Role.AccessibleTextRole, TODO_ROLE]
# Made once: joining two flags of Qt in Python costs as much as drawing a circle, and Qt asks for them each time that it draws a row.
_SHOWN = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
_EDITABLE = _SHOWN | Qt.ItemFlag.ItemIsEditable

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class TodoListModel(QAbstractTableModel):
    """The todos of one view of one account, in one order, or those of them that some words find; of a long list only the beginning, until `complete`.

    Attributes:
        whole: whether it is more than the beginning.
        text_fixed: why no text can be changed, as a sentence; empty where they can be.

    Signals:
        failed(DevotsError): rows could not be read; they are shown empty.
        outdated(): so much changed in a long list that somebody is to read its keys off this thread, as `asked` says, and to `renew` it.
    """

    failed = Signal(object)
    outdated = Signal()

    def __init__(self, lists: Lists, view: View, parent: QObject | None = None, *, sort: Sort = Sort.NEWEST, limit: int = -1) -> None:
        """Show a view of an account's list.

        Args:
            limit: at the most so many rows, until `complete`; -1 for all.
        """
        super().__init__(parent)
        self._lists = lists
        self.view, self.order, self.words = view, sort, ""
        self.text_fixed = ""
        self._held: int | None = None
        self._rows = Rows(lists)
        self._keys, self.whole = _beginning(lists, view, sort, limit)
        self._newest = max(self._keys, default=0)

    def rowCount(self, parent: Index = _ROOT) -> int:
        """How many todos there are."""
        return 0 if parent.isValid() else len(self._keys)

    def columnCount(self, parent: Index = _ROOT) -> int:
        """One."""
        return 0 if parent.isValid() else 1

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Every row can be selected; a text that cannot be changed, or is longer than ours may be, is shown but not edited."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        todo = None if self.text_fixed else self.todo(index.row())
        return _EDITABLE if todo and len(todo.text) <= MAX_TEXT else _SHOWN

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """A row in one of its roles; None where the row is gone from the cache and its removal not told yet."""
        todo = self.todo(index.row()) if index.isValid() else None
        if todo is None:
            return None
        match role:
            case Role.DisplayRole:
                return one_line(todo.text)
            case Role.EditRole:
                return todo.text
            case Role.CheckStateRole:
                return Qt.CheckState.Checked if todo.completed else Qt.CheckState.Unchecked
            case Role.AccessibleTextRole:
                return spoken(todo)
            case _ if role == TODO_ROLE:
                return todo
            case _:
                return str(todo.state) if role == STATE_ROLE else None

    def todo(self, row: int) -> Todo | None:
        """The todo of a row, read with those around it where it is not at hand."""
        key = self._keys[row]
        todo = self._rows.get(key)
        if todo is None:
            try:
                todo = self._rows.read(self._keys, row).get(key)
            except DevotsError as error:
                self.failed.emit(error)
        return todo

    def key(self, row: int) -> int:
        """The key of a row."""
        return self._keys[row]

    def keys(self, rows: range) -> "array[int]":
        """The keys of rows that follow each other."""
        return self._keys[rows.start : rows.stop]

    def row_of(self, key: int) -> int:
        """The row of a key, -1 where it is not in the list."""
        return self._find(key, self._rows.get(key))

    def show(
        self,
        lists: Lists,
        view: View,
        sort: Sort = Sort.NEWEST,
        words: str = "",
        found_keys: "array[int] | None" = None,
        *,
        limit: int = -1,
    ) -> None:
        """Show another list, view or order, or what some words find, from its top.

        Args:
            found_keys: what the words find; it may be the beginning only, until `complete`.
            limit: as when it is made, where there are no words.
        """
        keys, whole = _beginning(lists, view, sort, limit) if found_keys is None else (found_keys, True)
        self.beginResetModel()
        self._lists, self._rows = lists, Rows(lists)
        self.view, self.order, self.words, self._held = view, sort, words, None
        self._keys, self._newest, self.whole = keys, max(keys, default=0), whole
        self.endResetModel()

    def complete(self, keys: "array[int]") -> None:
        """Show the whole list, where only the beginning was shown. What is on screen stays."""
        self.whole = True
        others = keys[: len(self._keys)] != self._keys
        # Of what was found, the newest come first, which in another order are not the beginning.
        if self._held is not None or (others and self.words):
            self._become(difference(self._keys, keys, self.asked().held))
            return
        if others:
            self._become(difference(self._keys, keys[: len(self._keys)], None))
        shown = len(self._keys)
        if len(keys) > shown:
            self.beginInsertRows(_ROOT, shown, len(keys) - 1)
            # Not the greatest of all of them, which would have to be looked for: a greater one than that does no harm.
            self._keys, self._newest = keys, max(self._newest, self._lists.newest())
            self.endInsertRows()

    def hold(self, key: int | None) -> None:
        """Keep this row, which is being edited, although it may leave the view; None lets it go."""
        held, self._held = self._held, key
        row = self.row_of(held) if held is not None and held != key else -1
        todo = self.todo(row) if row >= 0 else None
        if todo is not None and not self._belongs(todo):
            self._remove(row)

    def apply(self, changes: ChangeSet) -> None:
        """Show these changes. What is shown already changes nothing."""
        latest = {change.key: change.todo for change in changes.changes}
        if changes.reload or len(latest) > ONE_BY_ONE:
            self._compare()
            return
        rows = {key: self._find(key, todo) for key, todo in latest.items()}
        moved = [
            todo
            for key, todo in latest.items()
            if todo and rows[key] >= 0 and not self._rows.in_place(rows[key], todo, self._keys, self.order, latest)
        ]
        if moved and len(latest) > 1:
            self._compare()
            return
        for key, todo in latest.items():
            self._apply_one(self._find(key, todo), todo, moved=bool(moved))

    def asked(self) -> Asked:
        """What this list is to be equal to."""
        limit = -1 if self.whole else len(self._keys)
        held = self._held if self._held is not None and self._rows.read_one(self._held) else None
        return Asked(self._lists, self.words, self.view, self.order, limit, self._keys[:], held)

    def renew(self, asked: Asked, change: Difference | None = None) -> bool:
        """Become equal to what was asked for; without a change to what the cache has now, read here.

        Returns:
            whether it did: not where this list has become another one since it asked.
        """
        if change is not None and asked != self.asked():
            return False
        if change is None:
            wanted = self._lists.search(asked.words, asked.view, sort=asked.sort, limit=asked.limit)
            change = difference(asked.shown, wanted, asked.held)
        self._become(change)
        return True

    def _apply_one(self, row: int, todo: Todo | None, *, moved: bool) -> None:
        if row >= 0 and (todo is None or not self._belongs(todo)):
            self._remove(row)
        elif row >= 0 and todo:
            self._update(row, todo)
            if moved:
                self._move(row, todo)
        elif todo and self._belongs(todo):
            place = self._rows.place(todo, self._keys, self.order)
            # Behind the beginning of a list it belongs to what is still to come.
            if self.whole or place < len(self._keys):
                self._insert(place, todo)

    def _belongs(self, todo: Todo) -> bool:
        return todo.key == self._held or (self.view.holds(todo) and (not self.words or found(todo.text, self.words)))

    def _update(self, row: int, todo: Todo) -> None:
        before = self._rows.get(todo.key)
        self._rows.put(todo)
        if before == todo:
            return
        roles = changed_roles(before, todo) if before else []
        self.dataChanged.emit(self.index(row, 0), self.index(row, 0), roles)

    def _insert(self, row: int, todo: Todo) -> None:
        self.beginInsertRows(_ROOT, row, row)
        self._keys.insert(row, todo.key)
        self._rows.put(todo)
        self._newest = max(self._newest, todo.key)
        self.endInsertRows()

    def _remove(self, row: int) -> None:
        self.beginRemoveRows(_ROOT, row, row)
        self._rows.drop(self._keys.pop(row))
        self.endRemoveRows()

    def _move(self, row: int, todo: Todo) -> None:
        """Move a row to its place; the search for it must not meet the row itself on its way."""
        key = self._keys.pop(row)
        place = self._rows.place(todo, self._keys, self.order)
        self._keys.insert(row, key)
        if place != row and self.beginMoveRows(_ROOT, row, row, _ROOT, place + (place > row)):
            self._keys.insert(place, self._keys.pop(row))
            self.endMoveRows()

    def _find(self, key: int, near: Todo | None) -> int:
        """The row of a key: by bisection where the todo is known, else by looking through the array."""
        if key > self._newest:
            return -1
        known = self._rows.get(key) or near
        row = self._rows.place(known, self._keys, self.order) if known else len(self._keys)
        if row < len(self._keys) and self._keys[row] == key:
            return row
        try:
            return self._keys.index(key)
        except ValueError:
            return -1

    def _compare(self) -> None:
        """Become equal to the keys that the cache has, now or, where that would hold up the window, soon."""
        if len(self._keys) > COMPARED_AT_ONCE:
            self.outdated.emit()
        else:
            self.renew(self.asked())

    def _become(self, change: Difference) -> None:
        """Remove what went, add what came, then put all in order."""
        self._rows.clear()
        if change.gone:
            self._arrange(change.stay + change.gone)
            self.beginRemoveRows(_ROOT, len(change.stay), len(self._keys) - 1)
            self._keys = change.stay[:]
            self.endRemoveRows()
        if change.come:
            self.beginInsertRows(_ROOT, len(self._keys), len(self._keys) + len(change.come) - 1)
            self._keys = self._keys + change.come
            self._newest = max(self._newest, change.come[0])
            self.endInsertRows()
        self._arrange(change.wanted)
        if self._keys:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._keys) - 1, 0), [])

    def _arrange(self, keys: "array[int]") -> None:
        """Put the rows in this order of the same keys."""
        if keys == self._keys:
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        named = [self._keys[index.row()] for index in before]
        rows = {key: keys.index(key) for key in named} if len(named) <= _FEW else {key: row for row, key in enumerate(keys)}
        self._keys = keys[:]
        self.changePersistentIndexList(before, [self.index(rows[key], 0) for key in named])
        self.layoutChanged.emit()


def changed_roles(before: Todo, after: Todo) -> list[int]:
    """The roles in which two forms of a row differ."""
    roles: list[int] = []
    if before.text != after.text:
        roles += _TEXT_ROLES
    if before.completed != after.completed:
        roles += _DONE_ROLES
    if (before.state, before.conflicts, before.missing) != (after.state, after.conflicts, after.missing):
        roles += _STATE_ROLES
    return list(dict.fromkeys(roles or [TODO_ROLE]))


def spoken(todo: Todo) -> str:
    """What a screen reader says of a row: text, whether it is done, and its state."""
    parts = [one_line(todo.text), "done" if todo.completed else "open"]
    parts += {State.PENDING: ["not sent yet"], State.PARKED: ["needs you"], State.SYNCED: []}[todo.state]
    parts += ["not on the server"] if todo.missing else []
    parts += ["has an overruled value"] if todo.conflicts else []
    return ", ".join(parts)


def _beginning(lists: Lists, view: View, sort: Sort, limit: int) -> "tuple[array[int], bool]":
    """The keys of at the most so many rows, and whether they are all."""
    keys = lists.keys(view, sort=sort, limit=limit)
    return keys, limit < 0 or len(keys) < limit
