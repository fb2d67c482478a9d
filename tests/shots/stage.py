"""The ground of every scene: a folder with real accounts and caches in it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from devots_desktop.domain.account import Account, AccountKind, SecretStore, Status
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.store import edits
from devots_desktop.store.profile import Profile
from devots_desktop.store.rows import stamp
from devots_desktop.ui.window import MainWindow

SERVER = Account("a1", AccountKind.POSTGRES, "ada@example.org · db.example.org", "ada@example.org", "u1", secrets=SecretStore.MEMORY)


@dataclass
class Stage:
    """A folder for one scene.

    Attributes:
        shown: a window that a menu belongs to.
    """

    folder: Path
    shown: QWidget | None = None

    def window(self, texts: tuple[str, ...] = (), *, done: int = 0, server: bool = False, account: Account = SERVER) -> MainWindow:
        """A window with these todos, of which the oldest `done` are done; with `server`, of this account."""
        profile = Profile(self.folder)
        if server:
            profile.put(account)
        self.accounts = Accounts(profile, clock=_ticking())
        self.opened = self.accounts.open(self.accounts.current())
        ids = [edits.add(self.opened.cache, text) for text in texts]
        for client_id in ids[:done]:
            edits.edit(self.opened.cache, client_id, {"completed": True})
        return MainWindow(self.opened, self.accounts.all())

    def all_sent(self) -> None:
        """As if the server had answered everything."""
        with self.opened.cache.transaction() as db:
            db.execute("DELETE FROM outbox")
            db.execute("UPDATE todo SET state = 'synced', server_id = key, row_version = 1")
            stamp(db)


def _ticking() -> Callable[[], int]:
    at = iter(range(1_790_000_000_000_000, 1_800_000_000_000_000, 1_000_000))
    return lambda: next(at)


def double_text() -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    font = app.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    app.setFont(font)


def tell(window: MainWindow, opened: OpenAccount, status: Status) -> None:
    """Show how an account stands."""
    opened.status = status
    window.show_status(opened.account.account_id, status)
    window.show_view(window.model.view)
