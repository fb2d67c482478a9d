"""How a row of the list is drawn, clicked and edited."""

from functools import lru_cache

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from devots_desktop.domain.errors import InvalidText
from devots_desktop.domain.text import clean_text, one_line
from devots_desktop.domain.todo import State, Todo
from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_card, draw_check, draw_icon, leading, mirrored, row_height, scaled
from devots_desktop.ui.line_edit import LineEdit
from devots_desktop.ui.models.todo_list import TODO_ROLE
from devots_desktop.ui.trace import Trace

Index = QModelIndex | QPersistentModelIndex
_DIRECTIONS = (Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft)
# Made once: joining flags in Python is dear, and a text is drawn for every row of every frame.
_LINE = {direction: int(leading(direction) | Qt.TextFlag.TextSingleLine) for direction in _DIRECTIONS}
_PENDING, _PARKED = ("waiting", "pending"), ("alert", "needs you")
_MISSING, _CONFLICT = ("alert", "not on the server"), ("conflict", "conflict")

_SHARE = 4
"""The part of a row's text, one in so many, that a mark with its word may take."""


class TodoRowDelegate(QStyledItemDelegate):
    """Draws check circle, text and marks; edits in place.

    Signals:
        toggled(client_id, completed), edited(client_id, text), deleted(client_id): what the user asked for.
        refused(sentence): the text in the editor cannot be stored; the editor stays open.
        given_up(text): the editor lost the focus with such a text in it.
    """

    toggled = Signal(str, bool)
    edited = Signal(str, str)
    deleted = Signal(str)
    refused = Signal(str)
    given_up = Signal(str)

    def __init__(self, view: QAbstractItemView, trace: Trace | None = None) -> None:
        """Draw for a view."""
        super().__init__(view)
        self._view = view
        self._trace = trace
        self.flashing: dict[int, float] = {}
        """How strongly rows are marked as changed elsewhere, by key: 0 to 1."""
        self.editing: int | None = None
        """The key of the row that an editor is open on."""
        self.words = ""
        """What the list is searched for: marked where it is in the text."""
        self.pointer = QPointF(-1, -1)
        """Where the mouse is over the list."""
        self.end = theme.SPACE * 2
        """Between the cards and the end of the list."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are equally high."""
        return QSize(0, row_height(option.fontMetrics))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row."""
        todo: Todo | None = index.data(TODO_ROLE)
        if todo is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.scheme(option.palette)
        self._draw_back(painter, option, index, todo, colours)
        hovered = self._hovered(option)
        self._draw_circle(painter, self._zone(option, "check"), todo, colours, warm=hovered and self._over(option, "check"))
        if hovered or self._focused(index):
            colour = colours.bad if hovered and self._over(option, "delete") else colours.muted
            draw_icon(painter, self._zone(option, "delete"), "trash", colour, theme.icon_size(option.fontMetrics))
        if todo.key != self.editing:
            self._draw_text(painter, option, todo, colours)
        painter.restore()
        if self._trace is not None:
            self._trace.painted(todo)

    def _draw_back(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, todo: Todo, colours: theme.Scheme) -> None:
        card = self._zone(option, "card")
        if todo.key == self.editing:
            draw_card(painter, card, colours.base, colours.accent, width=2)
            return
        if self._view.selectionModel().isSelected(index):
            draw_card(painter, card, colours.selected)
        elif self._hovered(option):
            draw_card(painter, card, colours.hover)
        if strength := self.flashing.get(todo.key, 0.0):
            painter.setOpacity(strength)
            draw_card(painter, card, colours.flash)
            painter.setOpacity(1.0)
        if self._focused(index):
            draw_card(painter, card, None, colours.accent, width=2)

    # What option.state says, too; its type would bring all of QStyle's names into the first paint.

    def _hovered(self, option: QStyleOptionViewItem) -> bool:
        return self._view.viewport().underMouse() and option.rect.contains(self.pointer.toPoint())

    def _focused(self, index: Index) -> bool:
        return self._view.hasFocus() and self._view.currentIndex() == index

    def _draw_circle(self, painter: QPainter, zone: QRect, todo: Todo, colours: theme.Scheme, *, warm: bool) -> None:
        width = min(zone.width(), zone.height()) * 0.46
        circle = QRectF(0, 0, width, width)
        circle.moveCenter(QRectF(zone).center())
        draw_check(painter, circle, colours, done=todo.completed, warm=warm)

    def _draw_text(self, painter: QPainter, option: QStyleOptionViewItem, todo: Todo, colours: theme.Scheme) -> None:
        zone = self._zone(option, "text")
        for mark in _marks(todo):
            zone = self._draw_mark(painter, option, zone, mark, colours.bad if mark is _PARKED else colours.muted)
        font = option.font
        font.setStrikeOut(todo.completed)
        painter.setFont(font)
        painter.setPen(QColor(colours.muted if todo.completed else colours.text))
        if self.words:
            from devots_desktop.ui.delegates.found_text import draw_found  # Qt's layout of text, which nothing else needs.

            draw_found(painter, zone, todo, self.words, option, colours)
            return
        # Each text by its own direction, but always beside its circle.
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        # More characters than fit into the widest window need not be measured.
        shown = option.fontMetrics.elidedText(one_line(todo.text[:2_000]), Qt.TextElideMode.ElideRight, zone.width())
        painter.drawText(zone, _LINE[option.direction], shown)

    def _draw_mark(self, painter: QPainter, option: QStyleOptionViewItem, zone: QRect, mark: tuple[str, str], colour: str) -> QRect:
        """Draw icon and word, or the icon alone where the row is short, at the end of the text's zone; answer what is left of it."""
        icon, word = mark
        font = scaled(option.font, 0.87)
        metrics = QFontMetrics(font)
        size = metrics.height() + 3
        width = size + theme.SPACE // 2 + metrics.horizontalAdvance(word)
        if width * _SHARE > zone.width():
            word, width = "", size
        place = QRect(zone.right() - width, zone.top(), width, zone.height())
        painter.setFont(font)
        painter.setPen(QColor(colour))
        draw_icon(painter, _mirrored(option, zone, QRect(place.left(), place.top(), size, place.height())), icon, colour, size)
        words = _mirrored(option, zone, place.adjusted(size + theme.SPACE // 2, 0, 0, 0))
        painter.drawText(words, leading(option.direction), word)
        return _mirrored(option, zone, zone.adjusted(0, 0, -width - theme.SPACE, 0))

    def _zone(self, option: QStyleOptionViewItem, name: str) -> QRect:
        """Where a part of the row lies, mirrored in right-to-left windows."""
        row = option.rect
        return _parts(row.width(), row.height(), self.end, option.direction)[name].translated(row.topLeft())

    def _over(self, option: QStyleOptionViewItem, name: str) -> bool:
        return self._zone(option, name).contains(self.pointer.toPoint())

    def editorEvent(self, event: QEvent, model: object, option: QStyleOptionViewItem, index: Index) -> bool:
        """A click on the circle toggles, one on the bin deletes."""
        if not isinstance(event, QMouseEvent) or event.button() is not Qt.MouseButton.LeftButton:
            return False
        todo: Todo | None = index.data(TODO_ROLE)
        where = event.position().toPoint()
        on_check, on_delete = (self._zone(option, name).contains(where) for name in ("check", "delete"))
        released = event.type() is QEvent.Type.MouseButtonRelease
        # A second click soon after the first is a double click, whose release Qt keeps to itself: it takes the tick back.
        if todo and on_check and (released or event.type() is QEvent.Type.MouseButtonDblClick):
            self.toggled.emit(todo.client_id, not todo.completed)
        elif todo and on_delete and released:
            self.deleted.emit(todo.client_id)
        # Taken, so that a double click on them opens no editor.
        return on_check or on_delete

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A line for the text, where the text was."""
        editor = LineEdit(parent)
        editor.setFrame(False)
        # The view's palette has no colour for selected text.
        editor.setPalette(QApplication.palette())
        editor.setAutoFillBackground(False)
        editor.setAccessibleName(self.tr("Text of the todo"))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """Put the editor's text exactly over the row's text; QLineEdit has two pixels of its own on each side."""
        height = editor.sizeHint().height()
        zone = self._zone(option, "text").adjusted(-2, 0, 2, 0)
        editor.setGeometry(zone.left(), zone.top() + (zone.height() - height) // 2, zone.width(), height)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Fill the editor once: what the user has typed stays, whatever happens to the row meanwhile."""
        if isinstance(editor, QLineEdit) and editor.property("before") is None:
            text: str = index.data(Qt.ItemDataRole.EditRole) or ""
            editor.setProperty("before", text)
            editor.setText(text)
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: object, index: Index) -> None:
        """Ask for the edit where the user changed the text."""
        todo: Todo | None = index.data(TODO_ROLE)
        typed = typed_text(editor)
        if todo is None or typed is None:
            return
        try:
            self.edited.emit(todo.client_id, clean_text(typed))
        except InvalidText as error:
            self.refused.emit(str(error))
            if typed.strip():
                self.given_up.emit(typed)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Enter keeps the editor open where its text cannot be stored."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            typed = typed_text(editor)
            try:
                if typed is not None:
                    clean_text(typed)
            except InvalidText as error:
                self.refused.emit(str(error))
                return True
        return super().eventFilter(editor, event)


def _marks(todo: Todo) -> list[tuple[str, str]]:
    """Icon and word of each mark of a row, the one at its end first."""
    if todo.state is State.SYNCED and not todo.conflicts and not todo.missing:
        return []
    state = {State.PENDING: [_PENDING], State.PARKED: [_PARKED], State.SYNCED: []}[todo.state]
    return [*state, *[_MISSING] * todo.missing, *[_CONFLICT] * bool(todo.conflicts)]


def typed_text(editor: QObject | None) -> str | None:
    """What the user made of the text; None where it is unchanged."""
    if not isinstance(editor, QLineEdit) or editor.text() == editor.property("before"):
        return None
    return editor.text()


@lru_cache(maxsize=8)
def _parts(width: int, height: int, end: int, direction: Qt.LayoutDirection) -> dict[str, QRect]:
    """Where the parts of a row of this size lie in it: all rows of a frame are alike."""
    row = QRect(0, 0, width, height)
    card = row.adjusted(2 * theme.SPACE, 1, -end, -1)
    check = QRect(card.left(), 0, height, height)
    delete = QRect(card.right() + 1 - height, 0, height, height)
    text = QRect(check.right(), 0, delete.left() - check.right(), height)
    parts = {"card": card, "check": check, "delete": delete, "text": text}
    return {name: mirrored(direction, row, part) for name, part in parts.items()}


def _mirrored(option: QStyleOptionViewItem, within: QRect, place: QRect) -> QRect:
    return mirrored(option.direction, within, place)
