"""Todos over tRPC, as portal-contract.md, sections 4 and 7, says."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.portal.client import Asking, Person, told


@pytest.fixture
def ada(seed: Asking) -> Person:
    return seed.sign_up()


def texts(asking: Asking, person: Person) -> list[str]:
    return [row["text"] for row in asking.data("todo.getAll", **person.headers)]


def test_somebody_who_signed_up_makes_toggles_and_deletes_todos(either: Asking) -> None:
    either.sign_up()
    ada = either.sign_in()
    (made,) = either.data("todo.create", {"text": "buy milk"}, **ada.headers)
    assert list(made) == ["id", "text", "completed", "userId", "createdAt", "updatedAt"]
    assert (made["text"], made["completed"], made["userId"]) == ("buy milk", False, ada.user_id)
    assert made["createdAt"].endswith("Z")
    assert len(made["createdAt"]) == len("2026-11-22T08:41:04.907Z")
    assert either.data("todo.toggle", {"id": made["id"], "completed": True}, **ada.headers) == [{**made, "completed": True}]
    assert either.data("todo.getAll", **ada.headers) == [{**made, "completed": True}]
    assert either.data("todo.delete", {"id": made["id"]}, **ada.headers) == [{**made, "completed": True}]
    assert either.data("todo.getAll", **ada.headers) == []


def test_the_list_has_no_order_and_a_toggled_todo_moves_to_its_end(seed: Asking, ada: Person) -> None:
    ids = [seed.data("todo.create", {"text": text}, **ada.headers)[0]["id"] for text in "abc"]
    seed.data("todo.toggle", {"id": ids[0], "completed": True}, **ada.headers)
    assert texts(seed, ada) == ["b", "c", "a"]


def test_a_toggle_bumps_no_time(seed: Asking, ada: Person) -> None:
    (made,) = seed.data("todo.create", {"text": "a"}, **ada.headers)
    (toggled,) = seed.data("todo.toggle", {"id": made["id"], "completed": True}, **ada.headers)
    assert toggled["updatedAt"] == made["updatedAt"]


def test_a_todo_that_is_gone_or_somebody_elses_gives_an_empty_list_and_no_error(seed: Asking, ada: Person) -> None:
    bob = seed.sign_up("bob")
    (foreign,) = seed.data("todo.create", {"text": "bob's"}, **bob.headers)
    for number in (foreign["id"], 99):
        assert seed.data("todo.toggle", {"id": number, "completed": True}, **ada.headers) == []
        assert seed.data("todo.delete", {"id": number}, **ada.headers) == []
    assert seed.data("todo.getAll", **bob.headers) == [foreign]


def test_a_repeated_create_makes_a_twin(seed: Asking, ada: Person) -> None:
    for _ in range(2):
        seed.data("todo.create", {"text": "a", "id": 77, "clientId": "x"}, **ada.headers)
    assert [row["id"] for row in seed.data("todo.getAll", **ada.headers)] == [1, 2]


def test_without_returning_every_mutation_answers_an_empty_list(seed: Asking, ada: Person) -> None:
    seed.portal.change(returning=False)
    assert seed.data("todo.create", {"text": "a"}, **ada.headers) == []
    (made,) = seed.data("todo.getAll", **ada.headers)
    assert seed.data("todo.toggle", {"id": made["id"], "completed": True}, **ada.headers) == []
    assert seed.data("todo.getAll", **ada.headers) == [{**made, "completed": True}]
    assert seed.data("todo.delete", {"id": made["id"]}, **ada.headers) == []
    assert seed.data("todo.getAll", **ada.headers) == []


def test_the_codes_of_trpcs_errors(seed: Asking, ada: Person) -> None:
    assert told(seed.trpc("todo.create", {"text": ""}, **ada.headers)) == (400, "BAD_REQUEST")
    assert told(seed.trpc("todo.nope", **ada.headers)) == (404, "NOT_FOUND")
    assert told(seed.trpc("todo.create", **ada.headers)) == (405, "METHOD_NOT_SUPPORTED")
    assert told(seed.trpc("todo.getAll")) == (401, "UNAUTHORIZED")
    assert seed.data("healthCheck") == "OK"


def test_an_error_has_message_code_and_data_and_no_stack_in_production(seed: Asking) -> None:
    error = seed.trpc("todo.getAll").json()["error"]
    data = {"code": "UNAUTHORIZED", "httpStatus": 401, "path": "todo.getAll"}
    assert error == {"message": "Authentication required", "code": -32001, "data": data}


def test_an_inputs_error_is_a_list_in_a_string(seed: Asking, ada: Person) -> None:
    error = seed.trpc("todo.create", {"text": ""}, **ada.headers).json()["error"]
    assert error["code"] == -32600
    assert json.loads(error["message"])[0]["code"] == "too_small"


@pytest.mark.parametrize(
    ("procedure", "body", "secret"),
    [
        ("todo.toggle", {"id": 1.5, "completed": True}, "1.5"),
        ("todo.toggle", {"id": 2**31, "completed": True}, "2147483648"),
        ("todo.create", {"text": "my secret\0"}, "my secret"),
    ],
)
def test_a_message_of_status_500_shows_the_statement_and_its_values(
    seed: Asking, ada: Person, procedure: str, body: dict[str, Any], secret: str
) -> None:
    answer = seed.trpc(procedure, body, **ada.headers)
    assert told(answer) == (500, "INTERNAL_SERVER_ERROR")
    message = answer.json()["error"]["message"]
    assert message.startswith("Failed query: ")
    assert secret in message
    assert ada.user_id in message


def test_what_is_accepted_as_a_text(seed: Asking, ada: Person) -> None:
    long = "x" * 5_000_000
    for text in (" ", "\ud800", long):
        body = json.dumps({"text": text}).encode()
        seed.raw("/trpc/todo.create", body, **ada.headers).raise_for_status()
    assert texts(seed, ada) == [" ", "\ufffd", long]


def test_a_batch_answers_in_order_and_with_207_where_statuses_differ(seed: Asking, ada: Person) -> None:
    (made,) = seed.data("todo.create", {"text": "a"}, **ada.headers)
    body = {"0": {"text": "b"}, "1": {"text": ""}, "2": {"id": made["id"], "completed": True}}
    answer = seed.trpc("todo.create,todo.create,todo.toggle?batch=1", body, **ada.headers)
    assert answer.status_code == 207
    first, second, third = answer.json()
    assert first["result"]["data"][0]["text"] == "b"
    assert second["error"]["data"]["code"] == "BAD_REQUEST"
    assert third["result"]["data"][0]["completed"] is True


def test_a_batch_of_equal_statuses_has_that_status(seed: Asking, ada: Person) -> None:
    path = f"todo.getAll,todo.getRealtimeChannel?batch=1&input={quote('{}')}"
    assert [len(seed.trpc(path, **headers).json()) for headers in (ada.headers, {})] == [2, 2]
    assert [seed.trpc(path, **headers).status_code for headers in (ada.headers, {})] == [200, 401]


def test_an_error_of_a_whole_request_is_json_that_calls_itself_text(seed: Asking, ada: Person) -> None:
    mixed = seed.trpc(f"todo.getAll,todo.create?batch=1&input={quote('{}')}", **ada.headers)
    assert mixed.status_code == 400
    unsupported = seed.raw("/trpc/todo.create", b"text=a", content_type="application/x-www-form-urlencoded", **ada.headers)
    assert told(unsupported) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "path" not in unsupported.json()["error"]["data"]
    for answer in (mixed, unsupported):
        assert answer.headers["content-type"].startswith("text/plain")
        assert isinstance(answer.json(), dict)


def test_the_shapes_of_superjson(seed: Asking, ada: Person) -> None:
    seed.portal.change(superjson=True)
    (made,) = seed.trpc("todo.create", {"json": {"text": "a"}}, **ada.headers).json()["result"]["data"]["json"]
    listed = seed.trpc("todo.getAll", **ada.headers).json()["result"]["data"]
    assert listed == {"json": [made], "meta": {"values": {"0.createdAt": ["Date"], "0.updatedAt": ["Date"]}, "v": 1}}
    seed.trpc("todo.delete?batch=1", {"0": {"json": {"id": made["id"]}}}, **ada.headers).raise_for_status()
    assert seed.trpc("todo.getAll", **ada.headers).json()["result"]["data"] == {"json": []}
    assert set(seed.trpc("todo.getAll").json()["error"]) == {"json"}
    assert told(seed.trpc("todo.getAll")) == (401, "UNAUTHORIZED")


def test_a_plain_body_is_refused_by_superjson_and_the_other_way_round(seed: Asking, ada: Person) -> None:
    assert told(seed.trpc("todo.create", {"json": {"text": "a"}}, **ada.headers)) == (400, "BAD_REQUEST")
    seed.portal.change(superjson=True)
    assert told(seed.trpc("todo.create", {"text": "a"}, **ada.headers)) == (400, "BAD_REQUEST")


def test_times_are_milliseconds_on_the_wire_and_microseconds_in_the_table(seed: Asking, ada: Person) -> None:
    (made,) = seed.data("todo.create", {"text": "a"}, **ada.headers)
    with seed.portal.database.connect() as owner:
        owner.execute("update todo set created_at = '2026-01-02 03:04:05.678999'")
    assert seed.data("todo.getAll", **ada.headers)[0]["createdAt"] == "2026-01-02T03:04:05.678Z"
    assert made["createdAt"] != "2026-01-02T03:04:05.678Z"
