"""The real program: what is loaded before the first paint, one window for a profile, trouble at the start, and the way out."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devots_desktop.services import wake
from tests.ui.driven import ROOT, window
from tests.ui.places import Place

_HEAVY = (
    "asyncio",
    "qasync",
    "keyring",
    "sqlalchemy",
    "httpx",
    "pydantic",
    "supabase",
    "psycopg",
    "websockets",
    "alembic",
    "PySide6.QtNetwork",
)
_LATER = (
    "devots_desktop.ui.commands",
    "devots_desktop.ui.delegates.found_text",
    "devots_desktop.ui.session",
    "dataclasses",
    "hashlib",
    "html",
)
"""Modules that cost the first paint a millisecond or more and that it does without."""
_LATER_NAMES = ("QStyle", "QGradient", "QIcon", "QKeySequence", "QAction", "QTextFormat", "QTextOption", "QImage")
"""Qt's classes whose enumerations PySide makes, 4 to 566 names each, as soon as anybody touches them."""
_NOISE = re.compile(r"This plugin does not support|^Executing <Task .* took [\d.]+ seconds$")
"""What the offscreen platform cannot do, and asyncio's remark in debug mode that a busy machine was slow."""


def clean(errors: str) -> str:
    return "\n".join(line for line in errors.splitlines() if not _NOISE.search(line))


def filled(folder: Path, *texts: str) -> None:
    place = Place(folder)
    place.add(*texts)
    place.close()


def test_nothing_is_loaded_before_the_first_paint_that_it_does_without(tmp_path: Path) -> None:
    filled(tmp_path / "profile", "milk")
    script = f"""
import enum, gc, os, sys
from devots_desktop import app
from devots_desktop.services import start
def tell(application, window):
    paint(application, window)
    assert window.painted
    print(*sorted(set({_HEAVY + _LATER!r}) & set(sys.modules)))
    made = [each.__qualname__ for each in gc.get_objects() if isinstance(each, enum.EnumType) and each.__module__.startswith("PySide6")]
    assert "QPainter.RenderHint" in made, made
    print(*sorted(name for name in made if name.split(".")[0] in {_LATER_NAMES!r}))
    sys.stdout.flush()
    os._exit(0)
def first(folder):
    global paint
    begun = begin(folder)
    assert "PySide6" not in sys.modules
    from devots_desktop.ui import program
    paint, program._paint = program._paint, tell
    return begun
begin, start.begin = start.begin, first
app.main(["--profile", {str(tmp_path / "profile")!r}])
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == ""


def test_modules_that_are_imported_after_qt_are_not_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "later.py").write_text("import PySide6\n")
    script = f"""
import compileall, sys
sys.path.insert(0, {str(tmp_path)!r})
compileall.compile_dir({str(tmp_path)!r}, quiet=2)
opened = []
sys.addaudithook(lambda event, arguments: opened.append(arguments[0]) if event == "open" else None)
from {{}} import {{}}
import later
print(later.__file__ in opened)
"""
    read = [
        subprocess.run(
            [sys.executable, "-c", script.format(*names)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
        ).stdout
        for names in (("devots_desktop.ui", "theme"), ("PySide6", "QtCore"))
    ]
    assert read == ["False\n", "True\n"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_opens_paints_and_ends_without_a_word_of_complaint(tmp_path: Path, how: signal.Signals) -> None:
    filled(tmp_path / "profile", "milk")
    with window(tmp_path / "profile", "-X", "dev", "-W", "error") as driven:
        driven.painted("milk")
        first, ready = driven.event("first-paint"), driven.event("ready")
        assert first["ns"] < ready["ns"]
        status, errors = driven.end(how)
    assert status == 0
    assert clean(errors) == ""
    assert (tmp_path / "profile" / "window.json").exists()


def test_what_another_process_wrote_is_painted_after_a_ping(tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    filled(folder, "milk")
    with window(folder) as driven:
        driven.event("ready")
        filled(folder, "from the command line")
        assert wake.ping(folder, wake.CHANGED)
        driven.painted("from the command line")
        assert not [event for event in driven.events if event["event"] == "notified"]
        driven.end()


def test_a_second_start_hands_over_and_exits_0(tmp_path: Path) -> None:
    with window(tmp_path / "profile") as first:
        first.event("ready")
        with window(tmp_path / "profile") as second:
            assert second.process.wait(20) == 0
            assert not [event for event in second.events if event["event"] == "first-paint"]
        first.event("ready")
        assert first.process.poll() is None
        first.end()


def test_a_socket_that_a_crash_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    with window(folder) as crashed:
        crashed.event("ready")
        crashed.process.kill()
        crashed.process.wait(20)
    assert Path(wake.socket_address(folder)).exists()
    with window(folder) as driven:
        driven.event("ready")
        assert wake.ping(folder, wake.CHANGED)
        assert driven.end()[0] == 0


def _newer(folder: Path) -> None:
    place = Place(folder)
    place.cache.db.execute("PRAGMA user_version = 99")
    place.close()


def _file_in_the_way(folder: Path) -> None:
    folder.write_text("a file where the folder should be")


@pytest.mark.parametrize(("spoil", "title"), [(_newer, "newer version"), (_file_in_the_way, "cannot be written")])
def test_trouble_at_the_start_is_a_calm_window_and_exit_1(tmp_path: Path, spoil: object, title: str) -> None:
    folder = tmp_path / "profile"
    spoil(folder)  # type: ignore[operator]
    script = f"""
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel
from devots_desktop import app
from devots_desktop.ui import trouble
class Seen(trouble.TroubleWindow):
    def showEvent(self, event):
        super().showEvent(event)
        print(" ".join(label.text() for label in self.findChildren(QLabel)))
        QTimer.singleShot(0, self.close_button.click)
trouble.TroubleWindow = Seen
sys.exit(app.main(["--profile", {str(folder)!r}]))
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert run.returncode == 1
    assert title in run.stdout
    assert "Traceback" not in run.stderr


def test_soak() -> None:
    """20,000 emits, row inserts and texts: some PySide releases lose a reference each time and abort (ARCHITECTURE.md, decision 1)."""
    script = """
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication(["soak"])
class Teller(QObject):
    told = Signal(object, bool)
heard = []
teller = Teller()
teller.told.connect(lambda what, yes: heard.append(what))
class Rows(QAbstractListModel):
    count = 0
    def rowCount(self, parent=QModelIndex()):
        return self.count
    def data(self, index, role=0):
        return None
rows, label = Rows(), QLabel()
for number in range(20_000):
    teller.told.emit(None, True)
    rows.beginInsertRows(QModelIndex(), number, number)
    rows.count += 1
    rows.endInsertRows()
    label.setText(str(number))
    teller.killTimer(0) if number % 10 == 0 else None
app.processEvents()
print(len(heard), rows.rowCount(), label.text())
"""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=50)
    assert (run.returncode, run.stdout.split()) == (0, ["20000", "20000", "19999"]), run.stderr


def test_no_nested_loop_and_no_star_import_in_the_window() -> None:
    for path in (ROOT / "devots_desktop" / "ui").rglob("*.py"):
        text = path.read_text()
        assert ".exec(" not in text, path
        assert "import *" not in text, path
        assert "ActionsContextMenu" not in text, path
