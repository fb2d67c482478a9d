"""The REST part of the Supabase stand-in, asked by the library that the program uses."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from postgrest import SyncPostgrestClient
from postgrest.exceptions import APIError

from tests.servers.supabase import SupabaseServer

Clients = Callable[[str | None], SyncPostgrestClient]


@pytest.fixture
def clients(plain_project: SupabaseServer) -> Iterator[Clients]:
    """Makes clients: of a new person by name, or of nobody."""
    with ExitStack() as stack:

        def make(name: str | None) -> SyncPostgrestClient:
            key = plain_project.publishable_key
            token = key if name is None else plain_project.sign_up(f"{name}@example.org")["access_token"]
            headers = {"apikey": key, "Authorization": f"Bearer {token}"}
            return stack.enter_context(SyncPostgrestClient(f"{plain_project.url}/rest/v1", headers=headers))

        yield make


def rows(request: Any) -> list[dict[str, Any]]:
    """What it answers, which is a list."""
    data = request.execute().data
    assert isinstance(data, list)
    return data


def test_a_person_writes_and_reads_their_own_rows(clients: Clients) -> None:
    ada, bob = clients("ada"), clients("bob")
    (made,) = rows(ada.table("todo").insert({"text": "milk"}))
    assert rows(ada.table("todo").select("id,text").eq("text", "milk")) == [{"id": made["id"], "text": "milk"}]
    assert rows(bob.table("todo").select("*")) == []


def test_a_foreign_row_is_not_changed_and_nobody_says_so(clients: Clients) -> None:
    ada, bob = clients("ada"), clients("bob")
    (made,) = rows(ada.table("todo").insert({"text": "milk"}))
    assert rows(bob.table("todo").update({"text": "mine"}).eq("id", made["id"])) == []
    assert rows(bob.table("todo").delete().eq("id", made["id"])) == []
    assert [each["text"] for each in rows(ada.table("todo").select("*"))] == ["milk"]


def test_nobody_may_not_write(clients: Clients) -> None:
    with pytest.raises(APIError) as caught:
        clients(None).table("todo").insert({"text": "milk"}).execute()
    assert caught.value.code == "42501"
