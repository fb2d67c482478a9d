"""Four who have one list: on a portal's database that our migrations have run on, its own web side over @trpc/client, supabase-js, and two desktops."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from devots_desktop.domain.account import Account, SecretStore
from devots_desktop.domain.changes import ChangeSet
from devots_desktop.domain.todo import State
from devots_desktop.remote.portal.signing import Granted
from devots_desktop.remote.postgres import migrate
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.portal_form import PortalForm
from devots_desktop.services.postgres_form import PostgresForm
from devots_desktop.services.tasks import Tasks
from devots_desktop.services.todos import Todos
from devots_desktop.store.profile import Profile
from tests.portal.client import PASSWORD, Asking, Person
from tests.portal.test_web_side import smoke
from tests.portal.web_side import WebSide, web_side
from tests.servers.fixtures import Servers, newest
from tests.servers.managed import DESKTOP
from tests.servers.postgres import Database
from tests.standin.web_client import WebClient, web_client

_PATIENCE_S = 30.0
Rows = list[tuple[str, bool]]


class Desk:
    """A device in use, on one event loop."""

    def __init__(self, opened: OpenAccount) -> None:
        self._opened = opened
        self._told = asyncio.Event()
        opened.changes.subscribe(self._tell)

    @property
    def todos(self) -> Todos:
        return self._opened.todos

    def id(self, text: str) -> str:
        return next(todo.client_id for todo in self._opened.lists.each() if todo.text == text)

    async def sent(self) -> None:
        """Wait until its server has answered all that was done here."""
        await self._until(lambda: self._opened.lists.counts().pending == 0, "everything is sent")

    async def shows(self, rows: Rows) -> None:
        """Wait until it shows these, beside what waits for the user to decide."""
        await self._until(lambda: self._shown() == rows, f"it shows {rows}")

    def lost(self) -> dict[str, str | None]:
        """The texts that lost a conflict and can be restored, by the text that their todos have now; None for one that is gone."""
        texts = {todo.client_id: todo.text for todo in self._opened.lists.each()}
        return {each.text: texts.get(each.client_id) for each in self._opened.lists.conflicts() if each.text is not None}

    def parked(self) -> list[object]:
        """The texts of changes whose todos were deleted elsewhere."""
        return [each.mutation.values["text"] for each in self._opened.lists.parked() if each.gone]

    def _shown(self) -> Rows:
        return sorted((todo.text, todo.completed) for todo in self._opened.lists.each() if todo.state is not State.PARKED)

    def _tell(self, _: ChangeSet) -> None:
        self._told.set()

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not condition():
                    self._told.clear()
                    await self._told.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain until {what}; it shows {self._shown()}") from None


@dataclass
class Device:
    """An account of Ada's on a profile of its own."""

    accounts: Accounts
    account: Account

    @asynccontextmanager
    async def in_use(self, *, follow: bool) -> AsyncIterator[Desk]:
        """Open it; it keeps in step with its server where it is to follow."""
        failures: list[BaseException] = []
        tasks = Tasks(lambda _, error: failures.append(error))
        opened = self.accounts.open(self.account)
        desk = Desk(opened)
        opened.start(tasks, follow=follow)
        try:
            yield desk
        finally:
            await tasks.close()
            await opened.close()
            assert failures == []

    async def sync(self) -> None:
        opened = self.accounts.open(self.account)
        tasks = Tasks(lambda *_: None)
        opened.start(tasks, follow=False)
        try:
            report = await opened.sync_once(timeout=_PATIENCE_S)
            assert (report.sentence, report.pending) == ("", 0)
        finally:
            await opened.close()


@dataclass
class Party:
    """Ada at all four, and the database in which they meet."""

    ada: Person
    database: Database
    web: WebSide
    page: WebClient
    on_postgres: Device
    on_portal: Device

    def ids(self) -> dict[str, int]:
        """The serial numbers, by text."""
        with self.database.connect() as owner:
            return dict(owner.execute("select text, id from todo where user_id = %s", [self.ada.user_id]).fetchall())

    def rows(self) -> Rows:
        with self.database.connect() as owner:
            return sorted(owner.execute("select text, completed from todo where user_id = %s", [self.ada.user_id]).fetchall())


@asynccontextmanager
async def party(servers: Servers, folder: Path) -> AsyncIterator[Party]:
    """Bring the four together. The portal's smoke test passes before its database is upgraded, afterwards, and when they have ended."""
    with servers.portal_on_supabase(newest(), "desktop") as (portal, project):
        asking = Asking(portal)
        ada = asking.sign_up()
        with web_side(portal, ada.email) as web:
            smoke(web, rows=1)
            _upgrade(portal.database)
            smoke(web, rows=1)
            token = asking.data("todo.getRealtimeChannel", **ada.headers)["accessToken"]
            with web_client(project, accessToken=token, userId=ada.user_id) as page:
                yield Party(
                    ada, portal.database, web, page, await _on_postgres(portal.database, folder), await _on_portal(portal.url, folder)
                )
        with web_side(portal, asking.sign_up("bob").email) as web:
            smoke(web, rows=1)


def _upgrade(database: Database) -> None:
    """As its owner does, who first takes the policy away of which the upgrade would not know whom it lets in."""
    password = database.server.passwords.setdefault(DESKTOP, "a password of the tests")
    with database.connect() as owner:
        owner.execute("drop policy todo_select_own on todo")
    assert migrate.adopt(database.url(), desktop_password=password).blocking == ()
    assert migrate.upgrade(database.url(), desktop_password=password).before == migrate.BASELINE
    assert migrate.status(database.url()).trouble == ()


async def _on_postgres(database: Database, folder: Path) -> Device:
    accounts = Accounts(Profile(folder / "postgres"))
    form = PostgresForm.from_url(database.url(DESKTOP), email="ada@example.org", password=PASSWORD, secrets=SecretStore.FILE)
    return Device(accounts, await accounts.add_postgres(form))


async def _on_portal(url: str, folder: Path) -> Device:
    accounts = Accounts(Profile(folder / "portal"))
    form = PortalForm.from_text(url, email="ada@example.org", password=PASSWORD, secrets=SecretStore.FILE)
    granted = await accounts.portal.enter(form)
    assert isinstance(granted, Granted)
    return Device(accounts, await accounts.add_portal(form, granted))
