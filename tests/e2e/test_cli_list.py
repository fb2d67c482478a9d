"""The command line on the list's comforts: search, undo, completion, and two programs at once."""

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.devots import PROGRAM, ROOT, Devots
from tests.outcomes import not_run

MANY = """
import sys
from devots_desktop.cli.main import run
for number in range(500):
    assert run(["--profile", sys.argv[1], "--json", "add", f"{sys.argv[2]} {number}"]) == 0
"""
COMPLETE = """
eval "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
_devots
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def devots(tmp_path: Path) -> Devots:
    return Devots(tmp_path / "profile")


def texts(todos: list[dict[str, str]]) -> list[str]:
    return [todo["text"] for todo in todos]


class TestSearch:
    def test_all_words_newest_first_whatever_case_and_accents(self, devots: Devots) -> None:
        for text in ("Buy oatmilk", "Müsli & milk", "牛奶"):
            devots.add(text)
        assert texts(devots.json("search", "MILK")) == ["Müsli & milk", "Buy oatmilk"]
        assert texts(devots.json("search", "milk", "musl")) == texts(devots.json("search", "musl milk")) == ["Müsli & milk"]
        assert texts(devots.json("search", "奶")) == ["牛奶"]
        assert devots.json("search", "nothing like it") == []

    def test_of_a_view_and_no_more_than_wanted(self, devots: Devots) -> None:
        ids = [devots.add(f"milk {number}") for number in range(4)]
        devots("done", ids[3])
        assert texts(devots.json("search", "milk", "--open", "--limit", "2")) == ["milk 2", "milk 1"]
        assert texts(devots.json("search", "--done", "milk")) == ["milk 3"]

    @pytest.mark.parametrize("words", ['"', "a OR b", "*", "%", "NEAR(", "\\", "\N{PILE OF POO}"])
    def test_any_words_are_words(self, devots: Devots, words: str) -> None:
        devots.add(f"what {words} means")
        devots.add("another")
        assert texts(devots.json("search", words)) == [f"what {words} means"]

    def test_marks_and_colours_only_for_a_terminal(self, devots: Devots) -> None:
        devots.add("Buy oatmilk")
        assert "\x1b" not in devots("search", "milk").out
        assert "Buy oat\x1b[1mmilk\x1b[0m" in in_terminal(devots, "search", "milk")
        assert "\x1b" not in in_terminal(devots, "search", "milk", NO_COLOR="1")


def in_terminal(devots: Devots, *arguments: str, **environ: str) -> str:
    main, terminal = pty.openpty()
    environ = {"TERM": "xterm"} | {name: value for name, value in devots.environ.items() if name != "NO_COLOR"} | environ
    subprocess.run([*PROGRAM, "--profile", str(devots.profile), *arguments], stdout=terminal, env=environ, check=True, timeout=40)
    os.close(terminal)
    shown = os.read(main, 10_000).decode()
    os.close(main)
    return shown


class TestUndo:
    def test_back_and_forth(self, devots: Devots) -> None:
        one, two = devots.add("milk"), devots.add("bread")
        devots("done", one, two)
        devots("delete", one)
        assert devots.json("undo") == {"action": "delete", "text": "milk", "count": 1}
        assert devots.json("undo") == {"action": "done", "text": "milk", "count": 2}
        assert [todo["completed"] for todo in devots.json("list")] == [False, False]
        assert devots.json("redo") == {"action": "done", "text": "milk", "count": 2}
        assert [todo["completed"] for todo in devots.json("list")] == [True, True]
        assert devots("undo").out == "Undone: done  milk  [and 1 more]\n"

    @pytest.mark.parametrize("command", ["undo", "redo"])
    def test_nothing_to_do_is_said(self, devots: Devots, command: str) -> None:
        answer = devots(command, code=1)
        assert (answer.out, f"Nothing to {command}" in answer.err) == ("", True)


@pytest.mark.timeout(180)  # a thousand waits for the disk
def test_two_programs_write_a_thousand_todos_at_once_and_none_is_lost(devots: Devots) -> None:
    devots("list")
    programs = [
        subprocess.Popen([sys.executable, "-c", MANY, str(devots.profile), name], cwd=ROOT, env=devots.environ, stdout=subprocess.DEVNULL)
        for name in ("one", "two")
    ]
    assert [program.wait(timeout=170) for program in programs] == [0, 0]
    assert sorted(texts(devots.json("list"))) == sorted(f"{name} {number}" for name in ("one", "two") for number in range(500))


class TestCompletion:
    def complete(self, devots: Devots, *words: str) -> list[str]:
        bash = shutil.which("bash")
        if bash is None:
            not_run("bash is not installed")
        script = devots("completion", "bash").out
        run = subprocess.run(
            [bash, "--norc", "-c", COMPLETE, "bash", script, "devots", *words], capture_output=True, check=True, timeout=20
        )
        assert run.stderr == b""
        return run.stdout.decode().split()

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (["se"], ["search"]),
            (["--pro"], ["--profile"]),
            (["accounts", ""], ["list", "remove", "use", "sign-in", "add", "-h", "--help", "--profile", "--account", "--json"]),
            (["--json", "accounts", "add", "p"], ["portal", "postgres"]),
            (["accounts", "add", "postgres", "--secrets", ""], ["keyring", "memory", "file"]),
            (["db", "upgrade", "--sign-up", ""], ["on", "off"]),
            (["accounts", "add", "postgres", "--sign-up", "--na"], ["--name"]),
            (["list", "--"], ["--help", "--profile", "--account", "--json", "--open", "--done", "--all", "--limit"]),
            (["add", "list", "--open"], []),
            (["completion", "b"], ["bash"]),
            (["list", "--limit", ""], []),
        ],
    )
    def test_bash(self, devots: Devots, words: list[str], expected: list[str]) -> None:
        assert self.complete(devots, *words) == expected

    def test_bash_completes_files_and_folders(self, devots: Devots, tmp_path: Path) -> None:
        (tmp_path / "some folder").mkdir()
        (tmp_path / "some-file").touch()
        assert self.complete(devots, "--profile", f"{tmp_path}/some") == [str(tmp_path / "some"), "folder"]
        assert f"{tmp_path}/some-file" in self.complete(devots, "db", "status", "--env-file", f"{tmp_path}/some")

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_every_command_and_option_is_in_it(self, devots: Devots, shell: str) -> None:
        script = devots("completion", shell).out
        usage = devots("--help").out + devots("list", "--help").out + devots("accounts", "add", "postgres", "--help").out
        names = set(re.findall(r"(?<!\S)--([a-z-]+)", usage)) | set(re.findall(r"^    ([a-z]+)  ", devots("--help").out, re.MULTILINE))
        assert len(names) > 25
        assert {name for name in names if not re.search(rf"(?<![a-z]){name}(?![a-z])", script)} == set()

    @pytest.mark.parametrize("shell", ["zsh", "fish"])
    def test_a_shell_takes_its_script(self, devots: Devots, shell: str) -> None:
        program = shutil.which(shell)
        if program is None:
            not_run(f"{shell} is not installed")
        script = devots("completion", shell).out
        run = subprocess.run([program, "-n", "/dev/stdin"], input=script.encode(), capture_output=True, check=False, timeout=20)
        assert (run.returncode, run.stderr) == (0, b"")
