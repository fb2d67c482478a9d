"""Todos over tRPC, as portal-contract.md, section 4, says."""

from tests.portal.client import Asking
from tests.servers.portal import PortalServer


def test_somebody_who_signed_up_makes_toggles_and_deletes_todos(portal: PortalServer) -> None:
    asking = Asking(portal)
    asking.sign_up()
    ada = asking.sign_in()
    (made,) = asking.trpc("todo.create", {"text": "buy milk"}, **ada.headers).json()["result"]["data"]
    assert (made["text"], made["completed"], made["userId"]) == ("buy milk", False, ada.user_id)
    (toggled,) = asking.trpc("todo.toggle", {"id": made["id"], "completed": True}, **ada.headers).json()["result"]["data"]
    assert (
        asking.trpc("todo.getAll", **ada.headers).json()
        == {"result": {"data": [{**made, "completed": True}]}}
        == {"result": {"data": [toggled]}}
    )
    asking.trpc("todo.delete", {"id": made["id"]}, **ada.headers)
    assert asking.trpc("todo.getAll", **ada.headers).json() == {"result": {"data": []}}
