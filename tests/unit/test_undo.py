"""Undo and redo: every verb taken back and done again, in the list and in the outbox, whatever has happened meanwhile."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.changes import Op, Via
from devots_desktop.domain.lines import Line
from devots_desktop.domain.mutation import Answer, Kind, Mutation, Outcome
from devots_desktop.domain.steps import Action, Step, Steps
from devots_desktop.domain.todo import Patch
from devots_desktop.store import edits, history, parking, rows, undo
from devots_desktop.store.cache import Cache
from devots_desktop.sync import apply
from tests.unit.building import ONE, TWO, answer, make_cache, page, queue, server_row, shown

ROW = server_row()
CREATED = ROW.created_at


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """The cache of an account with a server, which has one todo: "milk"."""
    made = make_cache(tmp_path)
    apply.receive(made, page(ROW), Via.PULL)
    made.news()
    yield made
    made.close()


@pytest.fixture(params=["This computer", "with a server"])
def any_cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cache]:
    made = make_cache(tmp_path, syncs=request.param == "with a server")
    yield made
    made.close()


def texts(cache: Cache) -> dict[str, tuple[str, bool]]:
    return {client_id: (text, completed) for client_id, (text, completed, _) in shown(cache).items()}


def queued(cache: Cache) -> list[tuple[Kind, Patch, Patch]]:
    return [(each.kind, each.values, each.base) for each in queue(cache)]


def steps(cache: Cache) -> Steps:
    return history.latest(cache.db)


def push(cache: Cache, outcome: Outcome = Outcome.APPLIED, version: int = 8) -> None:
    """Send what waits and have it answered as a server would that has what the base says."""
    sent = apply.take(cache, 50)
    apply.acknowledge(cache, sent, [_answered(cache, each, outcome, version) for each in sent])


def _answered(cache: Cache, sent: Mutation, outcome: Outcome, version: int) -> Answer:
    if outcome is Outcome.REFUSED:
        return answer(sent, outcome, reason="No.")
    now = rows.row(cache.db, sent.client_id)
    row = None if sent.kind is Kind.DELETE or now is None else server_row(sent.client_id, now.text, version, completed=now.completed)
    return answer(sent, outcome, before=rows.base(cache.db, sent.client_id), row=row)


VERBS: dict[str, tuple[Action, Callable[[Cache], object]]] = {
    "add": (Action.ADD, lambda cache: edits.add(cache, "bread")),
    "add several": (Action.ADD, lambda cache: edits.add_all(cache, [Line("bread", completed=False), Line("butter", completed=True)])),
    "edit": (Action.EDIT, lambda cache: edits.edit(cache, _ids(cache)[0], {"text": "soy"})),
    "done": (Action.DONE, lambda cache: edits.edit_all(cache, _ids(cache), {"completed": True})),
    "reopen": (Action.REOPEN, lambda cache: edits.edit_all(cache, _ids(cache), {"completed": False})),
    "delete": (Action.DELETE, lambda cache: edits.delete_all(cache, _ids(cache)[1:])),
}


def _ids(cache: Cache) -> list[str]:
    return [client_id for (client_id,) in cache.db.execute("SELECT client_id FROM todo ORDER BY created_at, key")]


class TestEveryVerb:
    @pytest.mark.parametrize("verb", VERBS)
    def test_back_and_forth_whatever_the_account(self, any_cache: Cache, verb: str) -> None:
        action, do = VERBS[verb]
        for text in ("milk", "tea", "rice"):
            edits.add(any_cache, text)
        edits.edit(any_cache, _ids(any_cache)[2], {"completed": True})
        before = texts(any_cache)
        do(any_cache)
        after = texts(any_cache)
        assert before != after
        for _ in range(2):
            taken = undo.undo(any_cache)
            assert taken is not None
            assert (taken.action, texts(any_cache)) == (action, before)
            assert undo.redo(any_cache) == taken
            assert texts(any_cache) == after

    def test_all_of_a_day_back_to_nothing_and_forth_again(self, any_cache: Cache) -> None:
        states = [texts(any_cache)]
        for _, do in [VERBS["add several"], VERBS["add"], *VERBS.values()]:
            do(any_cache)
            states.append(texts(any_cache))
        for state in reversed(states[:-1]):
            assert undo.undo(any_cache) is not None
            assert texts(any_cache) == state
        assert undo.undo(any_cache) is None
        for state in states[1:]:
            assert undo.redo(any_cache) is not None
            assert texts(any_cache) == state
        assert undo.redo(any_cache) is None

    def test_a_deleted_todo_comes_back_as_the_same_in_its_place(self, any_cache: Cache) -> None:
        ids = [edits.add(any_cache, text) for text in ("milk", "tea", "rice")]
        before = any_cache.db.execute("SELECT client_id, created_at FROM todo ORDER BY created_at").fetchall()
        edits.delete(any_cache, ids[1])
        undo.undo(any_cache)
        assert any_cache.db.execute("SELECT client_id, created_at FROM todo ORDER BY created_at").fetchall() == before

    def test_it_is_told_like_any_edit(self, any_cache: Cache) -> None:
        added = edits.add(any_cache, "milk")
        edits.edit(any_cache, added, {"text": "soy"})
        edits.delete(any_cache, added)
        any_cache.news()
        for _ in range(3):
            undo.undo(any_cache)
        told = [(change.op, change.via, change.client_id) for change in any_cache.news().changes]
        assert told == [(op, Via.LOCAL, added) for op in (Op.INSERT, Op.UPDATE, Op.DELETE)]


class TestSteps:
    def test_a_step_says_what_it_was(self, any_cache: Cache) -> None:
        assert steps(any_cache) == Steps()
        [first, _] = edits.add_all(any_cache, [Line("Pay rent", completed=False), Line("milk", completed=False)])
        assert steps(any_cache).undo == Step(Action.ADD, "Pay rent", 2)
        edits.edit(any_cache, first, {"completed": True})
        assert steps(any_cache).undo == Step(Action.DONE, "Pay rent", 1)
        edits.edit(any_cache, first, {"text": "Pay the rent"})
        assert steps(any_cache).undo == Step(Action.EDIT, "Pay the rent", 1)
        edits.delete(any_cache, first)
        assert steps(any_cache).undo == Step(Action.DELETE, "Pay the rent", 1)
        undo.undo(any_cache)
        assert steps(any_cache) == Steps(Step(Action.EDIT, "Pay the rent", 1), Step(Action.DELETE, "Pay the rent", 1))

    def test_what_changed_nothing_is_no_step(self, any_cache: Cache) -> None:
        added = edits.add(any_cache, "milk")
        assert not edits.edit(any_cache, added, {"text": "milk"})
        assert not edits.delete(any_cache, TWO)
        assert edits.edit_all(any_cache, [], {"completed": True}) == edits.delete_all(any_cache, []) == 0
        assert steps(any_cache).undo == Step(Action.ADD, "milk", 1)

    def test_a_new_edit_drops_what_could_be_redone(self, any_cache: Cache) -> None:
        edits.add(any_cache, "milk")
        undo.undo(any_cache)
        edits.add(any_cache, "bread")
        assert undo.redo(any_cache) is None
        assert any_cache.db.execute("SELECT count(*) FROM undo_entry").fetchone()[0] == 1

    def test_a_hundred_are_kept_and_not_many_more(self, any_cache: Cache) -> None:
        made = history.KEPT + 2 * history.TRIMMED_EVERY
        for number in range(made):
            edits.add(any_cache, str(number))
        undone = sum(undo.undo(any_cache) is not None for _ in range(made))
        assert history.KEPT <= undone < history.KEPT + history.TRIMMED_EVERY
        assert len(texts(any_cache)) == made - undone
        assert any_cache.db.execute("SELECT count(*) FROM undo_entry").fetchone()[0] == undone

    def test_they_outlive_the_program_and_belong_to_every_program(self, any_cache: Cache, tmp_path: Path) -> None:
        added = edits.add(any_cache, "milk")
        edits.delete(any_cache, added)
        again = make_cache(tmp_path, syncs=any_cache.syncs)
        undo.undo(again)
        edits.edit(again, added, {"text": "soy"})
        again.close()
        assert texts(any_cache) == {added: ("soy", False)}
        undo.undo(any_cache)
        assert texts(any_cache) == {added: ("milk", False)}

    def test_what_came_from_elsewhere_is_no_step(self, cache: Cache) -> None:
        apply.receive(cache, page(server_row(text="oat milk", version=9)), Via.LIVE)
        assert undo.undo(cache) is None


class TestOutbox:
    def test_an_add_that_was_never_sent_leaves_nothing(self, cache: Cache) -> None:
        edits.add(cache, "bread")
        undo.undo(cache)
        assert queue(cache) == []
        undo.redo(cache)
        assert queued(cache) == [(Kind.CREATE, {"text": "bread", "completed": False}, {})]

    def test_an_add_that_was_sent_is_deleted(self, cache: Cache) -> None:
        edits.add(cache, "bread")
        push(cache)
        undo.undo(cache)
        assert queued(cache) == [(Kind.DELETE, {}, {"text": "bread", "completed": False})]

    def test_an_edit_that_was_never_sent_leaves_nothing(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        undo.undo(cache)
        assert (queue(cache), rows.base(cache.db, ONE), shown(cache)[ONE]) == ([], None, ("milk", False, "synced"))

    def test_an_edit_that_was_sent_is_edited_back(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        push(cache)
        undo.undo(cache)
        assert queued(cache) == [(Kind.EDIT, {"text": "milk"}, {"text": "soy"})]

    def test_only_the_fields_of_the_step_go_back(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        push(cache)
        apply.receive(cache, page(server_row(text="soy", version=9, completed=True)), Via.LIVE)
        undo.undo(cache)
        assert queued(cache) == [(Kind.EDIT, {"text": "milk"}, {"text": "soy"})]
        assert shown(cache)[ONE] == ("milk", True, "pending")

    def test_redo_brings_back_what_undo_took_away_though_it_came_from_elsewhere(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        push(cache)
        apply.receive(cache, page(server_row(text="oat milk", version=9)), Via.LIVE)
        undo.undo(cache)
        assert texts(cache)[ONE] == ("milk", False)
        undo.redo(cache)
        assert texts(cache)[ONE] == ("oat milk", False)
        undo.undo(cache)
        assert texts(cache)[ONE] == ("milk", False)

    def test_a_refused_edit_is_taken_back(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "too long"})
        push(cache, Outcome.REFUSED)
        undo.undo(cache)
        assert (parking.everything(cache.db), queue(cache), shown(cache)[ONE]) == ([], [], ("milk", False, "synced"))


class TestDeleteNotSent:
    def test_it_is_cancelled(self, cache: Cache) -> None:
        edits.delete(cache, ONE)
        undo.undo(cache)
        assert (queue(cache), rows.base(cache.db, ONE), shown(cache)[ONE]) == ([], None, ("milk", False, "synced"))
        row = rows.row(cache.db, ONE)
        assert row is not None
        assert (row.row_version, row.server_id, row.created_at, row.updated_at) == (5, 7, 100, 200)

    def test_of_a_todo_that_was_never_sent(self, cache: Cache) -> None:
        added = edits.add(cache, "bread")
        [create] = queue(cache)
        edits.delete(cache, added)
        undo.undo(cache)
        [again] = queue(cache)
        assert (again.kind, again.values, again.created_at) == (Kind.CREATE, create.values, create.created_at)

    def test_of_a_todo_that_is_being_sent(self, cache: Cache) -> None:
        added = edits.add(cache, "bread")
        [sent] = apply.take(cache, 1)
        edits.delete(cache, added)
        undo.undo(cache)
        assert (queue(cache), shown(cache)[added]) == ([sent], ("bread", False, "pending"))

    def test_the_edits_whose_place_it_had_taken_wait_again(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        edits.delete(cache, ONE)
        undo.undo(cache)
        assert queued(cache) == [(Kind.EDIT, {"text": "soy"}, {"text": "milk"})]
        assert (shown(cache)[ONE], rows.base(cache.db, ONE)) == (("soy", False, "pending"), ROW)

    def test_so_does_what_had_been_refused(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "too long"})
        push(cache, Outcome.REFUSED)
        edits.delete(cache, ONE)
        undo.undo(cache)
        assert queued(cache) == [(Kind.EDIT, {"text": "too long"}, {"text": "milk"})]

    def test_and_a_todo_that_had_been_refused_is_made_anew(self, cache: Cache) -> None:
        added = edits.add(cache, "too long")
        push(cache, Outcome.REFUSED)
        edits.delete(cache, added)
        undo.undo(cache)
        assert queued(cache) == [(Kind.CREATE, {"text": "too long", "completed": False}, {})]

    def test_what_changed_elsewhere_meanwhile_is_not_overruled(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"completed": True})
        edits.delete(cache, ONE)
        apply.receive(cache, page(server_row(text="oat milk", version=9)), Via.LIVE)
        undo.undo(cache)
        assert shown(cache)[ONE] == ("oat milk", True, "pending")
        assert queued(cache) == [(Kind.EDIT, {"completed": True}, {"completed": False})]

    def test_while_the_server_begins_another_history(self, cache: Cache) -> None:
        """The todo's version says nothing then, but the server has the todo."""
        apply.restart(cache)
        edits.edit(cache, ONE, {"text": "soy"})
        edits.delete(cache, ONE)
        undo.undo(cache)
        assert queued(cache) == [(Kind.EDIT, {"text": "soy"}, {"text": "milk"})]

    def test_what_was_deleted_elsewhere_meanwhile_is_made_anew(self, cache: Cache) -> None:
        edits.delete(cache, ONE)
        apply.receive(cache, page(server_row(version=9, deleted=True)), Via.LIVE)
        undo.undo(cache)
        assert queued(cache) == [(Kind.CREATE, {"text": "milk", "completed": False}, {})]
        push(cache, version=10)
        assert (shown(cache)[ONE], queue(cache), rows.base(cache.db, ONE)) == (("milk", False, "synced"), [], None)


class TestDeleteSent:
    @pytest.fixture
    def deleting(self, cache: Cache) -> Mutation:
        """The delete, sent and not answered."""
        edits.delete(cache, ONE)
        [sent] = apply.take(cache, 1)
        return sent

    def test_the_todo_is_made_anew_behind_it(self, cache: Cache, deleting: Mutation) -> None:
        undo.undo(cache)
        assert [each.kind for each in queue(cache)] == [Kind.DELETE, Kind.CREATE]
        assert queue(cache)[1].created_at == CREATED
        assert shown(cache)[ONE] == ("milk", False, "pending")

    def test_its_answer_and_its_tombstone_leave_it_on_the_screen(self, cache: Cache, deleting: Mutation) -> None:
        undo.undo(cache)
        apply.acknowledge(cache, [deleting], [answer(deleting, before=ROW)])
        assert shown(cache)[ONE] == ("milk", False, "pending")
        apply.receive(cache, page(server_row(version=6, deleted=True)), Via.LIVE)
        assert shown(cache)[ONE] == ("milk", False, "pending")
        push(cache, version=7)
        apply.receive(cache, page(server_row(version=6, deleted=True)), Via.LIVE)
        row = rows.row(cache.db, ONE)
        assert row is not None
        assert (row.state, row.row_version, queue(cache), rows.base(cache.db, ONE)) == ("synced", 7, [], None)

    def test_after_its_answer(self, cache: Cache, deleting: Mutation) -> None:
        apply.acknowledge(cache, [deleting], [answer(deleting, before=ROW)])
        undo.undo(cache)
        [create] = queue(cache)
        assert (create.kind, create.values, create.created_at) == (Kind.CREATE, {"text": "milk", "completed": False}, CREATED)

    def test_and_deleted_again(self, cache: Cache, deleting: Mutation) -> None:
        undo.undo(cache)
        undo.redo(cache)
        assert (queue(cache), shown(cache)) == ([deleting], {})
        undo.undo(cache)
        apply.take(cache, 2)
        undo.redo(cache)
        assert [each.kind for each in queue(cache)] == [Kind.DELETE, Kind.CREATE, Kind.DELETE]
        undo.undo(cache)
        assert [each.kind for each in queue(cache)] == [Kind.DELETE, Kind.CREATE]
        assert shown(cache)[ONE] == ("milk", False, "pending")

    def test_edits_of_what_was_made_anew_go_into_it(self, cache: Cache, deleting: Mutation) -> None:
        undo.undo(cache)
        edits.edit(cache, ONE, {"text": "soy"})
        assert queued(cache)[1:] == [(Kind.CREATE, {"text": "soy", "completed": False}, {})]

    def test_a_refused_delete_that_was_undone_leaves_the_todo(self, cache: Cache, deleting: Mutation) -> None:
        undo.undo(cache)
        apply.acknowledge(cache, [deleting], [answer(deleting, Outcome.REFUSED, reason="No.")])
        [create] = apply.take(cache, 1)
        apply.acknowledge(cache, [create], [answer(create, Outcome.EXISTS, row=ROW)])
        assert (shown(cache)[ONE], queue(cache), parking.everything(cache.db)) == (("milk", False, "synced"), [], [])


class TestGone:
    """What the step was about was deleted elsewhere: nothing is resurrected by an edit, and the step says so."""

    def test_an_edit(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        push(cache)
        apply.receive(cache, page(server_row(version=9, deleted=True)), Via.LIVE)
        assert undo.undo(cache) == Step(Action.EDIT, "soy", 0)
        assert (shown(cache), queue(cache), steps(cache).undo) == ({}, [], None)
        assert undo.redo(cache) == Step(Action.EDIT, "soy", 0)

    def test_some_of_several(self, cache: Cache) -> None:
        apply.receive(cache, page(server_row(TWO, "bread", 6)), Via.PULL)
        edits.edit_all(cache, [ONE, TWO], {"completed": True})
        push(cache)
        apply.receive(cache, page(server_row(version=9, deleted=True)), Via.LIVE)
        assert undo.undo(cache) == Step(Action.DONE, "milk", 1)
        assert shown(cache) == {TWO: ("bread", False, "pending")}

    def test_an_add(self, cache: Cache) -> None:
        added = edits.add(cache, "bread")
        push(cache)
        apply.receive(cache, page(server_row(added, version=9, deleted=True)), Via.LIVE)
        assert undo.undo(cache) == Step(Action.ADD, "bread", 0)

    def test_a_delete_that_somebody_else_has_undone(self, cache: Cache) -> None:
        edits.delete(cache, ONE)
        push(cache)
        apply.receive(cache, page(server_row(text="oat milk", version=9)), Via.LIVE)
        assert undo.undo(cache) == Step(Action.DELETE, "milk", 0)
        assert (shown(cache)[ONE], queue(cache)) == (("oat milk", False, "synced"), [])


def everything(cache: Cache) -> tuple[object, ...]:
    """All that one step back or forth writes."""
    tables = ("todo", "base", "outbox", "journal", "undo", "undo_entry")
    return tuple(cache.db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables)


def test_a_process_that_dies_at_any_statement_leaves_all_of_an_undo_or_nothing(cache: Cache, tmp_path: Path) -> None:
    edits.add_all(cache, [Line("bread", completed=False), Line("butter", completed=True)])
    before, copies = everything(cache), list[Path]()

    def copy(_: str) -> None:
        copies.append(tmp_path / f"killed-{len(copies)}")
        copies[-1].mkdir()
        for file in tmp_path.glob("cache.sqlite3*"):
            shutil.copy(file, copies[-1])

    cache.db.set_trace_callback(copy)
    undo.undo(cache)
    cache.db.set_trace_callback(None)
    copy("")
    found = []
    for folder in copies:
        left = make_cache(folder)
        found.append(everything(left))
        left.close()
    assert len(copies) > 10
    assert [key for key, _ in itertools.groupby(found)] == [before, everything(cache)]
