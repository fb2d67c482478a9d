"""Which texts become todos, and how foreign ones are shown."""

import pytest

from devots_desktop.domain.errors import InvalidText
from devots_desktop.domain.text import MAX_TEXT, clean_text, one_line


@pytest.mark.parametrize(
    "text",
    [
        "milk",
        "x" * MAX_TEXT,
        "<b>bold</b> & <img src=file:///etc/passwd>",
        "two\nlines",
        "\u05e9\u05dc\u05d5\u05dd \u200f!",
        "\u202eevil\u202c",
        "\U0001f9c0",
        "e\u0301",
    ],
)
def test_it_is_kept_as_it_is(text: str) -> None:
    assert clean_text(text) == text


def test_white_space_around_it_goes() -> None:
    assert clean_text(" \t milk \n") == "milk"
    assert clean_text("x" * MAX_TEXT + " ") == "x" * MAX_TEXT


@pytest.mark.parametrize(
    ("text", "title", "hint"),
    [
        ("", "Nothing to add", "Type"),
        (" \t\n\u2003", "Nothing to add", "Type"),
        ("x" * (MAX_TEXT + 1), "Text too long", "10,001"),
        ("a\0b", "Text not storable", "NUL"),
        ("\0", "Text not storable", "NUL"),
        ("a\ud83d", "Text not storable", "surrogate"),
        ("\udc00b", "Text not storable", "surrogate"),
    ],
)
def test_it_is_refused_with_a_sentence(text: str, title: str, hint: str) -> None:
    with pytest.raises(InvalidText) as caught:
        clean_text(text)
    assert caught.value.title == title
    assert hint in str(caught.value)
    assert text.strip() not in str(caught.value) or not text.strip()


def test_one_line_has_no_breaks_and_nothing_that_turns_the_text_around() -> None:
    assert one_line("a\nb\r\n\tc\u2028d\x85e") == "a b c d e"
    assert one_line("pay \u202e001\u202c \u2066x\u2069") == "pay 001 x"
    assert one_line("\u05e9\u200f!") == "\u05e9\u200f!"
