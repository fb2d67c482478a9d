"""Opening the cache: its form, and a sentence with the real cause for whatever stands in the way."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.store import cache as cache_module
from devots_desktop.store import checksum, edits, migration
from devots_desktop.store.cache import Cache, translated
from devots_desktop.store.files import make_private
from tests.outcomes import not_run
from tests.unit.building import make_cache, queue, shown

HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA locking_mode = EXCLUSIVE")
db.execute("BEGIN EXCLUSIVE")
db.execute("UPDATE todo SET text = text")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = make_cache(tmp_path)
    yield made
    made.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("cache.sqlite3") if path.is_file()}


def refused(folder: Path) -> CacheUnusable:
    with pytest.raises(CacheUnusable) as caught:
        make_cache(folder)
    return caught.value


def form_of(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        return migration.form(db)


@contextmanager
def nobody() -> Iterator[None]:
    """As a user that file permissions bind: root can write everywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestForm:
    def test_only_this_user_may_read_it(self, cache: Cache, tmp_path: Path) -> None:
        edits.add(cache, "milk")
        deep = make_cache(tmp_path / "accounts" / "x")
        assert stat.S_IMODE((tmp_path / "accounts" / "x").stat().st_mode) == 0o700
        deep.close()
        assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("cache.sqlite3*")} == {
            "cache.sqlite3": 0o600,
            "cache.sqlite3-shm": 0o600,
            "cache.sqlite3-wal": 0o600,
        }

    @pytest.mark.parametrize(
        ("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("trusted_schema", 0), ("secure_delete", 1), ("fullfsync", 1)]
    )
    def test_a_pragma_is_set(self, cache: Cache, pragma: str, value: object) -> None:
        assert cache.db.execute(f"PRAGMA {pragma}").fetchone()[0] == value

    def test_an_edit_waits_for_the_disk_and_a_download_does_not(self, cache: Cache) -> None:
        for durable, level in ((False, 1), (True, 2)):
            with cache.transaction(durable=durable) as db:
                assert db.execute("PRAGMA synchronous").fetchone()[0] == level

    def test_a_deleted_text_is_not_left_in_the_file(self, cache: Cache, tmp_path: Path) -> None:
        cache.db.execute("INSERT INTO sync_state VALUES ('probe', 'a very private text')")
        cache.db.execute("DELETE FROM sync_state WHERE name = 'probe'")
        cache.close()
        assert b"private" not in (tmp_path / "cache.sqlite3").read_bytes()


class TestTransaction:
    def test_all_or_nothing(self, cache: Cache) -> None:
        def write_and_fail() -> None:
            with cache.transaction() as db:
                db.execute("INSERT INTO sync_state VALUES ('a', 'b')")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        assert cache.db.execute("SELECT count(*) FROM sync_state").fetchone()[0] == 0

    def test_a_commit_that_fails_does_not_hold_up_the_next_one(self, cache: Cache) -> None:
        cache.db.execute("CREATE TABLE child (parent TEXT REFERENCES sync_state (name) DEFERRABLE INITIALLY DEFERRED)")
        with pytest.raises(sqlite3.IntegrityError), cache.transaction() as db:
            db.execute("INSERT INTO child VALUES ('missing')")
        edits.add(cache, "milk")
        assert cache.db.execute("SELECT count(*) FROM child").fetchone()[0] == 0

    def test_a_full_disk_has_a_sentence_and_loses_nothing(self, cache: Cache) -> None:
        edits.add(cache, "milk")
        before = (shown(cache), queue(cache))
        cache.db.execute(f"PRAGMA max_page_count = {cache.db.execute('PRAGMA page_count').fetchone()[0]}")
        with pytest.raises(CacheUnusable) as caught:
            edits.add(cache, "x" * 100_000)
        assert caught.value.title == "Disk full"
        assert (shown(cache), queue(cache)) == before
        cache.db.execute("PRAGMA max_page_count = 1000000")
        edits.add(cache, "bread")

    def test_a_bug_is_no_fault_of_the_file(self, cache: Cache, tmp_path: Path) -> None:
        cache.close()
        with pytest.raises(sqlite3.ProgrammingError):
            edits.add(cache, "milk")

    def test_a_lock_of_another_program(self, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cache_module, "_BUSY_S", 0.05)
        edits.add(cache, "milk")
        cache.close()
        command = [sys.executable, "-c", HOLD, str(tmp_path / "cache.sqlite3")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            assert refused(tmp_path).title == "List busy"
            holder.communicate(timeout=20)
        again = make_cache(tmp_path)
        assert len(shown(again)) == 1
        again.close()


class TestRefused:
    def test_a_newer_file_is_left_byte_for_byte(self, cache: Cache, tmp_path: Path) -> None:
        edits.add(cache, "milk")
        cache.db.execute("PRAGMA user_version = 1000")
        killed = tmp_path / "killed"
        killed.mkdir()
        for file in tmp_path.glob("cache.sqlite3*"):
            shutil.copy(file, killed)
        cache.close()
        for folder in (tmp_path, killed):
            before = contents(folder)
            error = refused(folder)
            assert (error.title, contents(folder)) == ("Newer data", before)
        # The newer program finds all of it.
        db = sqlite3.connect(killed / "cache.sqlite3")
        assert db.execute("SELECT text FROM todo").fetchall() == [("milk",)]
        db.close()

    @pytest.mark.parametrize("garbage", [b"not a database at all" * 50, b"SQLite format 3\0" + b"\xff" * 4000])
    def test_a_file_that_is_no_cache_is_left_byte_for_byte(self, tmp_path: Path, garbage: bytes) -> None:
        (tmp_path / "cache.sqlite3").write_bytes(garbage)
        error = refused(tmp_path)
        assert (error.title, contents(tmp_path)) == ("List damaged", {"cache.sqlite3": garbage})

    def test_a_damaged_page(self, cache: Cache, tmp_path: Path) -> None:
        for number in range(200):
            edits.add(cache, f"todo {number}")
        cache.close()
        file = tmp_path / "cache.sqlite3"
        whole = file.read_bytes()
        file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
        with pytest.raises(CacheUnusable) as caught, closing(make_cache(tmp_path)) as damaged:
            edits.add(damaged, "one more")
        assert caught.value.title == "List damaged"

    def test_a_file_where_the_folder_should_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
            error = refused(folder)
            assert (error.title, str(folder) in error.sentence) == ("Folder not writable", True)

    def test_a_folder_that_cannot_be_written(self) -> None:
        folder = Path(tempfile.mkdtemp())
        make_cache(folder).close()
        file = folder / "cache.sqlite3"
        if not os.geteuid():
            os.chown(folder, 65534, 65534)
            os.chown(file, 65534, 65534)
        file.chmod(0o400)
        folder.chmod(0o500)
        try:
            with nobody():
                for missing in (folder, folder / "deeper"):
                    assert refused(missing).title == "Folder not writable"
        finally:
            folder.chmod(0o700)
            shutil.rmtree(folder)

    def test_a_read_only_file_system(self) -> None:
        if not Path("/sys/kernel").is_dir():
            not_run("no file system here that root cannot write")
        assert refused(Path("/sys/kernel/devots")).title == "Folder not writable"

    def test_a_disk_that_is_full_for_the_file_system(self, tmp_path: Path) -> None:
        """/dev/full refuses every write with ENOSPC."""
        with pytest.raises(CacheUnusable) as caught, translated(tmp_path / "x"), open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
            full.write(b"x")
        assert caught.value.title == "Disk full"


class TestMigrations:
    def test_a_process_that_dies_while_it_makes_the_file_is_no_trouble(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        copies: list[Path] = []
        connect = sqlite3.connect

        def copying(*arguments: object, **options: object) -> sqlite3.Connection:
            db = connect(*arguments, **options)  # type: ignore[call-overload]

            def copy(_: str) -> None:
                copies.append(tmp_path / f"killed-{len(copies)}")
                copies[-1].mkdir()
                for file in tmp_path.glob("cache.sqlite3*"):
                    shutil.copy(file, copies[-1])

            db.set_trace_callback(copy)
            return db  # type: ignore[no-any-return]

        with monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", copying)
            make_cache(tmp_path).close()
        assert len(copies) > 20
        for folder in copies:
            again = make_cache(folder)
            edits.add(again, "milk")
            again.close()

    @pytest.mark.parametrize("form", range(len(migration.scripts())))
    def test_programs_that_bring_it_to_the_newest_form_at_once_all_have_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: int
    ) -> None:
        scripts = migration.scripts()
        folders, started = [tmp_path / str(number) for number in range(8)], threading.Barrier(4)
        for folder in folders if form else []:
            with monkeypatch.context() as patch:
                patch.setattr(migration, "scripts", lambda: scripts[:form])
                make_cache(folder).close()

        def program(folder: Path) -> int:
            started.wait(20)
            with make_cache(folder) as one:
                return migration.form(one.db)

        with ThreadPoolExecutor(4) as programs:
            for folder in folders:
                assert list(programs.map(program, [folder] * 4)) == [len(scripts)] * 4
                copies = [(copy.name, form_of(copy)) for copy in folder.glob("backups/*")]
                assert copies == ([(f"form-{form}.sqlite3", form)] if form else [])

    def test_another_program_that_sets_up_a_new_file_is_waited_for(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "cache.sqlite3"
        connect, tries = sqlite3.connect, 0
        other = connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        def told(statement: str) -> None:
            nonlocal tries
            tries += "journal_mode" in statement
            if tries == 2:
                other.close()

        def telling(*arguments: object, **options: object) -> sqlite3.Connection:
            db = connect(*arguments, **options)  # type: ignore[call-overload]
            db.set_trace_callback(told)
            return db  # type: ignore[no-any-return]

        monkeypatch.setattr(sqlite3, "connect", telling)
        make_cache(tmp_path).close()
        assert tries == 2

    def test_a_file_that_another_program_makes_first_is_taken(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def made_twice(path: Path) -> None:
            make_private(path)
            make_private(path)

        monkeypatch.setattr("devots_desktop.store.cache.make_private", made_twice)
        with make_cache(tmp_path) as one:
            assert one.path.stat().st_mode & 0o777 == 0o600

    def test_nobody_sees_a_new_file_half_made(self, tmp_path: Path) -> None:
        """It would be taken for one of an older form, and copied while it becomes another."""
        path, seen = tmp_path / "new.sqlite3", set[int]()
        with closing(sqlite3.connect(path, isolation_level=None)) as db, closing(sqlite3.connect(path)) as other:
            db.execute("PRAGMA journal_mode = WAL")
            checksum.register(db)
            db.set_trace_callback(lambda _: seen.add(migration.form(other)))
            migration.migrate(db, path)
            db.set_trace_callback(None)
            assert (seen, migration.form(other)) == ({0}, len(migration.scripts()))

    def test_a_script_runs_whole_or_not_at_all_and_once(self, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        edits.add(cache, "milk")
        cache.close()
        scripts, second = migration.scripts(), tmp_path / "9999_more.sql"
        monkeypatch.setattr(migration, "scripts", lambda: [*scripts, second])
        second.write_text("CREATE TABLE more (a TEXT);\nCREATE TABLE todo (twice TEXT);")
        refused(tmp_path)
        db = sqlite3.connect(tmp_path / "cache.sqlite3")
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(scripts)
        assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'more'").fetchone()[0] == 0
        db.close()
        # A trigger has semicolons of its own, and the last statement may lack one.
        second.write_text(
            "-- a comment; with one\nCREATE TABLE more (a TEXT);\n"
            "CREATE TRIGGER t AFTER INSERT ON more BEGIN\n  DELETE FROM more;\n  SELECT 1;\nEND;\nINSERT INTO more VALUES ('x')"
        )
        for _ in range(2):
            again = make_cache(tmp_path)
            assert again.db.execute("PRAGMA user_version").fetchone()[0] == len(scripts) + 1
            assert again.db.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('more', 't')").fetchone()[0] == 2
            assert list(shown(again).values()) == [("milk", False, "pending")]
            again.close()
