"""The window with its accounts from the first paint until the last: everything that needs the asyncio loop."""

import asyncio

from devots_desktop.domain.account import Account, Live, Status
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import DevotsError
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.profile import Profile
from devots_desktop.ui import icons, menus, window_state
from devots_desktop.ui.bridge import Bridge
from devots_desktop.ui.checking import Checking
from devots_desktop.ui.deciding import Deciding
from devots_desktop.ui.details import Details
from devots_desktop.ui.failures import Failures
from devots_desktop.ui.files import Files
from devots_desktop.ui.garbage import Garbage
from devots_desktop.ui.preferences import Preferences
from devots_desktop.ui.searching import Searching
from devots_desktop.ui.signals import QuitSignals
from devots_desktop.ui.single import SingleWindow
from devots_desktop.ui.standing import Standing
from devots_desktop.ui.trace import Trace
from devots_desktop.ui.tray import Tray
from devots_desktop.ui.verbs import Verbs
from devots_desktop.ui.window import MainWindow


class Session:
    """Starts the accounts, keeps them in the window, and ends them in order."""

    def __init__(self, profile: Profile, accounts: Accounts, opened: OpenAccount, window: MainWindow, trace: Trace | None) -> None:
        """Go on with a window that is on screen."""
        self._profile = profile
        self._accounts = accounts
        self._opened = {opened.account.account_id: opened}
        self._current = opened
        self._window = window
        self._trace = trace
        self._quit = asyncio.Event()
        self._failures = Failures(lambda sentence: window.status_line.say(sentence, alarming=True))
        self._tasks = Tasks(self._failures.task_failed)
        self._garbage = Garbage()
        self._bridge = Bridge()
        self._tray = Tray(trace)
        self._single = SingleWindow(profile.folder)
        self._first_downloads: set[str] = set()
        self._details: Details | None = None
        self._verbs: Verbs | None = None

    async def run(self) -> int:
        """Work until somebody quits; answer the exit status."""
        if not self._single.listen():
            # Another start of the window was faster by a moment; it is at the front now.
            await self._close()
            return 0
        self._failures.install()
        asyncio.get_running_loop().set_exception_handler(self._failures.loop_failed)
        signals = QuitSignals(self._quit.set)
        try:
            self._connect()
            self._start_accounts()
            self._searching.bring_rest()
            self._tell_notices()
            if self._trace is not None:
                self._trace.event("ready")
            await self._quit.wait()
        finally:
            signals.close()
            await self._close()
        return 0

    def _connect(self) -> None:
        window, tray = self._window, self._tray
        self._bridge.changed.connect(self._on_changed)
        self._bridge.status_changed.connect(self._on_status)
        window.hides = tray.available
        window.setWindowIcon(icons.program_icon())
        window.quit_asked.connect(self._quit.set)
        window.focused.connect(self._poke)
        window.sidebar.account_chosen.connect(self._switch)
        window.sidebar.add_account_asked.connect(lambda: self._tasks.spawn("add account", self._add_account()))
        window.status_line.sign_in_asked.connect(lambda: self._tasks.spawn("sign in", self._sign_in(self._current)))
        tray.add_asked.connect(self._add_from_tray)
        tray.show_asked.connect(window.come_up)
        tray.quit_asked.connect(self._quit.set)
        tray.said.connect(window.status_line.say)
        self._single.show_asked.connect(window.come_up)
        self._single.changed.connect(self._poke)
        window.header.name_buttons()
        menus.connect(window)
        self._details = Details(window)
        if window_state.details_of(self._profile.folder):
            self._details.toggle()
        self._verbs = Verbs(window, self._tasks, lambda: self._current)
        self._deciding = Deciding(window, self._verbs, lambda: self._current)
        self._standing = Standing(window, lambda: self._current)
        self._preferences = Preferences(window, self._profile.folder, self._tasks, tray.use)
        self._files = Files(window, self._tasks, lambda: self._current)
        self._checking = Checking(window, self._accounts, self._tasks, lambda: self._current)
        self._searching = Searching(window, self._tasks, lambda: self._current)

    def _tell_notices(self) -> None:
        self._accounts.notices.added.subscribe(lambda _: self._show_notice())
        self._show_notice()

    def _show_notice(self) -> None:
        """Show the oldest notice that nobody has read."""
        notices, line = self._accounts.notices, self._window.status_line
        notice = next(iter(notices.all()), None)
        if notice is None:
            line.hold("")
            return

        def read() -> None:
            notices.dismiss(notice)
            self._show_notice()

        line.hold(str(notice), line.tr("Got it"), read)

    def _start_accounts(self) -> None:
        self._start(self._current)
        for account in self._accounts.all():
            if account.account_id not in self._opened:
                self._open(account)

    def _open(self, account: Account) -> OpenAccount | None:
        """Open and start an account; one that cannot be opened says so and leaves the others alone."""
        try:
            opened = self._accounts.open(account)
        except DevotsError as error:
            self._window.show_status(account.account_id, Status(Live.OFFLINE, str(error)))
            self._window.complain(error)
            return None
        self._opened[account.account_id] = opened
        self._start(opened)
        self._show_waiting(opened)
        return opened

    def _show_waiting(self, opened: OpenAccount) -> None:
        self._window.sidebar.show_waiting(opened.account.account_id, opened.lists.counts().pending)

    def _start(self, opened: OpenAccount) -> None:
        if opened.status.live is not Live.LOCAL and not opened.lists.counts().all:
            self._first_downloads.add(opened.account.account_id)
        self._bridge.attach(opened)
        opened.start(self._tasks)
        self._on_status(opened.account.account_id, opened.status)

    # What is told

    def _on_changed(self, account_id: str, changes: ChangeSet) -> None:
        if account_id == self._current.account.account_id:
            self._window.apply(changes)
        else:
            self._show_waiting(self._opened[account_id])
        if account_id not in self._first_downloads:
            self._tray.take(changes)

    def _on_status(self, account_id: str, status: Status) -> None:
        self._window.show_status(account_id, status)
        if status.live is Live.LIVE:
            self._first_downloads.discard(account_id)
        if self._trace is not None:
            self._trace.event("status", account_id=account_id, live=str(status.live))

    # What is asked for

    def _poke(self) -> None:
        for opened in self._opened.values():
            opened.poke()

    def _add_from_tray(self) -> None:
        self._window.come_up()
        self._window.begin_todo()

    def _switch(self, account_id: str) -> None:
        if account_id == self._current.account.account_id:
            self._standing.explain()
            return
        opened = self._opened.get(account_id)
        if opened is None:
            account = next(each for each in self._accounts.all() if each.account_id == account_id)
            opened = self._open(account)
        if opened is None:
            self._window.sidebar.show_account(self._current.account.account_id)
            return
        self._current = opened
        self._accounts.use(opened.account)
        self._window.show_account(opened)

    async def _add_account(self) -> None:
        from devots_desktop.ui.entering import add_account

        account = await add_account(self._accounts, self._tasks, self._window)
        if account is not None:
            self._window.show_accounts(self._accounts.all())
            for opened in self._opened.values():
                self._window.show_status(opened.account.account_id, opened.status)
                self._show_waiting(opened)
            self._switch(account.account_id)

    async def _sign_in(self, opened: OpenAccount) -> None:
        from devots_desktop.ui.entering import sign_in

        if await sign_in(self._accounts, opened.account, self._tasks, self._window):
            opened.signed_in()

    # The way out

    async def _close(self) -> None:
        """Take no more verbs, cancel what runs, let the caches finish what they have begun, and go."""
        window_state.save(self._window, self._profile.folder)
        if self._details is not None:
            self._details.leave()
        self._window.hide()
        self._window.setEnabled(False)
        # What was being typed in an editor is an edit now, as the window is hidden.
        if self._verbs is not None:
            await self._verbs.finish()
        self._single.close()
        self._tray.close()
        await self._tasks.close()
        for opened in self._opened.values():
            self._bridge.detach(opened.account.account_id)
            await opened.close()
        self._window.deleteLater()
        self._garbage.close()
