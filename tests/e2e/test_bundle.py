"""The frozen program, moved elsewhere and started where there is no Python: it is the whole program, and holds no more than it needs.

The first run of these tests makes `dist/devots` (packaging/bundle.py), which takes a minute; later ones find it made, until something changes that goes in.
"""

import configparser
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import devots_desktop
from tests.e2e.test_cli_postgres import EMAIL, PASSWORD, desktop_password
from tests.locks import pins
from tests.outcomes import need_qt, not_run
from tests.servers.fixtures import Servers
from tests.servers.managed import DESKTOP, Managed
from tests.servers.postgres import Database, PostgresServer
from tests.window.display import Display, missing_programs
from tests.window.program import ROOT, Window

# One process makes it once. The limit is for the machine that has to do so while it runs other tests.
pytestmark = [pytest.mark.xdist_group("bundle"), pytest.mark.timeout(1200)]

MOST_MIB = 190
"""The size is 158 on Debian 12; what is greater by a fifth has brought in something that is not needed."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, in a folder where nobody made it."""
    need_qt()
    if not sys.platform.startswith("linux") or shutil.which("objdump") is None:
        not_run("binutils is not installed")
    made = subprocess.run([sys.executable, ROOT / "packaging" / "bundle.py"], capture_output=True, text=True, check=False, timeout=1100)
    assert made.returncode == 0, made.stderr
    return Path(shutil.copytree(ROOT / "dist" / "devots", tmp_path_factory.mktemp("elsewhere") / "devots", symlinks=True))


class Frozen:
    """The program of a bundle, in a home of its own and with nothing else in its environment."""

    def __init__(self, bundle: Path, home: Path) -> None:
        home.mkdir(exist_ok=True)
        self.program = bundle / "devots"
        self.environ = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)}

    def __call__(self, *arguments: str, stdin: str = "", **more: str) -> str:
        """Run a command; what it answers."""
        done = subprocess.run(
            [self.program, *arguments],
            input=stdin,
            env=self.environ | more,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments: str, **rest: str) -> Any:
        return json.loads(self(*arguments, "--json", **rest))

    def texts(self) -> list[str]:
        return [todo["text"] for todo in self.json("list")]


@pytest.fixture
def frozen(bundle: Path, tmp_path: Path) -> Frozen:
    return Frozen(bundle, tmp_path / "home")


@pytest.fixture
def display() -> Iterator[Display]:
    missing = missing_programs()
    if missing:
        not_run(f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not installed")
    with Display() as running:
        yield running


@pytest.fixture
def postgres(servers: Servers) -> PostgresServer:
    return servers.server(18)


class TestProgram:
    def test_it_tells_its_version(self, frozen: Frozen) -> None:
        assert devots_desktop.__version__ in frozen("--version")

    def test_its_command_line_keeps_todos_in_any_script(self, frozen: Frozen) -> None:
        """No locale is named in its environment."""
        frozen("add", "Hafermilch ✓ 牛奶")
        assert frozen.texts() == ["Hafermilch ✓ 牛奶"]
        assert "Hafermilch ✓ 牛奶" in frozen("list")

    def test_it_starts_through_a_link(self, frozen: Frozen, tmp_path: Path) -> None:
        link = tmp_path / "devots"
        link.symlink_to(frozen.program)
        frozen.program = link
        assert frozen.texts() == []

    def test_what_is_typed_into_its_window_is_there_when_it_has_ended(self, frozen: Frozen, display: Display) -> None:
        frozen("add", "From the command line")
        with Window("the frozen window", [str(frozen.program)], {**frozen.environ, "DISPLAY": display.name, "LC_ALL": "C.UTF-8"}) as window:
            window.painted("From the command line")
            window.said("ready")
            display.focus(display.window_of(window.process.pid))
            display.key("ctrl+n")
            display.type("Typed into the window")
            display.key("Return")
            window.painted("Typed into the window")
            foreign = libraries_from_elsewhere(window.process.pid, frozen.program.parent)
            display.key("ctrl+q")
            assert window.ended() == 0
            assert window.errors() == ""
        assert foreign == set()
        assert frozen.texts() == ["Typed into the window", "From the command line"]

    def test_it_prepares_a_database(self, frozen: Frozen, database: Database, tmp_path: Path) -> None:
        """With the migrations that travel in it, and the libraries that these import."""
        secret = tmp_path / "password"
        secret.write_text(desktop_password(database))
        owner = {"DATABASE_URL": database.url()}
        assert frozen.json("db", "status", **owner)["state"] == "not migrated"
        frozen("db", "upgrade", "--password-file", str(secret), **owner)
        assert frozen.json("db", "status", **owner)["state"] == "current"

    def test_it_keeps_todos_in_a_database(self, frozen: Frozen, managed: Managed) -> None:
        database = managed.database
        url = f"postgresql://{DESKTOP}@{database.server.host}:{database.server.port}/{database.name}"
        account = ("accounts", "add", "postgres", "--url", url, "--email", EMAIL, "--secrets", "file", "--password-stdin", "--sign-up")
        frozen(*account, stdin=f"{PASSWORD}\n", PGPASSWORD=desktop_password(database))
        assert frozen.json("add", "On the server")["state"] == "synced"
        with managed.owner() as owner:
            assert owner.execute("select text from todo").fetchall() == [("On the server",)]

    def test_it_keeps_todos_in_a_supabase_project(self, frozen: Frozen, servers: Servers, postgres: PostgresServer) -> None:
        with servers.project(postgres.version, "managed") as project:
            where = ("--url", project.url, "--key", project.publishable_key)
            account = ("accounts", "add", "supabase", *where, "--email", EMAIL, "--secrets", "file", "--password-stdin", "--sign-up")
            frozen(*account, stdin=f"{PASSWORD}\n")
            assert frozen.json("add", "In the project")["state"] == "synced"


def libraries_from_elsewhere(process: int, bundle: Path) -> set[str]:
    """What a process has loaded that is neither the bundle's nor the system's."""
    lines = Path(f"/proc/{process}/maps").read_text().splitlines()
    loaded = {match[1] for line in lines if (match := re.search(r" (/\S+\.so\S*)", line))}
    assert any("libQt6Widgets" in path for path in loaded)
    return {path for path in loaded if not path.startswith((f"{bundle}/", "/usr/lib/", "/lib/", "/lib64/"))}


class TestContents:
    def test_every_library_in_it_finds_those_that_it_needs(self, bundle: Path) -> None:
        """Also what no test can load here, as Wayland's plugins."""
        internal = bundle / "_internal"
        libraries = [str(path) for path in internal.rglob("*.so*") if not path.is_symlink()]
        told = subprocess.run(["ldd", *libraries], env={"LD_LIBRARY_PATH": str(internal)}, capture_output=True, text=True, check=False)
        assert len(libraries) > 50
        assert re.findall(r"^\s*(\S+) => not found", told.stdout, re.MULTILINE) == []
        assert [path for path in bundle.rglob("*") if path.is_symlink() and not path.exists()] == []

    def test_it_holds_nothing_that_is_not_needed(self, bundle: Path) -> None:
        names = " ".join(path.name for path in bundle.rglob("*"))
        assert re.findall(r"Qt6?(?:Qml|Quick|Pdf|Designer|Sql|VirtualKeyboard|Test)\w*|tkinter|libgtk\S*|\S+\.qm", names) == []
        assert sum(path.lstat().st_size for path in bundle.rglob("*")) / 2**20 < MOST_MIB

    def test_the_keyrings_that_entry_points_name_are_in_it(self, bundle: Path) -> None:
        entry_points = configparser.ConfigParser()
        entry_points.read(next((bundle / "_internal").glob("keyring-*.dist-info/entry_points.txt")))
        named = set(entry_points["keyring.backends"].values())
        assert "keyring.backends.SecretService" in named
        assert named <= modules(bundle)
        assert {"secretstorage", "jeepney"} <= modules(bundle)

    @pytest.mark.parametrize(
        ("found", "left"),
        [
            ({"LD_LIBRARY_PATH": "/ours"}, None),
            ({"LD_LIBRARY_PATH": "/ours", "LD_LIBRARY_PATH_ORIG": "/theirs"}, "/theirs"),
        ],
    )
    def test_what_the_program_starts_loads_the_libraries_of_the_system(self, bundle: Path, found: dict[str, str], left: str | None) -> None:
        from PyInstaller.archive.readers import CArchiveReader

        assert "give_back_library_path" in CArchiveReader(str(bundle / "devots")).toc
        script = "import os, runpy, sys; runpy.run_path(sys.argv[1]); print(os.environ.get('LD_LIBRARY_PATH'), 'LD_LIBRARY_PATH_ORIG' in os.environ)"
        command = [sys.executable, "-c", script, str(ROOT / "packaging" / "give_back_library_path.py")]
        assert subprocess.run(command, env=found, capture_output=True, text=True, check=True).stdout == f"{left} False\n"

    def test_our_files_travel_with_it(self, bundle: Path) -> None:
        for top in ("migrations", "resources/icons"):
            files = {path.relative_to(ROOT) for path in (ROOT / top).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
            assert files
            assert [file for file in files if not (bundle / "_internal" / file).is_file()] == []

    def test_everything_that_others_made_is_named_with_its_licence(self, bundle: Path) -> None:
        notices = (bundle / "THIRD_PARTY_NOTICES.txt").read_text()
        parts = dict(re.findall(r"^(\S+) (\d[\w.]*) \(", notices, re.MULTILINE))
        texts = [bundle / line.strip() for line in notices.splitlines() if line.startswith("    licences/")]
        assert [path for path in texts if not path.stat().st_size] == []
        assert {"LGPL-3.0.txt", "GPL-3.0.txt"} <= {path.name for path in texts if path.parent.name == "PySide6_Essentials"}
        assert {"Python", "SQLAlchemy", "psycopg", "qasync", "keyring"} <= parts.keys()
        locked = {"python": parts["Python"], "pyinstaller": pins("bundle")["pyinstaller"]} | pins("run")
        wrong = {name for name, version in parts.items() if locked.get(name.lower().replace("_", "-").replace(".", "-")) != version}
        assert wrong == set()
        libraries = {path.name for path in (bundle / "_internal").glob("lib*.so*") if not path.is_symlink()}
        assert {name for name in libraries if name not in notices} <= {f"libpython{sys.version_info[0]}.{sys.version_info[1]}.so.1.0"}

    def test_the_icon_is_drawn_in_the_sizes_of_desktops(self, bundle: Path) -> None:
        from PySide6.QtGui import QImage

        for size in (16, 32, 48, 256):
            icon = QImage(str(bundle / f"share/icons/hicolor/{size}x{size}/apps/devots.png"))
            assert (icon.width(), icon.height()) == (size, size)
            assert icon.pixelColor(0, 0).alpha() == 0
            assert icon.pixelColor(size // 2, size // 8).alpha() == 255


def modules(bundle: Path) -> set[str]:
    """The Python modules inside the program."""
    from PyInstaller.archive.readers import CArchiveReader

    return set(CArchiveReader(str(bundle / "devots")).open_embedded_archive("PYZ.pyz").toc)
