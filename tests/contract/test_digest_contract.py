"""What every place for todos answers to who compares: counts and hashes in ranges, and rows by key (remote/base.py)."""

import uuid

import pytest

from devots_desktop.domain.digest import Hashes, Range, row_hash
from devots_desktop.domain.errors import SignedOut
from devots_desktop.remote.base import Comparable
from tests.contract.asking import all_pages, create, delete, edit, opened, runs
from tests.contract.backends import Backend, ended, new_id
from tests.outcomes import not_promised

AWKWARD = "Käse|\U0001f9c0 <b>\u202e\n\ttab \\ 'quote' \"\""


def comparable(backend: Backend, user_id: str) -> Comparable:
    remote = backend.remote(user_id)
    if not isinstance(remote, Comparable):
        not_promised("a server without our functions can only send its whole list")
    return remote


@runs
async def test_the_server_hashes_rows_as_the_program_does(backend: Backend) -> None:
    remote = comparable(backend, backend.person("ada"))
    async with opened(remote):
        made = [create(AWKWARD, completed=True), *(create(f"todo {number}") for number in range(40))]
        await remote.push(made)
        await remote.push([edit(made[0].client_id, text=AWKWARD + "!"), delete(made[1].client_id)])
        rows, _ = await all_pages(remote)
        mine = Hashes({row.client_id: row_hash(row) for row in rows if not row.deleted})
        asked = [Range(), *Range().parts(7)]
        digest = await remote.digest(asked, 12)
        assert digest.ranges == tuple(mine.summary(part, 12) for part in asked)
        assert digest.ranges[0].count == 40
        assert (digest.ranges[0].rows, sum(each.count for each in digest.ranges[1:])) == (None, 40)


@runs
async def test_both_ends_belong_to_a_range_and_an_empty_one_is_nothing(backend: Backend) -> None:
    remote = comparable(backend, backend.person("ada"))
    async with opened(remote):
        ends = [f"{digit}0000000-0000-4000-8000-000000000000" for digit in "123"]
        await remote.push([create(client_id=each) for each in ends])
        first, second, last = (uuid.UUID(each).int for each in ends)
        digest = await remote.digest([Range(first, last), Range(second, second), Range(first + 1, second - 1)], 5)
        assert [each.count for each in digest.ranges] == [3, 1, 0]
        assert [sorted(each.rows or ()) for each in digest.ranges] == [ends, ends[1:2], []]
        assert digest.ranges[2].hash == 0


@runs
async def test_it_is_of_one_person_and_names_the_history(backend: Backend) -> None:
    ada, bob = backend.person("ada"), backend.person("bob")
    hers, his = comparable(backend, ada), comparable(backend, bob)
    async with opened(hers, his):
        mine, theirs = create(), create()
        await hers.push([mine])
        await his.push([theirs])
        digest = await hers.digest([Range()], 9)
        assert (digest.user_id, list(digest.ranges[0].rows or ())) == (ada, [mine.client_id])
        page = await hers.fetch([mine.client_id, theirs.client_id])
        assert (page.user_id, [row.client_id for row in page.rows]) == (ada, [mine.client_id])
        assert digest.epoch == page.epoch == (await hers.pull(0, None, 1)).epoch


@runs
async def test_rows_by_key_are_as_in_a_pull_tombstones_among_them(backend: Backend) -> None:
    remote = comparable(backend, backend.person("ada"))
    async with opened(remote):
        kept, gone, back = create(AWKWARD), create(), create()
        await remote.push([kept, gone, back])
        await remote.push([delete(gone.client_id), delete(back.client_id)])
        await remote.push([create("again", back.client_id)])
        page = await remote.fetch([kept.client_id, gone.client_id, back.client_id, new_id()])
        pulled, _ = await all_pages(remote)
        newest = {row.client_id: row for row in sorted(pulled, key=lambda row: row.row_version)}
        assert {row.client_id: row for row in page.rows} == newest
        assert [row.deleted for row in page.rows].count(True) == 1
        assert not page.more


@runs
async def test_what_others_write_is_seen_at_once(backend: Backend) -> None:
    ada = backend.person("ada")
    remote = comparable(backend, ada)
    async with opened(remote):
        mine = create()
        await remote.push([mine])
        before = await remote.digest([Range()], 0)
        with ended(backend.elsewhere()) as elsewhere:
            elsewhere.edit(ada, mine.client_id, {"completed": True})
        after = await remote.digest([Range()], 0)
        assert (before.ranges[0].count, after.ranges[0].count) == (1, 1)
        assert before.ranges[0].hash != after.ranges[0].hash


@runs
async def test_nobody_is_never_answered(backend: Backend) -> None:
    ada = backend.person("ada")
    remote = comparable(backend, ada)
    async with opened(remote):
        backend.sign_out(ada)
        with pytest.raises(SignedOut):
            await remote.digest([Range()], 0)
        with pytest.raises(SignedOut):
            await remote.fetch([new_id()])
