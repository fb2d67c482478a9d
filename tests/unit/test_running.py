"""An end that nobody announced is noticed at the next start, once."""

import subprocess
import sys
from pathlib import Path

from devots_desktop.services.running import Running

HANG = """
import sys
from pathlib import Path
from devots_desktop.services.running import Running
running = Running(Path(sys.argv[1]))
print(running.begin(), flush=True)
sys.stdin.read()
running.end()
"""


def start(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", HANG, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_killed_one_is_noticed_once(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert said(process) == "False"
        process.kill()
    for unclean in (True, False):
        running = Running(tmp_path)
        assert running.begin() is unclean
        running.end()


def test_one_that_runs_or_ended_by_itself_is_no_unclean_end(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert said(process) == "False"
        running = Running(tmp_path)
        assert not running.begin()
        running.end()
        process.communicate("", timeout=20)
    assert not Running(tmp_path).begin()


def test_a_folder_that_cannot_be_written_is_for_others_to_tell(tmp_path: Path) -> None:
    (tmp_path / "running").write_text("in the way")
    assert not Running(tmp_path).begin()
