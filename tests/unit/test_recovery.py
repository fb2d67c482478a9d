"""A damaged cache: set aside, never deleted; what can be believed is in the new one, and nothing else is shown or sent."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devots_desktop.domain.changes import Via
from devots_desktop.domain.errors import CacheDamaged, CacheUnusable
from devots_desktop.domain.mutation import Kind, Outcome
from devots_desktop.store import backup, conflicts, damage, edits, parking, recovery, replica
from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import Lists, View
from devots_desktop.store.lock import OpenLock
from devots_desktop.store.recovery import Rescue
from devots_desktop.sync import apply
from tests.unit.building import ONE, TWO, answer, make_cache, opened_cache, page, queue, server_row, shown, ticking

DAY = 86_400_000_000


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = make_cache(tmp_path)
    apply.receive(made, page(server_row(ONE), server_row(TWO, "bread")), Via.PULL)
    yield made
    made.close()


def reopened(folder: Path, *, syncs: bool = True) -> tuple[Cache, Rescue]:
    made, rescue = opened_cache(folder / "cache.sqlite3", syncs=syncs, clock=ticking(5_000_000))
    assert rescue is not None
    return made, rescue


def spoil(file: Path, before: bytes, after: bytes) -> None:
    content = file.read_bytes()
    assert before in content
    assert len(before) == len(after)
    file.write_bytes(content.replace(before, after))


def spoil_index(file: Path, index: str, key: str) -> None:
    """Make a key of an index, which has one page, another one there; the table is left as it is."""
    with closing(sqlite3.connect(file)) as db:
        start = (db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (index,)).fetchone()[0] - 1) * 4096
    content = bytearray(file.read_bytes())
    spoilt = content[start : start + 4096].replace(key.encode(), b"~" * len(key))
    assert spoilt != content[start : start + 4096]
    content[start : start + 4096] = spoilt
    file.write_bytes(content)


def _only_entry(file: Path) -> str:
    with closing(sqlite3.connect(file)) as db:
        [(mutation_id,)] = db.execute("SELECT mutation_id FROM outbox").fetchall()
    return str(mutation_id)


def quarantined(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder / "quarantine")).partition("/")[2] for path in folder.glob("quarantine/*/*"))


class TestNoticed:
    """Each is a change of content that SQLite itself does not see."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE todo SET text = 'wrong'",
            "UPDATE todo SET completed = 1",
            "UPDATE todo SET created_at = created_at + 1",
            "UPDATE todo SET updated_at = updated_at + 1",
            "UPDATE todo SET row_version = 99",
            "UPDATE todo SET state = 'parked'",
            "UPDATE todo SET server_id = 8",
            "UPDATE todo SET checksum = checksum + 1",
        ],
    )
    def test_a_row(self, cache: Cache, tmp_path: Path, statement: str) -> None:
        with Lists(cache.path) as lists:
            keys = lists.keys(View.ALL)
            cache.db.execute(statement)
            for read in (lambda: lists.todos(keys), lambda: lists.by_prefix(ONE), lambda: edits.edit(cache, ONE, {"text": "x"})):
                with pytest.raises(CacheDamaged):
                    read()
                assert damage.marked(cache.path)
                damage.mark_of(cache.path).unlink()

    @pytest.mark.parametrize("name", ["since", "epoch", "horizon"])
    def test_the_cursor(self, cache: Cache, name: str) -> None:
        cache.db.execute("UPDATE sync_state SET value = value || '7' WHERE name = ?", (name,))
        with pytest.raises(CacheDamaged):
            apply.cursor(cache)

    def test_the_row_below_an_edit(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        cache.db.execute("UPDATE base SET row_version = 99")
        with pytest.raises(CacheDamaged):
            apply.receive(cache, page(server_row(ONE, "oat", version=9)), Via.LIVE)

    def test_a_tombstone(self, cache: Cache) -> None:
        apply.receive(cache, page(server_row(ONE, version=9, deleted=True)), Via.LIVE)
        cache.db.execute("UPDATE tombstone SET row_version = 999")
        with pytest.raises(CacheDamaged):
            apply.receive(cache, page(server_row(ONE, "back", version=12)), Via.LIVE)

    def test_a_parked_change(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        sent = apply.take(cache, 9)
        apply.acknowledge(cache, sent, [answer(each, Outcome.REFUSED, reason="No.") for each in sent])
        parking.everything(cache.db)
        cache.db.execute("UPDATE parked SET payload = replace(payload, 'soy', 'sox')")
        with pytest.raises(CacheDamaged):
            parking.everything(cache.db)

    def test_what_is_written_in_the_usual_ways_is_sound(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy", "completed": True})
        added = edits.add(cache, "tea")
        apply.restart(cache)
        apply.receive(cache, page(server_row(TWO, "rye", version=9), server_row(TWO, version=11, deleted=True), epoch="2"), Via.LIVE)
        assert (apply.cursor(cache).epoch, replica.buried(cache.db, TWO)) == ("2", 11)
        assert shown(cache).keys() == {ONE, added}
        with Lists(cache.path) as lists:
            assert len(lists.todos(lists.keys(View.ALL))) == 2


class TestHidden:
    """An index of the outbox that does not find an entry which is there."""

    @pytest.fixture
    def added(self, cache: Cache) -> str:
        """A todo that the server has not got."""
        made = edits.add(cache, "marmalade")
        cache.close()
        return made

    def test_a_delete_is_sent_behind_the_create_that_it_would_have_taken_out(self, cache: Cache, tmp_path: Path, added: str) -> None:
        spoil_index(cache.path, "outbox_todo", added)
        with make_cache(tmp_path) as again:
            edits.delete(again, added)
            assert [(each.client_id, each.kind) for each in apply.take(again, 9)] == [(added, Kind.CREATE), (added, Kind.DELETE)]

    def test_an_edit_is_not_confirmed_whose_older_form_would_be_sent(self, cache: Cache, tmp_path: Path, added: str) -> None:
        spoil_index(cache.path, "sqlite_autoindex_outbox_1", _only_entry(cache.path))
        with make_cache(tmp_path) as again:
            with pytest.raises(CacheDamaged):
                edits.edit(again, added, {"text": "jam"})
            assert shown(again)[added][0] == "marmalade"
        again, rescue = reopened(tmp_path)
        edits.edit(again, added, {"text": "jam"})
        assert ([each.values["text"] for each in queue(again)], rescue.lost_changes) == (["jam"], 0)
        again.close()

    def test_an_answered_entry_is_not_sent_for_ever(self, cache: Cache, tmp_path: Path, added: str) -> None:
        spoil_index(cache.path, "sqlite_autoindex_outbox_1", _only_entry(cache.path))
        with make_cache(tmp_path) as again:
            sent = apply.take(again, 9)
            with pytest.raises(CacheDamaged):
                apply.acknowledge(again, sent, [answer(each) for each in sent])

    def test_an_entry_that_is_not_frozen_is_not_sent(self, tmp_path: Path) -> None:
        """Its number is damaged, so that it is read in its place and not found by it. Sent, it could still be changed."""
        with make_cache(tmp_path) as cache:
            for text in ("milk", "bread", "tea"):
                edits.add(cache, text)
            page = (cache.db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'outbox'").fetchone()[0] - 1) * 4096
        file = tmp_path / "cache.sqlite3"
        content = bytearray(file.read_bytes())
        # Its cell begins with its length, in two bytes, and its number.
        cell = page + int.from_bytes(content[page + 8 : page + 10], "big")
        assert content[cell + 2] == 1
        content[cell + 2] = 9
        file.write_bytes(content)
        with make_cache(tmp_path) as again:
            with pytest.raises(CacheDamaged):
                apply.take(again, 9)
            assert again.db.execute("SELECT DISTINCT sent FROM outbox").fetchall() == [(0,)]


class TestRebuilt:
    def test_sound_rows_and_waiting_changes_are_kept_and_the_rest_is_set_aside(self, cache: Cache, tmp_path: Path) -> None:
        edits.edit(cache, ONE, {"text": "soy milk"})
        added = edits.add(cache, "marmalade")
        waiting = queue(cache)
        cache.close()
        spoil(tmp_path / "cache.sqlite3", b"bread", b"brxad")
        with pytest.raises(CacheDamaged), make_cache(tmp_path) as damaged:
            edits.edit(damaged, TWO, {"completed": True})
        before = (tmp_path / "cache.sqlite3").read_bytes()
        again, rescue = reopened(tmp_path)
        assert (rescue.todos, rescue.changes, rescue.lost_todos, rescue.lost_changes) == (2, 2, 1, 0)
        assert {client_id: row[0] for client_id, row in shown(again).items()} == {ONE: "soy milk", added: "marmalade"}
        assert queue(again) == waiting
        assert apply.cursor(again) == replica.Cursor()
        assert not damage.marked(again.path)
        assert (rescue.folder / "cache.sqlite3").read_bytes() == before
        assert json.loads((rescue.folder / "report.json").read_text())["lost_todos"] == 1
        # A pull brings the rest, and the push what waited.
        apply.receive_first(again, page(server_row(ONE), server_row(TWO, "bread")), replica.Cursor())
        assert {row[0] for row in shown(again).values()} == {"soy milk", "bread", "marmalade"}
        assert [each.kind for each in apply.take(again, 9)] == [Kind.EDIT, Kind.CREATE]
        again.close()

    def test_a_damaged_change_is_not_sent_and_its_text_is_among_the_lost_values(self, cache: Cache, tmp_path: Path) -> None:
        edits.add(cache, "marmalade")
        edits.edit(cache, ONE, {"text": "soy milk"})
        cache.close()
        spoil(tmp_path / "cache.sqlite3", b'"text": "marmalade"', b'"text": "marmalXde"')
        with pytest.raises(CacheDamaged), make_cache(tmp_path) as damaged:
            apply.take(damaged, 9)
        again, rescue = reopened(tmp_path)
        assert [each.values for each in apply.take(again, 9)] == [{"text": "soy milk"}]
        assert (rescue.changes, rescue.lost_changes) == (1, 1)
        assert "marmalade" not in {row[0] for row in shown(again).values()}
        [(field, lost)] = again.db.execute("SELECT field, lost FROM conflict").fetchall()
        assert (field, json.loads(lost)["text"]) == ("todo", "marmalade")
        again.close()

    def test_values_that_lost_can_still_be_restored(self, cache: Cache, tmp_path: Path) -> None:
        with cache.transaction() as db:
            conflicts.add(db, ONE, "text", "oat", "milk", 7)
            conflicts.add(db, TWO, "text", "rye", "bread", 8)
        kept = conflicts.of_todo(cache.db, TWO)
        cache.db.execute("UPDATE conflict SET lost = 'wrong' WHERE lost = 'oat'")
        cache.close()
        damage.mark(cache.path)
        again, _ = reopened(tmp_path)
        assert conflicts.everything(again.db) == kept
        assert conflicts.restore(again, kept[0].number) == TWO
        assert shown(again)[TWO][0] == "rye"
        again.close()

    def test_what_was_moved_to_another_page_and_changed_there_is_not_taken_from_where_it_was(self, tmp_path: Path) -> None:
        """SQLite leaves cells that it has moved between a page's pointers and its content: they are read where the number of cells is damaged."""
        with make_cache(tmp_path, syncs=False) as cache:
            gone = edits.add(cache, "milk")
            cache.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            earlier = cache.path.read_bytes()
            edits.delete(cache, gone)
            bread = edits.add(cache, "bread")
        file = tmp_path / "cache.sqlite3"
        content = bytearray(file.read_bytes())
        start = next(at for at in range(0, len(content), 4096) if content[at] == 0x0D and b"bread" in content[at : at + 4096])
        cell = int.from_bytes(earlier[start + 8 : start + 10], "big")
        # As if it had been moved: the old cell in the gap, and a pointer to it behind the only one that counts.
        content[start + 1_000 : start + 1_000 + 4096 - cell] = earlier[start + cell : start + 4096]
        content[start + 10 : start + 12] = (1_000).to_bytes(2, "big")
        content[start + 3 : start + 5] = b"\xff\xff"
        file.write_bytes(content)
        damage.mark(file)
        again, _ = reopened(tmp_path, syncs=False)
        assert shown(again).keys() == {bread}
        again.close()

    @pytest.mark.parametrize("page_number", range(1, 6))
    def test_a_page_of_any_kind(self, tmp_path: Path, page_number: int) -> None:
        """The first one holds the head and the schema, without which SQLite reads nothing at all."""
        cache = make_cache(tmp_path, syncs=False)
        texts = {edits.add(cache, f"todo {number} " + "long " * (number * 5)) for number in range(300)}
        cache.close()
        file = tmp_path / "cache.sqlite3"
        content = bytearray(file.read_bytes())
        start = (page_number - 1) * 4096
        content[start : start + 64] = bytes(255 for _ in range(64))
        file.write_bytes(content)
        damage.mark(file)
        again, rescue = reopened(tmp_path, syncs=False)
        assert rescue.todos == len(shown(again)) >= 250
        assert shown(again).keys() <= texts
        assert rescue.lost_todos == 300 - rescue.todos
        again.close()

    def test_a_list_without_a_server_takes_what_is_missing_from_its_backup(self, tmp_path: Path) -> None:
        cache = make_cache(tmp_path, syncs=False)
        milk, bread, tea = (edits.add(cache, text) for text in ("milk", "bread", "tea"))
        backup.daily(cache.db, cache.path, 3 * DAY)
        edits.edit(cache, bread, {"text": "rye bread"})
        edits.delete(cache, tea)
        cache.close()
        spoil(tmp_path / "cache.sqlite3", b"rye bread", b"rye brXad")
        damage.mark(tmp_path / "cache.sqlite3")
        again, rescue = reopened(tmp_path, syncs=False)
        # The older text, which is said, and not the todo that was deleted since.
        assert {client_id: row[0] for client_id, row in shown(again).items()} == {milk: "milk", bread: "bread"}
        assert (rescue.from_backup, rescue.backup_at, rescue.lost_todos) == (1, 3 * DAY, 0)
        again.close()

    def test_keys_and_journal_numbers_are_not_used_again(self, cache: Cache, tmp_path: Path) -> None:
        edits.delete(cache, edits.add(cache, "gone"))
        edits.add(cache, "marmalade")
        with Lists(cache.path) as lists:
            highest = max(lists.keys(View.ALL))
        seen = cache.news().seq
        cache.close()
        damage.mark(cache.path)
        again, _ = reopened(tmp_path)
        assert again.seen > seen
        edits.add(again, "new")
        with Lists(again.path) as lists:
            assert max(lists.keys(View.ALL)) > highest
        again.close()

    def test_what_the_log_holds_counts(self, cache: Cache, tmp_path: Path) -> None:
        """A process that was killed leaves its newest changes in the write-ahead log."""
        edits.add(cache, "marmalade")
        killed = tmp_path / "killed"
        killed.mkdir()
        for file in tmp_path.glob("cache.sqlite3*"):
            shutil.copy(file, killed)
        damage.mark(killed / "cache.sqlite3")
        again, rescue = reopened(killed)
        assert {row[0] for row in shown(again).values()} == {"milk", "bread", "marmalade"}
        assert rescue.changes == 1
        assert quarantined(killed) == ["cache.sqlite3", "cache.sqlite3-shm", "cache.sqlite3-wal", "report.json"]
        again.close()

    @pytest.mark.parametrize("garbage", [b"not a database at all" * 50, b"SQLite format 3\0" + b"\xff" * 4000, b"x"])
    def test_a_file_of_something_else(self, tmp_path: Path, garbage: bytes) -> None:
        (tmp_path / "cache.sqlite3").write_bytes(garbage)
        again, rescue = reopened(tmp_path)
        assert (rescue.todos, shown(again)) == (0, {})
        assert (rescue.folder / "cache.sqlite3").read_bytes() == garbage
        again.close()

    def test_a_name_in_the_schema_that_is_no_text_any_more(self, tmp_path: Path) -> None:
        """SQLite repeats it in its message, which Python then cannot read."""
        with make_cache(tmp_path, syncs=False) as cache:
            edits.add(cache, "milk")
        spoil(tmp_path / "cache.sqlite3", b"CREATE TABLE journal", b"CREATE \xaa\xff\xaaLE journal")
        again, _ = reopened(tmp_path, syncs=False)
        assert [row[0] for row in shown(again).values()] == ["milk"]
        again.close()

    @pytest.mark.parametrize("left", [0, 300, None])
    def test_a_file_that_is_cut_off_or_gone_is_no_new_list(self, tmp_path: Path, left: int | None) -> None:
        with make_cache(tmp_path, syncs=False) as cache:
            edits.add(cache, "milk")
            backup.daily(cache.db, cache.path, 3 * DAY)
        file = tmp_path / "cache.sqlite3"
        if left is None:
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[:left])
        again, rescue = reopened(tmp_path, syncs=False)
        assert ([row[0] for row in shown(again).values()], rescue.from_backup) == (["milk"], 1)
        again.close()


class TestInterrupted:
    def test_a_process_that_dies_at_any_moment_of_it_leaves_the_rest_to_the_next_start(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each call that changes the file system raises in its turn, and nothing behind it runs."""
        origin = tmp_path / "origin"
        origin.mkdir()
        with make_cache(origin) as cache:
            texts = {edits.add(cache, f"todo {number}") for number in range(5)}
            for file in origin.glob("cache.sqlite3*"):
                shutil.copy(file, tmp_path)
        places = 0
        for step in range(100):
            folder = tmp_path / f"step-{step}"
            folder.mkdir()
            for file in tmp_path.glob("cache.sqlite3*"):
                shutil.copy(file, folder)
            damage.mark(folder / "cache.sqlite3")
            with monkeypatch.context() as patch:
                died = _die_at(patch, step)
                try:
                    recovery.rebuild(folder / "cache.sqlite3", syncs=True, clock=ticking())
                except (KeyboardInterrupt, CacheUnusable):
                    places += 1
            again, _ = opened_cache(folder / "cache.sqlite3", syncs=True, clock=ticking(9_000_000))
            assert shown(again).keys() == texts
            assert len(queue(again)) == 5
            again.close()
            if not died:
                break
        assert places > 10

    def test_while_another_process_has_it_open_nothing_is_moved(self, cache: Cache, tmp_path: Path) -> None:
        """Its further changes would go with the file."""
        damage.mark(cache.path)
        with pytest.raises(CacheUnusable) as caught:
            opened_cache(cache.path, syncs=True, clock=ticking())
        assert "another Devots program" in caught.value.sentence
        edits.add(cache, "marmalade")
        assert not (tmp_path / "quarantine").exists()

    def test_who_opens_meanwhile_waits(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("devots_desktop.store.lock._PATIENCE_S", 0.1)
        alone = OpenLock(tmp_path / "cache.sqlite3")
        assert alone.alone()
        with pytest.raises(CacheUnusable) as caught:
            make_cache(tmp_path)
        assert caught.value.title == "List busy"
        alone.release()
        make_cache(tmp_path).close()

    def test_damage_that_comes_back_is_a_sentence(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make_cache(tmp_path).close()
        damage.mark(tmp_path / "cache.sqlite3")
        monkeypatch.setattr("devots_desktop.store.damage.marked", lambda _: True)
        with pytest.raises(CacheDamaged):
            opened_cache(tmp_path / "cache.sqlite3", syncs=True, clock=ticking())


def _die_at(patch: pytest.MonkeyPatch, step: int) -> list[str]:
    """Let the step-th change of the file system be the last."""
    left, died = [step], list[str]()

    def dying(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def call(*arguments: object, **rest: object) -> object:
            if left[0] <= 0:
                died.append(name)
                raise KeyboardInterrupt
            left[0] -= 1
            return real(*arguments, **rest)

        patch.setattr(owner, name, call)

    for name in ("rename", "replace", "unlink", "mkdir"):
        dying(Path, name)
    dying(recovery, "_insert")
    dying(sqlite3, "connect")
    return died
