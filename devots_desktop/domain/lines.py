"""Several todos from a text of several lines, as lists are written in notes, chats and Markdown."""

import re
from dataclasses import dataclass

from devots_desktop.domain.errors import InvalidText
from devots_desktop.domain.text import clean_text

_BULLET = re.compile(r"[-*+\N{BULLET}\N{HYPHEN BULLET}\N{WHITE BULLET}\N{TRIANGULAR BULLET}\N{EN DASH}\N{EM DASH}](?:\s+|$)")
_BOX = re.compile(r"(?:\[(?P<mark>[ xX]?)\]|(?P<empty>\N{BALLOT BOX})|\N{BALLOT BOX WITH CHECK}|\N{BALLOT BOX WITH X})(?:\s+|$)")


@dataclass(frozen=True, slots=True)
class Line:
    """A todo that a line makes."""

    text: str
    completed: bool


def lines(text: str) -> list[Line]:
    """The todos of a text, one for each line that says something: without bullets, and with its check box as the state.

    Raises:
        InvalidText: no line says anything, or one cannot be a todo; then its number and beginning are named.
    """
    found = [(number, raw, *_read(raw)) for number, raw in enumerate(text.splitlines(), start=1)]
    made = [Line(_clean(content, number, raw), completed) for number, raw, content, completed in found if content]
    if not made:
        clean_text("")
    return made


def _read(raw: str) -> tuple[str, bool]:
    """A line's own text, and whether its box is ticked."""
    rest = raw.strip()
    if bullet := _BULLET.match(rest):
        rest = rest[bullet.end() :]
    box = _BOX.match(rest)
    if box is None:
        return rest, False
    return rest[box.end() :], box["empty"] is None and box["mark"] not in ("", " ")


def _clean(content: str, number: int, raw: str) -> str:
    try:
        return clean_text(content)
    except InvalidText as error:
        beginning = raw.strip()[:30].replace("\0", "")
        raise InvalidText(error.title, f"Line {number} (“{beginning}…”): {error.sentence}", error.next_step) from error
