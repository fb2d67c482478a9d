"""A person's todos at a portal, over the procedures that its own pages use. Keeps the protocol of remote/base.py in plain mode (sync.md, section 4).

What a portal offers is less than a table: it gives new todos its own time and number, says nothing on a repeated request, and has no way to change a text.
So this is a Remote of its own and no Table of remote/plain.py, which asks for rows by pages and finds creates by their time.

Usage: `PortalRemote(Wire(portal, credential), known=…, unsure={})`.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from devots_desktop.domain.errors import AccountUnusable, BatchRefused, SignedOut, Unreachable
from devots_desktop.domain.mutation import PLAIN, Answer, Kind, Mutation, Outcome, Page
from devots_desktop.domain.times import from_iso
from devots_desktop.domain.todo import ServerRow
from devots_desktop.remote import web
from devots_desktop.remote.base import Position
from devots_desktop.remote.plain import plain_row
from devots_desktop.remote.portal import failures, limits, session
from devots_desktop.remote.portal.live import Live
from devots_desktop.remote.portal.trpc import Procedures, Rejected
from devots_desktop.remote.portal.wire import Unsent, Wire

Known = Callable[[Sequence[int]], Awaitable[set[int]]]
"""Answers which of these server ids this device knows already as todos."""
Row = Mapping[str, Any]

FRESH_S = 2.0
"""Seconds for which a list that was read says what a mutation found: a push of many does not read it for each."""
UNSURE_S = 60.0
"""Seconds after a create without an answer in which the portal may still be at it: it is looked for, and not sent again."""
_DAY_US = 86_400_000_000
"""Microseconds by which this device's clock may have been set between the making of a todo and now."""
_ID_MOST = 2**31 - 1
_TRIES = 2
"""Of a mutation that failed inside."""
_NEVER = float("-inf")


class PortalRemote:
    """The remote of a signed-in person."""

    def __init__(self, wire: Wire, *, known: Known, unsure: dict[str, float], monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take over a connection.

        Args:
            known: see Known.
            unsure: until when the creates that this process has sent may still be under way, by mutation id; outlives connections.
            monotonic: a clock in seconds.
        """
        self._wire = wire
        self._procedures = Procedures(wire)
        self._live = Live(wire, self._procedures)
        self._known = known
        self._unsure = unsure
        self._monotonic = monotonic
        self._rows: dict[int, Row] = {}
        self._user_id = ""
        self._read_at = _NEVER
        self._returning: bool | None = None

    async def push(self, mutations: Sequence[Mutation]) -> list[Answer]:
        """See Remote.push."""
        made: dict[str, int] = {}
        answers = []
        for mutation in mutations:
            answer = await self._answer(mutation, made.get(mutation.client_id, mutation.server_id))
            if answer.row is not None:
                made[mutation.client_id] = answer.row.server_id
            answers.append(answer)
        return answers

    async def pull(self, since: int, after: Position | None, limit: int) -> Page:
        """See Remote.pull. Every pull is the complete list, whatever `since`, and its pages are those of one answer; a position is (server_id, client_id)."""
        rows = self._rows if after else await self._read()
        start = after[0] if after else 0
        ids = sorted(server_id for server_id in rows if server_id > start)
        found = tuple(_row(rows[server_id]) for server_id in ids[:limit])
        return Page(self._user_id or (await session.who(self._wire)).user_id, since, PLAIN, found, more=len(ids) > limit)

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """See Remote.listen."""
        await self._live.listen(ready, changed)

    @property
    def untold(self) -> str:
        """See Explaining."""
        return self._live.untold

    async def reachable(self) -> bool:
        """See Remote.reachable."""
        return await web.reachable(self._wire.portal)

    async def close(self) -> None:
        """See Remote.close."""
        await self._wire.close()

    # Mutations ---------------------------------------------------------------------------------------------------------------

    async def _answer(self, mutation: Mutation, server_id: int) -> Answer:
        try:
            match mutation.kind:
                case Kind.CREATE:
                    return await self._create(mutation)
                case Kind.EDIT:
                    return await self._edit(mutation, server_id)
                case Kind.DELETE:
                    return await self._delete(mutation, server_id)
        except BatchRefused as error:
            return Answer(mutation.mutation_id, Outcome.REFUSED, reason=error.sentence)

    async def _create(self, mutation: Mutation) -> Answer:
        text = str(mutation.values["text"])
        if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            raise BatchRefused("Text not storable", "The text has a character that databases refuse.", "Remove it and try again.")
        found = await self._made_before(mutation, text) if mutation.sent else None
        row = found or await self._insert(mutation.mutation_id, text)
        if mutation.values.get("completed") and not row["completed"]:
            row = await self._toggle(row["id"], completed=True) or row
        return Answer(mutation.mutation_id, Outcome.APPLIED, row=_as(mutation, row), duplicate=found is not None)

    async def _edit(self, mutation: Mutation, server_id: int) -> Answer:
        before = await self._before(server_id)
        if before is None:
            return Answer(mutation.mutation_id, Outcome.GONE)
        if mutation.values.get("text", before["text"]) != before["text"]:
            raise BatchRefused("Text not changeable", limits.TEXT_FIXED, "It is kept here until you decide.")
        wanted = bool(mutation.values.get("completed", before["completed"]))
        row = before if wanted == before["completed"] else await self._toggle(server_id, completed=wanted)
        if row is None:
            return Answer(mutation.mutation_id, Outcome.GONE)
        return Answer(mutation.mutation_id, Outcome.APPLIED, before=_as(mutation, before), row=_as(mutation, row))

    async def _delete(self, mutation: Mutation, server_id: int) -> Answer:
        before = await self._before(server_id)
        if before is None:
            return Answer(mutation.mutation_id, Outcome.GONE)
        # A portal that answers with what went says what is newest; one that answers nothing has deleted it as well, or somebody else has.
        [before, *_] = await self._mutate("todo.delete", {"id": server_id}) or [before]
        self._rows.pop(server_id, None)
        return Answer(mutation.mutation_id, Outcome.APPLIED, before=_as(mutation, before))

    async def _made_before(self, mutation: Mutation, text: str) -> Row | None:
        """What an earlier request for this create made: a todo with its text, of its time or later, that this device does not know.

        Raises:
            Unreachable: it is not there, and the portal may still be at it.
        """
        rows = await self._read()
        since = mutation.made_at + self._wire.ahead - _DAY_US
        ids = [number for number, row in rows.items() if row["text"] == text and from_iso(row["createdAt"]) >= since]
        found = sorted(set(ids) - await self._known(ids)) if ids else []
        if found:
            self._unsure.pop(mutation.mutation_id, None)
            return rows[found[0]]
        now = self._monotonic()
        # One that this process has not sent was sent by an earlier one, which may have ended a moment ago.
        if self._unsure.setdefault(mutation.mutation_id, now + UNSURE_S) > now:
            raise Unreachable(
                "Not known yet", "It is not known yet whether the portal has a todo that was sent.", "It is looked for again in a moment."
            )
        return None

    async def _insert(self, mutation_id: str, text: str) -> Row:
        """Add a todo. From the request to a clear answer it counts as unsure."""
        if self._read_at == _NEVER:
            await self._read()
        before = set(self._rows)
        self._unsure[mutation_id] = self._monotonic() + UNSURE_S
        try:
            row = await self._inserted(text, before)
        except (Unsent, BatchRefused, SignedOut, AccountUnusable):
            self._unsure[mutation_id] = _NEVER
            raise
        del self._unsure[mutation_id]
        self._rows[row["id"]] = row
        return row

    async def _inserted(self, text: str, before: set[int]) -> Row:
        """The row that was added.

        Args:
            before: the ids that were there before: one that answers with nothing has made a row with another id.
        """
        for _ in range(_TRIES):
            made = await self._call("todo.create", {"text": text})
            if made:
                return made[0]
            rows = self._rows if made is None else await self._read()
            added = [number for number, row in rows.items() if number not in before and row["text"] == text]
            if added:
                return rows[min(added)]
            if made is not None:
                raise web.unreadable()
        raise failures.refused()

    async def _toggle(self, server_id: int, *, completed: bool) -> Row | None:
        """Mark a todo, whatever it is now; the row as it is then, None where there is none.

        Nothing in the answer is either "no such todo" or the way of a portal that never answers with rows: the first time, the list tells.
        """
        found = await self._mutate("todo.toggle", {"id": server_id, "completed": completed})
        if found:
            self._returning = True
            row: Row | None = found[0]
        elif self._returning is False:
            row = {**self._rows[server_id], "completed": completed}
        else:
            row = (await self._read()).get(server_id)
            self._returning = None if row is None else False
        if row is not None:
            self._rows[server_id] = row
        return row

    async def _mutate(self, name: str, given: dict[str, Any]) -> list[Row]:
        """The rows that a mutation answers with; none from a portal that answers none, or where it hit none."""
        for _ in range(_TRIES):
            rows = await self._call(name, given)
            if rows is not None:
                return rows
        raise failures.refused()

    async def _call(self, name: str, given: dict[str, Any]) -> list[Row] | None:
        """The rows that a mutation answers with; None where it failed inside and the list, which was read since, is there.

        A portal says no more than that of a database that is away, of one that refuses a value, and of an id that was taken (section 7, hazard 6).
        """
        try:
            return _rows_of(await self._procedures.mutate(name, given))
        except Rejected as rejected:
            if not rejected.internal:
                raise failures.mutation(rejected.reply, rejected.code) from None
        await self._read()
        return None

    # The list ----------------------------------------------------------------------------------------------------------------

    async def _before(self, server_id: int) -> Row | None:
        """The row that a mutation finds."""
        fresh = self._monotonic() - self._read_at < FRESH_S
        return (self._rows if fresh else await self._read()).get(server_id)

    async def _read(self) -> dict[int, Row]:
        """The whole list, by id."""
        try:
            given = await self._procedures.query("todo.getAll")
        except Rejected as rejected:
            raise failures.query(rejected.reply, rejected.code) from None
        self._rows = {row["id"]: row for row in _rows_of(given)}
        self._user_id = _owner(self._rows)
        self._read_at = self._monotonic()
        return self._rows


def _rows_of(given: Any) -> list[Row]:
    """The rows of an answer. Raises Unreachable: it is no list of todos."""
    if not isinstance(given, list) or not all(map(_is_row, given)):
        raise web.unreadable()
    return given


def _owner(rows: Mapping[int, Row]) -> str:
    """Whose list it is, as its rows say; empty where they say nothing: then the session is asked. Raises Unreachable: they are of several people."""
    users = {row.get("userId") for row in rows.values()}
    if len(users) > 1:
        raise web.unreadable()
    user_id = users.pop() if users else None
    return user_id if isinstance(user_id, str) else ""


def _is_row(given: Any) -> bool:
    return (
        isinstance(given, dict)
        and isinstance(number := given.get("id"), int)
        and 0 < number <= _ID_MOST
        and isinstance(given.get("text"), str)
        and isinstance(given.get("completed"), bool)
        and isinstance(given.get("createdAt"), str)
        and isinstance(given.get("updatedAt"), str)
    )


def _row(given: Row) -> ServerRow:
    """A row as the engine takes it. Its times are those of the wire, in milliseconds: two of them are only compared with each other."""
    try:
        created_at = from_iso(given["createdAt"])
        updated_at = created_at if given["updatedAt"] == given["createdAt"] else from_iso(given["updatedAt"])
    except ValueError:
        raise web.unreadable() from None
    return plain_row(given["id"], given["text"], completed=given["completed"], created_at=created_at, updated_at=updated_at)


def _as(mutation: Mutation, row: Row) -> ServerRow:
    """The row under the key that the device has for it."""
    return _row(row)._replace(client_id=mutation.client_id)
