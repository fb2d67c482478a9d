"""The profile's folder and its list of accounts."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from devots_desktop.domain.account import Account, AccountKind, SecretStore
from devots_desktop.domain.errors import ProfileUnusable
from devots_desktop.store.lock import FileLock
from devots_desktop.store.profile import Profile, default_folder, write_private

ADA = Account(
    "a1", AccountKind.POSTGRES, "Ada · Käse", "ada@example.org", "u1", {"host": "db.example.org", "port": "5432"}, SecretStore.FILE
)


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="not run: another platform's folders")
@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"DEVOTS_PROFILE": "/p"}, "/p"),
        ({"DEVOTS_PROFILE": "", "XDG_DATA_HOME": "/d"}, "/d/devots"),
        ({"XDG_DATA_HOME": "relative"}, "{home}/.local/share/devots"),
        ({}, "{home}/.local/share/devots"),
    ],
)
def test_the_default_folder(environ: dict[str, str], folder: str) -> None:
    assert default_folder(environ) == Path(folder.format(home=Path.home()))


class TestAccounts:
    def test_this_computer_is_always_there(self, tmp_path: Path) -> None:
        profile = Profile(tmp_path / "new" / "profile")
        assert [account.kind for account in profile.accounts()] == [AccountKind.COMPUTER]
        assert profile.current() == profile.accounts()[0]
        assert stat.S_IMODE(profile.folder.stat().st_mode) == 0o700

    def test_what_is_saved_is_read_again(self, tmp_path: Path) -> None:
        profile = Profile(tmp_path)
        profile.put(ADA)
        again = Profile(tmp_path)
        assert again.accounts()[1:] == [ADA]
        assert again.current() == ADA
        assert stat.S_IMODE((tmp_path / "accounts.json").stat().st_mode) == 0o600

    def test_a_current_account_that_is_gone_gives_this_computer(self, tmp_path: Path) -> None:
        profile = Profile(tmp_path)
        profile.use(ADA)
        assert profile.current().kind is AccountKind.COMPUTER

    def test_removing_one_forgets_it_and_its_files_and_nothing_else(self, tmp_path: Path) -> None:
        profile, other = Profile(tmp_path), Account("b2", AccountKind.POSTGRES, "Bob")
        for account in (other, ADA):
            profile.put(account)
        for account in (ADA, other):
            profile.cache_path(account).parent.mkdir(parents=True)
            profile.cache_path(account).touch()
        profile.remove(ADA)
        assert (profile.accounts()[1:], profile.current().kind) == ([other], AccountKind.COMPUTER)
        assert (profile.cache_path(ADA).parent.exists(), profile.cache_path(other).exists()) == (False, True)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            "null",
            '{"current": "x"}',
            '{"current": "x", "accounts": [1]}',
            '{"current": "x", "accounts": [{"kind": "carrier pigeon", "secrets": "file"}]}',
            '{"current": "x", "accounts": [{"kind": "postgres", "secrets": "file", "surprise": 1}]}',
            "\ud800",
        ],
    )
    def test_a_list_that_cannot_be_read_is_said_and_left_alone(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "accounts.json"
        file.write_bytes(text.encode(errors="surrogatepass"))
        before = file.read_bytes()
        with pytest.raises(ProfileUnusable) as caught:
            Profile(tmp_path).accounts()
        assert caught.value.title == "Accounts not readable"
        assert file.read_bytes() == before


# Adds accounts while the same is done elsewhere.
ADD = """
import sys
from pathlib import Path
from devots_desktop.domain.account import Account, AccountKind
from devots_desktop.store.lock import FileLock
from devots_desktop.store.profile import Profile
for number in range(25):
    Profile(Path(sys.argv[1])).put(Account(f"{sys.argv[2]}{number}", AccountKind.POSTGRES, "x"))
"""


class TestTwoPrograms:
    def test_neither_loses_what_the_other_adds(self, tmp_path: Path) -> None:
        programs = [subprocess.Popen([sys.executable, "-c", ADD, str(tmp_path), name]) for name in "ab"]
        assert [program.wait(timeout=50) for program in programs] == [0, 0]
        ids = {account.account_id for account in Profile(tmp_path).accounts()[1:]}
        assert ids == {f"{name}{number}" for name in "ab" for number in range(25)}

    def test_one_that_keeps_the_list_locked_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("devots_desktop.store.lock._PATIENCE_S", 0.1)
        profile = Profile(tmp_path)
        with FileLock(tmp_path / "accounts.lock").held(), pytest.raises(ProfileUnusable) as caught:
            profile.put(ADA)
        assert caught.value.title == "Accounts busy"
        profile.put(ADA)

    def test_where_nothing_can_be_written_the_list_is_as_it_was(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        profile = Profile(tmp_path)
        profile.put(ADA)

        def fail(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(ProfileUnusable):
            profile.remove(ADA)
        assert Profile(tmp_path).current() == ADA


class TestFolder:
    def test_a_file_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(ProfileUnusable) as caught:
            Profile(tmp_path / "file")
        assert (caught.value.title, str(tmp_path / "file") in caught.value.sentence) == ("Folder not writable", True)

    def test_nothing_is_left_of_the_look_whether_it_can_be_written(self, tmp_path: Path) -> None:
        Profile(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_relative_one_does_not_move_with_the_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert Profile(Path("here")).folder == tmp_path / "here"


def test_a_private_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "accounts.json"
    write_private(file, json.dumps("old"))

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError):
        write_private(file, json.dumps("new"))
    assert (json.loads(file.read_text()), list(tmp_path.iterdir())) == ("old", [file])
