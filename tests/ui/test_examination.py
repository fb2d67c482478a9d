"""Checking the account from the window: a list that can be copied, and the repair."""

import sqlite3
from contextlib import closing
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from devots_desktop.domain.errors import Unreachable
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui.commands import Do
from devots_desktop.ui.dialogs.examination import ExaminationDialog
from devots_desktop.ui.session import Session
from devots_desktop.ui.window import MainWindow
from tests.ui.test_everyday import stored
from tests.ui.test_session import drive, until

Control, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def shown(dialog: ExaminationDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def test_keys_open_it_and_what_others_may_read_is_found_and_repaired(qapp: QApplication, tmp_path: Path) -> None:
    folder = stored(tmp_path, "rent")

    async def use(session: Session, window: MainWindow) -> None:
        folder.chmod(0o755)
        QTest.keyClick(window, Qt.Key.Key_H, Control | Shift)
        (dialog,) = window.findChildren(ExaminationDialog)
        assert not dialog.copy_button.isEnabled()
        await until(dialog.copy_button.isEnabled)
        assert dialog.summary.text() == "Something is wrong."
        assert "Others on this computer may read the folder or its files." in shown(dialog)
        dialog.copy_button.click()
        copied = QGuiApplication.clipboard().text().splitlines()
        assert [line.partition(":")[0] for line in copied] == ["wrong", "ok", "ok"]
        assert "rent" not in "".join(copied)
        assert dialog.repair_button.isVisible()
        dialog.repair_button.click()
        await until(lambda: dialog.summary.text().endswith("All is well."))
        assert dialog.summary.text().startswith("Only you may read the folder and its files now.")
        assert not dialog.repair_button.isVisible()
        assert folder.stat().st_mode & 0o077 == 0
        dialog.close()

    drive(qapp, folder, use)


def test_the_list_of_an_account_that_is_damaged_while_it_is_open_is_rebuilt(qapp: QApplication, tmp_path: Path) -> None:
    folder = stored(tmp_path, "rent", "milk")

    async def use(session: Session, window: MainWindow) -> None:
        with closing(sqlite3.connect(folder / "accounts" / "computer" / "cache.sqlite3", isolation_level=None)) as db:
            db.execute("UPDATE todo SET text = 'not what was written' WHERE text = 'milk'")
        window.commands[Do.EXAMINE].trigger()
        (dialog,) = window.findChildren(ExaminationDialog)
        await until(lambda: "A part of the list's file is damaged." in shown(dialog))
        dialog.repair_button.click()
        await until(lambda: session._accounts.notices.all() != ())
        assert session._accounts.notices.all()[0].title == "List rebuilt"
        dialog.close()

    drive(qapp, folder, use)


def test_a_repair_that_fails_is_said_and_the_account_is_looked_at_again(qapp: QApplication, tmp_path: Path) -> None:
    folder = stored(tmp_path, "rent")

    async def use(session: Session, window: MainWindow) -> None:
        looks: list[int] = []

        async def examine() -> list[Finding]:
            looks.append(1)
            return [Finding("list against server", Level.WRONG, "1 todo differs.", mends=True)]

        async def repair(_: list[Finding]) -> list[str]:
            raise Unreachable("Offline", "The server does not answer.", "It is tried again.")

        failures: list[BaseException] = []
        dialog = ExaminationDialog(examine, repair, Tasks(lambda _, error: failures.append(error)), window)
        dialog.open()
        dialog.begin()
        await until(dialog.repair_button.isEnabled)
        dialog.repair_button.click()
        await until(lambda: len(looks) == 2 and dialog.repair_button.isEnabled())
        assert dialog.summary.text() == "The server does not answer. It is tried again. Something is wrong."
        assert failures == []
        dialog.close()

    drive(qapp, folder, use)


def test_closed_while_it_looks_it_takes_nobody_along(qapp: QApplication, tmp_path: Path) -> None:
    folder = stored(tmp_path, "rent")

    async def use(session: Session, window: MainWindow) -> None:
        window.commands[Do.EXAMINE].trigger()
        (dialog,) = window.findChildren(ExaminationDialog)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        await until(lambda: not window.findChildren(ExaminationDialog))

    drive(qapp, folder, use)
