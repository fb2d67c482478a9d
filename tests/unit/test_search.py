"""What a search finds, where it marks it, and that the index, the scan and the rule always agree."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.changes import Via
from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.domain.lines import Line
from devots_desktop.domain.search import fold, found, marks, terms
from devots_desktop.domain.sorting import ALPHABET_LENGTH, Sort
from devots_desktop.store import edits, rows, search
from devots_desktop.store import lists as lists_module
from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import Lists, View
from devots_desktop.sync import apply
from tests.unit.building import ONE, make_cache, page, server_row

FINDS = [
    ("Buy oatmilk", "milk", "infix"),
    ("Buy oatmilk", "BUY oat", "case; every word"),
    ("Müsli", "musl", "an accent in the text"),
    ("Musli", "müsli", "an accent in the words"),
    ("Mu\u0308sli", "müs", "a combining accent"),
    ("cafe\u0301", "café", "composed finds decomposed"),
    ("Straße", "STRASSE", "ß"),
    ("İstanbul", "istanbul", "İ, whose lower case has two characters"),
    ("ΟΔΟΣ", "οδος", "the final sigma"),
    ("牛奶 kaufen", "奶", "one character of Chinese"),
    ("我要买牛奶", "买牛奶", "infix in Chinese"),
    ("한국어", "하", "the syllable that is being typed"),
    ("がんばる", "がん", "Japanese"),
    ("ｆｕｌｌ", "full", "full width"),  # noqa: RUF001 (they are meant)
    ("ﬁnish", "finish", "a ligature"),
    ("soft\u00adhyphen", "softhyphen", "an invisible character"),
    ("100% [done] *", "% [ *", "what patterns are made of"),
    ("say \"hi\" OR NOT 'x'", '"hi" OR NOT', "what FTS5 queries are made of"),
    ("a_b", "_", "what LIKE makes of an underscore"),
    ("two  words", "words two", "any order"),
    ("anything", "  ", "blank words"),
]
FINDS_NOT = [
    ("oat milk", "oatmilk"),
    ("milk", "milk bread"),
    ("かき", "がき"),
    ("axb", "a_b"),
    ("milk", '"milk"'),
    ("milk", "m*"),
    ("plain", "\ud83d"),
    ("plain", "\0"),
]


@pytest.mark.parametrize(("text", "words"), [row[:2] for row in FINDS], ids=[row[2] for row in FINDS])
def test_it_finds(text: str, words: str) -> None:
    assert found(text, words)


@pytest.mark.parametrize(("text", "words"), FINDS_NOT)
def test_it_does_not_find(text: str, words: str) -> None:
    assert not found(text, words)


MARKS = [
    ("Buy oatmilk", "milk", "Buy oat[milk]"),
    ("milk, Milk", "milk", "[milk], [Milk]"),
    ("banana", "ana", "b[anana]"),
    ("oatmilk", "oat milk", "[oatmilk]"),
    ("one two", "two one", "[one] [two]"),
    ("Straße 5", "strass", "[Straß]e 5"),
    ("Straße 5", "asse", "Str[aße] 5"),
    ("İstanbul", "is", "[İs]tanbul"),
    ("Mu\u0308sli", "mu", "[Mu\u0308]sli"),
    ("Mu\u0308sli", "usl", "M[u\u0308sl]i"),
    ("cafe\u0301\u0327", "e", "caf[e\u0301\u0327]"),
    ("한국어", "하", "[한]국어"),
    ("牛奶 kaufen", "奶", "牛[奶] kaufen"),
    ("\N{GRINNING FACE} milk", "milk", "\N{GRINNING FACE} [milk]"),
    ("½ litre", "2", "[½] litre"),
    ("milk", "bread", "milk"),
    ("milk", "", "milk"),
]


@pytest.mark.parametrize(("text", "words", "marked"), MARKS)
def test_marks(text: str, words: str, marked: str) -> None:
    shown, last = "", 0
    for start, end in marks(text, words):
        shown, last = f"{shown}{text[last:start]}[{text[start:end]}]", end
    assert shown + text[last:] == marked


LETTERS = [
    "milk",
    "oat",
    "MI",
    "é",
    "e\u0301",
    "ß",
    "ss",
    "İ",
    "i",
    "牛",
    "奶",
    "한",
    "하",
    " ",
    " ",
    '"',
    "*",
    "%",
    "_",
    "\U0001f600",
    "x",
    "ﬁ",
]


def made_up(rng: random.Random, most: int) -> str:
    return "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, most)))


def test_every_mark_is_of_a_word_and_every_found_word_has_one() -> None:
    rng = random.Random(1)
    for _ in range(2_000):
        text, words = made_up(rng, 8), made_up(rng, 3)
        marked = [fold(text[start:end]) for start, end in marks(text, words)]
        assert all(any(word in part for word in fold(words).split()) for part in marked)
        if found(text, words):
            assert all(any(term in part for part in marked) for term in terms(words))


def test_a_word_that_another_one_contains_is_marked_where_it_stands_alone() -> None:
    assert marks("the slides for Thursday", "the th") == [(0, 3), (15, 17)]


def test_a_folded_text_is_folded() -> None:
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    assert fold(fold(every)) == fold(every)


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


def index_all(cache: Cache) -> None:
    while search.index(cache):
        pass


def whole(cache: Cache) -> None:
    """Raises where an index does not fit the texts: https://sqlite.org/fts5.html#the_integrity_check_command."""
    cache.db.execute("INSERT INTO todo_search (todo_search, rank) VALUES ('integrity-check', 1)")
    # The index of signs has no texts of its own that it could be held against.
    cache.db.execute("CREATE VIRTUAL TABLE temp.signs USING fts5vocab (main, todo_signs, instance)")
    indexed = set(cache.db.execute("SELECT doc, term FROM temp.signs"))
    cache.db.execute("DROP TABLE temp.signs")
    texts = cache.db.execute("SELECT key, folded FROM todo").fetchall()
    assert indexed == {(key, token) for key, folded in texts for token in search._tokens(folded).split()}


def answers(lists: Lists, words: str, view: View = View.ALL, sort: Sort = Sort.NEWEST, limit: int = -1) -> list[str]:
    keys = lists.search(words, view, sort=sort, limit=limit)
    todos = lists.todos(keys)
    return [todos[key].text for key in keys]


def change_something(rng: random.Random, cache: Cache) -> None:
    ids = [client_id for (client_id,) in cache.db.execute("SELECT client_id FROM todo ORDER BY key")]
    match rng.choice(("add", "add", "edit", "edit", "done", "delete", "elsewhere", "index")) if ids else "add":
        case "add":
            edits.add_all(cache, [Line(made_up(rng, 8), rng.random() < 0.3) for _ in range(rng.randint(1, 4))])
        case "edit":
            edits.edit(cache, rng.choice(ids), {"text": made_up(rng, 8)})
        case "done":
            edits.edit(cache, rng.choice(ids), {"completed": True})
        case "delete":
            edits.delete(cache, rng.choice(ids))
        case "elsewhere":
            apply.receive(cache, page(server_row(text=made_up(rng, 8), version=cache.clock())), Via.LIVE)
        case "index":
            search.index(cache, most=2)


@pytest.mark.parametrize("seed", range(6))
def test_search_and_order_are_the_rule_whatever_is_indexed(cache: Cache, lists: Lists, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        change_something(rng, cache)
        words, view, sort, limit = made_up(rng, 3), rng.choice(list(View)), rng.choice(list(Sort)), rng.randint(1, 5)
        todos = lists.todos(lists.keys(View.ALL)).values()
        right = sorted((todo for todo in todos if view.holds(todo)), key=sort.place)
        assert list(lists.keys(view, sort=sort)) == [todo.key for todo in right]
        right = [todo for todo in right if found(todo.text, words)]
        assert list(lists.search(words, view, sort=sort)) == [todo.key for todo in right]
        newest = sorted(todo.key for todo in right)[-limit:] if terms(words) else [todo.key for todo in right[:limit]]
        assert list(lists.search(words, view, sort=sort, limit=limit)) == [todo.key for todo in right if todo.key in newest]
    index_all(cache)
    whole(cache)


def planned(lists: Lists, read: Callable[[], object]) -> list[str]:
    """How SQLite does the last query of a read."""
    queries: list[str] = []
    lists._db.set_trace_callback(queries.append)
    read()
    lists._db.set_trace_callback(None)
    ours = [query for query in queries if query.startswith(("WITH", "SELECT t.key", "SELECT key FROM ("))]
    return [row[3] for row in lists._db.execute("EXPLAIN QUERY PLAN " + ours[-1])]


def test_an_indexed_text_is_found_by_the_index(cache: Cache, lists: Lists) -> None:
    edits.add_all(cache, [Line(f"todo {number}", completed=False) for number in range(200)])
    index_all(cache)
    plan = planned(lists, lambda: lists.search("todo 199", View.OPEN))
    assert any(line.startswith("SCAN s VIRTUAL TABLE INDEX") for line in plan), plan
    assert {line for line in plan if " t " in f"{line} "} == {
        "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
        "SCAN t USING INDEX todo_unfolded",  # Which has only those rows.
    }, plan


@pytest.mark.parametrize("words", ["牛", "牛奶", "牛 奶", "한", "か", "がん"])
def test_one_or_two_signs_are_found_by_the_index(cache: Cache, lists: Lists, words: str) -> None:
    edits.add_all(cache, [Line(text, completed=False) for text in ("买牛奶", "한국어", "がんばる", "milk")])
    index_all(cache)
    plan = planned(lists, lambda: lists.search(words, View.ALL))
    assert any(line.startswith("SCAN s VIRTUAL TABLE INDEX") for line in plan), plan
    assert len(answers(lists, words)) == 1


def test_an_index_without_signs_is_made_anew(cache: Cache, lists: Lists) -> None:
    edits.add(cache, "买牛奶")
    index_all(cache)
    cache.db.execute("DROP TABLE todo_signs")
    assert answers(lists, "牛") == ["买牛奶"]
    index_all(cache)
    whole(cache)
    assert answers(lists, "牛") == ["买牛奶"]


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("sort", Sort)
def test_no_order_of_the_list_is_sorted_when_it_is_read(cache: Cache, lists: Lists, view: View, sort: Sort) -> None:
    edits.add(cache, "milk")
    plan = planned(lists, lambda: lists.keys(view, sort=sort))
    sorted_parts = [line for line in plan if "TEMP B-TREE" in line]
    # Alphabetical: the texts that are not folded yet, and they only.
    assert len(sorted_parts) <= (1 if sort is Sort.ALPHABETICAL else 0), plan


def test_alphabetical_looks_at_the_beginning_only(cache: Cache, lists: Lists) -> None:
    long = "Ä" * ALPHABET_LENGTH
    edits.add_all(cache, [Line(text, completed=False) for text in (long + "a", long + "b", "b", "a")])
    for _ in range(2):
        assert answers(lists, "", sort=Sort.ALPHABETICAL) == ["a", long + "a", long + "b", "b"]
        index_all(cache)


def test_a_cache_of_the_first_version_is_indexed_afterwards_a_slice_at_a_time(cache: Cache, lists: Lists) -> None:
    with cache.transaction() as db:
        values = ((f"{number:032}", f"todo {number}", number) for number in range(1_200))
        db.executemany("INSERT INTO todo (client_id, text, completed, created_at, updated_at) VALUES (?, ?, 0, ?, 0)", values)
        rows.stamp(db)
    assert answers(lists, "do 1199", limit=50) == ["todo 1199"]
    assert [search.index(cache) for _ in range(4)] == [True, True, True, False]
    whole(cache)
    assert answers(lists, "do 7") == [f"todo {number}" for number in range(1_199, -1, -1) if "7" in str(number)]


def test_a_device_without_fts5_and_back(cache: Cache, lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    edits.add(cache, "oatmilk")
    index_all(cache)
    with monkeypatch.context() as without:
        without.setattr(search, "_able", lambda _: False)
        gone = edits.add(cache, "milkshake")
        edits.delete(cache, gone)
        changed = edits.add(cache, "bread")
        index_all(cache)
        edits.edit(cache, changed, {"text": "milk bread"})
        index_all(cache)
        assert answers(lists, "milk") == ["milk bread", "oatmilk"]
        assert answers(lists, "", sort=Sort.ALPHABETICAL) == ["milk bread", "oatmilk"]
    # A program that has FTS5 and has the file open sees the note, and later makes the index anew.
    assert answers(lists, "milk") == ["milk bread", "oatmilk"]
    index_all(cache)
    whole(cache)
    assert answers(lists, "milk") == ["milk bread", "oatmilk"]
    assert cache.db.execute("SELECT count(*) FROM sync_state WHERE name = 'search'").fetchone()[0] == 0


def test_this_python_can_index(cache: Cache) -> None:
    """Else all of these tests would prove the scan."""
    assert search._able(cache.db)


def test_a_search_is_given_up(cache: Cache, lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists_module, "_STEPS", 100)
    edits.add_all(cache, [Line(f"todo {number}", completed=False) for number in range(100)])
    with pytest.raises(CacheUnusable), lists.stopped_by(lambda: True):
        lists.search("x", View.ALL)
    assert answers(lists, "99") == ["todo 99"]


def test_it_is_not_told_that_a_text_was_indexed(cache: Cache) -> None:
    edits.add(cache, "milk")
    cache.news()
    index_all(cache)
    assert not cache.news()


def test_a_todo_that_changes_between_two_slices_is_indexed_once(cache: Cache) -> None:
    added = edits.add(cache, "milk")
    index_all(cache)
    for text in ("soy", "milk", "rice"):
        edits.edit(cache, added, {"text": text})
    index_all(cache)
    whole(cache)
    edits.edit(cache, added, {"text": "soy"})
    edits.delete(cache, added)
    index_all(cache)
    whole(cache)
    assert cache.db.execute("SELECT count(*) FROM unindexed").fetchone()[0] == 0


def test_a_text_is_dropped_before_it_is_indexed_again_however_small_the_slices(cache: Cache, lists: Lists) -> None:
    ids = edits.add_all(cache, [Line(f"milk {number}", completed=False) for number in range(4)])
    index_all(cache)
    for client_id in ids:
        edits.edit(cache, client_id, {"text": "milk for tea"})
    while search.index(cache, most=1):
        assert len(lists.search("milk", View.ALL)) == 4
    whole(cache)


def test_the_same_text_again_is_not_indexed_again(cache: Cache) -> None:
    apply.receive(cache, page(server_row()), Via.LIVE)
    index_all(cache)
    apply.receive(cache, page(server_row(completed=True, version=9)), Via.LIVE)
    edits.edit(cache, ONE, {"completed": False})
    assert not search.index(cache)


def test_the_index_of_another_text_is_noticed(cache: Cache) -> None:
    """The check of these tests can fail."""
    edits.add(cache, "milk")
    index_all(cache)
    cache.db.execute("DROP TRIGGER todo_unfold")
    cache.db.execute("UPDATE todo SET folded = 'bread'")
    with pytest.raises(sqlite3.DatabaseError):
        whole(cache)
