"""The journal: every screen of every process hears of every change, once, in order of commit."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.changes import Op, Via
from devots_desktop.domain.lines import Line
from devots_desktop.store import edits, journal
from devots_desktop.store.cache import Cache
from devots_desktop.sync import apply
from tests.unit.building import ONE, TWO, answer, make_cache, page, server_row

ADD = """
import sys, pathlib
from devots_desktop.store import edits
from devots_desktop.store.cache import Cache
cache = Cache(pathlib.Path(sys.argv[1]), syncs=True, clock=lambda: 1)
for number in range(int(sys.argv[2])):
    edits.add(cache, f"{sys.argv[3]} {number}")
cache.close()
"""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = make_cache(tmp_path)
    yield made
    made.close()


@pytest.fixture
def other(cache: Cache, tmp_path: Path) -> Iterator[Cache]:
    """The same file, as another process has it open."""
    made = make_cache(tmp_path)
    yield made
    made.close()


def test_each_hears_of_the_others_changes_and_of_its_own_once(cache: Cache, other: Cache) -> None:
    first, second = edits.add(cache, "milk"), edits.add(other, "bread")
    for each in (cache, other):
        assert [change.client_id for change in each.news().changes] == [first, second]
        assert not each.news()


def test_what_was_there_before_is_no_news(cache: Cache, tmp_path: Path) -> None:
    edits.add(cache, "milk")
    late = make_cache(tmp_path)
    assert not late.news()
    late.close()


def test_a_look_tells_whether_somebody_wrote(cache: Cache, other: Cache) -> None:
    assert not cache.changed_elsewhere()
    edits.add(other, "bread")
    assert cache.changed_elsewhere()
    cache.news()
    assert not cache.changed_elsewhere()


def test_a_change_carries_the_row_as_it_is_now(cache: Cache) -> None:
    added = edits.add(cache, "milk")
    edits.edit(cache, added, {"completed": True})
    inserted, updated = cache.news().changes
    assert inserted.todo == updated.todo
    assert updated.todo is not None
    assert (updated.text, updated.todo.completed, inserted.completed, updated.completed) == ("milk", True, False, True)
    edits.delete(cache, added)
    [deleted] = cache.news().changes
    assert (deleted.op, deleted.todo, deleted.text, deleted.key) == (Op.DELETE, None, "milk", inserted.key)


def test_a_change_that_is_rolled_back_leaves_no_gap(cache: Cache) -> None:
    edits.add(cache, "milk")

    def write_and_fail() -> None:
        with cache.transaction() as db:
            journal.write_reload(db, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    edits.add(cache, "bread")
    assert [change.seq for change in cache.news().changes] == [1, 2]


def test_two_processes_write_at_once_and_nobody_misses_an_entry(cache: Cache, tmp_path: Path) -> None:
    programs = [
        subprocess.Popen([sys.executable, "-c", ADD, str(tmp_path / "cache.sqlite3"), "60", name], cwd=Path(__file__).parents[2])
        for name in ("window", "command")
    ]
    heard: list[int] = []
    while any(program.poll() is None for program in programs):
        heard += [change.seq for change in cache.news().changes]
    heard += [change.seq for change in cache.news().changes]
    assert [program.returncode for program in programs] == [0, 0]
    assert heard == list(range(1, 121))


def test_too_many_changes_are_told_as_one(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_MOST", 3)
    for number in range(3):
        edits.add(cache, f"todo {number}")
    assert len(cache.news().changes) == 3
    for number in range(4):
        edits.add(cache, f"todo {number}")
    news = cache.news()
    assert (news.reload, list(news.changes), news.seq) == (True, [], 7)
    assert not cache.news()


def test_one_action_on_too_many_todos_is_one_entry(cache: Cache, other: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_MOST", 3)
    edits.add_all(cache, [Line(f"todo {number}", completed=False) for number in range(4)])
    assert cache.db.execute("SELECT op FROM journal").fetchall() == [("reload",)]
    assert cache.news().reload
    assert other.news().reload


def test_who_is_too_far_behind_reads_the_list_again(cache: Cache, other: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT", 2)
    for number in range(4):
        edits.add(cache, f"todo {number}")
    assert cache.db.execute("SELECT count(*) FROM journal").fetchone()[0] == 2
    assert other.news().reload
    edits.add(cache, "one more")
    assert [change.text for change in other.news().changes] == ["one more"]


def test_a_first_download_says_read_again(cache: Cache) -> None:
    cursor = apply.cursor(cache)
    apply.receive_first(cache, page(server_row(ONE), server_row(TWO, version=6)), cursor)
    assert cache.news().reload


def test_an_own_echo_tells_nobody(cache: Cache) -> None:
    apply.receive(cache, page(server_row()), Via.LIVE)
    [change] = cache.news().changes
    assert change.from_elsewhere
    assert apply.receive(cache, page(server_row()), Via.LIVE) == 0
    assert not cache.news()


def test_a_change_elsewhere_that_the_screen_does_not_show_is_no_news_for_people(cache: Cache) -> None:
    apply.receive(cache, page(server_row()), Via.LIVE)
    edits.edit(cache, ONE, {"text": "soy"})
    cache.news()
    apply.receive(cache, page(server_row(text="oat milk", version=9)), Via.LIVE)
    apply.receive(cache, page(server_row(text="oat milk", version=10, completed=True)), Via.LIVE)
    hidden, seen = cache.news().changes
    assert (hidden.from_elsewhere, seen.from_elsewhere) == (False, True)


@pytest.mark.parametrize(("done_elsewhere", "via"), [(False, Via.PUSH), (True, Via.LIVE)])
def test_the_answer_to_a_push_is_a_change_from_elsewhere_only_where_it_brings_one(cache: Cache, *, done_elsewhere: bool, via: Via) -> None:
    apply.receive(cache, page(server_row()), Via.LIVE)
    edits.edit(cache, ONE, {"text": "soy"})
    [sent] = apply.take(cache, 1)
    cache.news()
    row = server_row(text="soy", version=8, completed=done_elsewhere)
    apply.acknowledge(cache, [sent], [answer(sent, before=server_row(completed=done_elsewhere), row=row)])
    [change] = cache.news().changes
    assert (change.via, change.from_elsewhere) == (via, done_elsewhere)
