"""The one seam between services and Qt: plain callbacks become signals, and nothing else happens here."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from devots_desktop.services.account import OpenAccount


class Bridge(QObject):
    """Re-emits what the open accounts tell.

    Signals:
        changed(account_id, ChangeSet): the list of an account changed.
        status_changed(account_id, Status): an account does something else now.
    """

    changed = Signal(str, object)
    status_changed = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ends: dict[str, list[Callable[[], None]]] = {}

    def attach(self, opened: OpenAccount) -> None:
        """Re-emit what this account tells, until `detach`."""
        name = opened.account.account_id
        self._ends[name] = [
            opened.changes.subscribe(lambda changes: self.changed.emit(name, changes)),
            opened.statuses.subscribe(lambda status: self.status_changed.emit(name, status)),
        ]

    def detach(self, account_id: str) -> None:
        """Stop re-emitting what an account tells."""
        for end in self._ends.pop(account_id, ()):
            end()
