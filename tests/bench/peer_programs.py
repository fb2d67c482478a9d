"""The programs that ours is measured beside: how each is installed, given the same todos, and started.

Nothing of them gets into our environment: two come from PyPI into build/peers, one is a package of Debian, which is installed when this runs as root.

Each starts as kindly as we know how: a home of its own with the todos in its own format, no question at the first start, and the versions
that its authors name.
"""

import datetime as dt
import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from devots_desktop.domain.todo import Todo
from tests.window.program import ROOT

FOLDER = ROOT / "build" / "peers"


class NotInstalled(Exception):
    """This machine cannot have the program; the text says why."""


@dataclass(frozen=True, slots=True)
class Program:
    """A todo program.

    Attributes:
        install: answers its version. Raises NotInstalled.
        fill: puts todos into a home folder before its first start.
        command: what starts it on that home.
    """

    name: str
    install: Callable[[], str]
    fill: Callable[[Path, Sequence[Todo]], None]
    command: Callable[[Path], Sequence[str | Path]]


def home_environment(home: Path, display: Mapping[str, str], bus: str) -> dict[str, str]:
    """An environment in which a program finds nothing of this user's."""
    own = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "DBUS_SESSION_BUS_ADDRESS": bus,
        # GTG does not start without one; nobody answers on it.
        "DBUS_SYSTEM_BUS_ADDRESS": bus,
        # Of no use without an accessibility bus, and GTK would wait for one.
        "NO_AT_BRIDGE": "1",
        "GTK_A11Y": "none",
        "LC_ALL": "C.UTF-8",
        # Without a graphics card it is the faster way, and the smaller by half.
        "QT_QUICK_BACKEND": "software",
    }
    return {**display, **own}


def _python(name: str, packages: Sequence[str]) -> str:
    """Install packages into an environment of their own; answer the version of the first."""
    folder = FOLDER / name
    python = folder / "bin" / "python"
    wanted, _, version = packages[0].partition("==")
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        made = subprocess.run([sys.executable, "-m", "venv", folder], capture_output=True, text=True, check=False)
        if made.returncode == 0:
            made = subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], capture_output=True, text=True, check=False)
        if made.returncode:
            last = (made.stderr.strip().splitlines() or ["no reason was given"])[-1]
            raise NotInstalled(f"{wanted} cannot be installed from PyPI here: {last}")
        (folder / "done").touch()
    return version


# That of QTodoTxt2: a text file


def _todo_txt(home: Path, todos: Sequence[Todo]) -> None:
    lines = (f"{'x ' + _day(todo) + ' ' if todo.completed else ''}{_day(todo)} {todo.text}\n" for todo in todos)
    (home / "todo.txt").write_text("".join(lines), encoding="utf-8")


def _day(todo: Todo) -> str:
    return dt.datetime.fromtimestamp(todo.created_at / 1e6, dt.UTC).date().isoformat()


# That of the snake: an SQLite file, in the form that it makes itself


def _snake(home: Path, todos: Sequence[Todo]) -> None:
    path = home / ".local" / "share" / "TodoSnake" / "todo-snake" / "todos.db"
    make = "import sys, pathlib; from todo_snake.persistence.sqlite import SqliteTodoRepository as R; R(pathlib.Path(sys.argv[1]))"
    subprocess.run([FOLDER / "todo-snake" / "bin" / "python", "-c", make, path], check=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(
            "INSERT INTO todos (title, priority, status, created_at, updated_at, uid) VALUES (?, 'medium', ?, ?, ?, ?)",
            [(todo.text, "done" if todo.completed else "open", *[_moment(todo)] * 2, todo.client_id) for todo in todos],
        )


def _moment(todo: Todo) -> str:
    return dt.datetime.fromtimestamp(todo.created_at / 1e6, dt.UTC).isoformat()


# That of GTG: an XML file

# Without them GTG takes its start for the first one ever, and writes its own samples over the file.
_GTG_SETTINGS = """[backend_localfile]
module = backend_localfile
pid = 6fc8bd88-d5e4-4250-baa7-3b11df2430f7
path = gtg_data.xml
default = True
enabled = True
attached-tags = gtg-tags-all
"""


def _install_gtg() -> str:
    if shutil.which("gtg") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", "gtg"], capture_output=True, check=False)
    if shutil.which("gtg") is None:
        raise NotInstalled("gtg is not installed; on Debian: apt-get install gtg")
    asked = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", "gtg"], capture_output=True, text=True, check=False)
    return asked.stdout or "of another system"


def _gtg(home: Path, todos: Sequence[Todo]) -> None:
    root = ET.Element("gtgData", appVersion="0.5", xmlVersion="2")
    for part in ("taglist", "searchlist"):
        ET.SubElement(root, part)
    tasks = ET.SubElement(root, "tasklist")
    for todo in todos:
        _gtg_task(tasks, todo)
    settings = home / ".config" / "gtg" / "backends.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(_GTG_SETTINGS, encoding="utf-8")
    path = home / ".local" / "share" / "gtg" / "gtg_data.xml"
    path.parent.mkdir(parents=True)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _gtg_task(tasks: ET.Element, todo: Todo) -> None:
    status = "Done" if todo.completed else "Active"
    task = ET.SubElement(tasks, "task", id=todo.client_id, uuid=str(uuid.uuid4()), status=status, recurring="False")
    ET.SubElement(task, "tags")
    ET.SubElement(task, "title").text = todo.text
    dates = ET.SubElement(task, "dates")
    for name in ("added", "modified", *(["done"] if todo.completed else [])):
        ET.SubElement(dates, name).text = _day(todo)
    recurring = ET.SubElement(task, "recurring", enabled="false")
    ET.SubElement(recurring, "term").text = "None"
    ET.SubElement(recurring, "updated_date").text = "9999-12-30"
    ET.SubElement(task, "subtasks")
    ET.SubElement(task, "content").text = ""


PEERS = (
    Program(
        "QTodoTxt2",
        # It does not name what its window is made with.
        lambda: _python("qtodotxt2", ["qtodotxt2==2.0.0a6", "PyQt5==5.15.11"]),
        _todo_txt,
        lambda home: [FOLDER / "qtodotxt2" / "bin" / "qtodotxt2", home / "todo.txt"],
    ),
    Program(
        "todo-snake",
        lambda: _python("todo-snake", ["todo-snake==0.3.1"]),
        _snake,
        lambda home: [FOLDER / "todo-snake" / "bin" / "todo-snake"],
    ),
    Program("GTG", _install_gtg, _gtg, lambda home: ["gtg"]),
)
