"""Values that lost: when they are open, how they are restored, how long they are kept; and that undo overrules nobody without a word."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.changes import Op, Via
from devots_desktop.domain.mutation import Kind
from devots_desktop.domain.steps import Action, Step
from devots_desktop.store import conflicts, edits, history, replica, undo
from devots_desktop.store.cache import Cache
from devots_desktop.store.conflicts import Conflict
from devots_desktop.store.lists import Lists
from devots_desktop.sync import apply
from tests.unit.building import ONE, TWO, answer, make_cache, page, queue, server_row, shown

ROW = server_row()
THEIRS = server_row(text="oat milk", version=9)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """The cache of an account with a server, which has one todo: "milk"."""
    made = make_cache(tmp_path)
    apply.receive(made, page(ROW), Via.PULL)
    made.news()
    yield made
    made.close()


def send(cache: Cache, before: object = None, row: object = None) -> None:
    """Send one mutation, which finds the row `before` and leaves `row`."""
    [sent] = apply.take(cache, 1)
    apply.acknowledge(cache, [sent], [answer(sent, before=before, row=row)])


@pytest.fixture
def overruled(cache: Cache) -> Cache:
    """A todo whose text "oat milk" was overruled by "soy" here."""
    edits.edit(cache, ONE, {"text": "soy"})
    send(cache, THEIRS, server_row(text="soy", version=10))
    return cache


@pytest.fixture
def taken(cache: Cache) -> Cache:
    """A delete that took the text "oat milk" with it."""
    edits.delete(cache, ONE)
    send(cache, THEIRS)
    return cache


def lost(cache: Cache) -> list[tuple[str, dict[str, str | bool], str | bool | None]]:
    return [(each.client_id, each.lost, each.won) for each in conflicts.everything(cache.db)]


def marks(cache: Cache) -> int:
    """The conflicts that the row of the list shows."""
    with Lists(cache.path) as lists:
        return sum(todo.conflicts for todo in lists.by_prefix(ONE))


class TestOpen:
    def test_both_values_and_when(self, overruled: Cache) -> None:
        [conflict] = conflicts.of_todo(overruled.db, ONE)
        assert (conflict.lost, conflict.won, conflict.text) == ({"text": "oat milk"}, "soy", "oat milk")
        assert 1_000_000 < conflict.at < overruled.clock()
        assert (marks(overruled), conflicts.of_gone(overruled.db)) == (1, [])

    def test_a_truth_value(self, cache: Cache) -> None:
        with cache.transaction() as db:
            conflicts.add(db, ONE, "completed", True, False, 5)
        assert lost(cache) == [(ONE, {"completed": True}, False)]
        assert marks(cache) == 1

    def test_a_row_that_a_delete_took_with_it(self, taken: Cache) -> None:
        [conflict] = conflicts.of_gone(taken.db)
        assert (conflict.lost, conflict.won, conflict.created_at) == ({"text": "oat milk", "completed": False}, None, ROW.created_at)
        assert conflicts.of_todo(taken.db, ONE) == [conflict]

    def test_the_screens_are_told_though_no_row_changed(self, taken: Cache) -> None:
        told = taken.news().changes
        assert [(change.op, change.via, change.todo) for change in told][-1] == (Op.UPDATE, Via.PUSH, None)
        assert not any(change.from_elsewhere for change in told)

    def test_a_todo_that_shows_the_value_has_nothing_to_restore(self, overruled: Cache) -> None:
        edits.edit(overruled, ONE, {"text": "oat milk"})
        assert (lost(overruled), marks(overruled)) == ([], 0)
        edits.edit(overruled, ONE, {"text": "milk"})
        assert (len(lost(overruled)), marks(overruled)) == (1, 1)

    def test_a_field_of_a_todo_that_is_gone_cannot_be_restored(self, overruled: Cache) -> None:
        [conflict] = conflicts.of_todo(overruled.db, ONE)
        edits.delete(overruled, ONE)
        assert (lost(overruled), conflicts.restore(overruled, conflict.number)) == ([], None)
        undo.undo(overruled)
        assert len(lost(overruled)) == 1

    def test_a_row_whose_todo_came_back_is_shown_on_it(self, taken: Cache) -> None:
        undo.undo(taken)
        assert shown(taken)[ONE] == ("milk", False, "pending")
        assert (marks(taken), conflicts.of_gone(taken.db), len(conflicts.of_todo(taken.db, ONE))) == (1, [], 1)


class TestRestore:
    def test_it_is_an_edit(self, overruled: Cache) -> None:
        [conflict] = conflicts.everything(overruled.db)
        assert conflicts.restore(overruled, conflict.number) == ONE
        assert [(each.kind, each.values, each.base) for each in queue(overruled)] == [(Kind.EDIT, {"text": "oat milk"}, {"text": "soy"})]
        assert (shown(overruled)[ONE], marks(overruled)) == (("oat milk", False, "pending"), 0)
        assert conflicts.restore(overruled, conflict.number) is None

    def test_it_can_be_undone_and_is_open_again_then(self, overruled: Cache) -> None:
        [conflict] = conflicts.everything(overruled.db)
        conflicts.restore(overruled, conflict.number)
        assert history.latest(overruled.db).undo == Step(Action.EDIT, "oat milk", 1)
        undo.undo(overruled)
        assert (shown(overruled)[ONE][0], conflicts.everything(overruled.db)) == ("soy", [conflict])
        undo.redo(overruled)
        assert (shown(overruled)[ONE][0], conflicts.everything(overruled.db)) == ("oat milk", [])

    def test_a_mark(self, cache: Cache) -> None:
        with cache.transaction() as db:
            conflicts.add(db, ONE, "completed", True, False, 5)
        [conflict] = conflicts.everything(cache.db)
        conflicts.restore(cache, conflict.number)
        assert shown(cache)[ONE] == ("milk", True, "pending")
        assert history.latest(cache.db).undo == Step(Action.DONE, "milk", 1)

    def test_a_row_is_made_anew_in_its_place(self, taken: Cache) -> None:
        [conflict] = conflicts.everything(taken.db)
        assert conflicts.restore(taken, conflict.number) == ONE
        [create] = queue(taken)
        assert (create.kind, create.values, create.created_at) == (Kind.CREATE, {"text": "oat milk", "completed": False}, ROW.created_at)
        assert (shown(taken)[ONE], lost(taken)) == (("oat milk", False, "pending"), [])
        undo.undo(taken)
        assert (shown(taken), queue(taken), conflicts.everything(taken.db)) == ({}, [], [conflict])

    def test_a_row_whose_todo_came_back_gives_it_its_fields(self, taken: Cache) -> None:
        undo.undo(taken)
        [conflict] = conflicts.everything(taken.db)
        conflicts.restore(taken, conflict.number)
        assert (shown(taken)[ONE], marks(taken)) == (("oat milk", False, "pending"), 0)

    def test_of_what_is_not_there(self, cache: Cache) -> None:
        assert conflicts.restore(cache, 7) is None
        assert conflicts.dismiss(cache, 7) is None


class TestEnd:
    def test_a_dismissed_value_is_gone_and_can_be_kept_after_all(self, overruled: Cache) -> None:
        overruled.news()
        [conflict] = conflicts.everything(overruled.db)
        assert conflicts.dismiss(overruled, conflict.number) == conflict
        assert (lost(overruled), marks(overruled)) == ([], 0)
        assert [(change.client_id, change.via) for change in overruled.news().changes] == [(ONE, Via.PUSH)]
        conflicts.keep(overruled, conflict)
        assert lost(overruled) == [(ONE, {"text": "oat milk"}, "soy")]
        assert overruled.news()

    def test_so_can_a_row(self, taken: Cache) -> None:
        [conflict] = conflicts.everything(taken.db)
        conflicts.dismiss(taken, conflict.number)
        assert lost(taken) == []
        conflicts.keep(taken, conflict)
        [again] = conflicts.everything(taken.db)
        assert (again.lost, again.won, again.created_at, again.at) == (conflict.lost, None, conflict.created_at, conflict.at)

    def test_thirty_days_are_kept_and_no_more(self, cache: Cache) -> None:
        day = 24 * 3600 * 1_000_000
        with cache.transaction() as db:
            for text, at in (("new", 10 * day + 5), ("old", 10 * day - 1)):
                conflicts.add(db, ONE, "text", text, "milk", at)
        cache.clock = lambda: 40 * day
        cache.news()
        conflicts.prune(cache)
        assert lost(cache) == [(ONE, {"text": "new"}, "milk")]
        assert [change.client_id for change in cache.news().changes] == [ONE]
        conflicts.prune(cache)
        assert not cache.news()


class TestUndo:
    """A change from elsewhere in between is never overwritten silently."""

    def test_of_an_edit_keeps_what_was_changed_elsewhere(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        send(cache, ROW, server_row(text="soy", version=8))
        apply.receive(cache, page(THEIRS), Via.LIVE)
        assert undo.undo(cache) == Step(Action.EDIT, "oat milk", 1, overruled=1)
        assert shown(cache)[ONE] == ("milk", False, "pending")
        assert lost(cache) == [(ONE, {"text": "oat milk"}, "milk")]
        assert undo.redo(cache) == Step(Action.EDIT, "oat milk", 1)
        assert lost(cache) == []

    def test_of_an_edit_says_nothing_where_another_field_was_changed(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        send(cache, ROW, server_row(text="soy", version=8))
        apply.receive(cache, page(server_row(text="soy", version=9, completed=True)), Via.LIVE)
        assert undo.undo(cache) == Step(Action.EDIT, "soy", 1)
        assert (shown(cache)[ONE], lost(cache)) == (("milk", True, "pending"), [])

    def test_of_an_edit_that_somebody_else_took_back_already(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        send(cache, ROW, server_row(text="soy", version=8))
        apply.receive(cache, page(server_row(version=9)), Via.LIVE)
        assert undo.undo(cache) == Step(Action.EDIT, "soy", 0)
        assert (queue(cache), lost(cache)) == ([], [])

    def test_of_an_add_keeps_the_todo_as_it_was_changed_elsewhere(self, cache: Cache) -> None:
        made = edits.add(cache, "bread")
        send(cache, None, server_row(made, "bread", 8))
        apply.receive(cache, page(server_row(made, "butter", 9)), Via.LIVE)
        assert undo.undo(cache) == Step(Action.ADD, "butter", 1, overruled=1)
        assert made not in shown(cache)
        [conflict] = conflicts.of_gone(cache.db)
        assert (conflict.client_id, conflict.lost) == (made, {"text": "butter", "completed": False})
        # The push finds the row as this device saw it, so it records nothing more.
        send(cache, server_row(made, "butter", 9))
        assert conflicts.of_gone(cache.db) == [conflict]

    def test_redo_of_a_delete_keeps_it_too(self, cache: Cache) -> None:
        edits.delete(cache, ONE)
        undo.undo(cache)
        apply.receive(cache, page(THEIRS), Via.LIVE)
        assert undo.redo(cache) == Step(Action.DELETE, "oat milk", 1, overruled=1)
        assert [each.lost for each in conflicts.of_gone(cache.db)] == [{"text": "oat milk", "completed": False}]

    def test_of_several_counts_those_that_were_changed(self, cache: Cache) -> None:
        apply.receive(cache, page(server_row(TWO, "bread", 6)), Via.PULL)
        edits.edit_all(cache, [ONE, TWO], {"completed": True})
        for client_id, text in ((ONE, "milk"), (TWO, "bread")):
            send(cache, None, server_row(client_id, text, 8, completed=True))
        apply.receive(cache, page(server_row(ONE, "oat milk", 9, completed=True)), Via.LIVE)
        assert undo.undo(cache) == Step(Action.DONE, "milk", 2)

    def test_of_what_nobody_else_changed_keeps_nothing(self, cache: Cache) -> None:
        for change in (
            lambda: edits.edit(cache, ONE, {"text": "soy"}),
            lambda: edits.edit(cache, ONE, {"completed": True}),
            lambda: edits.delete(cache, ONE),
        ):
            change()
        while undo.undo(cache):
            pass
        while undo.redo(cache):
            pass
        assert lost(cache) == []


def test_what_a_list_counts(cache: Cache) -> None:
    with Lists(cache.path) as lists:
        assert (lists.counts().needs_you, lists.counts().arrived) == (0, None)
        edits.delete(cache, ONE)
        send(cache, THEIRS)
        assert lists.counts().needs_you == 1
        assert [each.client_id for each in lists.lost_rows()] == [ONE]
        assert lists.conflicts() == lists.conflicts(ONE) == lists.lost_rows()
        apply.restart(cache)
        assert lists.counts().arrived == 0
        apply.receive_first(cache, page(server_row(TWO), more=True), replica.Cursor())
        assert lists.counts().arrived == 1


def test_the_last_contact_is_that_of_the_newest_answer(cache: Cache) -> None:
    with Lists(cache.path) as lists:
        first = lists.counts().contact
        assert first is not None
        edits.edit(cache, ONE, {"text": "soy"})
        assert lists.counts().contact == first
        send(cache, ROW, server_row(text="soy", version=8))
        second = lists.counts().contact
        assert second is not None
        assert second > first
        apply.stage(cache, page(THEIRS))
        third = lists.counts().contact
        assert third is not None
        assert third > second


def test_a_conflict_as_it_is_passed_on() -> None:
    assert Conflict(1, ONE, {"completed": True}, False, 5, 5).text is None
