"""Whatever is read of a cache is held against a checksum: each column of each table, by the look through the file and by who reads it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devots_desktop.domain.changes import Via
from devots_desktop.domain.errors import CacheDamaged
from devots_desktop.domain.mutation import Outcome
from devots_desktop.domain.question import Choice
from devots_desktop.store import conflicts, edits, migration, missing, naming, outbox, parking, replica, soundness, undo
from devots_desktop.store.cache import Cache
from devots_desktop.store.checksum import checksum, mutation_checksum
from devots_desktop.store.lists import Lists, View
from devots_desktop.sync import apply
from tests.unit.building import ONE, TWO, answer, make_cache, page, server_row

THREE = "33333333-3333-4333-8333-333333333333"
NOT_READ = {
    "todo.key": "a row's number: the indexes have it too",
    "todo.folded": "only what search looks in",
    "outbox.seq": "a row's number",
    "parked.seq": "a row's number",
    "conflict.seq": "a row's number",
    "journal.seq": "a row's number",
    "unindexed.key": "only what search drops",
    "unindexed.folded": "only what search drops",
    "sync_state.name": "below, by entry",
    "sync_state.value": "below, by entry",
}
FLAGS = ("completed", "deleted", "sent", "undone", "settled")


def fill(cache: Cache) -> None:
    """Something in each table."""
    rows = (server_row(ONE), server_row(TWO, "bread"), server_row(THREE, "rye"))
    apply.receive(cache, page(*rows), Via.PULL)
    edits.edit(cache, TWO, {"text": "toast"})
    sent = apply.take(cache, 9)
    apply.acknowledge(cache, sent, [answer(each, Outcome.REFUSED, reason="No.") for each in sent])
    edits.edit(cache, ONE, {"text": "soy"})
    undo.undo(cache)
    edits.delete(cache, edits.add(cache, "jam"))
    edits.edit(cache, ONE, {"text": "soy", "completed": True})
    apply.stage(cache, page(server_row(ONE, version=9)))
    with cache.transaction() as db:
        replica.add_lost(db, ONE, "text", "oat", "soy", 7)
        replica.bury(db, "gone", 9)
        missing.note(db, [THREE], 8)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with make_cache(tmp_path) as made:
        fill(made)
        yield made


def columns(db: sqlite3.Connection) -> list[tuple[str, str]]:
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    return [(table, name) for table in tables for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]


def change(path: Path, table: str, column: str) -> None:
    """Change a column everywhere, as damage does: by another connection, past every check."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        kind = next(kind for _, name, kind, *_ in db.execute(f"PRAGMA table_info({table})") if name == column)
        number = f"1 - {column}" if column in FLAGS else f"{column} + 1000"
        other = number if kind == "INTEGER" else f"coalesce({column}, '') || 'x'"
        assert db.execute(f"UPDATE {table} SET {column} = {other}").rowcount > 0


def test_a_look_through_the_file_sees_a_change_of_any_column(cache: Cache, tmp_path: Path) -> None:
    soundness.verify(cache.db)
    unseen = set()
    for table, column in columns(cache.db):
        copy = tmp_path / f"{table}.{column}"
        cache.db.execute("VACUUM INTO ?", (str(copy),))
        with closing(sqlite3.connect(copy)) as db:
            soundness.verify(db)
        if table != "unindexed":
            change(copy, table, column)
        with closing(sqlite3.connect(copy)) as db:
            try:
                soundness.verify(db)
            except CacheDamaged:
                continue
        unseen.add(copy.name)
    # A new column has a checksum (store/checksum.py), or a reason here why it needs none.
    assert unseen <= NOT_READ.keys()


@pytest.mark.parametrize("name", ["since", "epoch", "horizon", "contact", "created_at", "checksum"])
def test_a_look_through_the_file_sees_a_change_of_the_cursor(cache: Cache, name: str) -> None:
    cache.db.execute("UPDATE sync_state SET value = value || '7' WHERE name = ?", (name,))
    with pytest.raises(CacheDamaged):
        soundness.verify(cache.db)


def _steps(cache: Cache) -> object:
    with Lists(cache.path) as lists:
        return lists.steps()


def _origin(cache: Cache) -> object:
    with Lists(cache.path) as lists:
        return [lists.origin(key) for key in lists.keys(View.ALL)]


def _counts(cache: Cache) -> object:
    with Lists(cache.path) as lists:
        return lists.counts()


READERS: list[tuple[str, str, Callable[[Cache], object]]] = [
    ("outbox", "payload sent", lambda each: apply.take(each, 9)),
    ("outbox", "payload sent", lambda each: outbox.last_unsent(each.db, ONE)),
    ("parked", "payload reason parked_at", lambda each: parking.everything(each.db)),
    ("conflict", "field lost at", lambda each: conflicts.everything(each.db)),
    ("journal", "client_id op via text completed at", lambda each: each.news()),
    ("journal", "at", _origin),
    ("staging", "text completed row_version deleted", lambda each: apply.apply_staged(each, replica.Cursor(since=3), Via.LIVE, 9)),
    ("missing", "client_id settled", lambda each: missing.answer(each, Choice.REMOVE)),
    ("undo", "action count undone", _steps),
    ("undo", "action count", undo.undo),
    ("undo", "undone", undo.redo),
    ("undo_entry", "client_id before after", _steps),
    ("undo_entry", "client_id before after", undo.undo),
    ("sync_state", "value", _counts),
    ("sync_state", "value", lambda each: edits.add(each, "jam")),
]
DAMAGES = [(table, column, read) for table, columns, read in READERS for column in columns.split()]


@pytest.mark.parametrize(
    ("table", "column", "read"), DAMAGES, ids=[f"{table}.{column}-{n}" for n, (table, column, _) in enumerate(DAMAGES)]
)
def test_who_reads_it_does_not_believe_it(cache: Cache, table: str, column: str, read: Callable[[Cache], object]) -> None:
    change(cache.path, table, column)
    with pytest.raises(CacheDamaged):
        read(cache)


def test_a_step_of_which_a_todo_is_gone_is_not_undone(cache: Cache) -> None:
    edits.delete_all(cache, [ONE, TWO])
    cache.db.execute("DELETE FROM undo_entry WHERE place = 1")
    for read in (soundness.verify, lambda _: undo.undo(cache)):
        with pytest.raises(CacheDamaged):
            read(cache.db)


def test_other_keys_leave_everything_sound_that_was(cache: Cache) -> None:
    """A server that begins to keep keys gives todos its own (store/naming.py)."""
    with cache.transaction() as db:
        db.execute("UPDATE undo_entry SET after = NULL WHERE step = 1")
        naming.rename(db, [(ONE, TWO), (TWO, ONE), (THREE, "theirs")])
        wrong = db.execute("SELECT DISTINCT e.client_id FROM undo_entry e WHERE step = 1").fetchall()
        db.execute("DELETE FROM undo WHERE step = 1")
    assert wrong == [(TWO,)]
    soundness.verify(cache.db)
    assert missing.answer(cache, Choice.PUT_BACK) == 1


def test_what_was_not_changed_is_believed(cache: Cache) -> None:
    """The readers of above, on a sound list."""
    for _, _, read in READERS:
        read(cache)
    soundness.verify(cache.db)


def test_the_checksums_of_lists_that_exist_stay_what_they_are() -> None:
    """Other ones would make every list out there a damaged one."""
    assert checksum("ab", 1, None, "ü") == 3263896710784817683
    assert mutation_checksum("ab", 1, None, "ü") == "83aa8e8abe0a7103c42e3a2a6c9f0c74"


FORM_4 = """
INSERT INTO outbox VALUES (1, 'm1', 'c', 'edit', '{}', 5, 1, mutation_checksum('m1', 'c', 'edit', '{}', 5));
INSERT INTO parked VALUES (1, 'm2', 'c', 'edit', '{}', 5, 'No.', 6, mutation_checksum('m2', 'c', 'edit', '{}', 5));
INSERT INTO undo VALUES (7, 'delete', 1, 5, 1);
INSERT INTO undo_entry VALUES (7, 0, 'c', '{}', NULL, row_checksum('c', '{}', NULL));
INSERT INTO journal VALUES (1, 'c', 1, 'delete', 'local', 'milk', 0, 5);
INSERT INTO conflict VALUES (1, 'c', 'text', 'milk', 'oat', 5);
INSERT INTO staging VALUES ('c', 7, 'milk', 0, 5, 6, 8, 0);
INSERT INTO seen VALUES ('c');
INSERT INTO missing VALUES ('c', 5, 1);
INSERT INTO sync_state VALUES ('contact', '5'), ('created_at', '6');
"""


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "UPDATE outbox SET payload = '{} '",
        "UPDATE parked SET payload = '{} '",
        "UPDATE undo_entry SET before = '{} '",
    ],
)
def test_a_list_of_the_form_before_has_them_all_and_none_where_it_was_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    newest = migration.scripts()
    with monkeypatch.context() as patch:
        patch.setattr(migration, "scripts", lambda: newest[:4])
        with make_cache(tmp_path) as old:
            for statement in [*FORM_4.strip().splitlines(), damage]:
                old.db.execute(statement)
    with make_cache(tmp_path) as new:
        if damage:
            with pytest.raises(CacheDamaged):
                soundness.verify(new.db)
        else:
            soundness.verify(new.db)
