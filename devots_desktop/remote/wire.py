"""Mutations, answers and pages as devots_push and devots_pull take and give them, whatever carries them (migrations/server, sync.md section 3)."""

from collections.abc import Sequence
from typing import Any

from devots_desktop.domain.digest import Digest, Summary
from devots_desktop.domain.mutation import Answer, Mutation, Outcome, Page
from devots_desktop.domain.times import from_iso, to_iso
from devots_desktop.domain.todo import ServerRow

_REASONS = {
    "22": "The server cannot store this text.",
    "23": "The server's rules do not allow this todo.",
    "42": "The server does not allow this change.",
    "54": "The text is too long for the server.",
}


def mutation(asked: Mutation) -> dict[str, Any]:
    """A mutation as JSON. Times are naive UTC: an offset would be dropped silently by a `timestamp` column."""
    values: dict[str, Any] = dict(asked.values)
    if asked.created_at is not None:
        values["created_at"] = to_iso(asked.created_at).removesuffix("Z")
    return {"mutation_id": asked.mutation_id, "client_id": asked.client_id, "kind": str(asked.kind), "set": values}


def answer(given: dict[str, Any]) -> Answer:
    """An answer from JSON. The server's own words for a refusal stay behind: they can carry the user's text."""
    return Answer(
        given["mutation_id"],
        Outcome(given["state"]),
        before=_row(given.get("before")),
        row=_row(given.get("row")),
        duplicate=given.get("duplicate", False),
        reason=_REASONS.get(str(given.get("sqlstate", ""))[:2], "The server refused this change.") if given["state"] == "refused" else "",
    )


def page(given: dict[str, Any], limit: int) -> Page:
    """A page from JSON."""
    found = tuple(map(row, given["rows"]))
    return Page(given["user"], int(given["horizon"]), given["epoch"], found, more=len(found) == limit)


def digest(given: dict[str, Any]) -> Digest:
    """A digest from JSON; hashes travel as text, as versions do."""
    return Digest(given["user"], given["epoch"], tuple(map(_summary, given["ranges"])))


def _summary(given: dict[str, Any]) -> Summary:
    rows = given["rows"]
    return Summary(given["count"], int(given["hash"]), None if rows is None else {key: int(value) for key, value in rows.items()})


def row(given: dict[str, Any]) -> ServerRow:
    """A todo or a tombstone from JSON. A tombstone has neither text nor times."""
    if given.get("deleted"):
        return ServerRow(given["client_id"], given["todo_id"], "", False, 0, 0, int(given["row_version"]), deleted=True)
    return ServerRow(
        given["client_id"],
        given["id"],
        given["text"],
        given["completed"],
        from_iso(given["created_at"]),
        from_iso(given["updated_at"]),
        int(given["row_version"]),
    )


def _row(given: dict[str, Any] | None) -> ServerRow | None:
    return row(given) if given else None


def mutations(asked: Sequence[Mutation]) -> list[dict[str, Any]]:
    """Mutations as JSON."""
    return list(map(mutation, asked))
