"""Export and import in the window."""

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from devots_desktop.ui.commands import Do
from devots_desktop.ui.session import Session
from devots_desktop.ui.window import MainWindow
from tests.ui.test_everyday import said, stored
from tests.ui.test_session import drive, texts, until


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def dialog(window: MainWindow) -> QFileDialog:
    return next(each for each in window.findChildren(QFileDialog) if each.isVisible())


def test_what_was_exported_comes_back_by_an_import_that_can_be_undone(qapp: QApplication, tmp_path: Path) -> None:
    async def use(_: Session, window: MainWindow) -> None:
        window.commands[Do.EXPORT].trigger()
        dialog(window).accept()
        file = tmp_path / "todos.json"
        await until(file.exists)
        assert {todo["text"] for todo in json.loads(file.read_text())["todos"]} == {"rent", "milk"}
        await until(lambda: said(window) == f"2 todos written to {file}")
        window.view.setFocus()
        window.view.selectAll()
        window.view.delete_selected()
        await until(lambda: texts(window) == [])
        window.commands[Do.IMPORT].trigger()
        dialog(window).selectFile(str(file))
        dialog(window).accept()
        await until(lambda: texts(window) == ["o milk", "o rent"])
        await until(lambda: said(window) == "2 added, 0 here already")
        assert window.status_line.offered is not None
        window.status_line.offered.click()
        await until(lambda: texts(window) == [])

    drive(qapp, stored(tmp_path, "rent", "milk"), use)


@pytest.mark.parametrize(("chosen", "begins"), [("CSV (*.csv)", "id,text,completed"), ("todo.txt (*.txt)", "1970-")])
def test_the_form_is_that_of_the_chosen_filter(qapp: QApplication, tmp_path: Path, chosen: str, begins: str) -> None:
    async def use(_: Session, window: MainWindow) -> None:
        window.commands[Do.EXPORT].trigger()
        asked = dialog(window)
        asked.selectNameFilter(chosen)
        asked.filterSelected.emit(chosen)
        asked.selectFile("mine")
        asked.accept()
        name = f"mine.{chosen.partition('*.')[2].rstrip(')')}"
        await until((tmp_path / name).exists)
        assert (tmp_path / name).read_text().startswith(begins)

    drive(qapp, stored(tmp_path, "rent"), use)


def test_a_file_that_is_none_of_ours_is_said_and_changes_nothing(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1, 2]")

    async def use(_: Session, window: MainWindow) -> None:
        window.commands[Do.IMPORT].trigger()
        dialog(window).selectFile(str(tmp_path / "list.json"))
        dialog(window).accept()
        await until(lambda: "Todo 1 of list.json is no object." in said(window))
        assert texts(window) == ["o rent"]

    drive(qapp, stored(tmp_path, "rent"), use)
