"""The refresher of a Supabase session: what it survives, and what alone ends it (supabase-contract.md, sections 1.6, 4.3 and 4.4)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from devots_desktop.domain.errors import DevotsError, SignedOut, Unreachable
from devots_desktop.remote import web
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.link import Link
from devots_desktop.remote.supabase.session import EARLY_S, MARGIN_S, Tokens
from tests.contract.asking import runs
from tests.contract.supabase_backend import MemoryKeep
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.faults import ANSWERS

HOUR_S = 3_600.0


class Wall:
    """This computer's clock, and pauses that pass at once on it."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return time.time() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.ahead += seconds
        await asyncio.sleep(0)


class Person:
    """Somebody with a session, and the connection that uses it."""

    def __init__(self, project: SupabaseServer) -> None:
        given = project.sign_up("ada@example.org")
        self.project = project
        self.keep = MemoryKeep(Tokens(given["user"]["id"], given["refresh_token"]))
        self.wall = Wall()
        self.link = Link(Project(project.url), project.publishable_key, self.keep, clock=self.wall, sleep=self.wall.sleep)
        self.session = self.link.session

    def pass_time(self, seconds: float) -> None:
        """For the server and for this computer."""
        self.project.clock.advance(seconds)
        self.wall.ahead += seconds


@asynccontextmanager
async def signed_in(project: SupabaseServer) -> AsyncIterator[Person]:
    person = Person(project)
    try:
        yield person
    finally:
        await person.link.close()


class TestRefresh:
    @runs
    async def test_however_many_ask_there_is_one(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            tokens = await asyncio.gather(*(ada.session.token() for _ in range(10)))
            assert len(set(tokens)) == len(ada.keep.saved) == ada.keep.loads == 1

    @runs
    async def test_it_goes_on_when_who_asked_has_gone(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            project.faults.auth.latency = 0.2
            asking = asyncio.create_task(ada.session.token())
            await asyncio.sleep(0.05)
            asking.cancel()
            await ada.link.close()
            assert ada.keep.tokens.refresh_token == ada.keep.saved[0]

    @runs
    async def test_each_new_refresh_token_is_kept_before_it_is_needed(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            for number in range(4):
                await ada.session.token()
                assert len(set(ada.keep.saved)) == number + 1
                ada.pass_time(HOUR_S)

    @runs
    async def test_a_token_is_used_until_a_minute_before_its_end(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            first = await ada.session.token()
            ada.pass_time(HOUR_S - MARGIN_S - 5)
            assert await ada.session.token() == first
            ada.pass_time(10)
            assert await ada.session.token() != first

    @runs
    async def test_a_computer_that_slept_has_a_new_one_before_it_asks(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            first = await ada.session.token()
            ada.pass_time(8 * HOUR_S)
            assert await ada.session.who() == ada.keep.tokens.user_id
            assert await ada.session.token() != first

    @pytest.mark.parametrize("hours", [-24, 24])
    @runs
    async def test_a_clock_that_is_a_day_off_changes_nothing(self, project: SupabaseServer, hours: float) -> None:
        async with signed_in(project) as ada:
            ada.wall.ahead = hours * HOUR_S
            first = await ada.session.token()
            assert await ada.session.token() == first
            assert await ada.session.who() == ada.keep.tokens.user_id
            ada.pass_time(HOUR_S)
            assert await ada.session.token() != first

    @runs
    async def test_one_that_the_server_holds_for_old_is_renewed_to_ask_who(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            first = await ada.session.token()
            project.clock.advance(HOUR_S + 60)
            assert await ada.session.who() == ada.keep.tokens.user_id
            assert await ada.session.token() != first

    @runs
    async def test_a_lost_answer_costs_nothing(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            project.faults.auth.lose = 1
            with pytest.raises(Unreachable):
                await ada.session.token()
            project.clock.advance(10 * HOUR_S)
            assert await ada.session.who() == ada.keep.tokens.user_id

    @runs
    async def test_a_token_that_another_connection_has_renewed_is_taken_over(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            token = await ada.session.token()
            other = Link(Project(project.url), project.publishable_key, ada.keep)
            assert await other.session.token() == token
            await other.close()
            assert len(ada.keep.saved) == 1

    @runs
    async def test_a_token_that_is_refused_is_renewed_once_for_all_who_had_it(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            token = await ada.session.token()
            others = await asyncio.gather(*(ada.session.another(token) for _ in range(5)))
            assert token not in others
            assert (len(set(others)), len(ada.keep.saved)) == (1, 2)


class TestEnd:
    @pytest.mark.parametrize("fault", [name for name in ANSWERS if name not in ("schema_cache", "pool_timeout")])
    @runs
    async def test_trouble_on_the_way_ends_nothing(self, project: SupabaseServer, fault: str) -> None:
        async with signed_in(project) as ada:
            project.faults.auth.answers = [fault] * 12
            for _ in range(12):
                with pytest.raises(DevotsError) as caught:
                    await ada.session.token()
                assert not isinstance(caught.value, SignedOut)
            assert await ada.session.who() == ada.keep.tokens.user_id

    @pytest.mark.parametrize("fault", ["offline", "cut", "silent"])
    @runs
    async def test_nor_does_a_connection_that_breaks(self, project: SupabaseServer, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web, "_ANSWER_S", 0.2)
        async with signed_in(project) as ada:
            project.faults.auth.offline = fault == "offline"
            project.faults.auth.cut = int(fault == "cut")
            project.faults.auth.latency = 5.0 if fault == "silent" else 0.0
            with pytest.raises(Unreachable):
                await ada.session.token()
            project.faults.auth.offline, project.faults.auth.latency = False, 0.0
            assert await ada.session.who() == ada.keep.tokens.user_id

    @pytest.mark.parametrize(
        "done",
        [
            "delete from auth.sessions",
            "delete from auth.users",
            "update auth.users set banned_until = now() + interval '1 day'",
        ],
    )
    @runs
    async def test_what_the_server_ends_is_ended(self, project: SupabaseServer, done: str) -> None:
        async with signed_in(project) as ada:
            with project.database.connect("postgres") as admin:
                admin.execute(done)
            for _ in range(2):
                with pytest.raises(SignedOut):
                    await ada.session.token()
            assert ada.keep.refused

    @runs
    async def test_a_session_that_was_ended_elsewhere_is_noticed_by_who_asks(self, project: SupabaseServer) -> None:
        """Its access token is good for an hour, and row-level security would go on to answer."""
        async with signed_in(project) as ada:
            await ada.session.token()
            with project.database.connect("postgres") as admin:
                admin.execute("delete from auth.sessions")
            with pytest.raises(SignedOut):
                await ada.session.who()

    @runs
    async def test_a_thief_who_refreshes_ends_it_and_nothing_else_does(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            stolen = ada.keep.tokens
            for _ in range(3):
                await ada.session.token()
                ada.pass_time(HOUR_S)
            thief = Link(Project(project.url), project.publishable_key, MemoryKeep(stolen))
            with pytest.raises(SignedOut):
                await thief.session.token()
            await thief.close()


class TestKeepFresh:
    @runs
    async def test_each_token_is_renewed_in_time_and_handed_over(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            begun, handed, three = ada.wall(), list[tuple[float, str]](), asyncio.Event()
            first = await ada.session.token()

            async def renewed(token: str) -> None:
                handed.append((ada.wall() - begun, token))
                project.clock.ahead = ada.wall.ahead
                if len(handed) == 3:
                    three.set()
                    await asyncio.Event().wait()

            keeping = asyncio.create_task(ada.session.keep_fresh(renewed))
            await three.wait()
            keeping.cancel()
            for number, (at, _) in enumerate(handed, start=1):
                assert number * (HOUR_S - EARLY_S) - 5 <= at <= number * HOUR_S - MARGIN_S
            assert len({first, *(token for _, token in handed)}) == 4
            assert max(ada.wall.pauses) <= 60.0

    @runs
    async def test_it_goes_on_trying_while_the_server_is_away_and_ends_with_the_session(self, project: SupabaseServer) -> None:
        async with signed_in(project) as ada:
            project.faults.auth.answers = ["bad_gateway"] * 5
            handed = asyncio.Event()

            async def renewed(_: str) -> None:
                handed.set()
                with project.database.connect("postgres") as admin:
                    admin.execute("delete from auth.sessions")

            with pytest.raises(SignedOut):
                await ada.session.keep_fresh(renewed)
            assert handed.is_set()
