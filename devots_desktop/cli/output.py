"""What the command line says: answers on standard output, messages on standard error."""

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TextIO

from devots_desktop.domain.errors import DevotsError
from devots_desktop.domain.text import one_line

_CONTROLS = dict.fromkeys((*range(0x20), 0x7F, *range(0x80, 0xA0)), "\N{REPLACEMENT CHARACTER}")


class Colour(StrEnum):
    """Colours by what they mean, as SGR parameters (ECMA-48, 8.3.117): every terminal has these, in its own scheme."""

    MARK = "1"
    FAINT = "2"
    PENDING = "33"
    PARKED = "31"


def plain(text: str) -> str:
    """The text for one line of a terminal: nothing in it can move the cursor, change colours or turn the text around it."""
    return one_line(text).translate(_CONTROLS)


class NotAnswered(Exception):
    """The answer could not be written.

    Attributes:
        reader_gone: nobody reads it any more, as in `devots list | head -1`; else `reason` says why.
    """

    def __init__(self, error: OSError) -> None:
        self.reader_gone = isinstance(error, BrokenPipeError)
        self.reason = error.strerror or type(error).__name__
        super().__init__(self.reason)


class Output:
    """Where a command's answer goes. Its methods that print raise NotAnswered.

    Attributes:
        as_json: the answer is one JSON value (or, of `watch`, one for each change).
    """

    def __init__(self, *, as_json: bool, stream: TextIO | None = None, environ: Mapping[str, str] = os.environ) -> None:
        """Answer on `stream`, else on standard output."""
        self.as_json = as_json
        # None where the program was started with a closed standard output: `print` then does nothing.
        self._stream: TextIO | None = stream or sys.stdout
        on_terminal = self._stream is not None and self._stream.isatty()
        self._width = shutil.get_terminal_size().columns if on_terminal else 0
        # https://no-color.org: any value but an empty one.
        self._coloured = on_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"

    def value(self, value: object) -> None:
        """Print a JSON value on a line, at once. All but ASCII is escaped: it reads the same in every encoding and harms no terminal."""
        self.line(json.dumps(value))

    def array(self, values: Iterable[object]) -> None:
        """Print a JSON array on a line, each element as it comes: a long list never lies in memory as a whole."""
        before = "["
        with _written():
            for value in values:
                print(before + json.dumps(value), end="", file=self._stream)
                before = ", "
        self.line("]" if before == ", " else "[]")

    def line(self, text: str) -> None:
        """Print a line, at once."""
        self.lines((text,))

    def lines(self, texts: Iterable[str]) -> int:
        """Print lines.

        Returns:
            how many there were.
        """
        count = 0
        with _written():
            for count, text in enumerate(texts, start=1):  # noqa: B007 (the last one is the answer)
                print(text, file=self._stream)
            if self._stream is not None:
                self._stream.flush()
        return count

    def paint(self, text: str, colour: Colour | None) -> str:
        """The text in a colour, where the answer goes to a terminal that wants colours."""
        return f"\x1b[{colour}m{text}\x1b[0m" if text and self._coloured and colour else text

    def fit(self, text: str, taken: int) -> str:
        """The text as long as a terminal's line has room for it beside `taken` columns; whole where the answer goes elsewhere."""
        room = self._width - taken
        if not self._width or columns(text) <= room:
            return text
        while text and columns(text) >= room:
            text = text[: min(len(text) - 1, max(room, 0))]
        return text + "…"


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotAnswered(error) from error


def columns(text: str) -> int:
    """How many columns of a terminal a text takes (Unicode UAX 11; marks above and below letters take none)."""
    return sum(0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def message(text: str) -> None:
    """Say something on standard error. It does not matter whether somebody reads it."""
    try:
        print("\n".join(map(plain, text.splitlines())), file=sys.stderr, flush=True)
    except OSError:
        return


def explain(error: DevotsError) -> None:
    """Say what went wrong and what to do next."""
    message(f"{error.title}: {error.sentence} {error.by_hand}")
