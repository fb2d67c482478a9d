"""Undo after the change has reached the server, between two devices of one person: the real engine and the server in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.steps import Action, Step
from devots_desktop.domain.todo import ServerRow
from devots_desktop.store import conflicts, edits, settling, undo
from devots_desktop.store.lists import Lists
from tests.unit.building import ME, shown
from tests.unit.syncing import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.cache.close()
    made.loop.close()


def elsewhere(world: World, client_id: str, **patch: str | bool) -> None:
    """Another device changes a todo."""
    transaction = world.server.begin()
    assert transaction.edit(ME, client_id, patch) is not None
    transaction.commit()


def on_server(world: World, client_id: str) -> ServerRow | None:
    return world.server.row(ME, client_id)


def lost(world: World) -> list[dict[str, str | bool]]:
    return [conflict.lost for conflict in conflicts.everything(world.cache.db)]


@pytest.fixture
def todo(world: World) -> str:
    made = edits.add(world.cache, "milk")
    world.once()
    return made


@pytest.mark.parametrize("heard", [True, False], ids=["having heard of it", "not having heard of it"])
def test_an_undone_edit_keeps_what_was_changed_elsewhere_meanwhile(world: World, todo: str, *, heard: bool) -> None:
    edits.edit(world.cache, todo, {"text": "soy milk"})
    world.once()
    elsewhere(world, todo, text="oat milk")
    if heard:
        world.once()
    step = undo.undo(world.cache)
    assert step is not None
    assert step.overruled == heard
    world.once()
    assert (world.texts, world.server_texts, lost(world)) == (["milk"], ["milk"], [{"text": "oat milk"}])
    [conflict] = conflicts.everything(world.cache.db)
    conflicts.restore(world.cache, conflict.number)
    world.once()
    assert (world.texts, world.server_texts, lost(world)) == (["oat milk"], ["oat milk"], [])


def test_an_undone_edit_leaves_the_other_field_alone(world: World, todo: str) -> None:
    edits.edit(world.cache, todo, {"text": "soy milk"})
    world.once()
    elsewhere(world, todo, completed=True)
    undo.undo(world.cache)
    world.once()
    row = on_server(world, todo)
    assert row is not None
    assert ((row.text, row.completed), lost(world)) == (("milk", True), [])


def test_an_undone_delete_is_the_same_todo(world: World, todo: str) -> None:
    before = on_server(world, todo)
    edits.delete(world.cache, todo)
    world.once()
    assert on_server(world, todo) is None
    undo.undo(world.cache)
    world.once()
    after = on_server(world, todo)
    assert before is not None
    assert after is not None
    assert (after.client_id, after.text, after.created_at) == (before.client_id, before.text, before.created_at)
    assert shown(world.cache) == {todo: ("milk", False, "synced")}


@pytest.mark.parametrize("heard", [True, False], ids=["having heard of it", "not having heard of it"])
def test_an_undone_add_keeps_the_todo_as_it_was_changed_elsewhere(world: World, todo: str, *, heard: bool) -> None:
    elsewhere(world, todo, text="oat milk")
    if heard:
        world.once()
    undo.undo(world.cache)
    world.once()
    assert (world.server_texts, lost(world)) == ([], [{"text": "oat milk", "completed": False}])
    with Lists(world.cache.path) as lists:
        assert lists.counts().needs_you == 1
    [conflict] = conflicts.everything(world.cache.db)
    assert conflicts.restore(world.cache, conflict.number) == todo
    world.once()
    assert (world.server_texts, lost(world)) == (["oat milk"], [])


def test_a_refused_edit_is_retried_in_its_place_and_dropped_for_the_servers(world: World, todo: str) -> None:
    edits.edit(world.cache, todo, {"text": "forbidden"})
    assert world.once().parked == 1
    elsewhere(world, todo, completed=True)
    settling.retry(world.cache, todo)
    assert world.once().parked == 1
    settling.drop(world.cache, todo)
    assert (world.once().parked, shown(world.cache)) == (0, {todo: ("milk", True, "synced")})
    assert undo.undo(world.cache) == Step(Action.EDIT, "milk", 1)


def test_what_was_sent_again_overrules_nobody_silently(world: World, todo: str) -> None:
    edits.edit(world.cache, todo, {"text": "forbidden"})
    world.once()
    elsewhere(world, todo, text="oat milk")
    world.once()
    world.server.forbidden = lambda _: False
    settling.retry(world.cache, todo)
    world.once()
    assert (world.server_texts, lost(world)) == (["forbidden"], [{"text": "oat milk"}])
