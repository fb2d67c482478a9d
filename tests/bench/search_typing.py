"""Search as somebody types, at 100,000 and a million todos: the first 50 rows at each letter, against the plainest FTS5 query there is.

The reference finds less: words that begin so, in one form. Ours finds parts of words too. The texts have a vocabulary of 5,000 words, used as often
as words are (Zipf). Chinese, where a word is one or two signs, is held to the bar only: the reference does not know where its words begin.
"""

import contextlib
import itertools
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from devots_desktop.services.account import now
from devots_desktop.store import rows, search
from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import Lists, View
from tests.bench.report import ROUNDS, Row, percentile

WINDOW = 50
TYPED = 30
"""Words typed in a round, letter by letter."""
BAR_MS = 30.0


def run() -> Iterator[Row]:
    """100,000 todos."""
    ours, floor = _measured(100_000)
    yield Row.of("100k-search", ours, floor, goal=3.0)
    yield Row.of("100k-search-bar", ours, BAR_MS, goal=1.0)
    yield Row.of("100k-search-signs-bar", _measured(100_000, signs, between="")[0], BAR_MS, goal=1.0)


def run_million() -> Iterator[Row]:
    """A million todos; the reference of the second row is the same search at 100,000."""
    ours, floor = _measured(1_000_000)
    yield Row.of("1m-search", ours, floor, goal=3.0)
    yield Row.of("1m-search-growth", ours, _measured(100_000)[0], goal=2.0)


def vocabulary(chance: random.Random) -> list[str]:
    """Made-up words that share syllables, as real ones do."""

    def word() -> str:
        syllables = "".join(chance.choice("bcdfghklmnprst") + chance.choice("aeiou") for _ in range(chance.randint(1, 4)))
        return syllables + chance.choice(["", "n", "r", "s", "ing"])

    return [word() for _ in range(5_000)]


def signs(chance: random.Random) -> list[str]:
    """Words of one or two ideographs, as in Chinese; most of them are rare."""
    return ["".join(chr(0x4E00 + chance.randrange(3_000)) for _ in range(chance.randint(1, 2))) for _ in range(5_000)]


def _measured(count: int, make: Callable[[random.Random], list[str]] = vocabulary, *, between: str = " ") -> tuple[float, float]:
    """The medians over the rounds of the 95th percentiles of a letter of ours and of the reference, milliseconds.

    Args:
        between: what stands between two words of a text.
    """
    chance = random.Random(3)
    words = make(chance)
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as name:
        path = Path(name) / "cache.sqlite3"
        _fill(path, words, chance, count, between)
        with contextlib.closing(Lists(path)) as lists, contextlib.closing(_bare(path, Path(name) / "bare.sqlite3")) as bare:
            pairs = [_round(lists, bare, chance.choices(words[:2_000], k=TYPED)) for _ in range(ROUNDS)]
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    return ours, floor


def _fill(path: Path, words: list[str], chance: random.Random, count: int, between: str) -> None:
    often = list(itertools.accumulate(1 / (place + 1) for place in range(len(words))))
    texts = (between.join(chance.choices(words, cum_weights=often, k=chance.randint(4, 9))) for _ in range(count))
    with contextlib.closing(Cache(path, syncs=False, clock=now)) as cache:
        with cache.transaction(durable=False) as db:
            db.executemany(
                "INSERT INTO todo (client_id, text, completed, created_at, updated_at) VALUES (?, ?, 0, ?, 0)",
                ((f"{number:032x}", text, number) for number, text in enumerate(texts)),
            )
            rows.stamp(db)
        while search.index(cache, most=10_000):
            pass


def _bare(source: Path, path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("ATTACH ? AS source", (str(source),))
    db.execute("CREATE TABLE todo (key INTEGER PRIMARY KEY, text TEXT)")
    db.execute("INSERT INTO todo SELECT key, text FROM source.todo")
    db.execute(
        "CREATE VIRTUAL TABLE words USING fts5 (text, content = 'todo', content_rowid = 'key',"
        " tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3')"
    )
    db.execute("INSERT INTO words (words) VALUES ('rebuild')")
    db.execute("DETACH source")
    return db


def _round(lists: Lists, bare: sqlite3.Connection, words: list[str]) -> tuple[float, float]:
    query = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?"
    ours, floor = [], []
    for word in words:
        for end in range(1, len(word) + 1):
            typed = word[:end]
            started = time.perf_counter_ns()
            lists.search(typed, View.ALL, limit=WINDOW)
            ours.append((time.perf_counter_ns() - started) / 1e6)
            started = time.perf_counter_ns()
            bare.execute(query, (f'"{typed}"*', WINDOW)).fetchall()
            floor.append((time.perf_counter_ns() - started) / 1e6)
    return percentile(ours, 95), percentile(floor, 95)
