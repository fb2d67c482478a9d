"""Copies of a cache: verified, private, three, and one before each migration, at whatever statement the program dies."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devots_desktop.domain.errors import CacheDamaged, CacheUnusable
from devots_desktop.store import backup, edits, migration, soundness
from devots_desktop.store.cache import Cache
from tests.unit.building import make_cache, shown

DAY = 86_400_000_000
TEXTS = {"milk", "bread"}

# Opens a cache with one more migration and dies, without a word to anybody, when SQLite begins its n-th statement.
DYING = """
import os, sqlite3, sys
from pathlib import Path
from devots_desktop.store import cache, migration
folder, more, left = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
scripts = migration.scripts()
migration.scripts = lambda: [*scripts, more]
connect = sqlite3.connect
def dying(*arguments, **options):
    db = connect(*arguments, **options)
    def count(_):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
    db.set_trace_callback(count)
    return db
sqlite3.connect = dying
cache.Cache(folder / "cache.sqlite3", syncs=False, clock=lambda: 1).close()
"""
MORE = """
ALTER TABLE todo ADD COLUMN more TEXT NOT NULL DEFAULT '';
UPDATE todo SET more = text;
CREATE TABLE later (a TEXT);
INSERT INTO later SELECT text FROM todo;
"""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with make_cache(tmp_path, syncs=False) as made:
        for text in sorted(TEXTS):
            edits.add(made, text)
        yield made


def texts(copy: Path) -> set[str]:
    with closing(sqlite3.connect(copy)) as db:
        return {text for (text,) in db.execute("SELECT text FROM todo")}


class TestDaily:
    def test_one_a_day_and_only_after_a_change(self, cache: Cache) -> None:
        first = backup.daily(cache.db, cache.path, 10 * DAY)
        assert first is not None
        assert (texts(first), stat.S_IMODE(first.stat().st_mode)) == (TEXTS, 0o600)
        edits.add(cache, "tea")
        assert backup.daily(cache.db, cache.path, 11 * DAY - 1) is None
        second = backup.daily(cache.db, cache.path, 11 * DAY)
        assert backup.daily(cache.db, cache.path, 15 * DAY) is None
        assert backup.dailies(cache.path) == [second, first]
        assert [backup.made_at(copy) for copy in (second, first) if copy] == [11 * DAY, 10 * DAY]

    def test_the_newest_three_are_kept(self, cache: Cache) -> None:
        made = []
        for day in range(10, 16):
            edits.add(cache, f"day {day}")
            made.append(backup.daily(cache.db, cache.path, day * DAY))
        assert backup.dailies(cache.path) == made[:2:-1]

    def test_a_damaged_list_is_not_copied_over_good_ones(self, cache: Cache) -> None:
        good = backup.daily(cache.db, cache.path, 10 * DAY)
        cache.db.execute("UPDATE todo SET text = 'wrong' WHERE text = 'milk'")
        edits.add(cache, "tea")
        with pytest.raises(CacheDamaged):
            backup.daily(cache.db, cache.path, 20 * DAY)
        assert backup.dailies(cache.path) == [good]
        assert [file.name for file in backup.folder_of(cache.path).iterdir()] == [good.name if good else ""]

    def test_a_copy_that_cannot_be_read_is_as_good_as_none(self, cache: Cache) -> None:
        broken = backup.daily(cache.db, cache.path, 10 * DAY)
        assert broken is not None
        broken.write_bytes(b"gone")
        assert backup.daily(cache.db, cache.path, 12 * DAY) is not None

    def test_what_others_write_meanwhile_is_not_waited_for(self, cache: Cache, tmp_path: Path) -> None:
        with closing(sqlite3.connect(cache.path, isolation_level=None)) as reader, cache.transaction() as db:
            db.execute("UPDATE todo SET text = text")
            copy = backup.daily(reader, cache.path, 10 * DAY)
        assert copy is not None
        assert texts(copy) == TEXTS


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE todo SET text = 'wrong' WHERE text = 'milk'",
        "UPDATE outbox SET payload = replace(payload, 'milk', 'mXlk')",
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'todo_newest') WHERE name = 'todo_completed_newest'",
    ],
)
def test_a_look_through_the_whole_file_finds(tmp_path: Path, statement: str) -> None:
    with make_cache(tmp_path) as cache:
        edits.add(cache, "milk")
        soundness.verify(cache.db)
        cache.db.execute("PRAGMA writable_schema = ON")
        cache.db.execute(statement)
    with closing(sqlite3.connect(tmp_path / "cache.sqlite3")) as db, pytest.raises((CacheDamaged, sqlite3.DatabaseError)):
        soundness.verify(db)


class TestBeforeAMigration:
    @pytest.fixture
    def more(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        script = tmp_path / "9999_more.sql"
        script.write_text(MORE)
        scripts = migration.scripts()
        monkeypatch.setattr(migration, "scripts", lambda: [*scripts, script])
        return script

    def test_a_new_file_needs_none(self, tmp_path: Path) -> None:
        make_cache(tmp_path / "new").close()
        assert not backup.folder_of(tmp_path / "new" / "cache.sqlite3").exists()

    def test_the_old_form_lies_beside_the_new_one(self, cache: Cache, tmp_path: Path, more: Path) -> None:
        cache.close()
        make_cache(tmp_path, syncs=False).close()
        [copy] = backup.folder_of(cache.path).iterdir()
        with closing(sqlite3.connect(copy)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'later'").fetchone()[0] == 0
        assert (texts(copy), copy.name) == (TEXTS, f"form-{version}.sqlite3")

    @pytest.mark.parametrize("form", range(1, len(migration.scripts())))
    def test_each_earlier_form_is_copied_and_becomes_the_newest(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: int) -> None:
        scripts = migration.scripts()
        with monkeypatch.context() as patch:
            patch.setattr(migration, "scripts", lambda: scripts[:form])
            make_cache(tmp_path).close()
        with make_cache(tmp_path) as cache:
            edits.add(cache, "milk")
            soundness.verify(cache.db)
            assert [copy.name for copy in backup.folder_of(cache.path).iterdir()] == [f"form-{form}.sqlite3"]

    def test_no_other_program_changes_it_meanwhile(self, cache: Cache, tmp_path: Path, more: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        cache.close()
        look, refused = soundness.verify, list[str]()

        def overtaken(db: sqlite3.Connection) -> None:
            with closing(sqlite3.connect(cache.path, timeout=0)) as other, pytest.raises(sqlite3.OperationalError) as caught:
                other.execute("UPDATE todo SET text = text")
            refused.append(caught.value.sqlite_errorname)
            look(db)

        monkeypatch.setattr(soundness, "verify", overtaken)
        make_cache(tmp_path, syncs=False).close()
        assert refused == ["SQLITE_BUSY"]

    def test_where_there_is_no_room_for_it_nothing_is_changed(self, cache: Cache, tmp_path: Path, more: Path) -> None:
        cache.close()
        backup.folder_of(cache.path).write_text("in the way")
        with pytest.raises(CacheUnusable):
            make_cache(tmp_path, syncs=False)
        with closing(sqlite3.connect(cache.path)) as db:
            assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'later'").fetchone()[0] == 0

    def test_killed_at_every_statement_it_is_completed_at_the_next_start(self, cache: Cache, tmp_path: Path, more: Path) -> None:
        cache.close()
        whole, killed = cache.path.read_bytes(), 0
        for statement in range(200):
            folder = tmp_path / f"killed-{statement}"
            folder.mkdir()
            (folder / "cache.sqlite3").write_bytes(whole)
            command = [sys.executable, "-c", DYING, str(folder), str(more), str(statement)]
            died = subprocess.run(command, check=False, timeout=30).returncode
            with make_cache(folder, syncs=False) as again:
                assert {row[0] for row in shown(again).values()} == TEXTS
                assert {text for (text,) in again.db.execute("SELECT a FROM later")} == TEXTS
                assert again.db.execute("PRAGMA user_version").fetchone()[0] == len(migration.scripts())
            [copy] = [file for file in backup.folder_of(again.path).iterdir() if file.suffix == ".sqlite3"]
            assert texts(copy) == TEXTS
            if not died:
                break
            killed += 1
        assert killed > 20
