"""One window for each profile: it listens where services/wake.py calls."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from devots_desktop.services import wake
from devots_desktop.services.start import OPEN_MARK


class SingleWindow(QObject):
    """Listens for other starts of the window and for the command line.

    Signals:
        show_asked(): somebody started the window a second time.
        changed(): another process wrote to the profile.
    """

    show_asked = Signal()
    changed = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._take)

    def listen(self) -> bool:
        """Start listening; False where another window of the profile was faster."""
        address = wake.socket_address(self._folder)
        if self._server.listen(address):
            (self._folder / OPEN_MARK).touch()
            return True
        if wake.ping(self._folder, wake.SHOW):
            return False
        # What a crash left behind.
        QLocalServer.removeServer(address)
        if self._server.listen(address):
            (self._folder / OPEN_MARK).touch()
            return True
        # Another one was faster just now; or no socket can be made, as where its path is too long: the window opens without.
        return not wake.ping(self._folder, wake.SHOW)

    def close(self) -> None:
        """Stop listening."""
        if self._server.isListening():
            self._server.close()
            (self._folder / OPEN_MARK).unlink(missing_ok=True)

    def _take(self) -> None:
        while (connection := self._server.nextPendingConnection()) is not None:
            connection.readyRead.connect(lambda connection=connection: self._read(connection))
            connection.disconnected.connect(connection.deleteLater)
            self._read(connection)

    def _read(self, connection: QLocalSocket) -> None:
        while connection.canReadLine():
            word = bytes(connection.readLine().data()).decode(errors="replace").strip()
            if word == wake.SHOW:
                self.show_asked.emit()
            elif word == wake.CHANGED:
                self.changed.emit()
