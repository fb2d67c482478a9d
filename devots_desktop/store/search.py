"""Finding todos by words: an index of trigrams over the folded texts, and a scan where that is of no use.

Words of Chinese, Japanese and Korean are often shorter than three characters; a second index has their single signs and pairs of them.

A todo is found where each word is somewhere in its text (domain/search.py). The index only narrows that down; the folded text itself is looked at in
the end, so that the answer does not depend on what SQLite can do. Rows whose `folded` is NULL are not in the index yet: they are scanned, and `index`
takes them in, a slice at a time, while nobody waits.

Triggers of the file note which texts are not indexed and which are indexed and gone, whoever writes to it; they need nothing that an SQLite may lack.
Where SQLite lacks FTS5 or its trigrams, texts are folded without an index, that is noted, and who has both makes the index anew.
"""

import re
import sqlite3
from array import array
from itertools import chain

from devots_desktop.domain.search import fold, terms
from devots_desktop.store.cache import Cache

SLICE = 500
"""Texts that are indexed in one transaction: a user's edit waits for one slice at the most."""

_TRIGRAM = 3
_TRIGRAMS_MOST = 30
"""Trigrams of a query; the longest text that somebody pastes into the search needs no more to find few todos."""
_SIGNS = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
"""Hangul, which folding takes apart, kana and ideographs (Unicode 15, Blocks.txt)."""
_NOTE = "search"
"""The entry of sync_state that says: texts were folded by an SQLite that could not index them."""
# detail=none: it keeps which rows have a trigram, not where in them; columnsize serves rankings only.
_TABLE = """
CREATE VIRTUAL TABLE todo_search USING fts5 (
  folded, content = 'todo', content_rowid = 'key', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1')"""
# Single signs and pairs of them, as `_tokens` writes them; texts without any are not in it.
_SIGN_TABLE = "CREATE VIRTUAL TABLE todo_signs USING fts5 (tokens, content = '', columnsize = 0, detail = none, tokenize = 'ascii')"


def index(cache: Cache, most: int = SLICE) -> bool:
    """Index some of the texts that were written since, the newest first, and drop as many that are gone.

    Returns:
        whether there was something to do.
    """
    with cache.reading() as db:
        able = _able(db)
        if not (_behind(db) or (able and not _usable(db))):
            return False
    with cache.transaction(durable=False) as db:
        if able and not _usable(db):
            _make(db)
        elif not able:
            db.execute("INSERT OR IGNORE INTO sync_state VALUES (?, 'not indexed')", (_NOTE,))
        _drop_gone(db, most, indexed=able)
        _add_new(db, most, indexed=able)
    return True


def _behind(db: sqlite3.Connection) -> bool:
    found = db.execute("SELECT EXISTS (SELECT 1 FROM todo WHERE folded IS NULL) OR EXISTS (SELECT 1 FROM unindexed)").fetchone()
    return bool(found[0])


def _make(db: sqlite3.Connection) -> None:
    """Make the index where it is missing or was not kept current; all texts wait to be indexed then."""
    for name, table in (("todo_search", _TABLE), ("todo_signs", _SIGN_TABLE)):
        db.execute(f"DROP TABLE IF EXISTS {name}")
        db.execute(table)
    db.execute("UPDATE todo SET folded = NULL WHERE folded IS NOT NULL")
    db.execute("DELETE FROM unindexed")
    db.execute("DELETE FROM sync_state WHERE name = ?", (_NOTE,))


def _drop_gone(db: sqlite3.Connection, most: int, *, indexed: bool) -> None:
    gone = db.execute("SELECT key, folded FROM unindexed ORDER BY key LIMIT ?", (most,)).fetchall()
    if indexed:
        db.executemany("INSERT INTO todo_search (todo_search, rowid, folded) VALUES ('delete', ?, ?)", gone)
        db.executemany("INSERT INTO todo_signs (todo_signs, rowid, tokens) VALUES ('delete', ?, ?)", _signs(gone))
    db.executemany("DELETE FROM unindexed WHERE key = ?", [(key,) for key, _ in gone])


def _add_new(db: sqlite3.Connection, most: int, *, indexed: bool) -> None:
    # A text that is indexed again is first dropped.
    new = db.execute(
        "SELECT key, text FROM todo WHERE folded IS NULL AND key NOT IN (SELECT key FROM unindexed) ORDER BY key DESC LIMIT ?", (most,)
    ).fetchall()
    # Upwards: FTS5 writes its index out each time that a row number is below the one before.
    folded = [(key, fold(text)) for key, text in reversed(new)]
    if indexed:
        db.executemany("INSERT INTO todo_search (rowid, folded) VALUES (?, ?)", folded)
        db.executemany("INSERT INTO todo_signs (rowid, tokens) VALUES (?, ?)", _signs(folded))
    db.executemany("UPDATE todo SET folded = ? WHERE key = ?", [(text, key) for key, text in folded])


def keys(db: sqlite3.Connection, words: str, *, where: str, order: str, limit: int) -> "array[int]":
    """The keys of the todos that the words find.

    Args:
        db: a connection that knows the function `fold`.
        where: SQL of a condition on `t`, the table todo, for those that count; no index is to be used for it.
        order: SQL of the order of `t`.
        limit: answer only the newest so many; -1 for all.
    """
    wanted = terms(words)
    index, match = _narrowed(wanted) if _able(db) and _usable(db) else ("", "")
    values: dict[str, str | int] = {"match": match, "limit": limit}
    values |= {f"term{place}": term for place, term in enumerate(wanted)}
    # A row number grows with time: going down from the newest needs no sorting of what is found.
    end = f"AND {where} ORDER BY t.key DESC LIMIT :limit"
    hits = f"SELECT t.key FROM todo t NOT INDEXED WHERE {_has(wanted, 'coalesce(t.folded, fold(t.text))')} {end}"
    if index:
        indexed = f"{index} s CROSS JOIN todo t ON t.key = s.rowid WHERE {index} MATCH :match AND {_has(wanted, 't.folded')}"
        hits = (
            f"SELECT * FROM (SELECT t.key FROM {indexed} {end.replace('t.key', 's.rowid')}) UNION ALL"
            f" SELECT * FROM (SELECT t.key FROM todo t WHERE t.folded IS NULL AND {_has(wanted, 'fold(t.text)')} {end})"
            " ORDER BY 1 DESC LIMIT :limit"
        )
    found = db.execute(f"WITH hit (key) AS ({hits}) SELECT t.key FROM hit h CROSS JOIN todo t ON t.key = h.key ORDER BY {order}", values)
    return array("q", chain.from_iterable(found))


def _has(wanted: list[str], text: str) -> str:
    return " AND ".join(f"instr({text}, :term{place}) > 0" for place in range(len(wanted)))


def _narrowed(wanted: list[str]) -> tuple[str, str]:
    """Which index narrows the search down to few todos, and what to ask it; nothing where neither can."""
    trigrams = dict.fromkeys(term[at : at + _TRIGRAM] for term in wanted for at in _places(len(term)))
    if trigrams:
        return "todo_search", _all_of(list(trigrams)[:_TRIGRAMS_MOST])
    signs = [_token(term) for term in wanted if _SIGNS.fullmatch(term)]
    return ("todo_signs", _all_of(signs)) if signs else ("", "")


def _places(length: int) -> list[int]:
    """Where the trigrams of a term begin that are asked for: side by side, and the last one. Those that overlap narrow little down and are read as well."""
    last = length - _TRIGRAM
    return [] if last < 0 else [*range(0, last, _TRIGRAM), last]


def _all_of(parts: list[str]) -> str:
    """A query for all of them, each quoted: whatever people type is no part of FTS5's language."""
    return " AND ".join('"' + each.replace('"', '""') + '"' for each in parts)


def _signs(folded: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The rows of the index of signs, of those of these texts that have any."""
    return [(key, tokens) for key, text in folded if (tokens := _tokens(text))]


def _tokens(folded: str) -> str:
    """Each sign and each pair of a text, once."""
    runs = [] if folded.isascii() else _SIGNS.findall(folded)
    return " ".join(_token(part) for part in sorted({run[at : at + length] for run in runs for at in range(len(run)) for length in (1, 2)}))


def _token(part: str) -> str:
    """Signs as letters that every tokenizer leaves alone."""
    return "x".join(f"{ord(each):x}" for each in part)


def _able(db: sqlite3.Connection) -> bool:
    """Whether this SQLite has FTS5 with trigrams (3.34)."""
    return ("fts5",) in db.execute("PRAGMA module_list") and sqlite3.sqlite_version_info >= (3, 34)


def _usable(db: sqlite3.Connection) -> bool:
    """Whether the index of this file has all texts that are folded."""
    made, noted = db.execute(
        "SELECT count(*), EXISTS (SELECT 1 FROM sync_state WHERE name = ?) FROM sqlite_schema WHERE name IN ('todo_search', 'todo_signs')",
        (_NOTE,),
    ).fetchone()
    return made == 2 and not noted
