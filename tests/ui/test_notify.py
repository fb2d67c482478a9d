"""Which changes become which notification."""

import pytest

from devots_desktop.domain.changes import Change, ChangeSet, Op, Via
from devots_desktop.ui.notify import LONGEST_S, QUIET_S, Bursts, Notification, worded
from devots_desktop.ui.tray import marked_up


def change(text: str, op: Op = Op.INSERT, via: Via = Via.LIVE, *, done: bool = False) -> Change:
    return Change(1, op, via, 1, f"id of {text}", text, done, 1)


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([change("tea")], Notification("New todo", "tea", 1), id="one new"),
        pytest.param([change("tea", Op.UPDATE)], Notification("Todo changed", "tea", 1), id="one changed"),
        pytest.param([change("tea", Op.UPDATE, done=True)], Notification("Todo done", "tea", 1), id="one done"),
        pytest.param([change("tea", Op.DELETE)], Notification("Todo deleted", "tea", 1), id="one deleted"),
        pytest.param(
            [change("tea"), change("milk", Op.DELETE), change("rent", Op.UPDATE)],
            Notification("3 todos changed", "New todo: tea\nTodo deleted: milk\nTodo changed: rent", 3),
            id="three by name",
        ),
        pytest.param(
            [change(str(n)) for n in range(4)],
            Notification("4 todos changed", "They were changed on another device.", 4),
            id="four as a number",
        ),
        pytest.param([change("a\nb\u202ec")], Notification("New todo", "a bc", 1), id="one line without controls"),
        pytest.param([change("x" * 500)], Notification("New todo", "x" * 79 + "…", 1), id="cut"),
    ],
)
def test_words(changes: list[Change], expected: Notification) -> None:
    assert worded(changes) == expected


@pytest.mark.parametrize("via", [Via.LOCAL, Via.PUSH])
def test_own_changes_and_their_echoes_are_not_told(via: Via) -> None:
    bursts = Bursts(Time())
    bursts.take(ChangeSet((change("tea", via=via),)))
    assert bursts.wait() is None


def test_a_list_read_as_a_whole_is_not_told() -> None:
    bursts = Bursts(Time())
    bursts.take(ChangeSet(reload=True))
    assert bursts.wait() is None


def test_a_burst_is_told_once_when_it_is_quiet() -> None:
    time = Time()
    bursts = Bursts(time)
    bursts.take(ChangeSet((change("tea"),)))
    time.now += QUIET_S / 2
    bursts.take(ChangeSet((change("milk"),)))
    time.now += QUIET_S * 0.9
    assert bursts.due() is None
    time.now += QUIET_S * 0.2
    told = bursts.due()
    assert told is not None
    assert told.count == 2
    assert bursts.due() is None


def test_a_burst_that_does_not_end_is_told_after_a_while() -> None:
    time = Time()
    bursts = Bursts(time)
    start = time.now
    while bursts.due() is None:
        bursts.take(ChangeSet((change(f"todo at {time.now}"),)))
        time.now += QUIET_S / 4
    assert time.now - start <= LONGEST_S + QUIET_S / 4


@pytest.mark.parametrize(
    ("ops", "title"),
    [
        pytest.param([Op.INSERT, Op.UPDATE], "New todo", id="added, then changed"),
        pytest.param([Op.UPDATE, Op.DELETE], "Todo deleted", id="changed, then deleted"),
        pytest.param([Op.INSERT, Op.DELETE], None, id="came and went"),
    ],
)
def test_of_one_todo_the_outcome_is_told(ops: list[Op], title: str | None) -> None:
    time = Time()
    bursts = Bursts(time)
    bursts.take(ChangeSet(tuple(change("tea", op) for op in ops)))
    time.now += QUIET_S
    told = bursts.due()
    assert (told.title if told else None) == title


def test_markup_is_escaped_where_a_server_renders_it() -> None:
    assert marked_up("<b>&", "linux") == "&lt;b&gt;&amp;"
    assert marked_up("<b>&", "win32") == "<b>&"
