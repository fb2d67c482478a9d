"""A portal account in a profile: kept, examined, used and removed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.account import SecretStore
from devots_desktop.domain.errors import AccountUnusable, InvalidText
from devots_desktop.domain.finding import Level
from devots_desktop.remote.portal.limits import ANON_ONLY, TEXT_FIXED
from devots_desktop.remote.portal.signing import Granted
from devots_desktop.remote.supabase.checks import PUBLICATION, REALTIME
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.portal_form import PortalForm
from tests.portal.client import PASSWORD, Asking
from tests.portal.front import Front
from tests.portal.test_program_todos import EMAIL, Place, placed
from tests.servers.fixtures import Servers


@pytest.fixture
def place(servers: Servers, tmp_path: Path) -> Iterator[Place]:
    with placed(servers, tmp_path) as made:
        yield made


def sessions(place: Place) -> list[str]:
    """The tokens of Ada's sessions; the first is that of signing up."""
    with place.asking.portal.database.connect() as owner:
        return [token for (token,) in owner.execute("select token from session order by created_at, id")]


def test_a_second_time_is_refused_and_its_session_ended(place: Place) -> None:
    before = sessions(place)
    form = PortalForm.from_text(place.front.url, email=f" {EMAIL.upper()} ", password=PASSWORD, secrets=SecretStore.FILE)

    async def add() -> None:
        granted = await place.desk.accounts.portal.enter(form)
        assert isinstance(granted, Granted)
        await place.desk.accounts.add_portal(form, granted)

    with pytest.raises(AccountUnusable, match="already in the list"):
        asyncio.run(add())
    assert sessions(place) == before
    place.desk.sync()


def test_removing_it_ends_its_session_and_no_other(place: Place) -> None:
    assert len(sessions(place)) == 2
    asyncio.run(place.desk.accounts.remove(place.desk.account))
    assert sessions(place) == [place.ada.token]
    assert not place.desk.cache.parent.exists()


def test_its_session_is_where_the_secrets_are_and_nowhere_else(place: Place) -> None:
    [token] = [each for each in sessions(place) if each != place.ada.token]
    place.desk.add("milk")
    place.desk.sync()
    found = [
        path.name for path in place.desk.cache.parent.parent.parent.rglob("*") if path.is_file() and token.encode() in path.read_bytes()
    ]
    assert found == ["secrets.json"]


def test_a_text_is_read_only_and_says_why(place: Place) -> None:
    key = place.desk.add("milk")

    async def edit(opened: OpenAccount) -> None:
        assert opened.text_fixed == TEXT_FIXED
        with pytest.raises(InvalidText, match="no way to change the text"):
            await opened.todos.edit(key, "oat milk")

    place.desk.using(edit)
    assert (place.desk.shown(), len(place.desk.outbox())) == (["milk"], 1)


def test_the_doctor_looks_at_the_portal_and_the_session(place: Place) -> None:
    place.desk.sync()
    found = place.desk.examined()
    assert (found["server"].level, found["session"].level, found["list against server"].level) == (Level.OK, Level.OK, Level.OK)
    assert (found[REALTIME].level, found[REALTIME].sentence) == (Level.WARNING, ANON_ONLY)
    place.on_the_web("delete from session where user_id = %(ada)s")
    found = place.desk.examined()
    assert (found["session"].level, found["server"].level) == (Level.WRONG, Level.UNCHECKED)


@pytest.mark.parametrize("project", ["publishes the table", "does not"])
def test_the_doctor_tries_whether_changes_are_told(servers: Servers, tmp_path: Path, project: str) -> None:
    published = project == "publishes the table"
    with servers.portal_on_supabase(18, "desktop") as (portal, _), Front(portal.url) as front:
        portal.change(base_url=front.url)
        place = Place(Asking(portal), front, tmp_path)
        if not published:
            place.on_the_web("alter publication supabase_realtime drop table public.todo")
        found = place.desk.examined()
    if published:
        assert found[REALTIME].level is Level.OK
    else:
        assert found[PUBLICATION].sql == "alter publication supabase_realtime add table public.todo;"
