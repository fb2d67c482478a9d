"""Reading the list: order, views, windows, counts."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devots_desktop.domain.changes import Via
from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.domain.mutation import Outcome
from devots_desktop.domain.todo import State
from devots_desktop.store import edits, replica, rows
from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import Lists, View
from devots_desktop.sync import apply
from tests.unit.building import ONE, answer, make_cache, page, server_row


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = make_cache(tmp_path)
    yield made
    made.close()


@pytest.fixture
def lists(cache: Cache) -> Iterator[Lists]:
    made = Lists(cache.path)
    yield made
    made.close()


def texts(lists: Lists, view: View = View.ALL) -> list[str]:
    keys = lists.keys(view)
    found = lists.todos(keys)
    return [found[key].text for key in keys]


def test_the_newest_is_on_top_whatever_was_edited_since(cache: Cache, lists: Lists) -> None:
    added = [edits.add(cache, text) for text in ("first", "second", "third")]
    edits.edit(cache, added[0], {"text": "first, changed"})
    assert texts(lists) == ["third", "second", "first, changed"]


def test_views(cache: Cache, lists: Lists) -> None:
    done = edits.add(cache, "done")
    edits.add(cache, "open")
    edits.edit(cache, done, {"completed": True})
    assert {view: texts(lists, view) for view in View} == {View.ALL: ["open", "done"], View.OPEN: ["open"], View.DONE: ["done"]}
    for todo in lists.todos(lists.keys(View.ALL)).values():
        assert {view for view in View if view.holds(todo)} == {View.ALL, View.DONE if todo.text == "done" else View.OPEN}


def test_a_limit(cache: Cache, lists: Lists) -> None:
    for number in range(5):
        edits.add(cache, str(number))
    assert len(lists.keys(View.ALL, limit=2)) == 2
    assert len(lists.keys(View.OPEN)) == 5


def test_a_key_whose_row_is_gone_is_not_answered_and_never_used_again(cache: Cache, lists: Lists) -> None:
    gone = edits.add(cache, "milk")
    [key] = lists.keys(View.ALL)
    edits.delete(cache, gone)
    assert lists.todos([key]) == lists.todos([]) == {}
    edits.add(cache, "bread")
    assert lists.keys(View.ALL)[0] > key


def test_as_many_rows_as_one_asks_for(cache: Cache, lists: Lists) -> None:
    """SQLite takes only so many parameters."""
    lists._db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
    with cache.transaction(durable=False) as db:
        db.executemany(
            "INSERT INTO todo (client_id, text, completed, created_at, updated_at) VALUES (?, 'x', 0, ?, 0)",
            [(str(number), number) for number in range(2_500)],
        )
        rows.stamp(db)
    assert len(texts(lists)) == 2_500


@pytest.mark.parametrize(
    ("prefix", "found"), [("11", 2), ("1111", 1), ("111", 1), ("12", 1), ("3", 0), ("", 2), ("11111111-", 1), ("g", 0)]
)
def test_a_prefix_finds_none_one_or_more_than_one(cache: Cache, lists: Lists, prefix: str, found: int) -> None:
    rows = [server_row(ONE), server_row("11222222-2222-4222-8222-222222222222"), server_row("12ffffff-ffff-4fff-8fff-ffffffffffff")]
    apply.receive(cache, page(*rows), Via.PULL)
    assert len(lists.by_prefix(prefix)) == found


def test_counts(cache: Cache, lists: Lists) -> None:
    apply.receive(cache, page(server_row(ONE, completed=True)), Via.PULL)
    edits.add(cache, "refused")
    sent = apply.take(cache, 1)
    apply.acknowledge(cache, sent, [answer(sent[0], Outcome.REFUSED, reason="No.")])
    edits.add(cache, "waits")
    counts = lists.counts()
    assert (counts.open, counts.done, counts.all, counts.pending, counts.parked) == (2, 1, 3, 1, 1)
    [parked] = lists.parked()
    assert (parked.reason, parked.mutation) == ("No.", sent[0])
    states = {todo.text: todo.state for todo in lists.todos(lists.keys(View.ALL)).values()}
    assert states == {"milk": State.SYNCED, "refused": State.PARKED, "waits": State.PENDING}


def test_what_was_parked_last_is_on_top(cache: Cache, lists: Lists) -> None:
    for text in ("first", "second"):
        edits.add(cache, text)
        [sent] = apply.take(cache, 1)
        apply.acknowledge(cache, [sent], [answer(sent, Outcome.REFUSED, reason="No.")])
    assert [parked.mutation.values["text"] for parked in lists.parked()] == ["second", "first"]


def test_lost_values_are_counted_on_their_todo(cache: Cache, lists: Lists) -> None:
    apply.receive(cache, page(server_row(ONE)), Via.PULL)
    with cache.transaction() as db:
        replica.add_lost(db, ONE, "text", "soy", "milk", 5)
        replica.add_lost(db, ONE, "text", "soy", "milk", 5)
        replica.add_lost(db, ONE, "completed", "true", "false", 5)
    assert [todo.conflicts for todo in lists.by_prefix(ONE)] == [2]


def test_it_only_reads(cache: Cache, lists: Lists) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        lists._db.execute("DELETE FROM todo")


def test_a_damaged_file_has_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite3").write_bytes(b"garbage" * 1000)
    with closing(Lists(tmp_path / "cache.sqlite3")) as lists, pytest.raises(CacheUnusable):
        lists.counts()
