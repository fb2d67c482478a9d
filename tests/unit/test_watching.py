"""What `devots watch` and `watch()` tell of a change set."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.cli.forms import change_form
from devots_desktop.domain.account import Account, AccountKind
from devots_desktop.domain.changes import Change, ChangeSet, Op, Via
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.watching import Shown
from devots_desktop.store import edits
from devots_desktop.store.profile import Profile


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenAccount]:
    account = OpenAccount(Profile(tmp_path), Account("ada", AccountKind.POSTGRES, "Ada"))
    yield account
    account.lists.close()
    account.cache.close()


def change(op: Op, via: Via) -> Change:
    return Change(1, op, via, 1, "11111111-1111-4111-8111-111111111111", "milk", completed=False, at=5)


@pytest.mark.parametrize(
    ("op", "via", "told"),
    [
        (Op.INSERT, Via.LOCAL, "local"),
        (Op.UPDATE, Via.LIVE, "live"),
        (Op.DELETE, Via.PULL, "pull"),
        pytest.param(Op.UPDATE, Via.PUSH, None, id="an acknowledgement changes a mark only"),
        pytest.param(Op.INSERT, Via.PUSH, "live", id="a todo whose delete was refused is back"),
    ],
)
def test_which_changes_are_for_people(opened: OpenAccount, op: Op, via: Via, told: str | None) -> None:
    news = list(Shown(opened.cache, opened.lists).news(ChangeSet((change(op, via),))))
    assert [change_form(each)["via"] for each in news] == ([told] if told else [])


def test_a_list_that_is_to_be_read_again_is_told_as_single_changes(opened: OpenAccount) -> None:
    same, edited, gone = (edits.add(opened.cache, text) for text in ("same", "edited", "gone"))
    shown = Shown(opened.cache, opened.lists)
    edits.edit(opened.cache, edited, {"text": "new", "completed": True})
    edits.delete(opened.cache, gone)
    added = edits.add(opened.cache, "added")
    news = [(each.op, each.via, each.client_id, each.text, each.completed) for each in shown.news(ChangeSet(reload=True))]
    assert sorted(news) == [
        (Op.DELETE, Via.PULL, gone, "gone", False),
        (Op.INSERT, Via.PULL, added, "added", False),
        (Op.UPDATE, Via.PULL, edited, "new", True),
    ]
    assert same not in {each[2] for each in news}
    assert list(shown.news(ChangeSet(reload=True))) == []


def test_what_was_told_singly_is_not_told_again(opened: OpenAccount) -> None:
    edits.add(opened.cache, "before")
    shown = Shown(opened.cache, opened.lists)
    opened.cache.news()
    one = edits.add(opened.cache, "one")
    edits.edit(opened.cache, one, {"completed": True})
    edits.delete(opened.cache, edits.add(opened.cache, "two"))
    assert len(list(shown.news(opened.cache.news()))) == 4
    assert list(shown.news(ChangeSet(reload=True))) == []
