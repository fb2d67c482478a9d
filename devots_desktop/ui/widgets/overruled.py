"""The values of a todo that lost a conflict: both values, when, and the way back."""

from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from devots_desktop.store.conflicts import Conflict
from devots_desktop.ui import theme, wording
from devots_desktop.ui.widgets.buttons import WordButton
from devots_desktop.ui.widgets.labels import MUTED, plain_label

MOST = 5
"""Values that are shown; of more, the newest."""


class Overruled(QWidget):
    """A list of values; away where there are none.

    Signals:
        restored(number), dismissed(number): what the user asked for.
    """

    restored = Signal(int)
    dismissed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: list[Conflict] = []
        self.buttons: list[QWidget] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._inner: QWidget | None = None
        self.hide()

    def show_values(self, conflicts: Sequence[Conflict], here: Callable[[int], datetime]) -> None:
        """Show these values.

        Args:
            here: a time of the program as the user's clock shows it.
        """
        self.setVisible(bool(conflicts))
        if list(conflicts) == self._shown:
            return
        self._shown = list(conflicts)
        if self._inner is not None:
            self._column.removeWidget(self._inner)
            self._inner.hide()
            self._inner.deleteLater()
        self.buttons = []
        self._inner = self._list(conflicts, here)
        self._column.addWidget(self._inner)

    def _list(self, conflicts: Sequence[Conflict], here: Callable[[int], datetime]) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, theme.SPACE // 2, 0, 0)
        column.setSpacing(theme.SPACE // 2)
        column.addWidget(plain_label(self.tr("Overruled"), bold=True, size=0.93))
        for conflict in conflicts[:MOST]:
            self._add(column, conflict, here)
        if len(conflicts) > MOST:
            column.addWidget(plain_label(f"{len(conflicts) - MOST} more", role=MUTED, size=0.93))
        return inner

    def _add(self, column: QVBoxLayout, conflict: Conflict, here: Callable[[int], datetime]) -> None:
        lost, won = wording.lost(conflict, here)
        for label in (plain_label(lost), plain_label(won, role=MUTED, size=0.93)):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        row = QHBoxLayout()
        row.setContentsMargins(0, theme.SPACE // 2, 0, theme.SPACE)
        row.setSpacing(theme.SPACE)
        for word, signal in ((self.tr("Restore"), self.restored), (self.tr("Dismiss"), self.dismissed)):
            button = WordButton(word)
            button.setAccessibleName(f"{word}: {lost}")
            button.setAccessibleDescription(won)
            button.clicked.connect(lambda _=False, signal=signal: signal.emit(conflict.number))
            self.buttons.append(button)
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
