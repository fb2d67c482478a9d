"""What every place for todos does alike for people and connections: who sees what, LISTEN, cuts, ends (remote/base.py; sync.md, sections 3 and 5)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from devots_desktop.domain.errors import SignedOut, Unreachable
from devots_desktop.domain.mutation import Outcome
from devots_desktop.remote.base import Remote
from tests.contract.asking import all_pages, create, delete, edit, opened, runs
from tests.contract.backends import Backend, ended, new_id


class TestPeople:
    @runs
    async def test_one_never_sees_or_changes_anothers(self, backend: Backend) -> None:
        ada, bob = backend.remote(backend.person("ada")), backend.remote(backend.person("bob"))
        async with opened(ada, bob):
            made = create("ada's")
            await ada.push([made, gone := create("gone"), delete(gone.client_id)])
            assert (await all_pages(bob))[0] == []
            answers = await bob.push([edit(made.client_id, text="bob's"), delete(made.client_id), create("bob's", made.client_id)])
            assert [answer.outcome for answer in answers] == [Outcome.GONE, Outcome.GONE, Outcome.APPLIED]
            assert [row.text for row in (await all_pages(ada))[0] if not row.deleted] == ["ada's"]
            assert [row.text for row in (await all_pages(bob))[0]] == ["bob's"]

    @runs
    async def test_a_mutation_of_another_with_the_same_id_is_another_mutation(self, backend: Backend) -> None:
        ada, bob = backend.remote(backend.person("ada")), backend.remote(backend.person("bob"))
        async with opened(ada, bob):
            made = create("same")
            [first], [second] = await ada.push([made]), await bob.push([made])
            assert (first.duplicate, second.duplicate) == (False, False)
            assert first.row is not None
            assert second.row is not None
            assert first.row.server_id != second.row.server_id

    @runs
    async def test_signed_out_is_said_and_never_an_empty_list(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            await remote.push([create()])
            backend.sign_out(ada)
            for ask in (lambda: remote.pull(0, None, 500), lambda: remote.push([create()]), lambda: listening(remote)):
                with pytest.raises(SignedOut):
                    await ask()

    @pytest.mark.managed("the portal's table tells nobody")
    @runs
    async def test_signed_out_while_listening_the_next_request_says_so(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote), heard(remote):
            backend.sign_out(ada)
            with pytest.raises(SignedOut):
                await remote.pull(0, None, 500)


async def listening(remote: Remote) -> None:
    await remote.listen(lambda: None, lambda: None)


@asynccontextmanager
async def heard(remote: Remote) -> AsyncIterator[asyncio.Event]:
    """Listen; the event is set by each change that is told."""
    ready, changed = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(remote.listen(ready.set, changed.set))
    try:
        is_ready = asyncio.create_task(ready.wait())
        await asyncio.wait([task, is_ready], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            is_ready.cancel()
            await task
        yield changed
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Unreachable):
            await task


@pytest.mark.managed("the portal's table tells nobody")
class TestListen:
    @pytest.mark.parametrize("verb", ["add", "edit", "delete"])
    @runs
    async def test_a_change_elsewhere_is_told(self, backend: Backend, verb: str) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            [made] = await remote.push([create()])
            assert made.row is not None
            async with heard(remote) as changed:
                with ended(backend.elsewhere()) as web:
                    if verb == "add":
                        web.add(ada, new_id(), "new")
                    elif verb == "edit":
                        web.edit(ada, made.row.client_id, {"completed": True})
                    else:
                        web.delete(ada, made.row.client_id)
                await changed.wait()

    @runs
    async def test_own_changes_are_told_too_to_every_device(self, backend: Backend) -> None:
        ada = backend.person("ada")
        desk, lap = backend.remote(ada), backend.remote(ada)
        async with opened(desk, lap), heard(desk) as on_desk, heard(lap) as on_lap:
            await desk.push([create()])
            await asyncio.gather(on_desk.wait(), on_lap.wait())

    @runs
    async def test_nothing_is_told_before_the_commit_and_nothing_of_others(self, backend: Backend) -> None:
        ada, bob = backend.person("ada"), backend.person("bob")
        remote = backend.remote(ada)
        async with opened(remote), heard(remote) as changed:
            with ended(backend.elsewhere()) as web:
                web.add(bob, new_id(), "bob's")
            web = backend.elsewhere()
            web.add(ada, new_id(), "ada's")
            # A round trip: what had been sent before it would have arrived.
            await remote.pull(0, None, 1)
            assert not changed.is_set()
            web.commit()
            await changed.wait()

    @runs
    async def test_a_change_around_the_subscription_is_never_missed_by_ready_then_pull(self, backend: Backend) -> None:
        """Writers go on all the time; whoever pulls at `ready`, and at each word after it, has all in the end."""
        ada = backend.person("ada")
        remote, writer = backend.remote(ada), backend.remote(ada)
        async with opened(remote, writer):
            made = [create(str(number)) for number in range(25)]

            async def write() -> None:
                for mutation in made:
                    await writer.push([mutation])
                    await asyncio.sleep(0)

            found: set[str] = set()
            since = 0
            writing = asyncio.create_task(write())
            async with heard(remote) as changed:
                changed.set()
                while len(found) < len(made):
                    await changed.wait()
                    changed.clear()
                    rows, page = await all_pages(remote, since)
                    since = page.horizon
                    found |= {row.client_id for row in rows}
            await writing

    @runs
    async def test_a_lost_connection_is_said_or_made_good_and_it_can_listen_again(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with opened(remote):
            ready, changed = asyncio.Event(), asyncio.Event()
            task = asyncio.create_task(remote.listen(ready.set, changed.set))
            await ready.wait()
            backend.cut()
            # Whoever connects again without a word says that something may have changed meanwhile.
            hinted = asyncio.create_task(changed.wait())
            await asyncio.wait([task, hinted], return_when=asyncio.FIRST_COMPLETED)
            task.cancel()
            hinted.cancel()
            with pytest.raises((Unreachable, asyncio.CancelledError)):
                await task
            async with heard(remote) as changed:
                with ended(backend.elsewhere()) as web:
                    web.add(ada, new_id(), "new")
                await changed.wait()


class TestConnection:
    @pytest.mark.managed("a plain server remembers no mutations and their answers")
    @runs
    async def test_requests_go_on_after_a_cut(self, backend: Backend) -> None:
        remote = backend.remote(backend.person("ada"))
        async with opened(remote):
            made = create()
            await remote.push([made])
            backend.cut()
            with suppress(Unreachable):
                await remote.push([made])
            [answer] = await remote.push([made])
            assert answer.duplicate
            assert await remote.reachable()

    @runs
    async def test_nobody_answers(self, backend: Backend) -> None:
        remote = backend.nowhere(backend.person("ada"))
        async with opened(remote):
            assert not await remote.reachable()
            for ask in (lambda: remote.pull(0, None, 500), lambda: remote.push([create()]), lambda: listening(remote)):
                with pytest.raises(Unreachable) as caught:
                    await ask()
                assert caught.value.sentence
                assert caught.value.next_step

    @runs
    async def test_closing_in_any_state(self, backend: Backend) -> None:
        ada = backend.person("ada")
        states: list[Callable[[Remote], Awaitable[object]]] = [
            lambda remote: remote.close(),
            lambda remote: remote.reachable(),
            lambda remote: remote.pull(0, None, 1),
            lambda remote: remote.push([create()]),
        ]
        for state in states:
            remote = backend.remote(ada)
            await state(remote)
            await remote.close()
        await backend.nowhere(ada).close()

    @pytest.mark.managed("the portal's table tells nobody")
    @runs
    async def test_closing_while_it_listens_or_asks(self, backend: Backend) -> None:
        ada = backend.person("ada")
        remote = backend.remote(ada)
        async with heard(remote):
            asking = asyncio.create_task(remote.pull(0, None, 1))
            await asyncio.sleep(0)
            asking.cancel()
            await remote.close()
            await asyncio.gather(asking, return_exceptions=True)
