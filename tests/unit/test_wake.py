"""The word to the window, over a local socket."""

import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.services.wake import CHANGED, SHOW, ping, socket_address

if sys.platform == "win32":
    pytest.skip("not run: Unix sockets", allow_module_level=True)


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short folder, as the system gives one to a user."""
    with tempfile.TemporaryDirectory(prefix="devots-run-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@pytest.fixture
def temp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No runtime folder, and a temporary one of the test's own."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with tempfile.TemporaryDirectory(prefix="devots-tmp-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def heard(address: str, profile: Path, word: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as window:
        window.bind(address)
        window.listen()
        assert ping(profile, word)
        connection, _ = window.accept()
        with connection:
            return connection.recv(100)


@pytest.mark.parametrize("word", [CHANGED, SHOW])
def test_a_window_hears_the_word(runtime: Path, tmp_path: Path, word: str) -> None:
    assert heard(socket_address(tmp_path), tmp_path, word) == word.encode() + b"\n"


def test_nobody_is_there(runtime: Path, tmp_path: Path) -> None:
    assert not ping(tmp_path, CHANGED)


def test_a_window_that_died_left_its_socket(runtime: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as window:
        window.bind(socket_address(tmp_path))
    assert not ping(tmp_path, CHANGED)


def test_each_profile_has_its_own_by_whatever_name_it_is_called(runtime: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert socket_address(tmp_path / "link") == socket_address(tmp_path / "x" / "..") == socket_address(tmp_path)
    assert socket_address(tmp_path) != socket_address(tmp_path / "other")
    assert Path(socket_address(tmp_path)).parent == runtime


@pytest.mark.parametrize("unusable", ["", "relative", "/no/such/folder", "{long}"])
def test_without_a_usable_runtime_folder_it_lies_in_a_private_one(
    temp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unusable: str
) -> None:
    long = temp / ("x" * 80)
    long.mkdir()
    (temp / "relative").mkdir()
    monkeypatch.chdir(temp)
    monkeypatch.setenv("XDG_RUNTIME_DIR", unusable.format(long=long))
    folder = Path(socket_address(tmp_path)).parent
    assert folder.parent == temp
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert heard(socket_address(tmp_path), tmp_path, CHANGED) == b"changed\n"


def test_a_folder_that_others_can_enter_is_not_trusted(temp: Path, tmp_path: Path) -> None:
    folder = Path(socket_address(tmp_path)).parent
    folder.chmod(0o755)
    with pytest.raises(PermissionError):
        socket_address(tmp_path)
    assert not ping(tmp_path, CHANGED)
    folder.rmdir()
    folder.symlink_to(temp)
    assert not ping(tmp_path, CHANGED)
