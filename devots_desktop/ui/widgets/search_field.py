"""The field that the list is searched with."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_card, draw_icon, leaves_undo
from devots_desktop.ui.line_edit import LineEdit
from devots_desktop.ui.widgets.buttons import IconButton


class SearchField(QWidget):
    """Searches as somebody types.

    Signals:
        changed(words): what is typed now; "" ends the search.
        left(): Enter or the arrow down: the keyboard goes to the list.
    """

    changed = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = LineEdit(placeholderText=self.tr("Search"), frame=False)
        self.field.setAccessibleName(self.tr("Search"))
        own = QPalette()
        own.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        self.field.setPalette(own)
        self.clear = IconButton("close", self.tr("Clear the search"))
        self.clear.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        row.addSpacing(self._sign() - 2)  # Not a margin, which would stay at the left in a window from right to left.
        row.addWidget(self.field)
        row.addWidget(self.clear)
        self.setMinimumHeight(max(theme.TARGET + 8, self.fontMetrics().height() + theme.SPACE * 2))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.field.textChanged.connect(self._take)
        self.field.returnPressed.connect(self.left)
        self.field.installEventFilter(self)
        self.clear.clicked.connect(self.end)
        self.setFocusProxy(self.field)

    def words(self) -> str:
        """What is searched for; "" for nothing."""
        return self.field.text().strip()

    def begin(self) -> None:
        """Go to the field; what is in it is selected, so that typing replaces it."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def end(self) -> None:
        """Search no more."""
        self.field.setText("")

    def _take(self, text: str) -> None:
        self.clear.setVisible(bool(text))
        self.changed.emit(text.strip())

    def _sign(self) -> int:
        return theme.icon_size(self.fontMetrics()) + theme.SPACE * 3 // 2

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape clears, then leaves; the arrow down leaves."""
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        if leaves_undo(self.field, event):
            return True
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.end()
                self.left.emit()
                return True
            if event.key() == Qt.Key.Key_Down:
                self.left.emit()
                return True
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The frame is part of the field."""
        self.field.setFocus(Qt.FocusReason.MouseFocusReason)
        super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame and the sign."""
        colours = theme.of(self)
        focused = self.field.hasFocus()
        painter = QPainter(self)
        draw_card(
            painter, self.rect(), colours.base if focused else colours.side, colours.accent if focused else colours.line, width=1 + focused
        )
        sign = self.rect()
        sign.setWidth(self._sign() + theme.SPACE // 2)
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            sign.moveRight(self.width() - 1)
        draw_icon(painter, sign, "search", colours.accent if focused else colours.muted, theme.icon_size(self.fontMetrics()))
