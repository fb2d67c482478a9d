"""How a portal account is told of changes: by Realtime with the portal's own token, or not at all, and then it says why (portal-contract.md, sections 4 to 6)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from devots_desktop.domain.errors import SignedOut
from devots_desktop.remote.portal import limits, live
from devots_desktop.remote.portal.address import Portal
from devots_desktop.remote.portal.remote import PortalRemote
from devots_desktop.remote.portal.signing import Door, Granted
from devots_desktop.remote.portal.wire import Wire
from tests.contract.asking import create
from tests.contract.portal_backend import nothing_known
from tests.portal.client import PASSWORD, Asking
from tests.portal.front import Front, Page
from tests.servers.fixtures import Servers

EMAIL = "ada@example.org"


@pytest.fixture
def there(servers: Servers) -> Iterator[Asking]:
    with servers.portal_on_supabase(18, "desktop") as (portal, _):
        yield Asking(portal)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[tuple[PortalRemote, asyncio.Event, asyncio.Event, "asyncio.Task[None]"]]:
    granted = await Door(Portal(url)).sign_in(EMAIL, PASSWORD)
    assert isinstance(granted, Granted)
    remote = PortalRemote(Wire(Portal(url), granted.credential), known=nothing_known, unsure={})
    ready, changed = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(remote.listen(ready.set, changed.set))
    try:
        yield remote, ready, changed, task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, SignedOut):
            await task
        await remote.close()


def run(scene: Callable[[], "asyncio.Future[None] | object"]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(50):
            await scene()  # type: ignore[misc]

    asyncio.run(bounded())


def test_a_change_elsewhere_is_told_by_the_portals_token(there: Asking) -> None:
    ada = there.sign_up()

    async def scene() -> None:
        async with listening(there.portal.url) as (remote, ready, changed, _):
            await ready.wait()
            assert remote.untold == ""
            await asyncio.to_thread(there.data, "todo.create", {"text": "on the web"}, **ada.headers)
            await changed.wait()
            assert [row.text for row in (await remote.pull(0, None, 500)).rows] == ["on the web"]

    run(scene)


def test_the_token_is_renewed_before_it_ends(there: Asking) -> None:
    there.sign_up()
    there.portal.change(token_seconds=int(live.EARLY_S) - 10)

    with Front(there.portal.url) as front:

        async def scene() -> None:
            async with listening(front.url) as (remote, ready, _, _):
                pauses: list[float] = []
                renewed = asyncio.Event()

                async def pause(seconds: float) -> None:
                    pauses.append(seconds)
                    if len(pauses) > 2:
                        renewed.set()
                        await asyncio.Event().wait()

                remote._live._sleep = pause
                await ready.wait()
                await renewed.wait()
                assert pauses[0] == 15.0
                # The first, and one in each pause: no token of this portal is good for long enough.
                assert len(front.asked("getRealtimeChannel")) >= 3

        run(scene)


def test_with_the_anon_key_alone_it_says_why_nothing_is_told(servers: Servers) -> None:
    with servers.portal_on_supabase(18, "seed") as (portal, _):
        asking = Asking(portal)
        asking.sign_up()

        async def scene() -> None:
            async with listening(portal.url) as (remote, ready, changed, _):
                await changed.wait()
                assert (remote.untold, ready.is_set()) == (limits.ANON_ONLY, False)
                [answer] = await remote.push([create("goes on")])
                assert answer.row is not None

        run(scene)


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (Page(404, b'{"error":{"code":-32004,"data":{"code":"NOT_FOUND"}}}'), limits.NOT_OFFERED),
        (Page(500, b'{"error":{"code":-32603,"data":{"code":"INTERNAL_SERVER_ERROR"}}}'), limits.NOT_OFFERED),
        (
            Page(
                200,
                b'{"result":{"data":{"supabaseUrl":"http://example.org","supabaseAnonKey":"x","accessToken":"a.eyJleHAiOjIsImlhdCI6MX0.b"}}}',
            ),
            limits.NOT_USABLE,
        ),
        (
            Page(200, b'{"result":{"data":{"supabaseUrl":"https://example.org","supabaseAnonKey":"x","accessToken":"a.b.c"}}}'),
            limits.NOT_USABLE,
        ),
        (Page(200, b'{"result":{"data":["todos"]}}'), limits.NOT_USABLE),
    ],
    ids=["no such procedure", "it fails", "a project over http", "no token at all", "no channel"],
)
def test_a_channel_that_cannot_be_had_stops_nothing_else(seed: Asking, page: Page, why: str) -> None:
    seed.sign_up()
    with Front(seed.portal.url) as front:
        front.instead = {"getRealtimeChannel": page}

        async def scene() -> None:
            async with listening(front.url) as (remote, _, changed, _):
                await changed.wait()
                assert remote.untold == why
                await remote.pull(0, None, 500)

        run(scene)


def test_a_session_that_has_ended_is_said(seed: Asking) -> None:
    seed.sign_up()
    with seed.portal.database.connect() as owner:

        async def scene() -> None:
            async with listening(seed.portal.url) as (_, _, changed, _):
                await changed.wait()
            granted = await Door(Portal(seed.portal.url)).sign_in(EMAIL, PASSWORD)
            assert isinstance(granted, Granted)
            owner.execute("delete from session")
            remote = PortalRemote(Wire(Portal(seed.portal.url), granted.credential), known=nothing_known, unsure={})
            with pytest.raises(SignedOut):
                await remote.listen(lambda: None, lambda: None)
            await remote.close()

        run(scene)
