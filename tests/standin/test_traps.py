"""The traps of supabase-py's sessions (supabase-contract.md, section 4.3): the library walks into each of them, the program's own session does not.

The first half of each is a statement about a library that moves on. Where it fails after an update, the trap may be gone, and what we do instead with it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError
from realtime import RealtimePostgresChangesListenEvent
from supabase import AsyncClient, AsyncClientOptions, acreate_client
from supabase_auth import AsyncMemoryStorage
from supabase_auth.errors import AuthApiError, AuthRetryableError

from devots_desktop.domain.errors import SignedOut, Unreachable
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.link import Link
from devots_desktop.remote.supabase.remote import ManagedRemote
from devots_desktop.remote.supabase.session import Tokens
from tests.contract.asking import runs
from tests.contract.supabase_backend import MemoryKeep
from tests.servers.supabase import NO_TLS, SupabaseServer
from tests.standin.hearing import until

ADA, PASSWORD = "ada@example.org", "correct horse"


@dataclass(slots=True)
class Bare:
    """The library by itself.

    Attributes:
        asked: methods and paths of its requests, in order.
        events: what it told of the session.
    """

    client: AsyncClient
    asked: list[str]
    events: list[str]

    def refreshes(self) -> int:
        return self.asked.count("POST /auth/v1/token")


@asynccontextmanager
async def bare(project: SupabaseServer, *, storage: AsyncMemoryStorage | None = None, timer: bool = False) -> AsyncIterator[Bare]:
    """A client, with a session of its storage if there is one there. `timer`: it refreshes by itself."""
    asked: list[str] = []

    async def note(request: httpx.Request) -> None:
        asked.append(f"{request.method} {request.url.path}")

    async with httpx.AsyncClient(event_hooks={"request": [note]}, timeout=15, verify=NO_TLS) as http:
        options = AsyncClientOptions(
            auto_refresh_token=timer,
            persist_session=storage is not None,
            storage=storage or AsyncMemoryStorage(),
            httpx_client=http,
            postgrest_client_retry=False,
        )
        client = await acreate_client(project.url, project.publishable_key, options)
        events: list[str] = []
        client.auth.on_auth_state_change(lambda event, _: events.append(event))
        try:
            yield Bare(client, asked, events)
        finally:
            if client.auth._refresh_token_timer is not None:
                client.auth._refresh_token_timer.cancel()
            await client.realtime.close()
            await _end_tasks()


async def _end_tasks() -> None:
    """The library leaves some behind."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@dataclass(slots=True)
class Ours:
    """The program's connection to the same project."""

    link: Link
    keep: MemoryKeep


@asynccontextmanager
async def ours(project: SupabaseServer, session: dict[str, Any]) -> AsyncIterator[Ours]:
    """As after a start of the program: it knows a refresh token and nothing else."""
    keep = MemoryKeep(Tokens(session["user"]["id"], session["refresh_token"]))
    link = Link(Project(project.url), project.publishable_key, keep)
    try:
        yield Ours(link, keep)
    finally:
        await link.close()


@contextmanager
def away(project: SupabaseServer) -> Iterator[None]:
    """Auth cannot be reached for a while."""
    project.faults.auth.offline = True
    yield
    project.faults.auth.offline = False


def credentials() -> Any:
    return {"email": ADA, "password": PASSWORD}


def add_todo(project: SupabaseServer, user_id: str) -> None:
    with project.database.connect() as owner:
        owner.execute("insert into public.todo(text, user_id) values ('milk', %s)", [user_id])


class TestStoredSession:
    """A1: a stored session gives REST its token, and Realtime none: channels join as nobody and hear nothing."""

    @runs
    async def test_the_library_listens_as_nobody(self, project: SupabaseServer) -> None:
        storage = AsyncMemoryStorage()
        async with bare(project, storage=storage) as before:
            await before.client.auth.sign_up(credentials())
        async with bare(project, storage=storage) as after:
            session = await after.client.auth.get_session()
            assert session is not None
            assert after.client.options.headers["Authorization"] == f"Bearer {session.access_token}"
            assert after.client.realtime.access_token == project.publishable_key

    @runs
    async def test_ours_hears_changes_from_the_start(self, project: SupabaseServer) -> None:
        session = project.sign_up(ADA)
        ready, changed = asyncio.Event(), asyncio.Event()
        async with ours(project, session) as mine:
            listening = asyncio.create_task(ManagedRemote(mine.link).listen(ready.set, changed.set))
            await ready.wait()
            add_todo(project, session["user"]["id"])
            await changed.wait()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


class TestStartWithoutNetwork:
    """A2: with an expired session and no network the library goes on as nobody, and other trouble makes it forget the session."""

    @pytest.fixture
    def expired(self, project: SupabaseServer) -> AsyncMemoryStorage:
        """A stored session whose access token has ended."""
        storage = AsyncMemoryStorage()

        async def sign_up() -> None:
            project.settings.jwt_seconds = 1
            async with bare(project, storage=storage) as before:
                await before.client.auth.sign_up(credentials())

        asyncio.run(sign_up())
        return storage

    @runs
    async def test_the_library_asks_as_nobody(self, project: SupabaseServer, expired: AsyncMemoryStorage) -> None:
        with away(project):
            async with bare(project, storage=expired) as after:
                with pytest.raises(APIError) as caught:
                    await after.client.table("todo").select("*").execute()
        assert caught.value.code == "42501"

    @runs
    async def test_the_library_forgets_the_session(self, project: SupabaseServer, expired: AsyncMemoryStorage) -> None:
        project.faults.auth.answers = ["html_500", "html_500"]
        async with bare(project, storage=expired, timer=True) as after:
            await after.client.auth.initialize()
        assert await expired.get_item("supabase.auth.token") is None

    @runs
    async def test_ours_waits_and_goes_on(self, project: SupabaseServer) -> None:
        async with ours(project, project.sign_up(ADA)) as mine:
            with away(project), pytest.raises(Unreachable):
                await mine.link.session.token()
            project.faults.auth.answers = ["html_500", "bad_gateway", "captive_portal", "rate_limit", "conflict"]
            while project.faults.auth.answers:
                with pytest.raises(Unreachable):
                    await mine.link.session.token()
            assert not mine.keep.refused
            assert await mine.link.session.token()


class TestLostAnswer:
    """Not a trap, as long as the old refresh token is not thrown away before there is a new one."""

    @pytest.mark.parametrize("kind", ["listed", "counted"])
    def test_ours_asks_again_with_what_it_has(self, project: SupabaseServer, kind: str) -> None:
        project.settings.counted_tokens = kind == "counted"

        @runs
        async def act() -> None:
            async with ours(project, project.sign_up(ADA)) as mine:
                project.faults.auth.lose = 1
                with pytest.raises(Unreachable):
                    await mine.link.session.token()
                project.clock.advance(3_600)
                first = await mine.link.session.token()
                assert await mine.link.session.another(first) != first
                assert len(set(mine.keep.saved)) == 2

        act()


class TestRefusedRefresh:
    """A3: where the library's timer is refused, nobody is told: no event, the session stays, and no further timer runs."""

    @runs
    async def test_the_library_says_nothing(self, project: SupabaseServer) -> None:
        project.settings.jwt_seconds = 2
        async with bare(project, timer=True) as alone:
            await alone.client.auth.sign_up(credentials())
            project.end_sessions(ADA)
            await until(lambda: alone.refreshes() == 1, "the timer's refresh")
            timer = alone.client.auth._refresh_token_timer
            assert timer is not None
            await until(lambda: timer._task is None or timer._task.done(), "the end of the refused refresh")
            assert alone.events == ["SIGNED_IN"]
            assert alone.client.auth._refresh_token_timer is timer
            with pytest.raises(AuthApiError):
                await alone.client.auth.get_session()

    @runs
    async def test_ours_ends_the_session_in_words(self, project: SupabaseServer) -> None:
        async with ours(project, project.sign_up(ADA)) as mine:
            project.end_sessions(ADA)
            with pytest.raises(SignedOut):
                await mine.link.session.token()
            assert mine.keep.refused


class TestTwoAtOnce:
    """A4: who asks twice at the end of a token refreshes twice, and the second presents a token that is used up."""

    @runs
    async def test_the_library_refreshes_twice(self, project: SupabaseServer) -> None:
        project.settings.jwt_seconds = 5
        async with bare(project) as alone:
            await alone.client.auth.sign_up(credentials())
            await asyncio.gather(alone.client.auth.get_session(), alone.client.auth.get_session())
            assert alone.refreshes() == 2

    @runs
    async def test_ours_refreshes_once(self, project: SupabaseServer) -> None:
        async with ours(project, project.sign_up(ADA)) as mine:
            tokens = await asyncio.gather(*(mine.link.session.token() for _ in range(5)))
            assert len(set(tokens)) == 1
            assert len(mine.keep.saved) == 1


class TestSigningOut:
    """A5: a channel goes on with the rights of who signed out. A6: signing out everywhere is the default, and fails without a network."""

    @runs
    async def test_the_library_hears_on(self, project: SupabaseServer) -> None:
        async with bare(project) as alone:
            answer = await alone.client.auth.sign_up(credentials())
            assert answer.user is not None
            live, heard = asyncio.Event(), asyncio.Event()
            channel = alone.client.channel("mine")
            channel.on_postgres_changes(
                RealtimePostgresChangesListenEvent.All,
                lambda _: heard.set(),
                table="todo",
                schema="public",
                filter=f"user_id=eq.{answer.user.id}",
            )
            channel.on_system(lambda _: live.set())
            await channel.subscribe()
            await live.wait()
            await alone.client.auth.sign_out({"scope": "local"})
            add_todo(project, answer.user.id)
            await heard.wait()

    @runs
    async def test_ours_leaves_its_channels(self, project: SupabaseServer) -> None:
        async with ours(project, project.sign_up(ADA)) as mine:
            ready = asyncio.Event()
            listening = asyncio.create_task(ManagedRemote(mine.link).listen(ready.set, lambda: None))
            await ready.wait()
            assert await asyncio.to_thread(project.realtime.channels) != []
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        while await asyncio.to_thread(project.realtime.channels):
            pass  # the server has yet to read it

    @runs
    async def test_the_library_signs_out_everywhere_or_not_at_all(self, project: SupabaseServer) -> None:
        async with bare(project) as alone, bare(project) as other:
            await alone.client.auth.sign_up(credentials())
            await other.client.auth.sign_in_with_password(credentials())
            with away(project), pytest.raises(AuthRetryableError):
                await alone.client.auth.sign_out()
            assert await alone.client.auth.get_session() is not None
            await alone.client.auth.sign_out()
            with pytest.raises(AuthApiError):
                await other.client.auth.refresh_session()

    @runs
    async def test_ours_ends_its_own_session_alone(self, project: SupabaseServer) -> None:
        first, second = project.sign_up(ADA), project.sign_in(ADA)
        async with ours(project, first) as mine, ours(project, second) as other:
            await mine.link.session.token()
            with away(project), pytest.raises(Unreachable):
                await mine.link.session.sign_out()
            await mine.link.session.sign_out()
            assert await other.link.session.token()
            again = Link(Project(project.url), project.publishable_key, mine.keep)
            mine.keep.tokens = Tokens(mine.keep.tokens.user_id, mine.keep.tokens.refresh_token)
            with pytest.raises(SignedOut):
                await again.session.token()
            await again.close()


class TestClosing:
    """A7: each event of the session makes another client of REST. A8: there is no way to close the whole."""

    @runs
    async def test_the_library_makes_another_client_each_time(self, project: SupabaseServer) -> None:
        async with bare(project) as alone:
            await alone.client.auth.sign_up(credentials())
            before = alone.client.postgrest
            await alone.client.auth.refresh_session()
            assert alone.client.postgrest is not before
            assert not {"close", "aclose"} & set(dir(alone.client))

    @runs
    async def test_ours_leaves_nothing_open(self, project: SupabaseServer) -> None:
        session = project.sign_up(ADA)
        async with ours(project, session) as mine:
            for _ in range(3):
                await ManagedRemote(mine.link).pull(0, None, 10)
                await mine.link.session.another(await mine.link.session.token())
            client = mine.link._http
        assert client.is_closed
        assert asyncio.all_tasks() == {asyncio.current_task()}
