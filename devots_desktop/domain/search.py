"""What a search finds, and where. One rule everywhere: each word is somewhere in the text, whatever its case and accents.

Texts and words are folded alike and compared as they are then. Folding works character by character, so that a place in the folded text leads
back to a place in the text.
"""

from itertools import accumulate

_LETTERS = (0, 7, 8, 9)
"""Combining classes that are kept: no class, and the parts of letters in Indic and Japanese writing (Unicode 15, table 4-3). The others are accents,
points and tones."""


class _Folded(dict[int, str]):
    """The folded form of each character that was met, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        plain = _without_marks(chr(code))
        folded = self[code] = _without_marks(plain.casefold())
        return folded


_folded = _Folded({0: "\N{REPLACEMENT CHARACTER}"})


def _without_marks(text: str) -> str:
    import unicodedata  # A megabyte of tables that a list in plain English does without.

    kept = ""
    for each in unicodedata.normalize("NFKD", text):
        category = unicodedata.category(each)
        if category == "Cs":  # Half a character, which no database takes.
            kept += "\N{REPLACEMENT CHARACTER}"
        elif category != "Cf" and unicodedata.combining(each) in _LETTERS:  # Cf: invisible, such as a soft hyphen.
            kept += each
    return kept


def fold(text: str) -> str:
    """The text as it is compared: without case, accents, invisible characters, and differences of form (NFKD of Unicode UAX 15)."""
    if text.isascii() and "\0" not in text:
        return text.lower()
    return text.translate(_folded)


def terms(words: str) -> list[str]:
    """What a search looks for: the folded words, without those that another one contains."""
    split = sorted(set(fold(words).split()), key=lambda term: (-len(term), term))
    return [term for place, term in enumerate(split) if not any(term in longer for longer in split[:place])]


def found(text: str, words: str) -> bool:
    """Whether a search for these words finds the text. Blank words find everything."""
    folded = fold(text)
    return all(term in folded for term in terms(words))


def marks(text: str, words: str) -> list[tuple[int, int]]:
    """Where the words are in the text: (start, end) in characters, in order, not overlapping, accents together with their letters."""
    parts = [fold(each) for each in text] if not text.isascii() else list(fold(text))
    folded, ends = "".join(parts), list(accumulate(map(len, parts)))
    owner = [place for place, part in enumerate(parts) for _ in part]
    hits: list[tuple[int, int]] = []
    for term in fold(words).split():  # Also those that another one contains: they can stand alone elsewhere.
        at = folded.find(term)
        while at >= 0:
            hits.append((owner[at], _with_marks(ends, owner[at + len(term) - 1])))
            at = folded.find(term, at + 1)
    return _merged(hits)


def _with_marks(ends: list[int], last: int) -> int:
    """Where the character at `last` ends together with those behind it that fold to nothing."""
    end = last + 1
    while end < len(ends) and ends[end] == ends[last]:
        end += 1
    return end


def _merged(hits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(hits):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
