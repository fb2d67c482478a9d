"""The ground of a dialog: a heading, what belongs below it, which scrolls where the screen is low, and the buttons, which are always in sight."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.widgets.fields import Form
from devots_desktop.ui.widgets.labels import plain_label
from devots_desktop.ui.widgets.scroll_bar import SlimScrollBar

_MARGIN = theme.SPACE * 3
_WIDE = 72
"""Characters on a line."""


class Page(Form):
    """Fills a dialog.

    Attributes:
        column: what scrolls, below the heading.
        area: in which it does.
    """

    def __init__(self, dialog: QDialog) -> None:
        """Fill a dialog, whose title becomes the heading."""
        super().__init__()
        self._inner = QWidget()
        self.column = QVBoxLayout(self._inner)
        self.column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, theme.SPACE)
        self.column.setSpacing(theme.SPACE * 3 // 2)
        self.column.addWidget(plain_label(dialog.windowTitle(), size=1.4, bold=True))
        self.area = QScrollArea(widgetResizable=True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if theme.is_plain():
            self.area.setVerticalScrollBar(SlimScrollBar())
        self.area.setWidget(self._inner)
        self._foot = QHBoxLayout()
        self._foot.setContentsMargins(_MARGIN, theme.SPACE, _MARGIN, _MARGIN)
        self._foot.setSpacing(theme.SPACE * 3 // 2)
        self._foot.addStretch(1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.area, 1)
        rows.addLayout(self._foot)
        around = QVBoxLayout(dialog)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self)

    def finish(self, *buttons: QPushButton, back: QPushButton | None = None) -> None:
        """Close the page with its buttons; call when all is in the column. `back` stands by itself, on the other side."""
        self.column.addStretch(1)
        if back is not None:
            self._foot.insertWidget(0, back)
        for button in buttons:
            self._foot.addWidget(button)

    def sizeHint(self) -> QSize:
        """As wide as the text wants and as high as all of it, as far as the screen allows."""
        self.column.activate()
        screen = self.screen().availableGeometry().size() * 0.9
        width = max(self.fontMetrics().averageCharWidth() * _WIDE, self._inner.minimumSizeHint().width())
        height = max(self._inner.heightForWidth(width), self._inner.sizeHint().height()) + self._foot.sizeHint().height()
        return QSize(width, height).boundedTo(screen)
