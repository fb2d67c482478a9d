"""The line at the bottom: what went wrong and what to do, and whether something waits."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.widgets.labels import DANGER, MUTED, plain_label

_SHOWN_MS = 12_000


class StatusLine(QWidget):
    """A passing message or the account's standing sentence at the start, what is saved at the end.

    Signals:
        sign_in_asked(): the button that is there while the account is signed out.
    """

    sign_in_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._standing = ""
        self.sentence = plain_label(size=0.93, role=MUTED)
        self.sentence.setWordWrap(True)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.saved = plain_label(size=0.93, role=MUTED)
        self._buttons: QWidget | None = None
        self._passing = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._passing.timeout.connect(lambda: self._show(self._standing, alarming=False))
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(theme.SPACE * 2, theme.SPACE // 2, theme.SPACE * 2, theme.SPACE // 2)
        row.setSpacing(theme.SPACE * 2)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.saved)
        self.setMinimumHeight(theme.TARGET + theme.SPACE)

    def say(self, sentence: str, *, alarming: bool = False) -> None:
        """Show a sentence for a while."""
        self._show(sentence, alarming=alarming)
        self._passing.start()

    def stand(self, sentence: str, *, signed_out: bool) -> None:
        """Show a sentence until another one stands, wherever nothing passes."""
        self._standing = sentence
        if signed_out and self._buttons is None:
            self._buttons = self._make_buttons()
        if self._buttons is not None:
            self._buttons.setVisible(signed_out)
        if not self._passing.isActive():
            self._show(sentence, alarming=False)

    def _make_buttons(self) -> QWidget:
        from devots_desktop.ui.widgets.fields import Form  # Its style sheet costs time that the first paint has no use for.

        form = Form()
        sign_in = QPushButton(self.tr("Sign in again…"))
        sign_in.clicked.connect(self.sign_in_asked)
        inner = QHBoxLayout(form)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(sign_in)
        self._row.insertWidget(1, form)
        return form

    def _show(self, sentence: str, *, alarming: bool) -> None:
        self.sentence.setForegroundRole(DANGER if alarming else MUTED)
        self.sentence.setText(sentence)
