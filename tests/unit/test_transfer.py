"""Todos out of the program and in again: JSON without loss, the others for other programs; a bad file changes nothing."""

import csv
import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from devots_desktop.domain.errors import FileUnusable
from devots_desktop.domain.mutation import Kind
from devots_desktop.domain.todo import State, Todo
from devots_desktop.services import transfer
from devots_desktop.services.transfer import Format
from devots_desktop.store import edits, undo
from devots_desktop.store.cache import Cache
from devots_desktop.store.edits import Brought, Imported
from devots_desktop.store.lists import Lists, View
from tests.e2e.devots import Devots
from tests.unit.building import ONE, TWO, make_cache, queue, shown

AT = 1_790_000_000_123_456
MILK = Todo(1, ONE, "milk", False, AT, AT + 7)
BREAD = Todo(2, TWO, "bread, “rye”\nsecond line", True, AT, AT + 86_400_000_000, State.PENDING, 3)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with make_cache(tmp_path) as made:
        yield made


def text(form: Format, *todos: Todo) -> str:
    return "".join(transfer.written(todos, form))


def brought(todo: Todo) -> Brought:
    return Brought(todo.client_id, todo.text, todo.completed, todo.created_at, todo.updated_at)


def entry(**other: object) -> str:
    """A file with one todo, one field of which is different; None leaves it out."""
    whole = {"id": ONE, "text": "milk", "completed": False, "created_at": "2026-11-22T11:00:00Z", "updated_at": "2026-11-22T11:00:00Z"}
    return json.dumps([{name: value for name, value in (whole | other).items() if value is not None}])


class TestJson:
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)

    @given(texts, st.booleans(), st.integers(0, 10**16), st.integers(0, 10**16))
    def test_both_ways_without_loss(self, words: str, completed: bool, created_at: int, updated_at: int) -> None:  # noqa: FBT001 (hypothesis passes them by place)
        todo = Todo(1, ONE, words, completed, created_at, updated_at, State.PARKED)
        assert transfer.read(text(Format.JSON, todo, BREAD), "F") == [brought(todo), brought(BREAD)]

    def test_the_state_between_this_device_and_a_server_is_not_in_it(self) -> None:
        [todo] = json.loads(text(Format.JSON, BREAD))["todos"]
        assert todo.keys() == {"id", "text", "completed", "created_at", "updated_at"}

    def test_none(self) -> None:
        assert transfer.read(text(Format.JSON), "F") == transfer.read("[]", "F") == []

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ('[\n{"id": }]', "Line 2, column 8 of F is no JSON."),
            ("", "Line 1, column 1 of F is no JSON."),
            ("[" * 100_000, "F is nested too deeply."),
            ("{}", "F holds no list of todos."),
            ('"milk"', "F holds no list of todos."),
            ('{"format": "devots-todos", "version": 2, "todos": []}', "F was written by a newer version of Devots Desktop."),
            ("[1]", "Todo 1 of F is no object."),
            (entry(id=None), "Todo 1 of F has no id that is a UUID in lower case."),
            (entry(id=7), "Todo 1 of F has no id that is a UUID in lower case."),
            (entry(id=ONE.upper().replace("1", "A")), "Todo 1 of F has no id that is a UUID in lower case."),
            (entry(text=None), "Todo 1 of F has no text."),
            (entry(text=" "), "Todo 1 of F cannot be a todo. A todo needs a text."),
            (entry(text="x" * 10_001), "Todo 1 of F cannot be a todo. A todo can have 10,000 characters; this one has 10,001."),
            (entry(completed=1), "Todo 1 of F says neither true nor false for “completed”."),
            (entry(created_at="yesterday"), "Todo 1 of F has no time in ISO 8601 for “created_at”."),
            (entry(updated_at=5), "Todo 1 of F has no time in ISO 8601 for “updated_at”."),
            (f"[{entry()[1:-1]}, {entry()[1:-1]}]", "Todos 1 and 2 of F have the same id."),
        ],
    )
    def test_a_bad_file_says_where(self, content: str, sentence: str) -> None:
        with pytest.raises(FileUnusable) as caught:
            transfer.read(content, "F")
        assert caught.value.sentence == sentence


class TestOtherPrograms:
    def test_csv_is_rfc_4180(self) -> None:
        written = text(Format.CSV, MILK, BREAD)
        assert written.count("\r\n") == 3
        rows = list(csv.reader(io.StringIO(written, newline="")))
        assert rows[0] == ["id", "text", "completed", "created_at", "updated_at"]
        assert rows[2][:3] == [TWO, BREAD.text, "true"]
        assert rows[2][3] == "2026-09-21T14:13:20.123456Z"

    @pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
    def test_no_text_is_a_formula(self, formula: str) -> None:
        [_, row] = csv.reader(io.StringIO(text(Format.CSV, Todo(1, ONE, formula, False, AT, AT)), newline=""))
        assert row[1] == f"'{formula}"

    def test_todotxt(self) -> None:
        """Days are those of the computer's zone, here almost six hours ahead of UTC."""
        looks_done = Todo(3, ONE, "x 2020-01-01 is what it says", False, AT, AT)
        assert text(Format.TODOTXT, MILK, BREAD, looks_done) == (
            "2026-09-21 milk\nx 2026-09-22 2026-09-21 bread, “rye” second line\n2026-09-21 x 2020-01-01 is what it says\n"
        )


class TestMerge:
    def test_twice_adds_nothing_and_what_is_here_stays(self, cache: Cache) -> None:
        todos = [brought(MILK), brought(BREAD)]
        assert edits.bring(cache, todos) == Imported(2, 0, 0)
        edits.edit(cache, ONE, {"text": "soy milk"})
        before = (shown(cache), queue(cache))
        assert edits.bring(cache, todos) == Imported(0, 1, 1)
        assert (shown(cache), queue(cache)) == before

    def test_it_goes_to_the_server_with_its_ids_and_time(self, cache: Cache) -> None:
        edits.bring(cache, [brought(BREAD)])
        [mutation] = queue(cache)
        assert (mutation.kind, mutation.client_id, mutation.created_at) == (Kind.CREATE, TWO, AT)
        assert mutation.values == {"text": BREAD.text, "completed": True}

    def test_alone_on_this_computer_the_list_is_the_same(self, tmp_path: Path) -> None:
        with make_cache(tmp_path / "b", syncs=False) as cache, Lists(tmp_path / "b" / "cache.sqlite3") as lists:
            edits.bring(cache, [brought(MILK), brought(BREAD)])
            found = lists.todos(lists.keys(View.ALL)).values()
            assert sorted(map(brought, found), key=str) == sorted([brought(MILK), brought(BREAD)], key=str)

    def test_one_step_takes_it_back(self, cache: Cache) -> None:
        edits.bring(cache, [brought(MILK), brought(BREAD)])
        undo.undo(cache)
        assert (shown(cache), queue(cache)) == ({}, [])


class TestCommands:
    @pytest.fixture
    def devots(self, tmp_path: Path) -> Devots:
        return Devots(tmp_path / "profile")

    def test_out_and_in_again(self, devots: Devots, tmp_path: Path) -> None:
        devots.add("milk")
        devots("done", devots.add("bread")[:8])
        file = tmp_path / "todos.json"
        assert devots("export", str(file)).out == f"2 todos written to {file}.\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        other = Devots(tmp_path / "other")
        assert other.json("import", str(file)) == {"added": 2, "same": 0, "kept": 0}
        assert other.json("import", "-", stdin=devots("export").out) == {"added": 0, "same": 2, "kept": 0}
        assert other("export", "--format", "json").out == file.read_text()
        assert other("import", "-", stdin=devots("list", "--json").out).out == "0 added, 2 here already.\n"
        edited = other.json("list")[0]["id"]
        other("edit", edited, "butter")
        assert "1 are here with another text" in other("import", str(file)).out

    @pytest.mark.parametrize(("name", "begins"), [("a.csv", "id,text"), ("a.TXT", "2"), ("a", "{"), ("a.json", "{")])
    def test_the_name_tells_the_format(self, devots: Devots, tmp_path: Path, name: str, begins: str) -> None:
        devots.add("milk")
        devots("export", str(tmp_path / name))
        assert (tmp_path / name).read_text().startswith(begins)

    def test_a_bad_file_changes_nothing(self, devots: Devots, tmp_path: Path) -> None:
        (tmp_path / "bad.json").write_text(f"[{entry()[1:-1]}, {{}}]")
        assert "Todo 2 of" in devots("import", str(tmp_path / "bad.json"), code=1).err
        (tmp_path / "bad.json").write_bytes(b"[\n\xff]")
        assert "Line 2 of" in devots("import", str(tmp_path / "bad.json"), code=1).err
        assert devots.json("list") == []
        assert "cannot be read" in devots("import", str(tmp_path / "none.json"), code=1).err

    def test_a_file_that_cannot_be_written_leaves_what_was_there(self, devots: Devots, tmp_path: Path) -> None:
        devots.add("milk")
        (tmp_path / "folder").mkdir()
        assert "cannot be written" in devots("export", str(tmp_path / "folder"), code=1).err
        assert "cannot be written" in devots("export", str(tmp_path / "no" / "x.json"), code=1).err
        if os.path.exists("/dev/full"):  # noqa: PTH110 (a device)
            assert devots("export", "/dev/full/x", code=1).err
        assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "profile"]
