"""A field for the file of a server's own CA, with a button that chooses it."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from devots_desktop.ui.widgets.fields import Field


class CaField(Field):
    """Takes the path of a PEM file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("CA file"), placeholder=self.tr("Only where the server has a CA of its own"), parent=parent)
        choose = QPushButton(self.tr("Choose…"), autoDefault=False)
        choose.clicked.connect(self._choose)
        place = QHBoxLayout()
        place.addWidget(self.edit, 1)
        place.addWidget(choose)
        self.row.insertLayout(1, place)

    def _choose(self) -> None:
        chooser = QFileDialog(self, self.tr("CA file"), str(Path.home()), self.tr("Certificates (*.pem *.crt *.cer);;All files (*)"))
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self.edit.setText)
        chooser.open()
