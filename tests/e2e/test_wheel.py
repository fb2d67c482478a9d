"""The wheel, installed in an environment of its own outside the clone, is the whole program."""

import contextlib
import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

import devots_desktop
from tests.locks import pins
from tests.outcomes import need_qt

ROOT = pathlib.Path(__file__).parents[2]

# One process builds it once.
pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The wheel of this clone's files, built from a copy so that the clone stays as it is."""
    copy = tmp_path_factory.mktemp("wheel") / "clone"
    kept = ("devots_desktop", "migrations", "resources", "pyproject.toml", "README.md", "LICENSE")
    copy.mkdir()
    for name in kept:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", "out", "."]
    subprocess.run(build, cwd=copy, check=True, capture_output=True, text=True, timeout=50)
    return next((copy / "out").glob("*.whl"))


@pytest.fixture(scope="module")
def program(wheel: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The `devots` command of an environment that holds the wheel and links to what requirements/run.txt pins, nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True, timeout=50)
    python = folder / "venv" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, text=True, timeout=50)
    site_packages = next((folder / "venv").glob("lib/python*/site-packages"))
    for path in installed_by("run"):
        if not (site_packages / path.name).exists():
            (site_packages / path.name).symlink_to(path)
    return folder / "venv" / "bin" / "devots"


def installed_by(lock: str) -> set[pathlib.Path]:
    """The entries of site-packages that belong to what a lock pins; packages for other systems and versions are not installed here."""
    found = set()
    for name in pins(lock):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            distribution = importlib.metadata.distribution(name)
            tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
            found |= {pathlib.Path(str(distribution.locate_file(top))) for top in tops}
    return found


def own_environment(folder: pathlib.Path) -> dict[str, str]:
    """Nothing of this process but the language: a home folder and a profile below this folder."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(folder), "DEVOTS_PROFILE": str(folder / "profile"), "LC_ALL": os.environ["LC_ALL"]}


def run(program: pathlib.Path, *arguments: str, folder: pathlib.Path) -> str:
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=own_environment(folder), capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_carries_the_bundled_files_and_nothing_of_the_tests(wheel: pathlib.Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    bundled = {
        path.relative_to(ROOT).as_posix() for top in ("migrations", "resources") for path in (ROOT / top).rglob("*") if path.is_file()
    }
    assert {f"devots_desktop/_bundled/{name}" for name in bundled if "__pycache__" not in name} <= names
    assert {name.split("/")[0] for name in names} == {"devots_desktop", f"devots_desktop-{devots_desktop.__version__}.dist-info"}


def test_it_tells_its_version(program: pathlib.Path, tmp_path: pathlib.Path) -> None:
    assert devots_desktop.__version__ in run(program, "--version", folder=tmp_path)


def test_its_command_line_makes_a_profile_and_lists_it(program: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """The cache is made by the numbered SQL that travels in the wheel."""
    run(program, "add", "Buy oat milk", folder=tmp_path)
    assert [todo["text"] for todo in json.loads(run(program, "list", "--json", folder=tmp_path))] == ["Buy oat milk"]


def test_its_bundled_files_are_found_beside_it(program: pathlib.Path, tmp_path: pathlib.Path) -> None:
    question = "from devots_desktop.bundled import bundled; print(bundled('migrations', 'server')); print(bundled('resources'))"
    answer = subprocess.run(
        [program.parent / "python", "-c", question], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=50
    )
    site_packages = next(program.parents[1].glob("lib/python*/site-packages"))
    base = site_packages / "devots_desktop" / "_bundled"
    assert answer.stdout.splitlines() == [str(base / "migrations" / "server"), str(base / "resources")]


def test_its_window_paints_what_the_command_line_added(program: pathlib.Path, tmp_path: pathlib.Path) -> None:
    need_qt()
    run(program, "add", "Buy oat milk", folder=tmp_path)
    reading, writing = os.pipe()
    environment = {**own_environment(tmp_path), "QT_QPA_PLATFORM": "offscreen", "DEVOTS_TRACE": str(writing)}
    with (
        os.fdopen(reading) as events,
        subprocess.Popen([program], cwd=tmp_path, env=environment, pass_fds=[writing], stderr=subprocess.PIPE, text=True) as window,
        contextlib.ExitStack() as end,
    ):
        end.callback(window.kill)
        os.close(writing)
        # The pipe ends when the program does; the test's time limit ends one that paints nothing.
        painted = next((event for event in map(json.loads, events) if event["event"] == "painted"), None)
        window.terminate()
        _, messages = window.communicate(timeout=20)
    assert painted is not None, messages
    assert painted["text"] == "Buy oat milk"
    assert [line for line in messages.splitlines() if "This plugin does not support" not in line] == []
