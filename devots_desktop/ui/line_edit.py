"""A line that is typed into, with a menu that looks like our others."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QLineEdit

from devots_desktop.ui import theme


class LineEdit(QLineEdit):
    """A QLineEdit without a frame: whoever holds it draws one.

    Signals:
        menu_made(QMenu): its menu is about to open.
    """

    menu_made = Signal(object)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open Qt's own menu in our look."""
        menu = self.createStandardContextMenu()
        theme.dress_menu(menu)
        self.menu_made.emit(menu)
        menu.popup(event.globalPos())
