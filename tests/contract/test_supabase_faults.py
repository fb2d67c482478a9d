"""What goes wrong between a device and a Supabase project, each fault at each moment: nothing is lost, nothing doubled, and nobody is signed out."""

import asyncio
import logging
import os
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devots_desktop.domain.account import Account, Live, SecretStore
from devots_desktop.domain.errors import DevotsError
from devots_desktop.remote import web
from devots_desktop.services import logs
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.secrets import Secrets
from devots_desktop.services.supabase_form import SupabaseForm, Way
from devots_desktop.services.tasks import Tasks
from devots_desktop.store.profile import Profile
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.faults import ANSWERS, PartFaults

PASSWORD = "correct horse"
FAULTS = ("offline", "silent", "lose", "cut", *ANSWERS)
AFTER_ANY_TOKEN_S = 3_700.0
MONTH_S = 30 * 24 * 3_600.0
WHEN = [
    *(("managed", moment) for moment in ("sign-in", "idle", "push", "pull")),
    *(("plain", moment) for moment in ("push", "pull")),
]

Rows = list[tuple[str, bool]]


@pytest.fixture(scope="module")
def projects(servers: Servers) -> Iterator[dict[str, SupabaseServer]]:
    """One of each form for all cells, which have a person each."""
    with servers.project(VERSIONS[-1], "managed") as managed, servers.project(VERSIONS[-1], "plain") as plain:
        yield {"managed": managed, "plain": plain}


def form(project: SupabaseServer, secrets: SecretStore = SecretStore.FILE) -> SupabaseForm:
    """Of somebody new."""
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    return SupabaseForm.from_text(project.url, project.publishable_key, email=email, password=PASSWORD, way=Way.SIGN_UP, secrets=secrets)


@asynccontextmanager
async def opened(accounts: Accounts, account: Account) -> AsyncIterator[OpenAccount]:
    """An account that syncs when it is told to."""
    failures: list[BaseException] = []
    tasks = Tasks(lambda _, error: failures.append(error))
    account_in_use = accounts.open(account)
    account_in_use.start(tasks, follow=False)
    try:
        yield account_in_use
    finally:
        await tasks.close()
        await account_in_use.close()
        assert not failures


def shown(account: OpenAccount) -> Rows:
    return sorted((todo.text, todo.completed) for todo in account.lists.each())


def at_server(project: SupabaseServer, account: Account) -> Rows:
    with project.database.connect() as owner:
        return sorted(owner.execute("select text, completed from todo where user_id = %s", [account.user_id]).fetchall())


def turn_on(faults: PartFaults, fault: str) -> None:
    match fault:
        case "offline":
            faults.offline = True
        case "silent":
            faults.latency = 3.0
        case "lose":
            faults.lose = 2
        case "cut":
            faults.cut = 2
        case _:
            faults.answers = [fault] * 100


def turn_off(faults: PartFaults) -> None:
    faults.offline, faults.latency, faults.lose, faults.cut = False, 0.0, 0, 0
    faults.answers.clear()


async def settled(project: SupabaseServer, account: OpenAccount) -> Rows:
    """Sync until nothing waits; what is there then, here and at the server alike."""
    report = await account.sync_once(timeout=10.0)
    for _ in range(3):
        if report.live is not Live.LIVE or report.pending:
            report = await account.sync_once(timeout=10.0)
    assert (report.live, report.pending, report.parked) == (Live.LIVE, 0, 0), report
    assert shown(account) == at_server(project, account.account)
    return shown(account)


@pytest.mark.parametrize(("kind", "moment"), WHEN)
@pytest.mark.parametrize("part", ["auth", "rest"])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_at_each_moment(
    projects: dict[str, SupabaseServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, moment: str, part: str, fault: str
) -> None:
    monkeypatch.setattr(web, "_ANSWER_S", 0.3)
    project, accounts = projects[kind], Accounts(Profile(tmp_path))
    faults = project.faults.auth if part == "auth" else project.faults.rest
    asyncio.run(_sign_in(project, accounts, faults, fault) if moment == "sign-in" else _sync(project, accounts, faults, fault, moment))


async def _sign_in(project: SupabaseServer, accounts: Accounts, faults: PartFaults, fault: str) -> None:
    entered = form(project)
    turn_on(faults, fault)
    refused = await _refusal(accounts, entered)
    turn_off(faults)
    if faults is project.faults.rest:
        assert refused is None  # Signing in asks Auth only.
        return
    assert refused is not None
    assert refused.next_step
    assert len(accounts.all()) == 1
    again = await _refusal(accounts, entered)
    # Where the answer was lost, the account was made.
    assert again is None or again.title == "E-mail taken"


async def _refusal(accounts: Accounts, entered: SupabaseForm) -> DevotsError | None:
    try:
        await accounts.add_supabase(entered)
    except DevotsError as error:
        return error
    return None


async def _sync(project: SupabaseServer, accounts: Accounts, faults: PartFaults, fault: str, moment: str) -> None:
    account = await accounts.add_supabase(form(project))
    async with opened(accounts, account) as desk:
        milk = await desk.todos.add("milk")
        await desk.todos.add("old")
        await settled(project, desk)
        expected = [("milk", False), ("old", False)]
        if moment == "push":
            await desk.todos.complete(milk, completed=True)
            await desk.todos.add("new")
            expected = [("milk", True), ("new", False), ("old", False)]
        elif moment == "pull":
            with project.database.connect() as owner:
                owner.execute("update todo set text = 'oat milk' where text = 'milk' and user_id = %s", [account.user_id])
                owner.execute("delete from todo where text = 'old' and user_id = %s", [account.user_id])
            expected = [("oat milk", False)]
        # Whatever the fault is, the access token is due.
        project.clock.advance(AFTER_ANY_TOKEN_S)
        before = shown(desk)
        turn_on(faults, fault)
        try:
            report = await desk.sync_once(timeout=10.0)
        finally:
            turn_off(faults)
        assert (report.live, report.parked) == (Live.OFFLINE, 0)
        assert shown(desk) in (before, expected)
        assert await settled(project, desk) == expected


class TestLongAway:
    """The program is started without a network, a month after it was used last."""

    @pytest.mark.parametrize("kind", ["managed", "plain"])
    def test_the_list_is_there_can_be_edited_and_is_sent_when_the_network_is_back(
        self, projects: dict[str, SupabaseServer], tmp_path: Path, kind: str
    ) -> None:
        project = projects[kind]

        async def main() -> None:
            account = await used_before(project, tmp_path)
            async with opened(Accounts(Profile(tmp_path)), account) as desk:
                project.faults.auth.offline = project.faults.rest.offline = True
                try:
                    assert (await desk.sync_once(timeout=10.0)).live is Live.OFFLINE
                    assert shown(desk) == [("milk", False)]
                    await desk.todos.add("written offline")
                    assert (await desk.sync_once(timeout=10.0)).pending == 1
                finally:
                    project.faults.auth.offline = project.faults.rest.offline = False
                assert await settled(project, desk) == [("milk", False), ("written offline", False)]

        asyncio.run(main())

    def test_a_session_that_is_refused_then_keeps_everything(self, projects: dict[str, SupabaseServer], tmp_path: Path) -> None:
        project = projects["managed"]

        async def main() -> None:
            account = await used_before(project, tmp_path)
            with project.database.connect("postgres") as admin:
                admin.execute("delete from auth.sessions where user_id::text = %s", [account.user_id])
            accounts = Accounts(Profile(tmp_path))
            async with opened(accounts, account) as desk:
                await desk.todos.add("written meanwhile")
                for _ in range(2):
                    report = await desk.sync_once(timeout=10.0)
                    assert (report.live, report.pending) == (Live.SIGNED_OUT, 1)
                assert shown(desk) == [("milk", False), ("written meanwhile", False)]
                await accounts.sign_in_supabase(account, SupabaseForm.again(account, password=PASSWORD))
                assert await settled(project, desk) == [("milk", False), ("written meanwhile", False)]

        asyncio.run(main())


async def used_before(project: SupabaseServer, folder: Path) -> Account:
    """An account with a todo, last used a month ago."""
    accounts = Accounts(Profile(folder))
    account = await accounts.add_supabase(form(project))
    async with opened(accounts, account) as desk:
        await desk.todos.add("milk")
        await settled(project, desk)
    project.clock.advance(MONTH_S)
    return account


class TestShared:
    """One session, several programs."""

    def test_two_that_take_turns_do_not_end_it(self, projects: dict[str, SupabaseServer], tmp_path: Path) -> None:
        project = projects["managed"]

        async def main() -> None:
            window, command = Accounts(Profile(tmp_path)), Accounts(Profile(tmp_path))
            account = await window.add_supabase(form(project))
            async with opened(window, account) as in_window:
                for number in range(6):
                    project.clock.advance(AFTER_ANY_TOKEN_S)
                    if number % 3:
                        async with opened(command, account) as in_command:
                            await settled(project, in_command)
                    else:
                        await settled(project, in_window)

        asyncio.run(main())

    @pytest.mark.expects_log("could not be stored")
    def test_a_keyring_that_fails_later_costs_no_session(
        self, projects: dict[str, SupabaseServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project = projects["managed"]

        def locked(*_: object) -> None:
            raise RuntimeError("locked")

        async def main() -> None:
            accounts = Accounts(Profile(tmp_path))
            account = await accounts.add_supabase(form(project))
            async with opened(accounts, account) as desk:
                with monkeypatch.context() as patched:
                    patched.setattr(Secrets, "_write", locked)
                    patched.setattr(Secrets, "_read", locked)
                    for number in range(4):
                        project.clock.advance(AFTER_ANY_TOKEN_S)
                        await desk.todos.add(str(number))
                        await settled(project, desk)
                project.clock.advance(AFTER_ANY_TOKEN_S)
                await settled(project, desk)
            # What was kept in memory has been stored since.
            async with opened(Accounts(Profile(tmp_path)), account) as desk:
                await settled(project, desk)

        asyncio.run(main())


@pytest.mark.expects_log("failed with")
def test_nothing_secret_is_written_anywhere_but_into_the_list(projects: dict[str, SupabaseServer], tmp_path: Path) -> None:
    project, text = projects["managed"], "buy a ring for Grace"
    seen: set[str] = {PASSWORD, project.publishable_key, text}

    async def main() -> None:
        accounts = Accounts(Profile(tmp_path))
        entered = form(project, SecretStore.MEMORY)
        account = await accounts.add_supabase(entered)
        async with opened(accounts, account) as desk:
            await desk.todos.add(text)
            for fault in ("", "captive_portal", "jwt_expired", "statement_timeout"):
                project.clock.advance(AFTER_ANY_TOKEN_S)
                project.faults.rest.answers = [fault] if fault else []
                await desk.sync_once(timeout=10.0)
                tokens = accounts.supabase._kept[account.account_id].newest
                assert tokens is not None
                seen.update((tokens.access_token, tokens.refresh_token))
                logging.getLogger("devots_desktop").error("failed with %s", tokens, exc_info=ValueError(tokens.access_token, text))
            await accounts.doctor(account).examine()

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    logs.start(tmp_path)
    try:
        asyncio.run(main())
    finally:
        logs.stop()
        root.setLevel(level)
        project.faults.rest.answers.clear()
    assert len(seen) >= 3 + 4
    written = {
        path: path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file() and not path.name.startswith("cache.sqlite3") and "backups" not in path.parts
    }
    assert any("crashes" in path.parts for path in written)
    assert any(path.name == "devots.log" for path in written)
    around = {Path("argv"): " ".join(sys.argv).encode(), Path("environment"): repr(dict(os.environ)).encode()}
    assert [(path.name, secret[:8]) for path, content in (written | around).items() for secret in seen if secret.encode() in content] == []
