"""Every screen and state of the window, made with real accounts and caches in a folder of their own."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from devots_desktop.domain.account import Live, Status
from devots_desktop.domain.changes import Change, ChangeSet, Op, Via
from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.domain.mutation import DELETED_ELSEWHERE
from devots_desktop.domain.todo import ServerRow
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.autostart import Autostart
from devots_desktop.services.settings import Settings
from devots_desktop.services.tasks import Tasks
from devots_desktop.store import conflicts, edits, missing, parking, replica, rows
from devots_desktop.store.lists import View
from devots_desktop.store.profile import Profile
from devots_desktop.store.rows import stamp
from devots_desktop.ui import menus
from devots_desktop.ui.commands import Do
from devots_desktop.ui.deciding import Deciding
from devots_desktop.ui.details import Details
from devots_desktop.ui.dialogs.edit_text import EditTextDialog
from devots_desktop.ui.dialogs.examination import ExaminationDialog
from devots_desktop.ui.dialogs.settings import SettingsDialog
from devots_desktop.ui.dialogs.shortcuts import ShortcutsDialog
from devots_desktop.ui.files import Files
from devots_desktop.ui.preferences import Preferences
from devots_desktop.ui.standing import Standing
from devots_desktop.ui.trouble import TroubleWindow
from devots_desktop.ui.verbs import Verbs
from devots_desktop.ui.widgets.selection import select_keys
from devots_desktop.ui.window import MainWindow
from tests.shots.account_scenes import account_scenes, large_account_scenes
from tests.shots.portal_scenes import large_portal_scenes, portal_scenes
from tests.shots.stage import Stage, double_text, tell

_THREE = ("Pay the rent", "Call the plumber about the kitchen tap", "Buy oat milk")
_DAY = (
    "Renew the library card",
    "Water the plants on the balcony",
    "Send Grace the slides for Thursday",
    "Book a table for Friday, eight people",
    "Back up the photos from the phone",
    "Find out why the boiler hums at night",
    "Return the drill to Alan",
    "Order new filters for the extractor hood",
)
_LONG = (
    "Write down everything that happened at the meeting, who promised what until when, and which of it was already promised last time, " * 3
)


def empty(stage: Stage) -> MainWindow:
    return stage.window()


def three(stage: Stage) -> MainWindow:
    return stage.window(_THREE, done=1)


def selected(stage: Stage) -> MainWindow:
    window = stage.window(_DAY + _THREE, done=4)
    window.show()
    window.activateWindow()
    window.view.setFocus()
    window.view.setCurrentIndex(window.model.index(1, 0))
    row = window.view.visualRect(window.model.index(4, 0))
    window.view.rows.pointer = QPointF(row.center())
    QTest.mouseMove(window.view.viewport(), QPoint(row.left() + 30, row.center().y()))
    return window


def editing(stage: Stage) -> MainWindow:
    window = stage.window(_DAY, done=2)
    window.show()
    window.view.setFocus()
    window.view.setCurrentIndex(window.model.index(2, 0))
    window.view.edit_current()
    return window


def searching(stage: Stage) -> MainWindow:
    window = stage.window((*_DAY, *_THREE, "Café: pay the waiter of Thursday", "الخميس Thursday"), done=4)
    window.header.search.field.setText("the th")
    window.listing.show_found("the th", stage.opened.lists.search("the th", View.ALL))
    window.header.search.begin()
    return window


def found_nothing(stage: Stage) -> MainWindow:
    window = stage.window(_DAY)
    window.header.search.field.setText("dentist")
    window.listing.show_found("dentist", stage.opened.lists.search("dentist", View.ALL))
    return window


def several_selected(stage: Stage) -> MainWindow:
    window = stage.window(_DAY + _THREE, done=4)
    window.show()
    window.view.setFocus()
    select_keys(window.view, window.model, [window.model.key(row) for row in (2, 3, 4, 7)])
    window.status_line.say("3 todos done", offer=("Undo", window.undo_asked.emit))
    return window


def with_details(stage: Stage) -> MainWindow:
    window = stage.window((*_DAY, "Buy oat milk\n\n- two bottles\n- the one without sugar, for Grace"), done=3, server=True)
    _details(window)
    return window


def large_text_with_details(stage: Stage) -> MainWindow:
    window = large_text(stage)
    window.resize(1500, 700)
    _details(window)
    return window


def _details(window: MainWindow) -> None:
    window.show()
    window.view.setFocus()
    window.view.setCurrentIndex(window.model.index(0, 0))
    Details(window).toggle()


def notice(stage: Stage) -> MainWindow:
    window = stage.window(_DAY, done=2)
    rescue = "List rebuilt: The file of “This computer” was damaged. It was set aside and the list rebuilt with 8 todos. Nothing is known to be missing."
    window.status_line.hold(f"{rescue} The damaged file is in /home/ada/.local/share/devots/accounts/computer/quarantine.", "Got it")
    return window


def narrow(stage: Stage) -> MainWindow:
    window = stage.window((*_DAY, _LONG), done=3, server=True)
    window.resize(460, 520)
    window.status_line.say("“Order new filters for the extractor hood” done", offer=("Undo", window.undo_asked.emit))
    return window


def right_to_left(stage: Stage) -> MainWindow:
    window = stage.window((*_DAY[:4], "اشترِ الحليب من السوق ثم اتصل بأمي", "לקנות חלב בדרך הביתה (2 ליטר)", _LONG), done=2, server=True)
    window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    window.resize(1000, 560)
    window.status_line.say("3 todos done", offer=("Undo", window.undo_asked.emit))
    window.header.search.field.setText("the")
    window.listing.show_found("the", stage.opened.lists.search("", View.ALL))
    _details(window)
    return window


def typing(stage: Stage) -> MainWindow:
    window = stage.window(_THREE)
    window.quick_add.field.setText("Buy honey")
    window.status_line.say("“Pay the rent” done", offer=("Undo", window.undo_asked.emit))
    return window


def menu_of_the_list(stage: Stage) -> QWidget:
    stage.shown = window = selected(stage)
    Details(window)
    return menus.list_menu(window)


def menu_of_the_order(stage: Stage) -> QWidget:
    stage.shown = window = stage.window(_THREE)
    return menus.sort_menu(window)


def menu_of_the_window(stage: Stage) -> QWidget:
    stage.shown = window = stage.window(_THREE)
    tasks = Tasks(lambda *_: None)
    Files(window, tasks, lambda: stage.opened)
    Preferences(window, stage.folder, tasks, lambda _: None)
    return menus.main_menu(window)


def done_view(stage: Stage) -> MainWindow:
    window = stage.window(_DAY, done=5)
    window.show_view(View.DONE)
    return window


def all_done(stage: Stage) -> MainWindow:
    window = stage.window(_DAY, done=len(_DAY))
    window.show_view(View.OPEN)
    return window


def ten_thousand(stage: Stage) -> MainWindow:
    profile = Profile(stage.folder)
    opened = Accounts(profile).open(profile.current())
    with opened.cache.transaction() as db:
        rows = ((str(uuid.UUID(int=n)), f"{_DAY[n % len(_DAY)]} ({n:,})", n % 3 == 0, n, n) for n in range(1, 10_001))
        db.executemany("INSERT INTO todo (client_id, text, completed, created_at, updated_at) VALUES (?, ?, ?, ?, ?)", rows)
        stamp(db)
    window = stage.window()
    window.show()
    window.listing.show_found("", stage.opened.lists.search("", View.ALL))  # What the session does after the first paint.
    QApplication.processEvents()
    bar = window.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 3)
    return window


def long_and_foreign(stage: Stage) -> MainWindow:
    texts = (
        _LONG,
        "اشترِ الحليب من السوق ثم اتصل بأمي",
        "לקנות חלב בדרך הביתה (2 ליטר)",
        "Read “الف ليلة وليلة” until Sunday",
        "牛乳を買う、それから電話する",
        "<b>bold?</b> <img src='file:///etc/passwd'> &amp; co",
        "Ünïcödé · emoji 🌱 · tab\tand\nline break",
    )
    return stage.window(texts, done=1)


def live(stage: Stage) -> MainWindow:
    window = stage.window(_DAY, done=3, server=True)
    stage.all_sent()
    tell(window, stage.opened, Status(Live.LIVE))
    keys = [window.model.key(row) for row in (0, 3)]
    todos = [stage.opened.lists.todos(keys)[key] for key in keys]
    window.apply(ChangeSet(tuple(Change(1, Op.UPDATE, Via.LIVE, t.key, t.client_id, t.text, t.completed, 1, t) for t in todos)))
    window.view.flashes.fade()
    window.view.flashes.timer.stop()
    return window


def offline_pending(stage: Stage) -> MainWindow:
    window = stage.window(_DAY, done=2, server=True)
    sentence = "db.example.org does not answer. It is tried again by itself; what you change is kept."
    tell(window, stage.opened, Status(Live.OFFLINE, sentence))
    return window


REFUSED = "The server does not accept this text: it is longer than its column."


def _park(stage: Stage) -> None:
    with stage.opened.cache.transaction() as db:
        parked = db.execute("SELECT mutation_id, client_id FROM outbox ORDER BY seq LIMIT 2").fetchall()
        for mutation_id, client_id in parked:
            parking.park(db, mutation_id, REFUSED, 1)
            db.execute("UPDATE todo SET state = 'parked' WHERE client_id = ?", (client_id,))
        db.execute("UPDATE todo SET state = 'synced' WHERE state = 'pending' AND key > 3")
        db.execute("DELETE FROM outbox WHERE seq > 4")
        stamp(db)


def parked(stage: Stage) -> MainWindow:
    window = stage.window(_DAY[:6], server=True)
    _park(stage)
    tell(window, stage.opened, Status(Live.CHECKING))
    return window


def needs_you(stage: Stage) -> MainWindow:
    window = _deciding(stage, stage.window(_DAY, server=True))
    stage.all_sent()
    ids = [row[0] for row in stage.opened.cache.db.execute("SELECT client_id FROM todo ORDER BY key")]
    edits.edit(
        stage.opened.cache, ids[0], {"text": "Renew the library card and everything else that lies in the red box " * 3, "completed": True}
    )
    edits.edit(stage.opened.cache, ids[1], {"text": "Water the plants on both balconies"})
    with stage.opened.cache.transaction() as db:
        for (mutation_id,), reason in zip(
            db.execute("SELECT mutation_id FROM outbox ORDER BY seq").fetchall(), (REFUSED, DELETED_ELSEWHERE), strict=True
        ):
            parking.park(db, mutation_id, reason, 1)
        db.execute("UPDATE todo SET state = 'parked' WHERE client_id IN (?, ?)", ids[:2])
        stamp(db)
        row = rows.row(db, ids[7])
        assert row is not None
        conflicts.add_row(db, row, 1_790_000_000_000_000)
    edits.delete(stage.opened.cache, ids[7])
    tell(window, stage.opened, Status(Live.LIVE))
    window.show()
    window.sidebar.needs_you.click()
    return window


def nothing_needs_you(stage: Stage) -> MainWindow:
    window = _deciding(stage, stage.window(_DAY, server=True))
    stage.all_sent()
    tell(window, stage.opened, Status(Live.LIVE))
    window.show()
    window.commands[Do.NEEDS_YOU].trigger()
    return window


def missing_todos(stage: Stage) -> MainWindow:
    window = _missing(stage)
    window.show()
    window.view.setFocus()
    window.view.setCurrentIndex(window.model.index(1, 0))
    return window


def missing_question(stage: Stage) -> MainWindow:
    window = _deciding(stage, _missing(stage))
    window.show()
    window.commands[Do.NEEDS_YOU].trigger()
    QTest.keyClick(window, Qt.Key.Key_Tab)
    return window


def _missing(stage: Stage) -> MainWindow:
    window = stage.window((*_DAY, *_THREE), done=2, server=True)
    stage.all_sent()
    with stage.opened.cache.transaction() as db:
        gone = [row[0] for row in db.execute("SELECT client_id FROM todo WHERE key < 9")]
        missing.note(db, gone, 1_790_000_000_000_000)
    tell(window, stage.opened, Status(Live.LIVE))
    return window


def _deciding(stage: Stage, window: MainWindow) -> MainWindow:
    tasks = Tasks(lambda *_: None)
    Deciding(window, Verbs(window, tasks, lambda: stage.opened), lambda: stage.opened)
    return window


def conflict(stage: Stage) -> MainWindow:
    window = stage.window((*_DAY, "Buy oat milk\n\n- two bottles"), done=3, server=True)
    stage.all_sent()
    newest = stage.opened.cache.db.execute("SELECT client_id FROM todo ORDER BY key DESC LIMIT 2").fetchall()
    with stage.opened.cache.transaction() as db:
        conflicts.add(
            db,
            newest[0][0],
            "text",
            "Buy soy milk, the one without sugar, and bread for the weekend",
            "Buy oat milk",
            1_790_000_000_000_000,
        )
        conflicts.add(db, newest[0][0], "completed", True, False, 1_790_100_000_000_000)
        conflicts.add(db, newest[1][0], "text", "Order filters", "Order new filters", 1_790_000_000_000_000)
    tell(window, stage.opened, Status(Live.LIVE))
    _details(window)
    return window


def edit_refused(stage: Stage) -> QWidget:
    return EditTextDialog("Renew the library card and everything else that lies in the red box", f"You wanted to add it. {REFUSED}")


def first_download(stage: Stage) -> MainWindow:
    window = stage.window((*_DAY, *_THREE), done=2, server=True)
    stage.all_sent()
    with stage.opened.cache.transaction() as db:
        arrived = [ServerRow(str(number), number, f"Todo {number}", False, 0, 0, 1) for number in range(1_500)]
        replica.show_all(db, arrived, {}, Via.PULL, 0, tell=False)
        replica.note_contact(db, 1_790_000_000_000_000)
    tell(window, stage.opened, Status(Live.CHECKING))
    return window


def why(stage: Stage) -> MainWindow:
    window = offline_pending(stage)
    Standing(window, lambda: stage.opened)
    with stage.opened.cache.transaction() as db:
        replica.note_contact(db, 1_790_000_000_000_000)
        replica.set_cursor(db, replica.Cursor(since=1))
    tell(window, stage.opened, stage.opened.status)
    window.show()
    window.status_line.saved.setFocus()
    window.status_line.saved.click()
    return window


def signed_out(stage: Stage) -> MainWindow:
    window = stage.window(_DAY[:5], done=1, server=True)
    tell(window, stage.opened, Status(Live.SIGNED_OUT, "Your session has ended. Sign in again; your changes are kept and will be sent."))
    return window


def refused_text(stage: Stage) -> MainWindow:
    window = stage.window(_THREE)
    window.quick_add.field.setText("x" * 10_001)
    QTest.keyClick(window.quick_add.field, Qt.Key.Key_Return)
    return window


def error(stage: Stage) -> MainWindow:
    window = stage.window(_THREE)
    window.complain(CacheUnusable("Disk full", "There is no room left on the disk of /home/ada.", "Free some space and try again."))
    return window


def large_text(stage: Stage) -> MainWindow:
    double_text()
    window = stage.window(_DAY, done=3)
    window.resize(1000, 640)
    window.splitter.setSizes([330, 670])
    return window


def large_text_settings(stage: Stage) -> QWidget:
    double_text()
    return settings(stage)


def large_text_shortcuts(stage: Stage) -> QWidget:
    double_text()
    return shortcuts(stage)


def settings(stage: Stage) -> QWidget:
    folder = Path("/home/ada/.local/share/devots")
    start = Autostart({"XDG_CONFIG_HOME": str(stage.folder)}, ["devots"])
    dialog = SettingsDialog(Settings(), lambda _: None, folder, "0.1.0", start)
    dialog.say_keyring("Keyring: SecretService Keyring")
    return dialog


def shortcuts(stage: Stage) -> QWidget:
    return ShortcutsDialog()


FOUND = (
    Finding("folder", Level.OK, "Only you may read the folder and its files."),
    Finding("disk space", Level.OK, "74.6 GB are free on the disk of the list."),
    Finding("list", Level.OK, "3 todos; structure and checksums are sound."),
    Finding("outbox", Level.WARNING, "2 changes wait, the oldest for 3 hours.", "Send them: devots sync --once"),
    Finding("server", Level.OK, "PostgreSQL 18.4 answers, at revision 0006."),
    Finding(
        "functions and rights",
        Level.WRONG,
        "Everybody may execute devots.channel.",
        "For the database's owner: revoke execute on function devots.channel(text) from public;",
    ),
    Finding(
        "list against server",
        Level.WRONG,
        "1 todo differs from the server's: 2b4f7f0e-7c1c-4b53-9a53-1f5d3c0e6a11.",
        "Fetch from the server again: devots doctor --repair. What waits to be sent is not touched.",
        mends=True,
    ),
)


def examination(stage: Stage) -> QWidget:
    dialog = _examination()
    dialog.show_findings(FOUND)
    return dialog


def examination_begun(stage: Stage) -> QWidget:
    dialog = _examination()
    dialog._show_busy(busy=True)
    return dialog


def _examination() -> ExaminationDialog:
    async def examine() -> list[Finding]:
        return list(FOUND)

    async def repair(found: list[Finding]) -> list[str]:
        return ["Taken from the server again: 1 todo."]

    return ExaminationDialog(examine, repair, Tasks(lambda *_: None))


def trouble(stage: Stage) -> QWidget:
    path = "/home/ada/.local/share/devots/accounts/computer/cache.sqlite3"
    return TroubleWindow(
        CacheUnusable(
            "Newer data",
            f"The list in {path} was written by a newer version of Devots Desktop.",
            "Install the newer version; nothing was changed.",
        )
    )


Scene = Callable[[Stage], QWidget]


def scenes() -> Iterator[tuple[str, Scene]]:
    """All of them, with names for files; those that change the program's font come last."""
    for scene in (
        empty, three, typing, selected, several_selected, editing, searching, found_nothing, with_details, done_view, all_done, ten_thousand,
        long_and_foreign, narrow, right_to_left, live, offline_pending, parked, needs_you, nothing_needs_you, missing_todos, missing_question, conflict,
        edit_refused, first_download, why, signed_out, refused_text, error, notice,
        *account_scenes(), *portal_scenes(), settings, shortcuts, examination, examination_begun, trouble,
        large_text, large_text_with_details, large_text_settings, large_text_shortcuts, *large_account_scenes(), *large_portal_scenes(),
    ):  # fmt: skip
        yield scene.__name__.replace("_", "-"), scene


def menu_scenes() -> Iterator[tuple[str, Scene]]:
    """The menus, which are windows of their own."""
    for scene in (menu_of_the_list, menu_of_the_order, menu_of_the_window):
        yield scene.__name__.replace("_", "-"), scene
