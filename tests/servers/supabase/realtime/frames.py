"""The frames of Realtime, version 1.0.0 of its protocol: JSON objects of topic, event, payload and ref (supabase-contract.md, sections 3.1 to 3.3)."""

from typing import Any

Frame = dict[str, Any]
SUBSCRIBED = "Subscribed to PostgreSQL"


def frame(topic: str, event: str, payload: dict[str, Any], ref: str | None = None) -> Frame:
    """A frame of the server. The ref is there also where it is null: clients refuse a frame without it."""
    return {"topic": topic, "event": event, "payload": payload, "ref": ref}


def reply(topic: str, ref: str | None, response: dict[str, Any], *, ok: bool = True) -> Frame:
    """The answer to a frame of the client."""
    return frame(topic, "phx_reply", {"status": "ok" if ok else "error", "response": response}, ref)


def close(topic: str, join_ref: str | None) -> Frame:
    """The channel that was joined with this ref has ended."""
    return frame(topic, "phx_close", {}, join_ref)


def system(topic: str, message: str, *, ok: bool, extension: str = "postgres_changes") -> Frame:
    """What the server says about a channel."""
    payload = {"channel": topic.removeprefix("realtime:"), "extension": extension, "message": message, "status": "ok" if ok else "error"}
    return frame(topic, "system", payload)


def change(topic: str, ids: list[int], data: dict[str, Any]) -> Frame:
    """A changed row, for the bindings of these ids."""
    return frame(topic, "postgres_changes", {"ids": ids, "data": data})
