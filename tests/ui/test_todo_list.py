"""The model of the list: the expected rows drawn as text, then the exact signals and nothing else."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.domain.todo import State, Todo
from devots_desktop.store.lists import View
from devots_desktop.ui.models import todo_list
from devots_desktop.ui.models.difference import difference
from devots_desktop.ui.models.todo_list import STATE_ROLE, TODO_ROLE, TodoListModel
from tests.ui.places import Place

Role = Qt.ItemDataRole


def drawn(model: TodoListModel) -> str:
    """The list as a person would write it down."""
    rows = [model.todo(row) for row in range(model.rowCount())]
    return " | ".join(f"{'x' if todo.completed else 'o'} {todo.text}" if todo else "?" for todo in rows)


class Told:
    """What a model told, in words."""

    def __init__(self, model: TodoListModel) -> None:
        self.words: list[str] = []
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
        model.rowsInserted.connect(lambda _, first, last: self.words.append(f"insert {first}-{last}"))
        model.rowsRemoved.connect(lambda _, first, last: self.words.append(f"remove {first}-{last}"))
        model.rowsMoved.connect(lambda _, first, last, __, to: self.words.append(f"move {first}-{last} to {to}"))
        model.dataChanged.connect(lambda first, last, roles: self.words.append(f"change {first.row()}-{last.row()} {sorted(roles)}"))
        model.modelReset.connect(lambda *_: self.words.append("reset"))
        model.layoutChanged.connect(lambda *_: self.words.append("layout"))

    def take(self) -> list[str]:
        words, self.words = self.words, []
        return words


@pytest.fixture
def model(place: Place) -> TodoListModel:
    place.add("rent", "plumber", "milk")
    place.news()
    return TodoListModel(place.lists, View.ALL)


@pytest.fixture
def told(model: TodoListModel) -> Told:
    return Told(model)


TEXT = sorted(map(int, [Role.DisplayRole, Role.EditRole, Role.AccessibleTextRole, TODO_ROLE]))
DONE = sorted(map(int, [Role.CheckStateRole, Role.AccessibleTextRole, TODO_ROLE]))


class TestSingleRows:
    def test_the_newest_is_on_top(self, model: TodoListModel) -> None:
        assert drawn(model) == "o milk | o plumber | o rent"

    def test_an_added_todo_is_one_insert(self, place: Place, model: TodoListModel, told: Told) -> None:
        place.add("tea")
        model.apply(place.news())
        assert drawn(model) == "o tea | o milk | o plumber | o rent"
        assert told.take() == ["insert 0-0"]

    def test_an_older_todo_from_elsewhere_is_inserted_at_its_place(self, place: Place, model: TodoListModel, told: Told) -> None:
        (client_id,) = place.add("old")
        place.sql("UPDATE todo SET created_at = (SELECT created_at FROM todo WHERE text = 'rent') + 1 WHERE client_id = ?", client_id)
        model.apply(place.news())
        assert drawn(model) == "o milk | o plumber | o old | o rent"
        assert told.take() == ["insert 2-2"]

    def test_a_new_text_is_one_change_with_the_roles_of_text(self, place: Place, model: TodoListModel, told: Told) -> None:
        model.todo(1)
        place.edit(place.lists.by_prefix("")[0].client_id, "anything")
        model.apply(place.news())
        row = next(row for row in range(3) if "anything" in drawn(model).split(" | ")[row])
        assert told.take() == [f"change {row}-{row} {TEXT}"]

    def test_a_toggle_is_one_change_with_the_roles_of_done(self, place: Place, model: TodoListModel, told: Told) -> None:
        todo = model.todo(2)
        assert todo is not None
        place.complete(todo.client_id)
        model.apply(place.news())
        assert drawn(model) == "o milk | o plumber | x rent"
        assert told.take() == [f"change 2-2 {DONE}"]

    def test_a_deleted_todo_is_one_remove(self, place: Place, model: TodoListModel, told: Told) -> None:
        todo = model.todo(1)
        assert todo is not None
        place.delete(todo.client_id)
        model.apply(place.news())
        assert drawn(model) == "o milk | o rent"
        assert told.take() == ["remove 1-1"]

    def test_a_deleted_todo_that_was_never_read_is_found(self, place: Place, told: Told) -> None:
        fresh = TodoListModel(place.lists, View.ALL)
        fresh_told = Told(fresh)
        fresh._rows.clear()
        client_id = place.lists.todos([fresh.key(0)])[fresh.key(0)].client_id
        place.delete(client_id)
        fresh.apply(place.news())
        assert fresh_told.take() == ["remove 0-0"]

    def test_another_time_of_creation_is_one_change_and_one_move(self, place: Place, model: TodoListModel, told: Told) -> None:
        todo = model.todo(2)
        assert todo is not None
        place.sql("UPDATE todo SET created_at = 99000000 WHERE key = ?", todo.key)
        place.edit(todo.client_id, "rent!")
        model.apply(place.news())
        assert drawn(model) == "o rent! | o milk | o plumber"
        assert told.take() == [f"change 2-2 {TEXT}", "move 2-2 to 0"]

    def test_what_is_shown_already_tells_nothing(self, place: Place, model: TodoListModel, told: Told) -> None:
        place.add("tea")
        news = place.news()
        model.apply(news)
        told.take()
        model.apply(news)
        model.apply(ChangeSet())
        assert told.take() == []

    def test_a_todo_that_came_and_went_in_one_set_tells_nothing(self, place: Place, model: TodoListModel, told: Told) -> None:
        (client_id,) = place.add("tea")
        place.delete(client_id)
        model.apply(place.news())
        assert told.take() == []


class TestViews:
    def test_a_todo_that_is_done_leaves_open_and_comes_into_done(self, place: Place, model: TodoListModel) -> None:
        models = {view: TodoListModel(place.lists, view) for view in (View.OPEN, View.DONE)}
        told = {view: Told(each) for view, each in models.items()}
        todo = model.todo(1)
        assert todo is not None
        place.complete(todo.client_id)
        news = place.news()
        for each in models.values():
            each.apply(news)
        assert {view: drawn(each) for view, each in models.items()} == {View.OPEN: "o milk | o rent", View.DONE: "x plumber"}
        assert told[View.OPEN].take() == ["remove 1-1"]
        assert told[View.DONE].take() == ["insert 0-0"]

    def test_another_view_is_shown_from_its_top(self, place: Place, model: TodoListModel, told: Told) -> None:
        model.show(place.lists, View.DONE)
        assert drawn(model) == ""
        assert told.take() == ["reset"]

    def test_a_held_row_stays_until_it_is_let_go(self, place: Place, model: TodoListModel, told: Told) -> None:
        model.show(place.lists, View.OPEN)
        todo = model.todo(1)
        assert todo is not None
        model.hold(todo.key)
        told.take()
        place.complete(todo.client_id)
        model.apply(place.news())
        assert drawn(model) == "o milk | x plumber | o rent"
        assert told.take() == [f"change 1-1 {DONE}"]
        model.apply(ChangeSet(reload=True))
        assert drawn(model) == "o milk | x plumber | o rent"
        told.take()
        model.hold(None)
        assert drawn(model) == "o milk | o rent"
        assert told.take() == ["remove 1-1"]


class TestReload:
    def test_a_reload_without_a_difference_only_repaints(self, model: TodoListModel, told: Told) -> None:
        model.apply(ChangeSet(reload=True))
        assert told.take() == ["change 0-2 []"]

    def test_a_reload_never_resets_and_persistent_indexes_stay_on_their_rows(self, place: Place, model: TodoListModel, told: Told) -> None:
        kept = QPersistentModelIndex(model.index(1, 0))
        gone = QPersistentModelIndex(model.index(0, 0))
        milk = model.todo(0)
        assert milk is not None
        place.delete(milk.client_id)
        place.add(*(f"new {number}" for number in range(100)))
        place.sql("UPDATE todo SET created_at = 99 WHERE text = 'plumber'")
        model.apply(ChangeSet(reload=True))
        assert "reset" not in told.take()
        assert not gone.isValid()
        assert kept.data() == "plumber"
        assert kept.row() == 101

    def test_many_changes_are_compared_instead_of_applied_one_by_one(self, place: Place, model: TodoListModel, told: Told) -> None:
        place.add(*(f"new {number}" for number in range(todo_list.ONE_BY_ONE + 1)))
        model.apply(place.news())
        assert [word.split()[0] for word in told.take()] == ["insert", "layout", "change"]
        assert drawn(model).startswith(f"o new {todo_list.ONE_BY_ONE} | ")


def renew(model: TodoListModel) -> bool:
    """What is done off the window's thread where a long list is outdated."""
    asked = model.asked()
    keys = asked.lists.search(asked.words, asked.view, sort=asked.sort, limit=asked.limit)
    return model.renew(asked, difference(asked.shown, keys, asked.held))


class TestLongLists:
    @pytest.fixture(autouse=True)
    def every_list_is_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(todo_list, "COMPARED_AT_ONCE", 0)

    def test_keys_are_not_read_when_it_is_told_but_asked_for(self, place: Place, model: TodoListModel, told: Told, qtbot: QtBot) -> None:
        place.add("tea")
        with qtbot.waitSignal(model.outdated):
            model.apply(ChangeSet(reload=True))
        assert (drawn(model), told.take()) == ("o milk | o plumber | o rent", [])
        assert renew(model)
        assert drawn(model) == "o tea | o milk | o plumber | o rent"

    def test_rows_go_come_and_change_their_order_below_persistent_indexes(self, place: Place, model: TodoListModel, told: Told) -> None:
        kept, milk = QPersistentModelIndex(model.index(2, 0)), model.todo(0)
        assert milk is not None
        place.delete(milk.client_id)
        place.add("tea")
        place.sql("UPDATE todo SET created_at = 99000000, text = 'rent!' WHERE text = 'rent'")
        assert renew(model)
        assert drawn(model) == "o rent! | o tea | o plumber"
        assert (kept.row(), kept.data()) == (0, "rent!")
        assert "reset" not in told.take()

    @pytest.mark.parametrize("change", ["add", "show", "hold"])
    def test_what_was_asked_for_before_the_list_became_another_one_is_not_taken(
        self, place: Place, model: TodoListModel, change: str
    ) -> None:
        asked = model.asked()
        keys = place.lists.keys(View.ALL)
        if change == "add":
            place.add("tea")
            model.apply(place.news())
        elif change == "show":
            model.show(place.lists, View.OPEN)
        else:
            model.hold(model.key(1))
        before = drawn(model)
        assert not model.renew(asked, difference(asked.shown, keys, asked.held))
        assert drawn(model) == before
        assert model.renew(model.asked())

    def test_a_held_row_stays_among_its_neighbours(self, place: Place, model: TodoListModel) -> None:
        model.show(place.lists, View.OPEN)
        model.hold(model.key(1))
        plumber = model.todo(1)
        assert plumber is not None
        place.complete(plumber.client_id)
        place.add("tea")
        assert renew(model)
        assert drawn(model) == "o tea | o milk | x plumber | o rent"

    def test_more_persistent_indexes_than_are_sought_one_by_one_stay_on_their_rows(self, place: Place, model: TodoListModel) -> None:
        place.add(*(f"new {number}" for number in range(40)))
        assert renew(model)
        kept = {QPersistentModelIndex(model.index(row, 0)): model.key(row) for row in range(30)}
        place.sql("UPDATE todo SET created_at = -created_at")
        assert renew(model)
        assert {index.row(): key for index, key in kept.items()} == {row: model.key(row) for row in range(13, 43)}


def counted(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each read of the list asks for, from now on."""
    asked: list[int] = []
    read = place.lists.todos

    def todos(keys: Sequence[int]) -> dict[int, Todo]:
        asked.append(len(keys))
        return read(keys)

    monkeypatch.setattr(place.lists, "todos", todos)
    return asked


class TestRows:
    def test_roles(self, place: Place, model: TodoListModel) -> None:
        place.sql("UPDATE todo SET text = ?, state = 'parked', completed = 1 WHERE text = 'milk'", "a\nb\u202e")
        model.apply(ChangeSet(reload=True))
        index = model.index(0, 0)
        assert index.data(Role.DisplayRole) == "a b"
        assert index.data(Role.EditRole) == "a\nb\u202e"
        assert index.data(Role.CheckStateRole) == Qt.CheckState.Checked
        assert index.data(Role.AccessibleTextRole) == "a b, done, needs you"
        assert index.data(STATE_ROLE) == State.PARKED
        assert index.data(Role.DecorationRole) is None

    def test_a_text_longer_than_ours_is_read_only(self, place: Place, model: TodoListModel) -> None:
        place.sql("UPDATE todo SET text = ? WHERE text = 'milk'", "x" * 10_001)
        model.apply(ChangeSet(reload=True))
        editable = [bool(model.flags(model.index(row, 0)) & Qt.ItemFlag.ItemIsEditable) for row in range(3)]
        assert editable == [False, True, True]

    def test_where_no_text_can_be_changed_all_are_read_only(self, model: TodoListModel) -> None:
        model.text_fixed = "Nobody can."
        assert not any(model.flags(model.index(row, 0)) & Qt.ItemFlag.ItemIsEditable for row in range(3))

    def test_a_row_that_left_the_cache_unannounced_is_empty(self, place: Place, model: TodoListModel) -> None:
        place.sql("DELETE FROM todo WHERE text = 'plumber'")
        assert drawn(model) == "o milk | ? | o rent"
        assert model.index(1, 0).data() is None

    def test_rows_that_cannot_be_read_are_told_and_shown_empty(self, place: Place, model: TodoListModel, qtbot: QtBot) -> None:
        place.sql("ALTER TABLE todo RENAME TO elsewhere")
        with qtbot.waitSignal(model.failed) as failed:
            assert model.todo(0) is None
        assert isinstance(failed.args[0], CacheUnusable)

    def test_only_the_rows_around_are_read(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        place.add(*(f"todo {number}" for number in range(500)))
        model = TodoListModel(place.lists, View.ALL)
        reads = counted(place, monkeypatch)
        for row in range(200, 230):
            model.todo(row)
        assert len(reads) == 1
        assert reads[0] <= 64

    def test_an_insert_reads_a_number_of_rows_that_grows_with_the_logarithm(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        place.add(*(f"todo {number}" for number in range(1_000)))
        model = TodoListModel(place.lists, View.ALL)
        (client_id,) = place.add("in the middle")
        place.sql("UPDATE todo SET created_at = 500000000 WHERE client_id = ?", client_id)
        place.news()
        reads = counted(place, monkeypatch)
        todo = place.lists.by_prefix(client_id)[0]
        assert 400 < model._rows.place(todo, model._keys, model.order) < 600
        assert sum(reads) <= 10


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "edit", "toggle", "delete", "time", "tell", "hold", "free", "reload", "renew"]),
        st.integers(0, 30),
        st.integers(0, 5),
    ),
    max_size=40,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, view=st.sampled_from(View), one_by_one=st.sampled_from([0, 3, 64]), at_once=st.sampled_from([0, 100]))
def test_any_changes_end_in_what_a_fresh_read_shows(steps: list[Step], view: View, one_by_one: int, at_once: int, qapp: object) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(todo_list, "ONE_BY_ONE", one_by_one)
        patch.setattr(todo_list, "COMPARED_AT_ONCE", at_once)
        place = Place(Path(folder))
        place.add("a", "b", "c", "d")
        place.news()
        model = TodoListModel(place.lists, view)
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
        shown = {QPersistentModelIndex(model.index(row, 0)): model.key(row) for row in range(model.rowCount())}
        for step in steps:
            _do(place, model, step)
        model.hold(None)
        model.apply(place.news())
        if at_once == 0:
            renew(model)
        assert list(model._keys) == list(place.lists.keys(view))
        assert [model.todo(row) for row in range(model.rowCount())] == list(map(place.lists.todos(list(model._keys)).get, model._keys))
        for index, key in shown.items():
            assert not index.isValid() or model.key(index.row()) == key
        place.close()


def _do(place: Place, model: TodoListModel, step: Step) -> None:
    what, which, value = step
    keys = place.lists.keys(View.ALL)
    todo = place.lists.todos(keys)[keys[which % len(keys)]] if keys else None
    verbs: dict[str, Callable[[], object]] = {
        "add": lambda: place.add(f"new {value}"),
        "tell": lambda: model.apply(place.news()),
        "reload": lambda: _reload(place, model),
        "free": lambda: model.hold(None),
        "renew": lambda: _renew(place, model),
    }
    if todo is not None:
        verbs |= {
            "edit": lambda: place.edit(todo.client_id, f"edited {value}"),
            "toggle": lambda: place.complete(todo.client_id, completed=value % 2 == 0),
            "delete": lambda: place.delete(todo.client_id),
            "time": lambda: _change_time(place, model, todo.key, todo.client_id, value),
            "hold": lambda: model.hold(model.key(which % model.rowCount())) if model.rowCount() else None,
        }
    verbs.get(what, lambda: None)()


def _reload(place: Place, model: TodoListModel) -> None:
    place.news()
    model.apply(ChangeSet(reload=True))


def _renew(place: Place, model: TodoListModel) -> None:
    place.news()
    assert renew(model)


def _change_time(place: Place, model: TodoListModel, key: int, client_id: str, value: int) -> None:
    """Another time of creation is told at once: the order of what was told before is what the model's bisection stands on."""
    model.apply(place.news())
    place.sql("UPDATE todo SET created_at = ? WHERE key = ?", value * 1_500_000, key)
    place.complete(client_id)
    place.complete(client_id, completed=False)
    model.apply(place.news())


def test_no_rows_below_a_row(model: TodoListModel) -> None:
    assert model.rowCount(model.index(0, 0)) == 0
    assert model.columnCount(model.index(0, 0)) == 0
    assert model.data(QModelIndex()) is None


class TestBeginning:
    """A long list of which only the first three rows are read at first: a0 is the newest."""

    @pytest.fixture
    def model(self, place: Place) -> TodoListModel:
        place.add(*(f"a{number}" for number in reversed(range(6))))
        place.news()
        return TodoListModel(place.lists, View.ALL, limit=3)

    def test_the_rest_is_one_insert_behind_it(self, place: Place, model: TodoListModel, told: Told) -> None:
        assert (drawn(model), model.whole) == ("o a0 | o a1 | o a2", False)
        model.complete(place.lists.keys(View.ALL))
        assert (drawn(model), model.whole) == ("o a0 | o a1 | o a2 | o a3 | o a4 | o a5", True)
        assert told.take() == ["insert 3-5"]

    def test_a_list_that_is_shorter_than_asked_for_is_whole(self, place: Place, model: TodoListModel) -> None:
        assert TodoListModel(place.lists, View.ALL, limit=7).whole
        assert TodoListModel(place.lists, View.DONE, limit=3).whole

    def test_a_change_within_it_is_shown_at_once_and_one_behind_it_with_the_rest(
        self, place: Place, model: TodoListModel, told: Told
    ) -> None:
        keys = place.lists.keys(View.ALL)
        todos = place.lists.todos(keys)
        place.edit(todos[keys[1]].client_id, "changed")
        place.edit(todos[keys[4]].client_id, "changed too")
        place.add("new")
        model.apply(place.news())
        assert drawn(model) == "o new | o a0 | o changed | o a2"
        told.take()
        model.complete(place.lists.keys(View.ALL))
        assert drawn(model) == "o new | o a0 | o changed | o a2 | o a3 | o changed too | o a5"
        assert told.take() == ["insert 4-6"]

    def test_keys_that_were_read_before_a_change_do_not_undo_it(self, place: Place, model: TodoListModel) -> None:
        keys = place.lists.keys(View.ALL)
        place.add("new")
        place.delete(place.lists.todos(keys)[keys[5]].client_id)
        news = place.news()
        model.apply(news)
        model.complete(keys)
        model.apply(news)
        assert drawn(model) == "o new | o a0 | o a1 | o a2 | o a3 | o a4"

    def test_a_row_that_is_edited_meanwhile_stays(self, place: Place, model: TodoListModel) -> None:
        keys = place.lists.keys(View.ALL)
        model.show(place.lists, View.OPEN, limit=3)
        model.hold(keys[1])
        place.complete(place.lists.todos(keys)[keys[1]].client_id)
        model.apply(place.news())
        model.complete(place.lists.keys(View.OPEN))
        assert drawn(model) == "o a0 | x a1 | o a2 | o a3 | o a4 | o a5"

    def test_too_many_changes_at_once_leave_it_a_beginning(
        self, place: Place, model: TodoListModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(todo_list, "ONE_BY_ONE", 1)
        place.add("b", "c")
        model.apply(place.news())
        assert (drawn(model), model.whole) == ("o c | o b | o a0", False)
