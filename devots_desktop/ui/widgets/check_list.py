"""What was looked at, one below the other as it becomes known: a mark, how it is, and what mends it."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from devots_desktop.domain.finding import Finding, Level
from devots_desktop.ui import theme
from devots_desktop.ui.drawing import draw_check, draw_icon
from devots_desktop.ui.widgets.labels import MUTED, TEXT, plain_label

_NAMES = {
    Level.OK: "Fine",
    Level.UNCHECKED: "Not checked",
    Level.WARNING: "Look at this",
    Level.WRONG: "Wrong",
    None: "Checking",
}
"""What a mark says; None is for what is being looked at."""
_ICONS = {Level.UNCHECKED: "waiting", Level.WARNING: "alert", None: "waiting"}


class CheckList(QWidget):
    """The findings, and below them what is being looked at.

    Attributes:
        rows: one for each finding.
    """

    def __init__(self, copy: "Callable[[CheckRow], None]", parent: QWidget | None = None) -> None:
        """Make an empty list.

        Args:
            copy: asked to copy the SQL of a row's finding.
        """
        super().__init__(parent)
        self.rows: list[CheckRow] = []
        self._copy = copy
        self._looking: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.SPACE)

    def clear(self) -> None:
        """Begin again."""
        self.look("")
        while self.rows:
            _drop(self.rows.pop())

    def look(self, check: str) -> None:
        """Say what is being looked at; "" for nothing."""
        if self._looking is not None:
            _drop(self._looking)
        self._looking = Row(None, f"{check[:1].upper()}{check[1:]} …") if check else None
        if self._looking is not None:
            self._column.addWidget(self._looking)

    def add(self, finding: Finding) -> None:
        """Tell of something that was looked at."""
        self.look("")
        row = CheckRow(finding, self._copy)
        self.rows.append(row)
        self._column.addWidget(row)

    def show_only_notable(self) -> None:
        """Leave out what is fine and asks for nothing."""
        for row in self.rows:
            row.setVisible(row.finding.level is not Level.OK or bool(row.finding.next_step))


class Row(QWidget):
    """A line of it: a mark, and texts below each other."""

    def __init__(self, level: Level | None, sentence: str, step: str = "") -> None:
        super().__init__()
        self.setAccessibleName(f"{_NAMES[level]}: {sentence} {step}".rstrip())
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(theme.SPACE * 3 // 2)
        self.grid.setVerticalSpacing(theme.SPACE // 2)
        self.grid.setColumnStretch(1, 1)
        self.grid.addWidget(_Mark(level), 0, 0, Qt.AlignmentFlag.AlignTop)
        for place, (text, role) in enumerate(((sentence, MUTED if level is None else TEXT), (step, MUTED))):
            if text:
                self.grid.addWidget(_wrapped(text, role), place, 1)


class CheckRow(Row):
    """How it is with one thing.

    Attributes:
        copy_button: copies the SQL that mends it; None where there is none.
    """

    def __init__(self, finding: Finding, copy: "Callable[[CheckRow], None]") -> None:
        self.finding = finding
        self.copy_button: QPushButton | None = None
        step = "For the project's owner: run this SQL in the project's SQL editor." if finding.sql else finding.next_step
        super().__init__(finding.level, finding.sentence, step)
        if finding.sql:
            self.copy_button = QPushButton(self.tr("Copy the SQL"), autoDefault=False)
            self.copy_button.clicked.connect(lambda: copy(self))
            line = QHBoxLayout()
            line.addWidget(self.copy_button)
            line.addStretch(1)
            self.grid.addLayout(line, 2, 1)

    def say_copied(self) -> None:
        """The SQL is on the clipboard."""
        if self.copy_button is not None:
            self.copy_button.setText(self.tr("Copied"))


class _Mark(QWidget):
    """A sign for a level: its form tells as much as its colour."""

    def __init__(self, level: Level | None) -> None:
        super().__init__()
        self._level = level
        self.setAccessibleName(_NAMES[level])
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """As high as a line of text."""
        side = self.fontMetrics().height()
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        colours = theme.of(self)
        painter = QPainter(self)
        side = self.height()
        if self._level is Level.OK:
            draw_check(painter, QRectF(1, 1, side - 2, side - 2), colours, done=True, warm=False)
            return
        if self._level is Level.WRONG:
            _draw_cross(painter, QRectF(1, 1, side - 2, side - 2), colours)
            return
        colour = colours.busy if self._level is Level.WARNING else colours.muted
        draw_icon(painter, QRect(0, 0, side, side), _ICONS[self._level], colour, side)


def _draw_cross(painter: QPainter, circle: QRectF, colours: theme.Scheme) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.bad))
    painter.drawEllipse(circle)
    pen = QPen(QColor(colours.on_accent), max(1.6, circle.width() / 9.5))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    arm = circle.width() * 0.17
    for slope in (1, -1):
        painter.drawLine(circle.center() - QPointF(arm, slope * arm), circle.center() + QPointF(arm, slope * arm))


def _wrapped(text: str, role: QPalette.ColorRole) -> QWidget:
    label = plain_label(text, role=role)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _drop(widget: QWidget) -> None:
    widget.hide()
    widget.deleteLater()
