"""The rules of the house that a machine can check, and for each import contract the proof that it can fail."""

import ast
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement

import devots_desktop
from tests.locks import pins
from tests.outcomes import need_qt, not_run

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = ROOT / "devots_desktop"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = ("devots_desktop", "migrations", "packaging", "tests")


def lint_imports(folder: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Hold the package in this folder to the contracts of its pyproject.toml."""
    program = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    command = [*program, "--no-cache", "--no-logo", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=50)


def tracked_files() -> Iterator[pathlib.Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        not_run("this is no git clone")
    return (path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())


def python_files(*folders: str) -> list[pathlib.Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def nodes(path: pathlib.Path, *kinds: type[ast.AST]) -> list[ast.AST]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


def functions(path: pathlib.Path) -> list[tuple[str, int]]:
    """Each function with its length in lines, decorators not counted."""
    found = nodes(path, ast.FunctionDef, ast.AsyncFunctionDef)
    return [(f"{path.relative_to(ROOT)}:{node.lineno}", node.end_lineno - node.lineno + 1) for node in found]  # type: ignore[attr-defined]


class TestImports:
    def test_the_contracts_are_kept(self) -> None:
        run = lint_imports(ROOT)
        assert run.returncode == 0, run.stdout + run.stderr

    @pytest.mark.parametrize(
        ("contract", "module", "line"),
        [
            pytest.param("layers", "domain/todo.py", "import devots_desktop.store", id="domain imports store"),
            pytest.param("layers", "store/__init__.py", "import devots_desktop.remote.base", id="store imports remote"),
            pytest.param("layers", "cli/__init__.py", "import devots_desktop.ui", id="cli imports ui"),
            pytest.param("layers", "bundled.py", "import devots_desktop.domain", id="bundled imports domain"),
            pytest.param("layers", "utils.py", "", id="a module outside the layers"),
            pytest.param("qt", "services/__init__.py", "from PySide6.QtCore import QObject", id="services imports Qt"),
            pytest.param("qt", "cli/__init__.py", "def late():\n    import qasync", id="cli imports qasync late"),
            pytest.param("network", "services/__init__.py", "import httpx", id="services imports httpx"),
            pytest.param("network", "app.py", "from websockets.asyncio import client", id="app imports websockets"),
            pytest.param("database", "remote/memory/__init__.py", "import sqlalchemy", id="remote.memory imports sqlalchemy"),
            pytest.param("database", "store/__init__.py", "import psycopg", id="store imports psycopg"),
            pytest.param("cycles", "domain/changes.py", "import devots_desktop.domain.todo", id="a cycle of two modules"),
        ],
    )
    def test_a_contract_breaks_when(self, tmp_path: pathlib.Path, contract: str, module: str, line: str) -> None:
        shutil.copytree(PACKAGE, tmp_path / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        broken = tmp_path / PACKAGE.name / module
        broken.parent.mkdir(exist_ok=True)
        with broken.open("a") as file:
            file.write(f"\n{line}\n")
        if contract == "cycles":
            with (tmp_path / PACKAGE.name / "domain/todo.py").open("a") as file:
                file.write("\ndef late():\n    import devots_desktop.domain.changes\n")
        run = lint_imports(tmp_path, "--contract", contract)
        assert run.returncode == 1, run.stdout + run.stderr
        assert "0 kept, 1 broken" in run.stdout

    def test_the_command_line_and_all_below_it_run_without_qt(self) -> None:
        """Also where an import is hidden from the contracts in a string."""
        assert not loaded_by("domain", "store", "sync", "services", "cli", heavy=("PySide6", "shiboken6", "qasync"))

    def test_nothing_that_the_first_paint_needs_imports_a_server_library(self) -> None:
        need_qt()
        libraries = ("sqlalchemy", "alembic", "psycopg", "httpx", "pydantic", "supabase", "websockets")
        assert not loaded_by("domain", "store", "sync", "services", "cli", "ui", "app", heavy=libraries)


def loaded_by(*parts: str, heavy: tuple[str, ...]) -> str:
    """Which of these libraries are loaded after every module of these parts was imported, in a process of its own."""
    paths = [path for part in parts for path in [*(PACKAGE / part).rglob("*.py"), PACKAGE / f"{part}.py"] if path.is_file()]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    assert names
    program = f"import importlib, sys; [importlib.import_module(n) for n in {names}]; print(*sorted(sys.modules.keys() & set({heavy})))"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


class TestTimeAndChance:
    """domain and sync run in a simulation: clocks, pauses and chance are passed in."""

    @pytest.mark.parametrize("folder", ["domain", "sync"])
    @pytest.mark.parametrize(
        "line",
        [
            "import time",
            "from time import monotonic",
            "import random",
            "import asyncio\n\nNAP = asyncio.sleep(1)",
            "from uuid import uuid4",
        ],
    )
    def test_the_lint_refuses(self, folder: str, line: str) -> None:
        assert "TID251" in self.lint(folder, line)

    def test_elsewhere_it_does_not(self) -> None:
        assert "TID251" not in self.lint("store", "import time")

    @staticmethod
    def lint(folder: str, line: str) -> str:
        """What the lint says of a module with this line."""
        command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", f"devots_desktop/{folder}/module.py", "-"]
        return subprocess.run(command, cwd=ROOT, input=line + "\n", capture_output=True, text=True, check=False, timeout=50).stdout


class TestSizes:
    def test_no_function_is_over_60_lines(self) -> None:
        assert [each for path in python_files(*FOLDERS) for each in functions(path) if each[1] > 60] == []

    def test_half_of_the_functions_have_at_most_10_lines(self) -> None:
        assert statistics.median(length for path in python_files("devots_desktop") for _, length in functions(path)) <= 10

    def test_no_module_is_over_600_lines(self) -> None:
        lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in python_files(*FOLDERS)}
        assert {path: length for path, length in lengths.items() if length > 600} == {}

    def test_no_class_has_over_25_methods(self) -> None:
        methods = {
            f"{path.relative_to(ROOT)}:{node.name}": sum(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) for each in node.body)
            for path in python_files("devots_desktop")
            for node in nodes(path, ast.ClassDef)
            if isinstance(node, ast.ClassDef)
        }
        assert {name: count for name, count in methods.items() if count > 25} == {}


class TestHabits:
    def test_no_module_is_named_after_nothing(self) -> None:
        vague = {"utils", "util", "helpers", "common", "core", "manager", "managers", "misc"}
        assert [path for path in python_files("devots_desktop") if vague & {path.stem, *path.relative_to(ROOT).parts}] == []

    def test_nothing_is_left_for_later(self) -> None:
        later = re.compile("|".join([r"\bTO" + "DO[:(]", "FIX" + "ME", "X" + "XX", "raise NotImplemented" + "Error"]))
        assert [path for path in python_files("devots_desktop", "migrations", "packaging") if later.search(path.read_text())] == []

    def test_no_dialog_runs_a_loop_of_its_own(self) -> None:
        """Tasks that wake inside a nested loop are stranded for good (ARCHITECTURE.md)."""
        nested = {"exec", "exec_", "question", "information", "warning", "critical", "getOpenFileName", "getSaveFileName", "getText"}
        qt = re.compile(r"^Q(MessageBox|FileDialog|InputDialog)$")

        def nests(call: ast.AST) -> bool:
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr not in nested:
                return False
            return call.func.attr.startswith("exec") or bool(qt.match(ast.unparse(call.func.value)))

        assert [f"{path}:{call.lineno}" for path in python_files("devots_desktop") for call in nodes(path, ast.Call) if nests(call)] == []  # type: ignore[attr-defined]


class TestRepository:
    def test_no_file_names_a_registry_or_a_folder_of_one_machine(self) -> None:
        # Ada is the person of our examples.
        names = [
            "/ro" + "ot/",
            "/wo" + "rk/",
            "/opt/py" + "pi",
            "/home" + "/(?!ada/|ada\\.)",
            "pypi" + r"\.",
            "python" + "hosted",
            "--(extra-)?index" + "-url",
        ]
        foreign = re.compile("|".join(names).encode())
        found = {str(path.relative_to(ROOT)): match[0] for path in tracked_files() if (match := foreign.search(path.read_bytes()))}
        assert found == {}

    def test_the_version_stands_in_both_places(self) -> None:
        assert PYPROJECT["project"]["version"] == devots_desktop.__version__

    @pytest.mark.parametrize("lock", ["build", "run", "bundle", "dev"])
    def test_every_locked_package_has_a_hash_and_no_address(self, lock: str) -> None:
        text = (ROOT / "requirements" / f"{lock}.txt").read_text()
        assert "://" not in text
        assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=\w)", text.partition("\n\n")[0])[1:])

    @pytest.mark.parametrize("lock", ["build", "run", "bundle"])
    def test_the_locks_agree(self, lock: str) -> None:
        assert pins(lock).items() <= pins("dev").items()

    def test_the_locks_hold_what_the_project_asks_for(self) -> None:
        groups = PYPROJECT["dependency-groups"]
        asked = {
            "run": PYPROJECT["project"]["dependencies"],
            "build": [*groups["build"], *PYPROJECT["build-system"]["requires"]],
            "bundle": groups["bundle"],
            "dev": [each for each in groups["dev"] if isinstance(each, str)],
        }
        wrong = [
            (lock, str(requirement), pins(lock).get(requirement.name.lower()))
            for lock, lines in asked.items()
            for requirement in map(Requirement, lines)
            if not requirement.specifier.contains(pins(lock).get(requirement.name.lower(), "0"))
        ]
        assert wrong == []
