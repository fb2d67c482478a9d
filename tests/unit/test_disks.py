"""Disks that are full, read-only, or somebody else's: a sentence for each, and nothing is lost."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.store import backup, edits, files, lock
from devots_desktop.store.cache import Cache
from devots_desktop.store.sync_lock import SyncLock
from tests.outcomes import not_run
from tests.unit.building import make_cache, opened_cache, queue, shown, ticking

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw shared:5 master:2 - nfs4 server:/home rw
31 30 0:41 / /home/ada/My\\040Disk rw - cifs //server/share rw
32 22 0:42 / /home/ada/local rw - ext4 /dev/sdb1 rw
"""


def mounted(folder: Path, *options: str) -> None:
    """Mount a file system of its own for a test; where that is not permitted, the test is not run."""
    folder.mkdir(exist_ok=True)
    if sys.platform != "linux" or os.geteuid():
        not_run("file systems can be mounted by root on Linux only")
    done = subprocess.run(["mount", *options, str(folder)], check=False, capture_output=True)
    if done.returncode:
        not_run("mounting is not permitted here")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    folder = tmp_path / "disk"
    mounted(folder, "-t", "tmpfs", "-o", "size=8m", "none")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(cache: Cache) -> None:
    for number in range(1_000):
        edits.add(cache, f"todo {number} " + "x" * 9_000)


class TestFull:
    def test_an_edit_is_refused_and_nothing_is_lost(self, disk: Path) -> None:
        with make_cache(disk) as cache:
            with pytest.raises(CacheUnusable) as caught:
                _fill(cache)
            assert caught.value.title == "Disk full"
            assert 10 < len(shown(cache)) == len(queue(cache))
            there = shown(cache)
        with make_cache(disk) as again:
            assert shown(again) == there

    def test_no_room_for_a_backup_leaves_the_ones_there_are(self, disk: Path) -> None:
        with make_cache(disk) as cache:
            edits.add(cache, "milk")
            first = backup.daily(cache.db, cache.path, 10 * 86_400_000_000)
            for number in range(60):
                edits.add(cache, f"todo {number} " + "x" * 9_000)
            (disk / "filling").write_bytes(b"x" * (os.statvfs(disk).f_bavail * 4096 - 65_536))
            with pytest.raises(CacheUnusable) as caught, cache.reading() as db:
                backup.daily(db, cache.path, 20 * 86_400_000_000)
            assert caught.value.title == "Disk full"
            assert list(backup.folder_of(cache.path).iterdir()) == [first]
            edits.edit(cache, next(iter(shown(cache))), {"completed": True})

    def test_no_room_to_rebuild_leaves_it_to_the_next_start(self, disk: Path) -> None:
        with make_cache(disk) as cache:
            there = {edits.add(cache, f"todo {number} " + "x" * 9_000) for number in range(40)}
        file = disk / "cache.sqlite3"
        (disk / "cache.sqlite3.damaged").touch()
        filling = disk / "filling"
        filling.write_bytes(b"x" * (os.statvfs(disk).f_bavail * 4096 - 65_536))
        for _ in range(2):
            with pytest.raises(CacheUnusable) as caught:
                opened_cache(file, syncs=True, clock=ticking())
            assert caught.value.title == "Disk full"
        filling.unlink()
        cache, rescue = opened_cache(file, syncs=True, clock=ticking())
        with closing(cache):
            assert shown(cache).keys() == there
            assert rescue is not None
            assert rescue.todos == 40


def test_a_read_only_folder_has_a_sentence_for_root_too(tmp_path: Path) -> None:
    origin, folder = tmp_path / "origin", tmp_path / "read-only"
    with make_cache(origin) as cache:
        edits.add(cache, "milk")
    mounted(folder, "--bind", str(origin))
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        with pytest.raises(CacheUnusable) as caught:
            make_cache(folder)
        assert caught.value.title == "Folder not writable"
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_where_files_cannot_be_locked_nobody_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network drives: the account would never be synced."""

    def refuse(_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_lock", refuse)
    monkeypatch.setattr(lock, "_share", refuse)
    with make_cache(tmp_path) as cache:
        assert SyncLock(cache.path).acquire()


class TestNetwork:
    @pytest.fixture(autouse=True)
    def _mounts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "mountinfo").write_text(MOUNTS)
        monkeypatch.setattr(files, "_MOUNTS", tmp_path / "mountinfo")

    @pytest.mark.parametrize(
        ("path", "there"),
        [("/home/ada/.local/x", True), ("/home/ada/My Disk/x", True), ("/home/ada/local/deep/x", False), ("/srv/x", False), ("/x", False)],
    )
    def test_is_told_from_the_table_of_mounts(self, path: str, *, there: bool) -> None:
        assert files.is_network(Path(path)) is there

    def test_where_there_is_no_table_nothing_is_assumed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "_MOUNTS", Path("/nowhere"))
        assert not files.is_network(Path("/home/ada/x"))

    def test_a_list_there_does_without_shared_memory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also one that was in WAL mode before it was moved there."""
        with make_cache(tmp_path) as cache:
            edits.add(cache, "milk")
        monkeypatch.setattr("devots_desktop.store.cache.is_network", lambda _: True)
        with make_cache(tmp_path) as cache, make_cache(tmp_path) as other:
            assert cache.db.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
            edits.add(cache, "bread")
            edits.add(other, "tea")
            assert len(shown(cache)) == 3
        assert not list(tmp_path.glob("cache.sqlite3-*"))
