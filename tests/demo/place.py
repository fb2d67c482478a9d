"""Give the two windows of the demo a half of the screen each: `python -m tests.demo.place LEFT RIGHT`, the profiles' folders.

A program of its own, because only Qt knows the screen, and the demo itself runs no Qt. Where windows go is up to the compositor under Wayland.
"""

import sys
from pathlib import Path

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication

from devots_desktop.services.accounts import Accounts
from devots_desktop.store.profile import Profile
from devots_desktop.ui import window_state
from devots_desktop.ui.window import MainWindow

_TITLE_BAR = 40
_GAP = 12
_MOST = (980, 780)


def halves(screen: QRect) -> tuple[QRect, QRect]:
    """Two places side by side in the middle of the screen, each with room for a title bar."""
    width, height = min(_MOST[0], screen.width() // 2 - _GAP), min(_MOST[1], screen.height() - _TITLE_BAR - _GAP)
    left = QRect(screen.center().x() - width - _GAP // 2, screen.center().y() - (height - _TITLE_BAR) // 2, width, height)
    return left, left.translated(width + _GAP, 0)


def main(*folders: str) -> None:
    """Write each profile's window.json."""
    app = QApplication(sys.argv[:1])
    for folder, place in zip(folders, halves(app.primaryScreen().availableGeometry()), strict=True):
        accounts = Accounts(Profile(Path(folder)))
        opened = accounts.open(accounts.current())
        window = MainWindow(opened, accounts.all())
        window.setGeometry(place)
        window_state.save(window, Path(folder))
        opened.lists.close()
        opened.cache.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
