"""What every place for todos does alike with rows: push, exactly once, pull, and what may overtake what (remote/base.py; sync.md, section 3)."""

from dataclasses import replace

import pytest

from devots_desktop.domain.errors import BatchRefused, Unreachable
from devots_desktop.domain.mutation import Answer, Kind, Outcome
from tests.contract.asking import all_pages, create, delete, edit, fields, opened, runs
from tests.contract.backends import FORBIDDEN, Backend, ended, new_id


class TestPush:
    @pytest.mark.table("a portal gives a new todo a time of its own")
    @runs
    async def test_a_create_is_there_with_its_time(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            made = create("Käse \U0001f9c0 <b>\u202e", completed=True)
            [answer] = await remote.push([made])
            assert answer == Answer(made.mutation_id, Outcome.APPLIED, row=answer.row)
            assert answer.row is not None
            assert (answer.row.client_id, fields(answer.row)) == (made.client_id, ("Käse \U0001f9c0 <b>\u202e", True))
            assert (answer.row.created_at, answer.row.deleted) == (made.created_at, False)
            rows, _ = await all_pages(remote)
            assert rows == [answer.row]

    @runs
    async def test_a_create_is_there_as_it_was_answered(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            made = create("Käse \U0001f9c0 <b>\u202e", completed=True)
            [answer] = await remote.push([made])
            assert answer == Answer(made.mutation_id, Outcome.APPLIED, row=answer.row)
            assert answer.row is not None
            assert (answer.row.client_id, fields(answer.row)) == (made.client_id, ("Käse \U0001f9c0 <b>\u202e", True))
            assert (await all_pages(remote))[0] == [answer.row]

    @pytest.mark.managed("a plain table takes the time that it is given")
    @runs
    async def test_a_time_to_come_becomes_the_servers(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            far = replace(create(), created_at=4_000_000_000_000_000)
            [answer] = await remote.push([far])
            assert answer.row is not None
            assert answer.row.created_at < 3_000_000_000_000_000

    @runs
    async def test_an_edit_answers_the_row_before_and_after_and_changes_only_its_fields(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            [made] = await remote.push([create()])
            assert made.row is not None
            [answer] = await remote.push([edit(made.row.client_id, completed=True)])
            assert answer.outcome is Outcome.APPLIED
            assert answer.before == made.row
            assert answer.row is not None
            assert (fields(answer.row), answer.row.created_at, answer.row.server_id) == (
                ("milk", True),
                made.row.created_at,
                made.row.server_id,
            )
            assert backend.plain or answer.row.row_version > made.row.row_version
            assert answer.row.updated_at >= made.row.updated_at

    @runs
    async def test_a_delete_answers_what_went(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            [made] = await remote.push([create()])
            assert made.row is not None
            [answer] = await remote.push([gone := delete(made.row.client_id)])
            assert answer == Answer(gone.mutation_id, Outcome.APPLIED, before=made.row)

    @pytest.mark.parametrize("kind", [Kind.EDIT, Kind.DELETE])
    @runs
    async def test_nothing_hit_is_gone_and_never_applied(self, backend: Backend, kind: Kind) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            missing = edit(new_id(), text="x") if kind is Kind.EDIT else delete(new_id())
            assert await remote.push([missing]) == [Answer(missing.mutation_id, Outcome.GONE)]

    @pytest.mark.managed("a plain table has no keys of ours")
    @runs
    async def test_a_create_of_what_is_there_changes_nothing(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            [made] = await remote.push([create()])
            assert made.row is not None
            [answer] = await remote.push([again := create("other", made.row.client_id)])
            assert answer == Answer(again.mutation_id, Outcome.EXISTS, row=made.row)
            assert (await all_pages(remote))[0] == [made.row]

    @pytest.mark.table("no procedure of a portal changes a text")
    @runs
    async def test_they_are_applied_and_answered_in_order(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            made = create("one")
            batch = [
                made,
                edit(made.client_id, text="two"),
                edit(made.client_id, text="three"),
                delete(made.client_id),
                edit(made.client_id),
            ]
            batch[-1] = edit(made.client_id, text="late")
            answers = await remote.push(batch)
            assert [answer.mutation_id for answer in answers] == [mutation.mutation_id for mutation in batch]
            assert [(answer.outcome, fields(answer.before)) for answer in answers] == [
                (Outcome.APPLIED, None),
                (Outcome.APPLIED, ("one", False)),
                (Outcome.APPLIED, ("two", False)),
                (Outcome.APPLIED, ("three", False)),
                (Outcome.GONE, None),
            ]

    @runs
    async def test_marks_are_applied_and_answered_in_order(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            made = create("one")
            batch = [made, edit(made.client_id, completed=True), edit(made.client_id, completed=False), delete(made.client_id)]
            answers = await remote.push([*batch, late := edit(made.client_id, completed=True)])
            assert [answer.mutation_id for answer in answers] == [mutation.mutation_id for mutation in [*batch, late]]
            assert [(answer.outcome, fields(answer.before)) for answer in answers] == [
                (Outcome.APPLIED, None),
                (Outcome.APPLIED, ("one", False)),
                (Outcome.APPLIED, ("one", True)),
                (Outcome.APPLIED, ("one", False)),
                (Outcome.GONE, None),
            ]

    @pytest.mark.parametrize("verb", ["create", "edit"])
    @runs
    async def test_a_refused_one_has_a_reason_and_the_others_go_on(self, backend: Backend, verb: str) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            first, last = create("first"), create("last")
            bad = create(FORBIDDEN) if verb == "create" else edit(first.client_id, text=FORBIDDEN)
            answers = await remote.push([first, bad, last])
            assert [answer.outcome for answer in answers] == [Outcome.APPLIED, Outcome.REFUSED, Outcome.APPLIED]
            assert answers[1].reason
            assert FORBIDDEN not in answers[1].reason
            assert answers[1].row is answers[1].before is None
            assert sorted(row.text for row in (await all_pages(remote))[0]) == ["first", "last"]

    @runs
    async def test_a_refused_one_may_be_sent_again(self, backend: Backend) -> None:
        """It left nothing behind, so the same mutation is judged anew."""
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            bad = create(FORBIDDEN)
            first, second = [(await remote.push([bad]))[0] for _ in range(2)]
            assert (second, second.duplicate) == (first, False)

    @pytest.mark.managed("a plain server is sent one mutation at a time")
    @runs
    async def test_fifty_at_once_and_no_more(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            batch = [create(str(number)) for number in range(51)]
            with pytest.raises(BatchRefused):
                await remote.push(batch)
            assert (await all_pages(remote))[0] == []
            assert {answer.outcome for answer in await remote.push(batch[:50])} == {Outcome.APPLIED}

    @pytest.mark.managed("a plain server is sent one mutation at a time")
    @runs
    async def test_a_text_that_fails_the_whole_request_is_a_refusal_and_not_a_reason_to_wait(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            with pytest.raises(BatchRefused):
                await remote.push([create("fine"), create("nul \0")])
            assert (await all_pages(remote))[0] == []
            assert len(await remote.push([create("fine")])) == 1


@pytest.mark.managed("a plain server remembers no mutations and their answers")
class TestExactlyOnce:
    @runs
    async def test_repeated_at_once_it_is_answered_as_the_first_time(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            made = create("one")
            batch = [made, edit(made.client_id, text="two"), edit(new_id(), text="nobody")]
            first = await remote.push(batch)
            again = await remote.push(batch)
            assert [(answer.outcome, answer.before, answer.duplicate) for answer in again] == [
                (answer.outcome, answer.before, True) for answer in first
            ]
            assert [answer.row for answer in again] == [first[1].row, first[1].row, None]

    @runs
    async def test_repeated_after_somebody_wrote_over_it_it_changes_nothing(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            [made] = await remote.push([create("one")])
            assert made.row is not None
            client_id = made.row.client_id
            mine = edit(client_id, text="mine")
            with ended(backend.elsewhere()) as web:
                web.edit(ada, client_id, {"text": "theirs"})
            [first] = await remote.push([mine])
            with ended(backend.elsewhere()) as web:
                web.edit(ada, client_id, {"text": "theirs again"})
            [again] = await remote.push([mine])
            # The answer that was lost: with what this mutation overruled.
            assert (again.outcome, fields(again.before), again.duplicate) == (Outcome.APPLIED, ("theirs", False), True)
            assert again.before == first.before
            # The row as it is now.
            assert fields(again.row) == ("theirs again", False)
            assert [row.text for row in (await all_pages(remote))[0]] == ["theirs again"]

    @runs
    async def test_a_repeated_create_does_not_bring_a_deleted_todo_back(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            made = create()
            await remote.push([made])
            with ended(backend.elsewhere()) as web:
                web.delete(ada, made.client_id)
            [again] = await remote.push([made])
            assert (again.outcome, again.duplicate, again.row) == (Outcome.APPLIED, True, None)

    @runs
    async def test_a_repeated_gone_stays_gone_though_the_todo_came_back(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            made, late = create("one"), edit(new_id(), text="late")
            late = replace(late, client_id=made.client_id)
            await remote.push([late])
            await remote.push([made])
            [again] = await remote.push([late])
            assert (again.outcome, again.duplicate, fields(again.row)) == (Outcome.GONE, True, ("one", False))

    @runs
    async def test_a_repeated_delete_does_not_delete_what_was_made_anew(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            made = create("one")
            gone = delete(made.client_id)
            await remote.push([made, gone])
            await remote.push([create("anew", made.client_id)])
            [again] = await remote.push([gone])
            assert (again.outcome, again.duplicate, fields(again.before), fields(again.row)) == (
                Outcome.APPLIED,
                True,
                ("one", False),
                ("anew", False),
            )


class TestPull:
    @runs
    async def test_an_empty_list_is_somebodys(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            page = await remote.pull(0, None, 500)
            assert (page.user_id, list(page.rows), page.more) == (ada, [], False)
            assert page.epoch
            assert (await remote.pull(page.horizon, None, 500)).epoch == page.epoch

    @pytest.mark.managed("a plain server keeps no versions, tombstones or horizon")
    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 500])
    @runs
    async def test_pages_bring_every_row_once_in_order(self, backend: Backend, limit: int) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            made = [create(str(number)) for number in range(7)]
            # Rows of one transaction share a version: the order goes on by key.
            await remote.push(made[:5])
            await remote.push([*made[5:], delete(made[0].client_id)])
            rows, _ = await all_pages(remote, limit=limit)
            assert {row.client_id for row in rows} == {mutation.client_id for mutation in made}
            assert len(rows) == 7
            assert rows == sorted(rows, key=lambda row: (row.row_version, row.client_id))
            assert [row.client_id for row in rows if row.deleted] == [made[0].client_id]

    @pytest.mark.managed("each pull of a plain server is the complete list")
    @runs
    async def test_the_next_pull_brings_what_came_since_and_ends(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            await remote.push([create("old")])
            _, page = await all_pages(remote)
            [new] = await remote.push([create("new")])
            rows, page = await all_pages(remote, page.horizon)
            assert rows == [new.row]
            assert (await all_pages(remote, page.horizon))[0] == []

    @pytest.mark.managed("a plain server keeps no versions, tombstones or horizon")
    @runs
    async def test_the_portals_own_writes_are_seen(self, backend: Backend) -> None:
        """It knows nothing of sync: it inserts, updates and deletes rows."""
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            kept, gone = new_id(), new_id()
            with ended(backend.elsewhere()) as web:
                web.add(ada, kept, "kept")
                web.add(ada, gone, "gone")
            rows, page = await all_pages(remote)
            assert sorted(row.text for row in rows) == ["gone", "kept"]
            with ended(backend.elsewhere()) as web:
                web.edit(ada, kept, {"completed": True})
                web.delete(ada, gone)
            rows, _ = await all_pages(remote, page.horizon)
            assert {row.client_id: (row.deleted, row.completed) for row in rows} == {kept: (False, True), gone: (True, False)}

    @runs
    async def test_what_is_rolled_back_is_not_seen(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            web = backend.elsewhere()
            web.add(ada, new_id(), "never")
            web.rollback()
            assert (await all_pages(remote))[0] == []

    @pytest.mark.managed("a plain server keeps no versions, tombstones or horizon")
    @runs
    async def test_delete_undo_and_delete_again(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            made = create("one")
            seen, since = [], 0
            for step in (made, delete(made.client_id), create("one", made.client_id), delete(made.client_id)):
                [answer] = await remote.push([step])
                assert answer.outcome is Outcome.APPLIED
                rows, page = await all_pages(remote, since)
                newest = max((row for row in rows if row.client_id == made.client_id), key=lambda row: row.row_version)
                seen.append(newest)
                since = page.horizon
            assert [row.deleted for row in seen] == [False, True, False, True]
            versions = [row.row_version for row in seen]
            assert versions == sorted(set(versions))
            assert seen[2].created_at == made.created_at


@pytest.mark.managed("a plain server keeps no versions, tombstones or horizon")
class TestInterleavings:
    """sync.md, "The gapless cursor"."""

    @runs
    async def test_a_slow_transaction_that_commits_late_is_not_missed(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            slow = backend.elsewhere()
            slow.add(ada, slow_id := new_id(), "slow")
            with ended(backend.elsewhere()) as fast:
                fast.add(ada, fast_id := new_id(), "fast")
            rows, page = await all_pages(remote)
            assert [row.client_id for row in rows] == [fast_id]
            slow.commit()
            rows, page = await all_pages(remote, page.horizon)
            assert slow_id in {row.client_id for row in rows}
            assert (await all_pages(remote, page.horizon))[0] == []

    @runs
    async def test_neither_where_it_comes_between_two_pages(self, backend: Backend) -> None:
        """So the cursor is the first page's horizon."""
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            slow = backend.elsewhere()
            slow.delete(ada, new_id())
            await remote.push([create(str(number)) for number in range(4)])
            first = await remote.pull(0, None, 2)
            slow.add(ada, slow_id := new_id(), "slow")
            slow.commit()
            last = (first.rows[-1].row_version, first.rows[-1].client_id)
            second = await remote.pull(0, last, 2)
            rows, _ = await all_pages(remote, first.horizon)
            assert slow_id in {row.client_id for row in [*second.rows, *rows]}

    @runs
    async def test_a_lower_number_that_commits_last_on_the_same_row_is_newer(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            [made] = await remote.push([create("one")])
            assert made.row is not None
            client_id, low, high = made.row.client_id, backend.elsewhere(), backend.elsewhere()
            high.edit(ada, client_id, {"text": "high"})
            high.commit()
            [row], page = await all_pages(remote)
            low.edit(ada, client_id, {"text": "low"})
            low.commit()
            newest = (await all_pages(remote, page.horizon))[0][-1]
            assert (newest.text, newest.row_version > row.row_version) == ("low", True)

    @runs
    async def test_made_anew_by_an_older_transaction_than_the_one_that_deleted_it_it_is_newer(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            await remote.push([made := create("one")])
            low, high = backend.elsewhere(), backend.elsewhere()
            high.delete(ada, made.client_id)
            high.commit()
            [tombstone], page = await all_pages(remote)
            low.add(ada, made.client_id, "anew")
            low.commit()
            newest = (await all_pages(remote, page.horizon))[0][-1]
            assert (newest.text, newest.deleted, newest.row_version > tombstone.row_version) == ("anew", False, True)

    @runs
    async def test_twice_in_one_transaction_the_last_is_newer_than_both(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            [made] = await remote.push([create("one")])
            assert made.row is not None
            _, page = await all_pages(remote)
            answers = await remote.push([edit(made.row.client_id, text="two"), edit(made.row.client_id, text="three")])
            versions = [made.row.row_version, *(answer.row.row_version for answer in answers if answer.row)]
            assert versions == sorted(set(versions))
            assert (await all_pages(remote, page.horizon))[0][-1].text == "three"

    @runs
    async def test_an_added_and_deleted_todo_of_one_transaction_is_a_tombstone(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            made = create()
            await remote.push([made, delete(made.client_id)])
            [row] = (await all_pages(remote))[0]
            assert (row.client_id, row.deleted) == (made.client_id, True)

    @runs
    async def test_a_row_that_somebody_holds_means_not_now_and_nothing_is_applied(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            [made] = await remote.push([create("one")])
            assert made.row is not None
            web = backend.elsewhere()
            web.edit(ada, made.row.client_id, {"text": "theirs"})
            batch = [create("behind"), edit(made.row.client_id, text="mine")]
            try:
                with pytest.raises(Unreachable):
                    await remote.push(batch)
            finally:
                web.commit()
            assert [answer.duplicate for answer in await remote.push(batch)] == [False, False]
            assert sorted(row.text for row in (await all_pages(remote))[0]) == ["behind", "mine"]
