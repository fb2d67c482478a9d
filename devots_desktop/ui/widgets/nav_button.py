"""An entry of the sidebar."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from devots_desktop.domain.account import Live
from devots_desktop.domain.text import one_line
from devots_desktop.ui import theme, wording
from devots_desktop.ui.drawing import draw_card, draw_icon, leading, mirrored, scaled

_SMALL = 0.87


class NavButton(QAbstractButton):
    """Icon and name; at the end a number, or below the name what an account is doing."""

    def __init__(self, icon: str, text: str, parent: QWidget | None = None, *, alarming: bool = False) -> None:
        """Make one.

        Args:
            alarming: drawn in the colour of errors, unless its number is 0.
        """
        super().__init__(parent)
        self._icon = icon
        self._name = text
        self._title, self._place = text, ""
        self._number = ""
        self._live: Live | None = None
        self._waiting = 0
        self._alarming = alarming
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_number(self, number: int) -> None:
        """Show a number at the end."""
        shown = f"{number:,}"
        if shown != self._number:
            self._number = shown
            self.setAccessibleName(f"{self._name}, {shown}")
            self.update()

    def set_live(self, live: Live) -> None:
        """Show in a second line what the account is doing."""
        if live is not self._live:
            if self._live is None:
                # Names are "person · server" unless the user chose one: the server goes into the second line.
                self._title, _, self._place = self._name.partition(" · ")
                self.updateGeometry()
            self._live = live
            self._name_state()

    def set_waiting(self, changes: int) -> None:
        """Show beside that how many changes of the account wait."""
        if changes != self._waiting:
            self._waiting = changes
            self._name_state()

    def _state(self) -> str:
        assert self._live is not None  # noqa: S101 (asked by the callers)
        return wording.LIVE[self._live] + (f" · {self._waiting:,} waiting" if self._waiting else "")

    def _name_state(self) -> None:
        if self._live is not None:
            self.setAccessibleName(f"{self._name}, {self._state().replace(' · ', ', ')}")
            self.update()

    def sizeHint(self) -> QSize:
        """As high as its lines; names are cut before numbers are."""
        metrics = self.fontMetrics()
        lines = metrics.height() * (1.95 if self._live else 1)
        width = 5 * theme.SPACE + theme.icon_size(metrics) + min(metrics.horizontalAdvance(self._name), metrics.averageCharWidth() * 26)
        return QSize(width + metrics.horizontalAdvance("00000"), max(theme.TARGET + 6, int(lines) + 2 * theme.SPACE))

    def minimumSizeHint(self) -> QSize:
        """Wide enough for the icon and a few letters."""
        metrics = self.fontMetrics()
        return QSize(5 * theme.SPACE + theme.icon_size(metrics) + metrics.averageCharWidth() * 8, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses it, too; Qt knows only Space."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        colours = theme.of(self)
        painter = QPainter(self)
        ground = None
        if (self.isChecked() and self._live is None) or self.isDown():
            ground = colours.selected
        elif self.underMouse():
            ground = colours.line
        draw_card(painter, self.rect(), ground, colours.accent if self.hasFocus() else None, width=2)
        colour = colours.bad if self._alarms() else colours.accent if self.isChecked() else colours.muted
        inner = self.rect().adjusted(theme.SPACE * 3 // 2, 0, -theme.SPACE * 3 // 2, 0)
        size = theme.icon_size(self.fontMetrics())
        place = QRect(inner.left(), inner.top(), size, inner.height())
        draw_icon(painter, self._mirrored(place), self._icon, colour, size)
        self._draw_words(painter, inner.adjusted(size + theme.SPACE * 5 // 4, 0, 0, 0), colours)

    def _draw_words(self, painter: QPainter, zone: QRect, colours: theme.Scheme) -> None:
        painter.setPen(QColor(colours.muted))
        if self._number not in {"", "0"}:
            width = painter.fontMetrics().horizontalAdvance(self._number)
            self._draw(painter, QRect(zone.right() - width, zone.top(), width + 1, zone.height()), self._number)
            zone = zone.adjusted(0, 0, -width - theme.SPACE, 0)
        if self._live is not None:
            upper = QRect(zone.left(), zone.top() + theme.SPACE, zone.width(), painter.fontMetrics().height())
            self._draw_live(
                painter, QRect(zone.left(), upper.bottom(), zone.width(), zone.bottom() - theme.SPACE - upper.bottom() + 2), colours
            )
            zone = upper
        painter.setPen(QColor(colours.bad if self._alarms() else colours.text))
        painter.setFont(scaled(self.font(), 1.0, bold=self.isChecked()))
        self._draw(painter, zone, one_line(self._title))

    def _alarms(self) -> bool:
        return self._alarming and self._number != "0"

    def _draw_live(self, painter: QPainter, zone: QRect, colours: theme.Scheme) -> None:
        assert self._live is not None  # noqa: S101 (asked by the caller)
        font = self.font()
        painter.setFont(scaled(font, _SMALL))
        size = painter.fontMetrics().ascent() * 3 // 4
        dot = self._mirrored(QRect(zone.left(), zone.top() + (zone.height() - size) // 2 + 1, size, size))
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.live_colour(colours, self._live)))
        painter.drawEllipse(dot)
        painter.restore()
        words = " · ".join(filter(None, (self._state(), one_line(self._place))))
        self._draw(painter, zone.adjusted(size + theme.SPACE * 3 // 4, 0, 0, 0), words)

    def _draw(self, painter: QPainter, zone: QRect, text: str) -> None:
        shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, zone.width())
        painter.drawText(self._mirrored(zone), int(leading(self.layoutDirection()) | Qt.TextFlag.TextSingleLine), shown)

    def _mirrored(self, place: QRect) -> QRect:
        return mirrored(self.layoutDirection(), self.rect(), place)
