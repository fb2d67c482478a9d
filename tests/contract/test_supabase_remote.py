"""What is special about todos in a Supabase project: which kind of project it is, how a plain table is read and written, and tokens that are not taken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from devots_desktop.domain.errors import BatchRefused, NotMigrated, SignedOut, Unreachable
from devots_desktop.domain.mutation import Outcome
from devots_desktop.remote import web
from devots_desktop.remote.base import Comparable, Remote
from devots_desktop.remote.plain import PlainRemote
from devots_desktop.remote.postgres.migrate import upgrade
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.link import Link
from devots_desktop.remote.supabase.remote import AwayRemote, ManagedRemote, connect
from devots_desktop.remote.supabase.session import Tokens
from devots_desktop.remote.supabase.table import SupabaseTable
from tests.contract.asking import all_pages, create, edit, opened, runs
from tests.contract.backends import free_port
from tests.contract.supabase_backend import MemoryKeep
from tests.servers.supabase import SupabaseServer


def keep_of(project: SupabaseServer) -> MemoryKeep:
    """A new person's session."""
    given = project.sign_up("ada@example.org")
    return MemoryKeep(Tokens(given["user"]["id"], given["refresh_token"]))


@asynccontextmanager
async def connected(project: SupabaseServer, keep: MemoryKeep) -> AsyncIterator[Remote]:
    remote = await connect(Project(project.url), project.publishable_key, keep)
    async with opened(remote):
        yield remote


def sql(project: SupabaseServer, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """As the table's owner."""
    with project.database.connect() as owner:
        cursor = owner.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []


class TestKind:
    @runs
    async def test_a_project_with_our_migrations_is_asked_over_its_functions(self, project: SupabaseServer) -> None:
        async with connected(project, keep_of(project)) as remote:
            assert isinstance(remote, ManagedRemote)
            assert isinstance(remote, Comparable)

    @runs
    async def test_one_without_over_its_table(self, plain_project: SupabaseServer) -> None:
        async with connected(plain_project, keep_of(plain_project)) as remote:
            assert isinstance(remote, PlainRemote)
            assert not isinstance(remote, Comparable)

    @runs
    async def test_one_that_does_not_answer_says_so_until_it_does(self, project: SupabaseServer) -> None:
        keep = keep_of(project)
        project.faults.rest.answers = ["bad_gateway"]
        async with connected(project, keep) as remote:
            assert isinstance(remote, AwayRemote)
            assert await remote.reachable()
            for ask in (remote.pull(0, None, 1), remote.push([create()]), remote.listen(lambda: None, lambda: None)):
                with pytest.raises(Unreachable, match="502"):
                    await ask
        away = await connect(Project(f"http://127.0.0.1:{free_port()}"), project.publishable_key, keep)
        async with opened(away):
            assert not await away.reachable()

    @runs
    async def test_an_ended_session_is_said_at_once(self, project: SupabaseServer) -> None:
        keep = keep_of(project)
        with project.database.connect("postgres") as admin:
            admin.execute("delete from auth.sessions")
        with pytest.raises(SignedOut):
            await connect(Project(project.url), project.publishable_key, keep)

    @runs
    async def test_a_plain_project_that_is_upgraded_is_not_taken_for_a_plain_one_any_more(self, plain_project: SupabaseServer) -> None:
        keep = keep_of(plain_project)
        async with connected(plain_project, keep) as remote:
            await remote.push([create("milk")])
            await asyncio.to_thread(upgrade, plain_project.database.url(), flavour="supabase", accept_rights=True)
            with pytest.raises(Unreachable) as caught:
                await remote.pull(0, None, 500)
            assert caught.value.title == "Project upgraded"
        async with connected(plain_project, keep) as remote:
            assert isinstance(remote, ManagedRemote)
            assert [row.text for row in (await all_pages(remote))[0]] == ["milk"]

    @runs
    async def test_a_project_without_a_table_is_not_an_empty_list(self, plain_project: SupabaseServer) -> None:
        sql(plain_project, "drop table todo")
        async with connected(plain_project, keep_of(plain_project)) as remote:
            with pytest.raises(NotMigrated):
                await remote.pull(0, None, 500)


class TestToken:
    @runs
    async def test_one_that_has_ended_is_renewed_and_the_request_repeated(self, project: SupabaseServer) -> None:
        keep = keep_of(project)
        async with connected(project, keep) as remote:
            project.clock.advance(3_700)
            [answer] = await remote.push([create("milk")])
            assert (answer.outcome, answer.duplicate, len(keep.saved)) == (Outcome.APPLIED, False, 2)

    @runs
    async def test_a_new_one_that_is_refused_too_ends_no_session(self, project: SupabaseServer) -> None:
        """The REST server's clock is wrong, or it has not heard of the project's new signing key yet."""
        keep = keep_of(project)
        async with connected(project, keep) as remote:
            project.faults.rest.answers = ["jwt_expired"] * 4
            for _ in range(2):
                with pytest.raises(Unreachable):
                    await remote.pull(0, None, 500)
            assert (await remote.pull(0, None, 500)).user_id == keep.tokens.user_id

    @runs
    async def test_a_request_without_a_person_is_never_an_empty_list(
        self, project: SupabaseServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As where something on the way takes the header out."""
        keep = keep_of(project)
        async with connected(project, keep) as remote:
            assert isinstance(remote, ManagedRemote)
            remote._link.session._tokens = replace(keep.tokens, access_token=project.publishable_key)
            with pytest.raises((SignedOut, Unreachable)):
                await remote.pull(0, None, 500)


class TestTable:
    @pytest.mark.parametrize("most", [1, 2, 5, 499, 1_000])
    @runs
    async def test_the_whole_list_comes_however_few_rows_the_server_gives_at_once(self, plain_project: SupabaseServer, most: int) -> None:
        keep = keep_of(plain_project)
        plain_project.settings.max_rows = most
        count = 11 if most < 10 else 700
        user_id = keep.tokens.user_id
        sql(plain_project, "insert into todo(user_id, text) select %s, 'todo ' || n from generate_series(1, %s) n", user_id, count)
        async with connected(plain_project, keep) as remote:
            texts: list[str] = []
            page = await remote.pull(0, None, 500)
            texts += [row.text for row in page.rows]
            while page.more:
                page = await remote.pull(0, page.end, 500)
                texts += [row.text for row in page.rows]
            assert texts == [f"todo {number}" for number in range(1, count + 1)]

    @runs
    async def test_only_what_was_changed_is_written_and_other_columns_stay(self, plain_project: SupabaseServer) -> None:
        sql(plain_project, "alter table todo add column priority integer default 7")
        async with connected(plain_project, keep_of(plain_project)) as remote:
            [made] = await remote.push([create("milk")])
            assert made.row is not None
            sql(plain_project, "update todo set priority = 9, text = 'oat milk'")
            done = replace(edit(made.row.client_id, completed=True), server_id=made.row.server_id)
            [answer] = await remote.push([done])
            assert answer.row is not None
            assert sql(plain_project, "select text, completed, priority from todo") == [("oat milk", True, 9)]

    @runs
    async def test_the_time_of_creation_is_exact_and_finds_a_create_whose_answer_was_lost(self, plain_project: SupabaseServer) -> None:
        async with connected(plain_project, keep_of(plain_project)) as remote:
            made = replace(create("milk"), created_at=1_700_000_000_120_000)
            plain_project.faults.rest.only, plain_project.faults.rest.method = "todo", "POST"
            plain_project.faults.rest.lose = 1
            with pytest.raises(Unreachable):
                await remote.push([made])
            [answer] = await remote.push([replace(made, sent=True)])
            assert (answer.outcome, answer.duplicate) == (Outcome.APPLIED, True)
            assert sql(plain_project, "select to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.US') from todo") == [
                ("2023-11-14 22:13:20.120000",)
            ]

    @runs
    async def test_a_table_that_fills_in_nobody_gets_its_person(self, plain_project: SupabaseServer) -> None:
        sql(plain_project, "alter table todo alter column user_id drop default")
        keep = keep_of(plain_project)
        async with connected(plain_project, keep) as remote:
            await remote.push([create("milk")])
        assert sql(plain_project, "select user_id from todo") == [(keep.tokens.user_id,)]

    @runs
    async def test_without_row_level_security_one_still_sees_only_ones_own(self, plain_project: SupabaseServer) -> None:
        sql(plain_project, "alter table todo disable row level security")
        sql(plain_project, "insert into todo(user_id, text) values ('somebody', 'theirs')")
        async with connected(plain_project, keep_of(plain_project)) as remote:
            assert (await all_pages(remote))[0] == []

    @runs
    async def test_what_row_level_security_forbids_is_a_refusal_of_that_todo(self, plain_project: SupabaseServer) -> None:
        sql(plain_project, "drop policy todo_insert on todo")
        async with connected(plain_project, keep_of(plain_project)) as remote:
            [answer] = await remote.push([create("milk")])
            assert (answer.outcome, bool(answer.reason)) == (Outcome.REFUSED, True)


class TestWho:
    """Silence is believed only from somebody whom the server knows, and Auth is not asked more often than it answers."""

    @runs
    async def test_many_pulls_in_a_row_are_within_the_limits_of_auth(self, plain_project: SupabaseServer) -> None:
        keep = keep_of(plain_project)
        plain_project.settings.request_limits = True
        async with connected(plain_project, keep) as remote:
            await remote.push([create("milk")])
            for _ in range(50):
                assert (await remote.pull(0, None, 500)).user_id == keep.tokens.user_id

    @pytest.mark.parametrize("texts", [(), ("milk",), ("milk", "bread")])
    @runs
    async def test_of_a_request_without_a_person_no_list_is_believed(self, plain_project: SupabaseServer, texts: tuple[str, ...]) -> None:
        """As where something on the way takes the header out: row-level security answers with nothing and calls it a success."""
        sql(plain_project, "grant select on todo to anon")
        keep = keep_of(plain_project)
        async with connected(plain_project, keep) as remote:
            await remote.push([create(text) for text in texts])
            await remote.pull(0, None, 500)
            assert isinstance(remote, PlainRemote)
            assert isinstance(remote._table, SupabaseTable)
            remote._table._link.session._tokens = replace(keep.tokens, access_token=plain_project.publishable_key)
            with pytest.raises((SignedOut, Unreachable)):
                await remote.pull(0, None, 500)


@runs
async def test_a_page_of_a_captive_portal_is_no_list(plain_project: SupabaseServer, project: SupabaseServer) -> None:
    for server in (plain_project, project):
        async with connected(server, keep_of(server)) as remote:
            server.faults.rest.answers = ["captive_portal"]
            with pytest.raises(Unreachable) as caught:
                await remote.pull(0, None, 500)
            assert caught.value.title == "Network wants a sign-in"


@pytest.mark.parametrize("given", [{"rows": []}, [], None, "text", {"user": "x", "horizon": "?", "epoch": "", "rows": []}])
@runs
async def test_json_of_another_shape_is_no_list(project: SupabaseServer, monkeypatch: pytest.MonkeyPatch, given: object) -> None:
    async def answer(*_: object) -> object:
        return given

    link = Link(Project(project.url), project.publishable_key, keep_of(project))
    monkeypatch.setattr(link, "ask", answer)
    async with opened(remote := ManagedRemote(link)):
        with pytest.raises(Unreachable) as caught:
            await remote.pull(0, None, 500)
        assert caught.value.title == web.unreadable().title


@runs
async def test_a_long_page_is_cut_so_that_the_window_does_not_wait_for_it(project: SupabaseServer) -> None:
    keep = keep_of(project)
    sql(project, "insert into todo(user_id, text) select %s, 'todo ' || n from generate_series(1, 1500) n", keep.tokens.user_id)
    async with connected(project, keep) as remote:
        first = await remote.pull(0, None, 2_000)
        assert (len(first.rows), first.more) == (1_000, True)
        rest = await remote.pull(0, first.end, 2_000)
        assert (len(rest.rows), rest.more) == (500, False)


@runs
async def test_a_batch_that_is_too_long_is_refused_as_a_whole(project: SupabaseServer) -> None:
    async with connected(project, keep_of(project)) as remote:
        with pytest.raises(BatchRefused):
            await remote.push([create(str(number)) for number in range(51)])
