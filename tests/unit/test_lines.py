"""Several todos from pasted lines."""

import pytest

from devots_desktop.domain.errors import InvalidText
from devots_desktop.domain.lines import Line, lines
from devots_desktop.domain.text import MAX_TEXT


@pytest.mark.parametrize(
    ("line", "text", "completed"),
    [
        ("milk", "milk", False),
        ("  milk  ", "milk", False),
        ("- milk", "milk", False),
        ("* milk", "milk", False),
        ("+ milk", "milk", False),
        ("\t• milk", "milk", False),
        ("\N{EN DASH} milk", "milk", False),
        ("- [ ] milk", "milk", False),
        ("- [x] milk", "milk", True),
        ("* [X] milk", "milk", True),
        ("[x] milk", "milk", True),
        ("[] milk", "milk", False),
        ("☐ milk", "milk", False),
        ("☑ milk", "milk", True),
        ("☒ milk", "milk", True),
        ("-5 degrees outside", "-5 degrees outside", False),
        ("*important*", "*important*", False),
        ("[x]y is a name", "[x]y is a name", False),
        ("[link](there)", "[link](there)", False),
        ("1. first", "1. first", False),
        ("# heading", "# heading", False),
        ("---", "---", False),
        ("- - milk", "- milk", False),
        ("x ray", "x ray", False),
    ],
)
def test_a_line(line: str, text: str, completed: bool) -> None:  # noqa: FBT001 (a column of the table)
    assert lines(line) == [Line(text, completed)]


def test_lines_that_say_nothing_are_left_out() -> None:
    assert lines("\n- milk\r\n\n  \n-\n- [ ]\n[x] \n• bread\n") == [Line("milk", completed=False), Line("bread", completed=False)]


@pytest.mark.parametrize("text", ["", "\n \n", "- \n* [ ]"])
def test_nothing_at_all_is_refused(text: str) -> None:
    with pytest.raises(InvalidText, match="needs a text"):
        lines(text)


@pytest.mark.parametrize(
    ("bad", "why"), [("x" * (MAX_TEXT + 1), "10,000 characters"), ("nu\0l", "NUL"), ("half \ud83d", "half of a character")]
)
def test_a_line_that_cannot_be_a_todo_is_named(bad: str, why: str) -> None:
    with pytest.raises(InvalidText, match=f"(?s)Line 3 .*{why}") as caught:
        lines(f"milk\n\n- {bad}\nbread")
    str(caught.value).encode(errors="strict" if "\ud83d" not in bad else "surrogatepass")
