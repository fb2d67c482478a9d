"""The head of the list: what is shown, the search, and the buttons for order, details and everything else."""

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from devots_desktop.ui import theme
from devots_desktop.ui.widgets.buttons import IconButton
from devots_desktop.ui.widgets.labels import plain_label, plain_tooltip
from devots_desktop.ui.widgets.search_field import SearchField


class Header(QWidget):
    """The heading with the search field and three buttons beside it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = plain_label(size=1.55, bold=True)
        self.search = SearchField()
        self.search.setMaximumWidth(self.fontMetrics().averageCharWidth() * 44)
        self.sort = IconButton("sort", self.tr("Order of the list"))
        self.details = IconButton("details", self.tr("Details"))
        self.details.setCheckable(True)
        self.menu = IconButton("menu", self.tr("Menu"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE // 2)
        row.addWidget(self.heading)
        row.addSpacing(theme.SPACE * 2)
        row.addStretch(1)
        row.addWidget(self.search, 6)
        row.addSpacing(theme.SPACE // 2)
        for button in (self.sort, self.details, self.menu):
            row.addWidget(button)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def name_buttons(self) -> None:
        """Give the buttons their tool tips; nobody can see them before the pointer rests on one."""
        from devots_desktop.ui.commands import WINDOW, Do

        plain_tooltip(self.sort, self.sort.text())
        plain_tooltip(self.details, f"{self.details.text()} ({WINDOW[Do.DETAILS].shown()})")
        plain_tooltip(self.menu, self.menu.text())
        plain_tooltip(self.search.clear, self.search.clear.text())
