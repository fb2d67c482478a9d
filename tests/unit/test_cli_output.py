"""What the command line prints, and what it leaves out."""

import io
import json

import pytest

from devots_desktop.cli.output import Colour, NotAnswered, Output, columns, plain


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_text_becomes_one_harmless_line() -> None:
    assert plain("a\r\nb\tc\x1b[0m\x00\x7f\x85\x9b\u2028d\u202e\u2066e") == "a b c\ufffd[0m\ufffd\ufffd \ufffd de"
    assert plain("e\u0301 \u05d0\u200f 日本 👩\u200d👩") == "e\u0301 \u05d0\u200f 日本 👩\u200d👩"


def test_every_character_of_json_is_printable_ascii() -> None:
    stream = io.StringIO()
    text = "".join(map(chr, range(0x300))) + "\u202e日🐄"
    Output(as_json=True, stream=stream).value(text)
    printed = stream.getvalue()
    assert printed.endswith("\n")
    assert all(" " <= each <= "~" for each in printed[:-1])
    assert json.loads(printed) == text


@pytest.mark.parametrize("values", [[], [1], [{"a": 1}, {"a": 2}]])
def test_an_array_is_one_value_on_one_line(values: list[object]) -> None:
    stream = io.StringIO()
    Output(as_json=True, stream=stream).array(values)
    assert stream.getvalue() == json.dumps(values) + "\n"


@pytest.mark.parametrize(
    ("stream", "environ", "painted"),
    [
        (Terminal(), {}, "\x1b[2mx\x1b[0m"),
        (Terminal(), {"NO_COLOR": ""}, "\x1b[2mx\x1b[0m"),
        (Terminal(), {"NO_COLOR": "1"}, "x"),
        (Terminal(), {"TERM": "dumb"}, "x"),
        (io.StringIO(), {}, "x"),
    ],
)
def test_colours_are_for_terminals_that_want_them(stream: io.StringIO, environ: dict[str, str], painted: str) -> None:
    output = Output(as_json=False, stream=stream, environ=environ)
    assert output.paint("x", Colour.FAINT) == painted
    assert output.paint("x", None) == "x"
    assert output.paint("", Colour.FAINT) == ""


@pytest.mark.parametrize(("text", "wide"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("🐄", 2), ("", 0)])
def test_columns(text: str, wide: int) -> None:
    assert columns(text) == wide


@pytest.mark.parametrize(
    ("text", "fitted"),
    [("x" * 10, "x" * 10), ("x" * 11, "x" * 9 + "…"), ("日" * 5, "日" * 5), ("日" * 6, "日" * 4 + "…"), ("日" * 9_999, "日" * 4 + "…")],
)
def test_a_text_fits_beside_what_is_there(monkeypatch: pytest.MonkeyPatch, text: str, fitted: str) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    assert Output(as_json=False, stream=Terminal(), environ={}).fit(text, 20) == fitted
    assert Output(as_json=False, stream=io.StringIO(), environ={}).fit(text, 20) == text


def test_a_narrow_terminal_gets_something() -> None:
    assert Output(as_json=False, stream=Terminal(), environ={}).fit("text", 500) == "…"


def test_a_full_disk_is_not_a_reader_who_left() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(NotAnswered) as failure:
        Output(as_json=False, stream=Full()).line("x")
    assert not failure.value.reader_gone
    assert failure.value.reason == "No space left on device"
