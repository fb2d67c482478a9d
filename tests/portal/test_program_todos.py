"""A portal account with all that goes wrong between it and its portal: nothing is lost, nothing is there twice (sync.md, section 4)."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from devots_desktop.domain.account import Live, SecretStore
from devots_desktop.domain.errors import Unreachable
from devots_desktop.remote.portal.address import Portal
from devots_desktop.remote.portal.remote import UNSURE_S, PortalRemote
from devots_desktop.remote.portal.signing import Door, Granted
from devots_desktop.remote.portal.wire import Wire
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.portal_form import PortalForm
from devots_desktop.store.profile import Profile
from devots_desktop.sync.engine import SyncReport
from tests.contract.asking import create, delete, edit
from tests.contract.devices import until
from tests.contract.patient import Patient
from tests.contract.portal_backend import nothing_known
from tests.portal.client import PASSWORD, Asking
from tests.portal.front import Front, Page
from tests.servers.fixtures import Servers

EMAIL = "ada@example.org"
FORMS = [{"returning": True}, {"returning": False}]


class Desk(Patient):
    """A device of Ada's."""

    def add(self, text: str) -> str:
        return self.using(lambda opened: opened.todos.add(text))

    def done(self, client_id: str) -> None:
        self.using(lambda opened: opened.todos.complete(client_id))

    def once(self, timeout: float = 50) -> SyncReport:
        return self.using(lambda opened: opened.sync_once(timeout=timeout))

    def restarted(self) -> "Desk":
        """The same after the program has ended: what it had in memory is gone."""
        return Desk(self.profile, Accounts(self.profile), self.account)

    def waited(self) -> "Desk":
        """The same after the time in which the portal may still be at what it did not answer."""
        self.accounts.portal.monotonic = lambda: time.monotonic() + UNSURE_S
        return self


class Place:
    """A portal with Ada, a proxy before it, and a device."""

    def __init__(self, asking: Asking, front: Front, folder: Path) -> None:
        self.asking, self.front = asking, front
        self.ada = asking.sign_up()
        accounts = Accounts(profile := Profile(folder))
        form = PortalForm.from_text(front.url, email=EMAIL, password=PASSWORD, secrets=SecretStore.FILE)
        granted = asyncio.run(accounts.portal.enter(form))
        assert isinstance(granted, Granted)
        self.desk = Desk(profile, accounts, asyncio.run(accounts.add_portal(form, granted)))

    def there(self) -> list[tuple[str, bool]]:
        """What the portal has of Ada."""
        with self.asking.portal.database.connect() as owner:
            return sorted(owner.execute("select text, completed from todo where user_id = %s", [self.ada.user_id]).fetchall())

    def on_the_web(self, statement: str) -> None:
        with self.asking.portal.database.connect() as owner:
            owner.execute(statement.encode(), {"ada": self.ada.user_id})


@contextmanager
def placed(servers: Servers, folder: Path, **switches: bool) -> Iterator[Place]:
    with servers.portal(18, "seed", **switches) as portal, Front(portal.url) as front:
        portal.change(base_url=front.url)
        yield Place(Asking(portal), front, folder)


@pytest.fixture(params=FORMS, ids=["rows", "silent"])
def place(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path) -> Iterator[Place]:
    """Of a portal that answers with rows, and of one that never does."""
    with placed(servers, tmp_path, **request.param) as made:
        yield made


class TestDoubling:
    def test_a_create_whose_answer_was_lost_is_found_also_after_a_restart(self, place: Place) -> None:
        place.desk.add("milk")
        place.front.lose = ["todo.create"]
        assert place.desk.once().live is Live.OFFLINE
        assert place.desk.restarted().once().pending == 0
        assert place.there() == [("milk", False)]
        assert len(place.front.asked("todo.create")) == 1
        assert place.desk.once().pulled == 0

    def test_one_with_the_text_of_another_that_is_known_is_not_taken_for_it(self, place: Place) -> None:
        place.desk.add("milk")
        place.desk.sync()
        place.desk.add("milk")
        place.front.instead = {"todo.create": Page(502)}
        assert place.desk.once().live is Live.OFFLINE
        place.front.instead.clear()
        assert place.desk.waited().once().pending == 0
        assert place.there() == [("milk", False), ("milk", False)]
        assert place.desk.shown() == ["milk", "milk"]

    def test_one_with_the_text_of_an_old_todo_that_was_never_pulled_is_not_taken_for_it(self, place: Place) -> None:
        place.on_the_web("insert into todo(user_id, text, created_at) values (%(ada)s, 'milk', now() - interval '1 year')")
        place.desk.add("milk")
        place.front.instead = {"todo.create": Page(502)}
        place.desk.once()
        place.front.instead.clear()
        place.desk.waited().once()
        assert place.there() == [("milk", False), ("milk", False)]

    @pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
    def test_while_the_portal_may_still_be_at_it_it_is_not_sent_again(self, place: Place, restarted: bool) -> None:  # noqa: FBT001
        place.desk.add("milk")
        place.front.held = "todo.create"
        place.front.hold.clear()
        assert place.desk.once(timeout=3).live is Live.OFFLINE
        desk = place.desk.restarted() if restarted else place.desk
        report = desk.once()
        assert (report.live, report.pending) == (Live.OFFLINE, 1)
        assert "not known yet" in report.sentence
        place.front.hold.set()
        asyncio.run(until(place.there, "the portal has it"))
        assert desk.once().pending == 0
        assert (place.there(), len(place.front.asked("todo.create"))) == ([("milk", False)], 1)

    def test_after_a_restart_it_is_sent_when_the_portal_has_had_its_time(self, place: Place) -> None:
        place.desk.add("milk")
        place.front.instead = {"todo.create": Page(502)}
        assert place.desk.once().live is Live.OFFLINE
        place.front.instead.clear()
        desk = place.desk.restarted()
        assert desk.once().pending == 1
        assert desk.waited().once().pending == 0
        assert place.there() == [("milk", False)]

    def test_what_certainly_was_not_sent_is_sent_at_once_when_there_is_a_way(self, place: Place) -> None:
        """Nobody was listening: there is no reason to wait for what cannot be under way."""
        place.desk.add("milk")
        unsure: dict[str, float] = {}
        remote = PortalRemote(Wire(Portal("http://127.0.0.1:9")), known=nothing_known, unsure=unsure)

        async def push() -> None:
            remote._read_at = 0.0
            remote._procedures._superjson = False
            await remote.push([create("milk")])

        with pytest.raises(Exception, match="No server answers"):
            asyncio.run(push())
        assert max(unsure.values()) < time.monotonic()

    def test_a_mark_whose_answer_was_lost_between_two_requests_of_one_create(self, place: Place) -> None:
        place.desk.done(place.desk.add("milk"))
        place.front.lose = ["todo.toggle"]
        assert place.desk.once().live is Live.OFFLINE
        assert place.desk.once().pending == 0
        assert place.there() == [("milk", True)]


class TestTrouble:
    def test_an_id_that_somebody_took_by_hand(self, place: Place) -> None:
        place.on_the_web("insert into todo(id, user_id, text) values (1, %(ada)s, 'by hand')")
        place.desk.add("milk")
        report = place.desk.once()
        assert (report.pending, report.parked) == (0, 0)
        assert place.there() == [("by hand", False), ("milk", False)]

    def test_the_database_is_away(self, place: Place, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        place.desk.add("secret milk")
        database = place.asking.portal.database
        with database.server.superuser() as admin:
            admin.execute(f'alter database "{database.name}" allow_connections false'.encode())
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [database.name])
            report = place.desk.once()
            assert (report.live, report.pending, report.parked) == (Live.OFFLINE, 1, 0)
            assert report.sentence == "The portal cannot answer just now (HTTP 500). It is tried again by itself."
            admin.execute(f'alter database "{database.name}" allow_connections true'.encode())
        assert place.desk.waited().once().pending == 0
        assert place.there() == [("secret milk", False)]
        assert "secret milk" not in caplog.text

    @pytest.mark.parametrize("page", [Page(), Page(502), Page(302, b"", {"location": "/welcome"})], ids=["captive", "gateway", "redirect"])
    def test_somebody_else_answers(self, place: Place, page: Page) -> None:
        place.desk.add("milk")
        place.desk.sync()
        place.desk.add("bread")
        place.front.instead = {"": page}
        report = place.desk.once()
        assert (report.live, report.pending, report.parked) == (Live.OFFLINE, 1, 0)
        assert place.desk.shown() == ["bread", "milk"]
        place.front.instead.clear()
        assert place.desk.waited().once().pending == 0
        assert place.there() == [("bread", False), ("milk", False)]

    def test_a_session_that_was_revoked_and_a_new_one(self, place: Place) -> None:
        place.desk.add("milk")
        place.on_the_web("delete from session where user_id = %(ada)s")
        report = place.desk.once()
        assert (report.live, report.pending) == (Live.SIGNED_OUT, 1)
        form = PortalForm.again(place.desk.account, password=PASSWORD)

        async def sign_in() -> None:
            granted = await place.desk.accounts.portal.enter(form)
            assert isinstance(granted, Granted)
            await place.desk.accounts.sign_in_portal(place.desk.account, form, granted)

        asyncio.run(sign_in())
        assert place.desk.once().pending == 0
        assert place.there() == [("milk", False)]

    def test_another_persons_session_is_not_taken_and_ended(self, place: Place) -> None:
        place.asking.sign_up("bob")
        form = PortalForm.from_text(place.front.url, email="bob@example.org", password=PASSWORD)

        async def sign_in() -> None:
            granted = await place.desk.accounts.portal.enter(form)
            assert isinstance(granted, Granted)
            await place.desk.accounts.sign_in_portal(place.desk.account, form, granted)

        before = place.there()
        with pytest.raises(Exception, match="another account"):
            asyncio.run(sign_in())
        assert len(place.front.asked("/sign-out")) == 1
        assert (place.desk.once().live, place.there()) == (Live.LIVE, before)

    def test_using_it_stretches_a_session(self, place: Place) -> None:
        place.on_the_web(
            "update session set expires_at = now() at time zone 'utc' + interval '1 hour', updated_at = updated_at - interval '6 days'"
        )
        assert place.desk.once().live is Live.LIVE
        with place.asking.portal.database.connect() as owner:
            left = owner.execute("select max(expires_at - now() at time zone 'utc') > interval '6 days' from session").fetchone()
        assert left == (True,)


class TestForm:
    def test_a_database_that_goes_away_between_two_requests_refuses_nothing(self, seed: Asking) -> None:
        seed.sign_up()
        granted = asyncio.run(Door(Portal(seed.portal.url)).sign_in(EMAIL, PASSWORD))
        assert isinstance(granted, Granted)
        away = Page(500, b'{"error":{"message":"Failed query","code":-32603,"data":{"code":"INTERNAL_SERVER_ERROR","httpStatus":500}}}')

        async def push() -> None:
            remote = PortalRemote(Wire(Portal(front.url), granted.credential), known=nothing_known, unsure={})
            made = create("milk")
            [answer] = await remote.push([made])
            assert answer.row is not None
            number = answer.row.server_id
            front.instead = {"": away}
            later = [
                create("bread"),
                replace(edit(made.client_id, completed=True), server_id=number),
                replace(delete(made.client_id), server_id=number),
            ]
            for mutation in later:
                with pytest.raises(Unreachable, match="HTTP 500"):
                    await remote.push([mutation])
            await remote.close()

        with Front(seed.portal.url) as front:
            asyncio.run(push())

    def test_a_portal_that_takes_up_superjson_meanwhile(self, seed: Asking) -> None:
        ada = seed.sign_up()
        granted = asyncio.run(Door(Portal(seed.portal.url)).sign_in(EMAIL, PASSWORD))
        assert isinstance(granted, Granted)

        async def push() -> None:
            remote = PortalRemote(Wire(Portal(seed.portal.url), granted.credential), known=nothing_known, unsure={})
            try:
                for superjson in (False, True, False):
                    seed.portal.change(superjson=superjson)
                    [answer] = await remote.push([create(f"superjson {superjson}", completed=True)])
                    assert answer.row is not None
                    page = await remote.pull(0, None, 500)
                    assert page.user_id == ada.user_id
                    assert page.rows[-1].text == f"superjson {superjson}"
            finally:
                await remote.close()

        asyncio.run(push())

    def test_of_many_changes_in_one_push_the_list_is_read_once(self, place: Place) -> None:
        keys = [place.desk.add(str(number)) for number in range(5)]
        place.desk.sync()
        place.front.seen.clear()
        for key in keys:
            place.desk.done(key)
        place.desk.sync()
        assert place.there() == [(str(number), True) for number in range(5)]
        # One before, to see what kind of server it is and what the changes find; one behind, the pull; of a silent portal one more, to learn that it is.
        assert len(place.front.asked("todo.getAll")) <= (2 if place.asking.portal.settings.returning else 3)
