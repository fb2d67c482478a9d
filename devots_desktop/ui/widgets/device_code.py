"""The code that lets this device in: large, to be copied, and with the page on which it is entered."""

import math
import time
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.drawing import scaled
from devots_desktop.ui.widgets.buttons import WordButton
from devots_desktop.ui.widgets.labels import MUTED, plain_label

_LOOK_MS = 500


class DeviceCode(QWidget):
    """Shows a code and how long it is good for.

    Signals:
        opened(): the page is to be opened (again) in the browser.
        left(): another way is wanted.
    """

    opened = Signal()
    left = Signal()

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._ends = 0.0
        self._code = ""
        self.code = plain_label(bold=True)
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        fixed.setPointSizeF(self.font().pointSizeF())
        self.code.setFont(scaled(fixed, 2.2, bold=True))
        self.code.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self.where = plain_label()
        self.where.setWordWrap(True)
        self._left = plain_label(role=MUTED, size=0.93)
        self._left.setWordWrap(True)
        self.copy = WordButton(self.tr("Copy the code"))
        self.open = WordButton(self.tr("Open the page again"))
        self.other = WordButton(self.tr("Another way"))
        self.copy.clicked.connect(self._copy)
        self.open.clicked.connect(self.opened)
        self.other.clicked.connect(self.left)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.tick)
        self._lay_out()

    def show_code(self, code: str, address: str, seconds: float) -> None:
        """Show a code, which is good for so long, and put it on the clipboard."""
        self._code = code
        self._ends = self._clock() + seconds
        half = len(code) // 2
        apart = code if "-" in code or len(code) < 6 else f"{code[:half]}-{code[half:]}"
        self.code.setText(apart)
        self.code.setAccessibleName(self.tr("Code {}").format(" ".join(code)))
        self.where.setText(
            self.tr(
                "Your browser has opened {}. Sign in there if it asks you to, see that it shows this code, and let this device in."
            ).format(address)
        )
        self._copy()
        self._timer.start()
        self.tick()

    def end(self) -> None:
        """The code is not waited for any more."""
        self._timer.stop()
        self._code = ""
        self.code.setText("")

    def tick(self) -> None:
        """Show how long the code is good for."""
        left = max(0, math.ceil(self._ends - self._clock()))
        self._left.setText(self.tr("Waiting for you in the browser. The code is good for {}:{:02}.").format(left // 60, left % 60))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._code)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE)
        for button in (self.copy, self.open, self.other):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE * 3 // 2)
        for part in (self.where, self.code, self._left):
            column.addWidget(part)
        column.addLayout(buttons)
