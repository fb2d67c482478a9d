"""What the user decides on parked changes: in the list, in the outbox, in what undo takes back, and against a server that answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.changes import Op, Via
from devots_desktop.domain.errors import CacheUnusable
from devots_desktop.domain.mutation import Kind, Mutation, Outcome
from devots_desktop.domain.todo import Patch
from devots_desktop.store import conflicts, edits, history, outbox, parking, rows, settling, undo
from devots_desktop.store.cache import Cache
from devots_desktop.sync import apply
from tests.sim.checks import stored
from tests.unit.building import ONE, TWO, answer, make_cache, page, queue, server_row, shown

ROW = server_row()


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """The cache of an account with a server, which has one todo: "milk"."""
    made = make_cache(tmp_path)
    apply.receive(made, page(ROW), Via.PULL)
    made.news()
    yield made
    made.close()


def queued(cache: Cache) -> list[tuple[Kind, Patch, Patch]]:
    return [(each.kind, each.values, each.base) for each in queue(cache)]


def parked(cache: Cache) -> list[Mutation]:
    return [each.mutation for each in parking.everything(cache.db)]


def refuse(cache: Cache, outcome: Outcome = Outcome.REFUSED) -> None:
    """Send what waits, and have none of it taken."""
    sent = apply.take(cache, 50)
    apply.acknowledge(cache, sent, [answer(each, outcome, reason="No.") for each in sent])
    cache.news()


@pytest.fixture
def refused_edit(cache: Cache) -> Cache:
    edits.edit(cache, ONE, {"text": "too long"})
    refuse(cache)
    return cache


@pytest.fixture
def gone(cache: Cache) -> Cache:
    """An edit of a todo that was deleted elsewhere."""
    edits.edit(cache, ONE, {"text": "soy"})
    refuse(cache, Outcome.GONE)
    return cache


@pytest.fixture
def refused_create(cache: Cache) -> str:
    made = edits.add(cache, "too long")
    refuse(cache)
    return made


@pytest.fixture
def refused_delete(cache: Cache) -> Cache:
    edits.delete(cache, ONE)
    refuse(cache)
    return cache


class TestRetry:
    def test_an_edit_waits_again_with_what_the_user_saw(self, refused_edit: Cache) -> None:
        [before] = parked(refused_edit)
        assert settling.retry(refused_edit, ONE)
        assert queued(refused_edit) == [(Kind.EDIT, {"text": "too long"}, {"text": "milk"})]
        assert (parked(refused_edit), shown(refused_edit)[ONE]) == ([], ("too long", False, "pending"))
        # The server has answered that one: under its id it would answer the same again.
        assert queue(refused_edit)[0].mutation_id != before.mutation_id

    def test_it_is_told_as_a_mark_and_is_no_step(self, refused_edit: Cache) -> None:
        before = history.latest(refused_edit.db)
        settling.retry(refused_edit, ONE)
        assert [(change.op, change.via, change.client_id) for change in refused_edit.news().changes] == [(Op.UPDATE, Via.PUSH, ONE)]
        assert history.latest(refused_edit.db) == before

    def test_behind_what_waits_and_below_what_is_newer(self, cache: Cache) -> None:
        apply.receive(cache, page(server_row(TWO, "bread", 6)), Via.PULL)
        edits.edit_all(cache, [ONE], {"text": "too long"})
        edits.edit_all(cache, [ONE], {"completed": True})
        refuse(cache)
        edits.edit(cache, TWO, {"text": "butter"})
        settling.retry(cache, ONE)
        assert [(each.client_id, each.values) for each in queue(cache)] == [
            (TWO, {"text": "butter"}),
            (ONE, {"text": "too long", "completed": True}),
        ]

    def test_an_edit_that_waits_takes_it_in(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "too long"})
        sent = apply.take(cache, 1)
        edits.edit(cache, ONE, {"completed": True})
        apply.acknowledge(cache, sent, [answer(sent[0], Outcome.REFUSED, reason="No.")])
        settling.retry(cache, ONE)
        assert queued(cache) == [(Kind.EDIT, {"text": "too long", "completed": True}, {"text": "milk", "completed": False})]

    def test_a_create(self, cache: Cache, refused_create: str) -> None:
        settling.retry(cache, refused_create)
        [again] = queue(cache)
        row = rows.row(cache.db, refused_create)
        assert row is not None
        assert (again.kind, again.values, again.created_at) == (Kind.CREATE, {"text": "too long", "completed": False}, row.created_at)
        assert shown(cache)[refused_create] == ("too long", False, "pending")

    def test_a_create_with_the_edit_that_found_nothing(self, cache: Cache) -> None:
        made = edits.add(cache, "too long")
        sent = apply.take(cache, 1)
        edits.edit(cache, made, {"completed": True})
        sent += [each for each in apply.take(cache, 2) if each not in sent]
        outcomes = (Outcome.REFUSED, Outcome.GONE)
        apply.acknowledge(cache, sent, [answer(each, outcome, reason="No.") for each, outcome in zip(sent, outcomes, strict=True)])
        assert len(parked(cache)) == 2
        settling.retry(cache, made)
        assert queued(cache) == [(Kind.CREATE, {"text": "too long", "completed": True}, {})]

    def test_a_delete_takes_the_todo_off_the_list_again(self, refused_delete: Cache) -> None:
        assert shown(refused_delete)[ONE] == ("milk", False, "parked")
        settling.retry(refused_delete, ONE)
        assert (shown(refused_delete), queued(refused_delete)) == ({}, [(Kind.DELETE, {}, {"text": "milk", "completed": False})])
        undo.undo(refused_delete)
        assert (shown(refused_delete)[ONE], queue(refused_delete)) == (("milk", False, "synced"), [])

    def test_what_was_deleted_elsewhere_is_made_anew(self, gone: Cache) -> None:
        settling.retry(gone, ONE)
        [again] = queue(gone)
        assert (again.kind, again.values, again.created_at) == (Kind.CREATE, {"text": "soy", "completed": False}, ROW.created_at)
        apply.receive(gone, page(server_row(version=9, deleted=True)), Via.PULL)
        assert shown(gone)[ONE] == ("soy", False, "pending")
        [sent] = apply.take(gone, 1)
        apply.acknowledge(gone, [sent], [answer(sent, row=server_row(text="soy", version=10))])
        assert (shown(gone)[ONE], queue(gone), rows.base(gone.db, ONE)) == (("soy", False, "synced"), [], None)

    def test_what_the_server_has_meanwhile_needs_no_sending(self, refused_edit: Cache) -> None:
        apply.receive(refused_edit, page(server_row(text="too long", version=9)), Via.LIVE)
        settling.retry(refused_edit, ONE)
        assert (queue(refused_edit), shown(refused_edit)[ONE], rows.base(refused_edit.db, ONE)) == ([], ("too long", False, "synced"), None)

    def test_nothing_parked(self, cache: Cache) -> None:
        assert not settling.retry(cache, ONE)
        assert not settling.drop(cache, ONE)
        assert not cache.news()

    def test_a_create_of_what_was_made_elsewhere_meanwhile_is_an_edit_of_that(self, cache: Cache, refused_create: str) -> None:
        apply.receive(cache, page(server_row(refused_create, "theirs", 9)), Via.LIVE)
        settling.retry(cache, refused_create)
        assert queued(cache) == [(Kind.EDIT, {"text": "too long"}, {})]
        [sent] = apply.take(cache, 1)
        answered = answer(sent, before=server_row(refused_create, "theirs", 9), row=server_row(refused_create, "too long", 10))
        apply.acknowledge(cache, [sent], [answered])
        assert [(each.client_id, each.lost) for each in conflicts.everything(cache.db)] == [(refused_create, {"text": "theirs"})]

    def test_a_retry_that_is_deleted_before_it_is_sent_leaves_a_delete_behind_the_edit_that_was(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "soy"})
        [first] = apply.take(cache, 1)
        edits.edit(cache, ONE, {"completed": True})
        apply.take(cache, 2)
        apply.acknowledge(cache, [first], [answer(first, Outcome.GONE)])
        apply.receive(cache, page(server_row(version=9, deleted=True)), Via.PULL)
        settling.retry(cache, ONE)
        assert [kind for kind, *_ in queued(cache)] == [Kind.EDIT, Kind.CREATE]
        edits.delete(cache, ONE)
        # Were it only the edit, the todo would wait unseen: its row is off the list.
        assert [kind for kind, *_ in queued(cache)] == [Kind.EDIT, Kind.DELETE]
        refuse(cache, Outcome.GONE)
        assert (shown(cache), queue(cache), parked(cache), rows.base(cache.db, ONE)) == ({}, [], [], None)

    def test_changes_whose_row_is_not_in_the_list_are_sent_as_they_are(self, refused_edit: Cache) -> None:
        refused_edit.db.execute("DELETE FROM todo")
        assert settling.retry(refused_edit, ONE)
        assert queued(refused_edit) == [(Kind.EDIT, {"text": "too long"}, {"text": "milk"})]
        assert refused_edit.news()


class TestPark:
    """What is parked of an edit whose fields the user has written over in part before it was answered."""

    @pytest.fixture
    def partly(self, cache: Cache) -> Cache:
        edits.edit_all(cache, [ONE], {"text": "soy"})
        edits.edit_all(cache, [ONE], {"completed": True})
        [sent] = apply.take(cache, 1)
        edits.edit(cache, ONE, {"completed": False})
        apply.acknowledge(cache, [sent], [answer(sent, Outcome.REFUSED, reason="No.")])
        return cache

    def test_only_the_fields_that_no_later_edit_has_other_values_for(self, partly: Cache) -> None:
        assert [(each.values, each.base) for each in parked(partly)] == [({"text": "soy"}, {"text": "milk"})]

    def test_so_the_later_value_stays_on_the_screen_when_the_server_has_it(self, partly: Cache) -> None:
        [later] = apply.take(partly, 1)
        apply.acknowledge(partly, [later], [answer(later, row=server_row(version=6))])
        assert shown(partly)[ONE] == ("soy", False, "parked")

    def test_also_where_the_todo_is_gone_again_before_its_answer_comes(self, partly: Cache) -> None:
        [later] = apply.take(partly, 1)
        apply.acknowledge(partly, [later], [answer(later, duplicate=True)])
        stored("what is on the screen is what lies below it with what is parked", partly.db)


class TestRewrite:
    def test_the_new_text_takes_the_place_of_the_refused_one(self, refused_edit: Cache) -> None:
        assert settling.retry(refused_edit, ONE, "soy")
        assert queued(refused_edit) == [(Kind.EDIT, {"text": "soy"}, {"text": "milk"})]
        assert (parked(refused_edit), shown(refused_edit)[ONE]) == ([], ("soy", False, "pending"))

    def test_it_is_a_step(self, refused_edit: Cache) -> None:
        settling.retry(refused_edit, ONE, "soy")
        undo.undo(refused_edit)
        assert shown(refused_edit)[ONE] == ("too long", False, "pending")

    def test_the_same_text_is_a_retry(self, refused_edit: Cache) -> None:
        settling.retry(refused_edit, ONE, "too long")
        assert queued(refused_edit) == [(Kind.EDIT, {"text": "too long"}, {"text": "milk"})]

    def test_of_a_create(self, cache: Cache, refused_create: str) -> None:
        settling.retry(cache, refused_create, "short")
        assert queued(cache) == [(Kind.CREATE, {"text": "short", "completed": False}, {})]

    def test_of_what_was_deleted_elsewhere(self, gone: Cache) -> None:
        settling.retry(gone, ONE, "oat milk")
        assert queued(gone) == [(Kind.CREATE, {"text": "oat milk", "completed": False}, {})]

    def test_of_a_refused_delete_the_todo_stays(self, refused_delete: Cache) -> None:
        settling.retry(refused_delete, ONE, "soy")
        assert queued(refused_delete) == [(Kind.EDIT, {"text": "soy"}, {"text": "milk"})]
        assert shown(refused_delete)[ONE] == ("soy", False, "pending")


class TestDrop:
    def test_an_edit_shows_what_the_server_has(self, refused_edit: Cache) -> None:
        apply.receive(refused_edit, page(server_row(text="oat milk", version=9, completed=True)), Via.LIVE)
        refused_edit.news()
        assert settling.drop(refused_edit, ONE)
        assert (parked(refused_edit), queue(refused_edit), rows.base(refused_edit.db, ONE)) == ([], [], None)
        assert shown(refused_edit)[ONE] == ("oat milk", True, "synced")
        assert [(change.op, change.via) for change in refused_edit.news().changes] == [(Op.UPDATE, Via.LOCAL)]

    def test_it_can_be_undone(self, refused_edit: Cache) -> None:
        settling.drop(refused_edit, ONE)
        undo.undo(refused_edit)
        assert queued(refused_edit) == [(Kind.EDIT, {"text": "too long"}, {"text": "milk"})]

    def test_edits_that_wait_stay(self, cache: Cache) -> None:
        edits.edit(cache, ONE, {"text": "too long"})
        sent = apply.take(cache, 1)
        edits.edit(cache, ONE, {"completed": True})
        apply.acknowledge(cache, sent, [answer(sent[0], Outcome.REFUSED, reason="No.")])
        settling.drop(cache, ONE)
        assert (queued(cache), shown(cache)[ONE]) == ([(Kind.EDIT, {"completed": True}, {"completed": False})], ("milk", True, "pending"))
        assert rows.base(cache.db, ONE) == ROW

    def test_a_create_takes_the_todo_off_the_list(self, cache: Cache, refused_create: str) -> None:
        settling.drop(cache, refused_create)
        assert (parked(cache), queue(cache), refused_create in shown(cache)) == ([], [], False)
        assert [(change.op, change.client_id) for change in cache.news().changes] == [(Op.DELETE, refused_create)]
        undo.undo(cache)
        assert queued(cache) == [(Kind.CREATE, {"text": "too long", "completed": False}, {})]

    def test_a_create_of_what_was_made_elsewhere_meanwhile_shows_that(self, cache: Cache, refused_create: str) -> None:
        apply.receive(cache, page(server_row(refused_create, "theirs", 9)), Via.LIVE)
        settling.drop(cache, refused_create)
        assert (parked(cache), queue(cache), rows.base(cache.db, refused_create)) == ([], [], None)
        assert shown(cache)[refused_create] == ("theirs", False, "synced")

    def test_a_create_with_an_edit_that_waits(self, cache: Cache) -> None:
        made = edits.add(cache, "too long")
        [sent] = apply.take(cache, 1)
        edits.edit(cache, made, {"completed": True})
        apply.acknowledge(cache, [sent], [answer(sent, Outcome.REFUSED, reason="No.")])
        settling.drop(cache, made)
        assert (parked(cache), queue(cache), made in shown(cache)) == ([], [], False)

    def test_what_was_deleted_elsewhere_leaves_the_list(self, gone: Cache) -> None:
        settling.drop(gone, ONE)
        assert (shown(gone), parked(gone), queue(gone), rows.base(gone.db, ONE)) == ({}, [], [], None)
        apply.receive(gone, page(server_row(version=9, deleted=True)), Via.PULL)
        assert shown(gone) == {}

    def test_what_was_deleted_elsewhere_and_made_anew_there_shows_that(self, gone: Cache) -> None:
        apply.receive(gone, page(server_row(version=9, deleted=True)), Via.PULL)
        apply.receive(gone, page(server_row(text="oat milk", version=12)), Via.PULL)
        settling.drop(gone, ONE)
        assert (shown(gone)[ONE], rows.base(gone.db, ONE)) == (("oat milk", False, "synced"), None)

    def test_a_refused_edit_of_what_was_deleted_since_leaves_the_list(self, refused_edit: Cache) -> None:
        apply.receive(refused_edit, page(server_row(version=9, deleted=True)), Via.PULL)
        assert shown(refused_edit)[ONE] == ("too long", False, "parked")
        settling.drop(refused_edit, ONE)
        assert (shown(refused_edit), rows.base(refused_edit.db, ONE)) == ({}, None)

    def test_a_delete_leaves_the_todo(self, refused_delete: Cache) -> None:
        settling.drop(refused_delete, ONE)
        assert (shown(refused_delete)[ONE], parked(refused_delete)) == (("milk", False, "synced"), [])
        assert [(change.op, change.via) for change in refused_delete.news().changes] == [(Op.UPDATE, Via.PUSH)]

    def test_a_todo_that_was_made_anew_meanwhile_stays(self, gone: Cache) -> None:
        gone.db.execute("UPDATE parked SET client_id = ?", (TWO,))
        made = edits.add(gone, "soy")
        gone.db.execute("UPDATE parked SET client_id = ?", (made,))
        gone.db.execute("UPDATE parked SET checksum = mutation_checksum(mutation_id, client_id, kind, payload, made_at, reason, parked_at)")
        settling.drop(gone, made)
        assert (shown(gone)[made], [each.kind for each in queue(gone)]) == (("soy", False, "pending"), [Kind.CREATE])

    def test_changes_whose_row_is_not_in_the_list(self, refused_edit: Cache) -> None:
        refused_edit.db.execute("DELETE FROM todo")
        assert settling.drop(refused_edit, ONE)
        assert (parked(refused_edit), queue(refused_edit)) == ([], [])
        assert refused_edit.news()


def test_a_retry_is_all_or_nothing(refused_edit: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outbox, "add", full)
    with pytest.raises(CacheUnusable, match="no room left"):
        settling.retry(refused_edit, ONE)
    assert (len(parked(refused_edit)), queue(refused_edit)) == (1, [])
