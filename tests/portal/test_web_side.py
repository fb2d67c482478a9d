"""The portal's own web side works, before and after our migrations have run on its database."""

import pytest

from devots_desktop.remote.postgres.migrate import upgrade
from tests.portal.client import Asking
from tests.portal.web_side import WebSide, web_side
from tests.servers.fixtures import Servers
from tests.servers.managed import DESKTOP


def smoke(web: WebSide, *, rows: int) -> None:
    """Everything that a person does at the web side. `rows`: how many each mutation answers."""
    assert [web.add("milk"), web.add("bread"), web.complete("milk")] == [rows] * 3
    assert web.rows() == ["x milk", "o bread"]
    assert [web.delete("milk"), web.delete("bread")] == [rows] * 2
    assert web.rows() == []


@pytest.mark.parametrize(
    "form", [{"superjson": False, "returning": True}, {"superjson": True, "returning": False}], ids=["plain", "superjson"]
)
def test_the_web_side_works_before_and_after_the_upgrade(servers: Servers, form: dict[str, bool]) -> None:
    with servers.portal(18, "seed", **form) as portal:
        ada = Asking(portal).sign_up()
        with web_side(portal, ada.email) as web:
            smoke(web, rows=int(form["returning"]))
            password = portal.database.server.passwords.setdefault(DESKTOP, "a password of the tests")
            upgrade(portal.database.url(), desktop_password=password)
            smoke(web, rows=int(form["returning"]))


def test_the_web_side_hears_of_changes_with_the_portals_token(servers: Servers) -> None:
    with servers.portal_on_supabase(18, "desktop") as (portal, _):
        ada = Asking(portal).sign_up()
        with web_side(portal, ada.email) as web, web_side(portal, ada.email) as elsewhere:
            web.follow()
            elsewhere.add("milk")
            web.is_told("INSERT", "milk")
            elsewhere.complete("milk")
            web.is_told("UPDATE", "milk")
