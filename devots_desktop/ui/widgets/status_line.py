"""The line at the bottom: what went wrong and what to do, and whether something waits."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from devots_desktop.domain.account import Live
from devots_desktop.store.lists import Counts
from devots_desktop.ui import theme, wording
from devots_desktop.ui.widgets.buttons import QuietButton, WordButton
from devots_desktop.ui.widgets.labels import DANGER, MUTED, TEXT, plain_label

_SHOWN_MS = 12_000
_NARROW = 75
"""Characters."""


class StatusLine(QWidget):
    """A passing message, perhaps with something to do about it, or the account's standing sentence at the start; what is saved at the end.

    Signals:
        sign_in_asked(): the button that is there while the account is signed out.
        why_asked(): what is saved was pressed.
    """

    sign_in_asked = Signal()
    why_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._standing = ""
        self._so: tuple[Live, int] | None = None
        self._since = datetime.now().astimezone()
        self.offered: WordButton | None = None
        self._take: Callable[[], object] = lambda: None
        self._notice: tuple[str, str, Callable[[], object]] | None = None
        self.sentence = plain_label(size=0.93, role=MUTED)
        self.sentence.setWordWrap(True)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.saved = QuietButton("")
        self.saved.setAccessibleDescription(self.tr("Says why"))
        self.saved.clicked.connect(self.why_asked)
        self.sign_in: WordButton | None = None
        self._passing = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._passing.timeout.connect(self._pass)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(theme.SPACE * 2, theme.SPACE // 2, theme.SPACE, theme.SPACE // 2)
        row.setSpacing(theme.SPACE * 3 // 2)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.saved)
        self.setMinimumHeight(theme.TARGET + theme.SPACE)

    def say(self, sentence: str, *, alarming: bool = False, offer: tuple[str, Callable[[], object]] | None = None) -> None:
        """Show a sentence for a while.

        Args:
            offer: the word on a button beside it, and what it does.
        """
        self._offer(offer)
        self._show(sentence, DANGER if alarming else MUTED)
        self._passing.start()

    def hold(self, sentence: str, word: str = "", read: Callable[[], object] = lambda: None) -> None:
        """Show a sentence, and come back to it after whatever passes, until the user has read it; "" takes it back.

        Args:
            word, read: the button for that, and what it does.
        """
        self._notice = (sentence, word, read) if sentence else None
        self._passing.stop()
        self._rest()

    def show_saved(self, live: Live, counts: Counts) -> None:
        """Show whether something waits, and since when that is so."""
        now = datetime.now().astimezone()
        if self._so != (live, counts.pending):
            self._so, self._since = (live, counts.pending), now
        self.saved.show_words(wording.saved(live, counts, self._since, now))

    def forget(self) -> None:
        """Another account is shown: what is passing was not about it."""
        self._so = None
        self._passing.stop()
        self._pass()

    def stand(self, sentence: str, *, signed_out: bool) -> None:
        """Show a sentence until another one stands, wherever nothing passes."""
        self._standing = sentence
        if signed_out and self.sign_in is None:
            self.sign_in = WordButton(self.tr("Sign in again…"))
            self.sign_in.clicked.connect(self.sign_in_asked)
            self._row.insertWidget(self._row.count() - 1, self.sign_in)
        if self.sign_in is not None:
            self.sign_in.setVisible(signed_out)
        if not self._passing.isActive():
            self._rest()

    def _offer(self, offer: tuple[str, Callable[[], object]] | None) -> None:
        """Show the button before the sentence, or none."""
        if offer is None:
            if self.offered is not None:
                self.offered.hide()
            return
        word, self._take = offer
        if self.offered is None:
            self.offered = WordButton(word)
            self.offered.clicked.connect(self._accept)
            self._row.insertWidget(0, self.offered)
        self.offered.setText(word)
        self.offered.setAccessibleName(word)
        self.offered.updateGeometry()
        self.offered.show()

    def _accept(self) -> None:
        self._take()

    def _pass(self) -> None:
        """What passes has passed; but a button that has the focus stays below the keyboard."""
        if self.offered is not None and self.offered.hasFocus():
            self._passing.start()
            return
        self._rest()

    def _rest(self) -> None:
        """Show what is there while nothing passes."""
        if self._notice is not None:
            sentence, word, read = self._notice
            self._offer((word, read))
            self._show(sentence, TEXT)
        else:
            self._offer(None)
            self._show(self._standing)

    def _show(self, sentence: str, role: QPalette.ColorRole = MUTED) -> None:
        self.sentence.setForegroundRole(role)
        self.sentence.setText(sentence)
        self._fit()

    def _fit(self) -> None:
        """In a narrow window what is said has the line to itself."""
        room = self.width() >= self.fontMetrics().averageCharWidth() * _NARROW
        self.saved.setVisible(room or not self.sentence.text())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There may be room for both now, or none any more."""
        super().resizeEvent(event)
        self._fit()
