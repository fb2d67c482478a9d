"""Promise 7: many todos that the server's complete list does not have are kept, marked and asked about, until the user or the server decides."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.account import Live
from devots_desktop.domain.question import Choice
from devots_desktop.domain.todo import State
from devots_desktop.store import edits, missing, undo
from devots_desktop.store.lists import Lists, View
from tests.unit.building import ME, queue, shown
from tests.unit.syncing import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.cache.close()
    made.loop.close()


@pytest.fixture
def lists(world: World) -> Iterator[Lists]:
    with Lists(world.cache.path) as made:
        yield made


def lose(world: World, keep: int = 0, of: int = 30) -> None:
    """The device has `of` todos; the server comes back from a restore with `keep` of them."""
    world.write(*(f"todo {number:02}" for number in range(of)))
    world.once()
    rows = sorted(world.server.todos(ME).values(), key=lambda row: row.text)
    world.server.truncate()
    transaction = world.server.begin()
    for row in rows[:keep]:
        transaction.add(ME, row.client_id, row.text)
    transaction.commit()
    assert world.once().live is Live.LIVE


def marked(lists: Lists) -> set[str]:
    return {todo.text for todo in lists.todos(lists.keys(View.ALL)).values() if todo.missing}


@pytest.mark.parametrize(("keep", "of", "asked"), [(0, 20, 0), (0, 21, 21), (9, 30, 21), (10, 30, 0), (30, 60, 0), (29, 60, 31), (1, 3, 0)])
def test_only_more_than_twenty_and_more_than_half_are_asked_about(world: World, lists: Lists, keep: int, of: int, asked: int) -> None:
    lose(world, keep, of)
    question = lists.question()
    assert (question.missing if question else 0) == asked
    assert len(world.texts) == keep + asked
    assert len(marked(lists)) == asked


def test_it_is_told_as_a_change_of_the_mark_that_is_nobodys_news(world: World) -> None:
    lose(world)
    changes = [change for changes in world.told[-1:] for change in changes.changes]
    assert [change.todo.missing for change in changes if change.todo] == [True] * 30
    assert not any(change.from_elsewhere for change in changes)


def test_it_is_asked_once_and_stays_asked(world: World, lists: Lists) -> None:
    lose(world)
    first = lists.question()
    world.server.epoch += 1
    world.once()
    assert lists.question() == first
    assert len(world.texts) == 30


def test_removed_here_they_are_gone_and_undo_puts_them_back_on_the_server_too(world: World, lists: Lists) -> None:
    lose(world, keep=5)
    ids = shown(world.cache)
    assert missing.answer(world.cache, Choice.REMOVE) == 25
    assert (lists.question(), len(world.texts), queue(world.cache)) == (None, 5, [])
    step = undo.undo(world.cache)
    assert step is not None
    assert step.count == 25
    world.once()
    assert {client_id: row.text for client_id, row in world.server.todos(ME).items()} == {key: text for key, (text, _, _) in ids.items()}


def test_put_back_they_are_on_the_server_as_they_were(world: World, lists: Lists) -> None:
    lose(world, keep=5)
    ids = shown(world.cache)
    assert missing.answer(world.cache, Choice.PUT_BACK) == 25
    assert {todo.state for todo in lists.todos(lists.keys(View.ALL)).values()} == {State.PENDING, State.SYNCED}
    assert (lists.question(), marked(lists)) == (None, set())
    world.once()
    assert {client_id: row.text for client_id, row in world.server.todos(ME).items()} == {key: text for key, (text, _, _) in ids.items()}
    assert shown(world.cache) == ids


def test_left_they_stay_marked_and_nobody_asks_again(world: World, lists: Lists) -> None:
    lose(world)
    assert missing.answer(world.cache, Choice.LEAVE) == 30
    world.server.epoch += 1
    world.once()
    assert (lists.question(), len(world.texts), len(marked(lists)), queue(world.cache)) == (None, 30, 30, [])


@pytest.mark.parametrize("choice", Choice)
def test_answered_twice_the_second_answer_changes_nothing(world: World, choice: Choice) -> None:
    lose(world)
    missing.answer(world.cache, choice)
    before = shown(world.cache)
    assert missing.answer(world.cache, Choice.REMOVE) == 0
    assert shown(world.cache) == before


def test_what_the_server_has_after_all_is_not_asked_about_any_more(world: World, lists: Lists) -> None:
    lose(world)
    [first, *_] = sorted(shown(world.cache))
    transaction = world.server.begin()
    transaction.add(ME, first, "back again")
    transaction.commit()
    world.once()
    question = lists.question()
    assert question is not None
    assert question.missing == 29
    assert "back again" not in marked(lists)


@pytest.mark.parametrize("choice", Choice)
def test_one_with_an_edit_of_this_device_is_left_to_the_edit(world: World, lists: Lists, choice: Choice) -> None:
    lose(world)
    [first, *_] = sorted(shown(world.cache))
    edits.edit(world.cache, first, {"text": "edited meanwhile"})
    assert missing.answer(world.cache, choice) == 29
    assert shown(world.cache)[first] == ("edited meanwhile", False, "pending")
    world.once()
    assert shown(world.cache)[first] == ("edited meanwhile", False, "parked")
    assert first not in {todo.client_id for todo in lists.todos(lists.keys(View.ALL)).values() if todo.missing}


def test_one_that_the_user_deletes_is_not_asked_about(world: World, lists: Lists) -> None:
    lose(world)
    [first, *_] = sorted(shown(world.cache))
    edits.delete(world.cache, first)
    world.once()
    question = lists.question()
    assert question is not None
    assert question.missing == 29
    assert queue(world.cache) == []
