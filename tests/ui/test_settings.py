"""The settings: stored, in effect at once and at the next start; start at login; the sheet of shortcuts."""

import configparser
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from devots_desktop.domain.changes import Via
from devots_desktop.domain.errors import ProfileUnusable
from devots_desktop.services import autostart, settings
from devots_desktop.services.autostart import Autostart
from devots_desktop.services.settings import Appearance, Settings
from devots_desktop.ui import theme
from devots_desktop.ui.commands import LIST, WINDOW, Do
from devots_desktop.ui.dialogs.settings import SettingsDialog
from devots_desktop.ui.dialogs.shortcuts import ShortcutsDialog
from devots_desktop.ui.session import Session
from devots_desktop.ui.window import MainWindow
from tests.ui.test_everyday import stored
from tests.ui.test_session import _change, drive, texts, until

Key = Qt.Key
Control, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> Iterator[None]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    palette = qapp.palette()
    yield
    theme.choose(qapp, Appearance.SYSTEM)
    qapp.setPalette(palette)


class TestStored:
    @pytest.mark.parametrize("appearance", list(Appearance))
    def test_what_is_stored_is_read_again(self, tmp_path: Path, appearance: Appearance) -> None:
        chosen = Settings(appearance, notify=False, hide_text=True)
        settings.save(tmp_path, chosen)
        assert settings.load(tmp_path) == chosen

    @pytest.mark.parametrize("content", ["", "[]", "{", '{"appearance": "pink"}', "null", '{"notify": 1, "more": 2}'])
    def test_a_broken_file_is_no_reason_not_to_start(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "settings.json").write_text(content)
        assert settings.load(tmp_path).appearance is Appearance.SYSTEM

    def test_what_cannot_be_stored_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(ProfileUnusable, match="settings"):
            settings.save(tmp_path / "missing", Settings())


class TestStartAtLogin:
    def test_the_entry_starts_the_program_with_any_path(self, tmp_path: Path) -> None:
        command = ["/opt/my tools/python", '/a "quoted" $HOME `x` \\ 100%/main.py']
        entry = Autostart({"XDG_CONFIG_HOME": str(tmp_path)}, command)
        assert not entry.is_on()
        entry.set(on=True)
        assert entry.is_on()
        parsed = configparser.RawConfigParser()
        parsed.optionxform = str  # type: ignore[assignment,method-assign]
        parsed.read(tmp_path / "autostart" / "devots.desktop")
        # The value is a string with escapes of its own before it is a command line.
        line = parsed["Desktop Entry"]["Exec"].replace("\\\\", "\\").replace("%%", "%")
        line = re.sub(r"\\([$`])", r"\1", line)  # As a shell reads them between quotes; shlex does not.
        assert shlex.split(line) == command
        entry.set(on=False)
        assert not entry.is_on()
        entry.set(on=False)

    def test_an_entry_that_the_desktop_switched_off_is_off(self, tmp_path: Path) -> None:
        entry = Autostart({"XDG_CONFIG_HOME": str(tmp_path)}, ["devots"])
        entry.set(on=True)
        entry.file.write_text(entry.file.read_text() + "X-GNOME-Autostart-enabled=false\n")
        assert not entry.is_on()

    def test_a_relative_folder_is_ignored(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        assert Autostart({"XDG_CONFIG_HOME": "here"}, []).file == tmp_path / ".config" / "autostart" / "devots.desktop"

    def test_another_profile_is_named(self, tmp_path: Path) -> None:
        assert autostart.start_command(tmp_path, tmp_path, "/x/main.py")[1:] == ["/x/main.py"]
        assert autostart.start_command(tmp_path / "b", tmp_path, "/x/main.py")[1:] == ["/x/main.py", "--profile", str(tmp_path / "b")]


class TestDialog:
    def test_keys_open_it_and_each_setting_takes_effect_at_once_and_is_stored(self, qapp: QApplication, tmp_path: Path) -> None:
        folder = stored(tmp_path, "rent")

        async def use(session: Session, window: MainWindow) -> None:
            QTest.keyClick(window, Key.Key_Comma, Control)
            (dialog,) = window.findChildren(SettingsDialog)
            assert dialog.isVisible()
            await until(lambda: "looking" not in dialog.keyring.text())
            dialog.appearance[Appearance.DARK].click()
            await until(lambda: theme.of(window) is theme.DARK)
            dialog.appearance[Appearance.LIGHT].click()
            await until(lambda: theme.of(window) is theme.LIGHT)
            dialog.hide_text.click()
            assert settings.load(folder) == Settings(Appearance.LIGHT, notify=True, hide_text=True)
            session._current.changes.publish(_change(window, Via.LIVE))
            await until(lambda: window.status_line.sentence.text() == "Todo changed: On another device.")
            dialog.notify.click()
            assert not dialog.hide_text.isEnabled()
            session._tray.take(_change(window, Via.LIVE))
            assert session._tray._bursts.wait() is None
            dialog.start.click()
            assert (tmp_path / "config" / "autostart" / "devots.desktop").exists()
            dialog.close()

        drive(qapp, folder, use)

    def test_what_cannot_be_stored_is_said_in_it(self, qapp: QApplication, tmp_path: Path) -> None:
        def change(_: Settings) -> None:
            raise ProfileUnusable("Settings not stored", "No room.", "Free some.")

        dialog = SettingsDialog(Settings(), change, tmp_path, "1", None)
        dialog.show()
        dialog.notify.click()
        assert dialog.error.isVisible()
        assert "No room" in dialog.error.text()
        dialog.deleteLater()


def test_the_sheet_names_every_command_and_its_keys(qapp: QApplication, tmp_path: Path) -> None:
    async def use(session: Session, window: MainWindow) -> None:
        QTest.keyClick(window, Key.Key_F1)
        (sheet,) = window.findChildren(ShortcutsDialog)
        shown = {label.text() for label in sheet.findChildren(QLabel)}
        assert {command.name for command in (*WINDOW.values(), *LIST.values())} <= shown
        assert {"Ctrl+Z", "Ctrl+F", "Space"} <= {keys for text in shown for keys in text.split(" · ")}
        assert set(window.commands) == set(WINDOW)
        sheet.close()
        assert texts(window) == []

    drive(qapp, tmp_path / "profile", use)


def test_every_command_has_keys() -> None:
    assert {do for do in Do if not (WINDOW | LIST)[do].bindings()} == set()
    keys = [key.toString() for command in WINDOW.values() for key in command.bindings()]
    assert len(keys) == len(set(keys))
