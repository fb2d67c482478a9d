"""The live checks of a Supabase project: each mistake of a set-up has a finding of its own, and the SQL that it names mends it."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest

from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote.clock import CLOCK
from devots_desktop.remote.supabase import checks, joining
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.rights import Mode, Person
from devots_desktop.remote.supabase.signing import Door
from devots_desktop.services.supabase_checks import check_project, mending_sql
from tests.servers.fixtures import Servers, newest
from tests.servers.postgres import SUPERUSER
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.database import Form

ADA, BOB, PASSWORD, TEXT = "ada@example.org", "bob@example.org", "correct horse", "milk and honey"
KEY = "sb_publishable_0123456789abcdefghijkl_01234567"


@dataclass
class Set:
    """A project with two people, and what is found of it as one of them."""

    server: SupabaseServer
    ada: Person

    @property
    def project(self) -> Project:
        return Project.from_text(self.server.url)

    def found(self, person: Person | None = None, *, key: str | None = None) -> list[Finding]:
        return looked(self.project, key or self.server.publishable_key, person)

    def run(self, sql: str) -> None:
        with self.server.database.connect() as owner:
            owner.execute(sql.encode())


def signed_up(server: SupabaseServer, email: str) -> Person:
    tokens = asyncio.run(Door(Project.from_text(server.url), server.publishable_key).sign_up(email, PASSWORD))
    return Person(tokens.user_id, tokens.access_token)


def make(servers: Servers, form: Form) -> Iterator[Set]:
    with servers.project(newest(), form) as server:
        made = Set(server, signed_up(server, ADA))
        for person in (made.ada, made.ada, signed_up(server, BOB)) if form != "empty" else ():
            made.run(f"insert into todo(text, user_id) values ('{TEXT}', '{person.user_id}')")
        yield made


@pytest.fixture
def managed(servers: Servers) -> Iterator[Set]:
    yield from make(servers, "managed")


@pytest.fixture
def plain(servers: Servers) -> Iterator[Set]:
    yield from make(servers, "plain")


@pytest.fixture
def empty(servers: Servers) -> Iterator[Set]:
    yield from make(servers, "empty")


def told(found: list[Finding], check: str) -> Finding:
    """The finding of that check. Fails where there is none."""
    return next(each for each in found if each.check == check)


def wrong(found: list[Finding]) -> list[tuple[str, Level]]:
    return [(each.check, each.level) for each in found if each.level is not Level.OK]


PERSONS = [*checks.CHECKS[:-1], checks.SESSION, checks.RIGHTS, checks.REALTIME]


@pytest.mark.parametrize("form", ["managed", "plain"])
def test_nothing_is_wrong_with_a_project_that_is_set_up_well(form: str, request: pytest.FixtureRequest) -> None:
    made: Set = request.getfixturevalue(form)
    for person, expected in ((None, list(checks.CHECKS)), (made.ada, PERSONS)):
        found = made.found(person)
        assert [each.check for each in found] == expected
        assert wrong(found) == []


def test_a_realtime_that_opens_no_websocket_is_told_from_one_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "_OPEN_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        project = Project(f"http://127.0.0.1:{silent.getsockname()[1]}")
        [finding] = asyncio.run(joining.examine(project, KEY, Mode.PLAIN, None))
    assert finding.sentence.startswith("No connection to Realtime came about.")
    assert "WebSockets" in finding.next_step


PLAIN_MISTAKES = {
    "row-level security off": (
        "alter table todo disable row level security; grant all on todo to anon",
        (checks.ROWS, Level.WRONG, "Whoever has the project's key can read everybody's todos"),
    ),
    "row-level security off on an empty table": (
        "delete from todo; alter table todo disable row level security; grant all on todo, todo_id_seq to anon",
        (checks.ROWS, Level.WRONG, "Whoever has the project's key can add todos to anybody's list"),
    ),
    "row-level security off for people only": (
        "delete from todo; alter table todo disable row level security",
        (checks.ROWS, Level.WARNING, "You may add todos to other people's lists"),
    ),
    "a policy for everybody": (
        "create policy seen on todo for select using (true); grant select on todo to anon",
        (checks.ROWS, Level.WRONG, "Whoever has the project's key can read everybody's todos"),
    ),
    "a policy that lets other people's rows pass": (
        "create policy seen on todo for select to authenticated using (true)",
        (checks.ROWS, Level.WRONG, "You can see other people's todos"),
    ),
    "a policy that raises": (
        "create policy mine on todo to authenticated using (auth.uid() = user_id::uuid); insert into todo(text, user_id) values ('x', 'no uuid')",
        (checks.ROWS, Level.WRONG, "A policy on the table fails (22P02)"),
    ),
    "no policy": (
        "drop policy todo_select on todo; drop policy todo_insert on todo; drop policy todo_update on todo; drop policy todo_delete on todo",
        (checks.ROWS, Level.WRONG, "No policy lets you add todos"),
    ),
    "no policy for changes": ("drop policy todo_update on todo", (checks.ROWS, Level.WRONG, "No policy lets you change todos")),
    "no right to read": ("revoke select on todo from authenticated", (checks.RIGHTS, Level.WRONG, "may not read todos")),
    "no right to add": ("revoke insert on todo from authenticated", (checks.RIGHTS, Level.WRONG, "may not add todos.")),
    "no right to change": ("revoke update on todo from authenticated", (checks.RIGHTS, Level.WRONG, "may not change todos")),
    "no right to delete": ("revoke delete on todo from authenticated", (checks.RIGHTS, Level.WRONG, "may not delete todos")),
    "no right to the sequence": (
        "revoke all on todo_id_seq from authenticated",
        (checks.RIGHTS, Level.WRONG, "the numbers for new ones are not open"),
    ),
    "a column missing": ("alter table todo rename completed to done", (checks.TABLE, Level.WRONG, "lacks completed")),
    "columns missing": (
        "alter table todo drop completed, drop updated_at cascade",
        (checks.TABLE, Level.WRONG, "lacks completed and updated_at"),
    ),
    "no table": ("drop table todo", (checks.TABLE, Level.WRONG, "has no table of todos")),
    "not published": (
        "alter publication supabase_realtime drop table todo",
        (checks.PUBLICATION, Level.WARNING, "does not publish the table todo "),
    ),
}
MANAGED_MISTAKES = {
    "row-level security off": ("alter table todo disable row level security", (checks.ROWS, Level.WRONG, "other people's todos")),
    "strangers read answers": (
        "grant select on todo_tombstone to anon; alter table todo_tombstone disable row level security; delete from todo",
        (checks.ROWS, Level.WRONG, "Whoever has the project's key can read"),
    ),
    "no right to read": ("revoke select on todo from authenticated", (checks.RIGHTS, Level.WRONG, "may not read todos")),
    "no right to the sequence": ("revoke all on todo_id_seq from authenticated", (checks.RIGHTS, Level.WRONG, "are not open to them")),
    "no right to pull": (
        "revoke execute on function devots_pull(bigint, bigint, uuid, integer) from authenticated",
        (checks.RIGHTS, Level.WRONG, "The function devots_pull does not work"),
    ),
    "no right to what a push writes": (
        "revoke insert on todo_mutation from authenticated",
        (checks.RIGHTS, Level.WRONG, "devots_push does not work"),
    ),
    "an older version": (
        "drop function devots_digest(uuid[], uuid[], integer)",
        (checks.TABLE, Level.WARNING, "prepared for an older version"),
    ),
    "tombstones not published": (
        "alter publication supabase_realtime drop table todo_tombstone",
        (checks.PUBLICATION, Level.WARNING, "does not publish the table todo_tombstone"),
    ),
}


def assert_found_and_mended(made: Set, mistake: str, expected: tuple[str, Level, str]) -> None:
    """The mistake is the first thing that is told of, and what is told of with it follows from it."""
    check, level, words = expected
    made.run(mistake)
    trouble = [each for each in made.found(made.ada) if each.level is not Level.OK]
    assert (trouble[0].check, trouble[0].level) == (check, level)
    assert words in trouble[0].sentence
    for each in trouble:
        sql = asyncio.run(mending_sql(each))
        assert each.next_step.startswith("For the project's owner: ")
        assert " ".join(sql.split()) in each.next_step or sql.startswith("-- Devots Desktop")
        made.run(sql)
    assert wrong(made.found(made.ada)) == []


@pytest.mark.parametrize(("mistake", "expected"), PLAIN_MISTAKES.values(), ids=PLAIN_MISTAKES)
def test_a_mistake_in_a_plain_project_is_found_and_its_line_mends_it(plain: Set, mistake: str, expected: tuple[str, Level, str]) -> None:
    assert_found_and_mended(plain, mistake, expected)


@pytest.mark.parametrize(("mistake", "expected"), MANAGED_MISTAKES.values(), ids=MANAGED_MISTAKES)
def test_a_mistake_in_a_prepared_project_is_found_and_its_sql_mends_it(
    managed: Set, mistake: str, expected: tuple[str, Level, str]
) -> None:
    assert_found_and_mended(managed, mistake, expected)


def test_policies_of_others_stop_the_sql_which_names_the_lines_that_drop_them(managed: Set) -> None:
    managed.run("create policy seen on todo for select to authenticated using (true)")
    [found] = [each for each in managed.found(managed.ada) if each.level is not Level.OK]
    assert (found.check, "other people's todos" in found.sentence) == (checks.ROWS, True)
    sql = asyncio.run(mending_sql(found))
    with pytest.raises(psycopg.errors.RaiseException) as refused:
        managed.run(sql)
    assert (refused.value.diag.message_hint or "").endswith(": drop policy seen on public.todo;")
    managed.run("drop policy seen on public.todo")
    managed.run(sql)
    assert wrong(managed.found(managed.ada)) == []


def test_an_empty_project_is_set_up_by_the_sql_that_is_named(empty: Set) -> None:
    found = told(empty.found(), checks.TABLE)
    assert found.sentence == "The project has no table of todos yet."
    empty.run(asyncio.run(mending_sql(found)))
    assert wrong(empty.found(empty.ada)) == []


@pytest.mark.parametrize("spoil", ["", "alter table todo alter text drop not null"], ids=["as it should be", "texts that may be missing"])
@pytest.mark.parametrize("form", ["managed", "plain"])
def test_nothing_is_written(form: str, spoil: str, request: pytest.FixtureRequest) -> None:
    made: Set = request.getfixturevalue(form)
    made.run(spoil)
    everything = "select t::text from todo t" + (" union all select m::text from todo_mutation m" if form == "managed" else "")
    with made.server.database.connect() as owner:
        before = owner.execute(everything.encode()).fetchall()
        made.found(made.ada)
        made.run("alter table todo disable row level security; grant all on todo to anon; grant all on todo_id_seq to anon")
        made.found(made.ada)
        assert owner.execute(everything.encode()).fetchall() == before
        assert len(before) == 3


class TestOnTheWay:
    def test_a_key_of_nobody(self, plain: Set) -> None:
        found = plain.found(key=KEY)
        assert [(each.check, each.level) for each in found] == [(checks.ADDRESS, Level.OK), (checks.KEY, Level.WRONG)]
        assert "does not take this key" in found[-1].sentence

    def test_a_secret_key_is_not_sent(self, plain: Set) -> None:
        plain.server.faults.auth.offline = True
        [found] = plain.found(key=plain.server.secret_key)
        assert (found.check, found.level) == (checks.KEY, Level.WRONG)
        assert "neither stored nor sent" in found.sentence

    def test_the_legacy_key_is_named(self, plain: Set) -> None:
        assert told(plain.found(key=plain.server.anon_key), checks.KEY).sentence == "The project takes this key (anon)."

    def test_a_name_that_nobody_has(self) -> None:
        [found] = looked(Project("https://devots.invalid"))
        assert (found.check, found.level, found.sentence) == (checks.ADDRESS, Level.WRONG, "The name devots.invalid is not known here.")

    def test_a_port_where_nobody_listens(self, plain: Set) -> None:
        project = plain.project
        plain.server.stop()
        [found] = looked(project)
        assert (found.check, found.level) == (checks.ADDRESS, Level.WRONG)
        assert "No server answers at 127.0.0.1" in found.sentence

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            ("captive_portal", "Something on the way answers instead of the server"),
            ("paused", "The project is paused"),
            ("bad_gateway", "cannot answer just now"),
        ],
    )
    def test_what_answers_instead_of_the_project(self, plain: Set, fault: str, words: str) -> None:
        plain.server.faults.auth.answers = [fault]
        [found] = plain.found()
        assert (found.check, found.level) == (checks.ADDRESS, Level.WRONG)
        assert words in found.sentence

    def test_a_server_that_is_no_supabase(self, plain: Set) -> None:
        [found] = looked(Project(f"{plain.server.url}/rest/v1"), plain.server.publishable_key)
        assert (found.check, found.sentence) == (checks.ADDRESS, "What answers at this address is no Supabase project.")

    def test_sign_in_by_email_is_off(self, plain: Set) -> None:
        plain.server.settings.email_provider = False
        found = told(plain.found(), checks.SIGN_IN)
        assert (found.level, "does not let people sign in by e-mail" in found.sentence) == (Level.WRONG, True)

    def test_what_the_project_offers_is_said(self, plain: Set) -> None:
        assert "people may sign up." in told(plain.found(), checks.SIGN_IN).sentence
        plain.server.settings.autoconfirm = False
        assert "people may sign up and confirm their e-mail." in told(plain.found(), checks.SIGN_IN).sentence
        plain.server.settings.sign_up = False
        assert "only the owner adds people." in told(plain.found(), checks.SIGN_IN).sentence

    @pytest.mark.parametrize(("seconds", "words"), [(600, "10 minutes ahead of"), (-90_000, "25 hours behind")])
    def test_a_clock_that_is_off(self, plain: Set, seconds: int, words: str) -> None:
        found = told(looked(plain.project, plain.server.publishable_key, now=lambda: time.time() + seconds), CLOCK)
        assert (found.level, words in found.sentence) == (Level.WARNING, True)

    def test_rest_is_away(self, plain: Set) -> None:
        plain.server.faults.rest.answers = ["schema_cache"] * 9
        assert told(plain.found(), checks.TABLE).level is Level.UNCHECKED


class TestSession:
    def test_one_that_has_ended(self, plain: Set) -> None:
        with plain.server.database.connect(SUPERUSER) as admin:
            admin.execute("delete from auth.sessions")
        found = plain.found(plain.ada)
        assert (found[-1].check, found[-1].level, found[-1].sentence) == (checks.SESSION, Level.WRONG, "Your session has ended.")

    def test_another_persons(self, plain: Set) -> None:
        found = plain.found(Person("somebody else", plain.ada.token))
        assert (found[-1].check, found[-1].sentence) == (checks.SESSION, "The session is another person's.")

    def test_its_age_is_told(self, plain: Set) -> None:
        found = told(looked(plain.project, plain.server.publishable_key, plain.ada, now=lambda: time.time() + 7_230), checks.SESSION)
        assert found.sentence == "You are signed in, for 2 hours now."


def looked(project: Project, key: str = KEY, person: Person | None = None, *, now: Callable[[], float] = time.time) -> list[Finding]:
    async def look() -> list[Finding]:
        return [each async for each in check_project(project, key, person, now=now)]

    return asyncio.run(look())


def test_no_finding_holds_key_token_or_todo(plain: Set) -> None:
    shown = repr([*plain.found(plain.ada), plain.ada])
    for secret in (plain.server.publishable_key, plain.ada.token, TEXT, PASSWORD, ADA):
        assert secret not in shown
