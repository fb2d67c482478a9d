"""A server without our migrations: the portal's table, untouched (sync.md, section 4). One adapter makes a Remote of five calls on a table.

What the server does not keep, the device does: versions, and which of its rows is which todo (store/replica.py, sync/plain.py).
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from devots_desktop.domain.errors import BatchRefused
from devots_desktop.domain.mutation import PLAIN, Answer, Kind, Mutation, Outcome, Page, made_by
from devots_desktop.domain.todo import UNVERSIONED, Patch, ServerRow, derived_id
from devots_desktop.remote.base import Explaining, Position

ROWS_MOST = 500
"""Rows that a table is asked for at once: a REST server may be set to give no more than 1,000, and a page that is cut short counts as the last."""


class Table(Protocol):
    """A signed-in person's rows of the table todo, as a transport reaches them. Every call may raise what Remote's methods raise.

    Rows are made by `plain_row`. A value that the server refuses is BatchRefused. Whoever derives from it inherits `reachable` and `close`.
    """

    async def who(self) -> str:
        """The user that the server takes this session for, by a request of its own: row-level security answers nobody's list with nothing."""
        ...

    async def rows(self, after: int, limit: int) -> list[ServerRow]:
        """The rows with a higher server id, the lowest first, `limit` at the most."""
        ...

    async def find(self, created_at: int) -> list[ServerRow]:
        """The rows with this time of creation, exact to the microsecond."""
        ...

    async def insert(self, values: Patch, created_at: int) -> ServerRow:
        """Add a row with this time of creation."""
        ...

    async def update(self, server_id: int, values: Patch) -> ServerRow | None:
        """Write these fields and no others; None where there is no such row."""
        ...

    async def delete(self, server_id: int) -> bool:
        """Delete a row; False where there is none."""
        ...

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """See Remote.listen. A transport that is told nothing waits for ever: then the engine looks every minute."""
        ...

    async def reachable(self) -> bool:
        """See Remote.reachable. Where there is no cheap way to ask, the next request will show it."""
        return True

    async def close(self) -> None:
        """See Remote.close."""


def plain_row(server_id: int, text: str, *, completed: bool, created_at: int, updated_at: int) -> ServerRow:
    """A row of a plain server, under the key that is derived from its server id. Times are microseconds since 1970 UTC."""
    return ServerRow(derived_id(server_id), server_id, text, completed, created_at, updated_at, UNVERSIONED)


class PlainRemote:
    """Keeps the protocol of remote/base.py on a Table.

    A plain server remembers no mutations, so that an answer that was lost is found out by looking: a create by its time of creation, an edit and a
    delete by what is there. What was overruled between reading a row and writing it, nobody learns.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

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
        """See Remote.pull. Every pull is the complete list, whatever `since`; a position is (server_id, client_id)."""
        limit = min(limit, ROWS_MOST)
        rows = await self._table.rows(after[0] if after else 0, limit)
        # Asked after the rows came: a session that ended in between is not taken for an empty list.
        return Page(await self._table.who(), since, PLAIN, tuple(rows), more=len(rows) == limit)

    async def listen(self, ready: Callable[[], None], changed: Callable[[], None]) -> None:
        """See Remote.listen."""
        await self._table.listen(ready, changed)

    @property
    def untold(self) -> str:
        """See Explaining."""
        return self._table.untold if isinstance(self._table, Explaining) else ""

    async def reachable(self) -> bool:
        """See Remote.reachable."""
        return await self._table.reachable()

    async def close(self) -> None:
        """See Remote.close."""
        await self._table.close()

    async def _answer(self, mutation: Mutation, server_id: int) -> Answer:
        try:
            if mutation.kind is Kind.CREATE:
                return await self._create(mutation)
            before = await self._read(server_id)
            if before is None:
                return await self._gone(mutation)
            return await (self._edit if mutation.kind is Kind.EDIT else self._delete)(mutation, _as(mutation, before))
        except BatchRefused as error:
            # From somebody signed in: a value that a rule fills in from an ended session is refused for another reason.
            await self._table.who()
            return Answer(mutation.mutation_id, Outcome.REFUSED, reason=error.sentence)

    async def _create(self, mutation: Mutation) -> Answer:
        created_at = mutation.made_at if mutation.created_at is None else mutation.created_at
        earlier = made_by(mutation, await self._table.find(created_at)) if mutation.sent else None
        if earlier is not None:
            same = earlier.patch() == mutation.values
            return Answer(mutation.mutation_id, Outcome.APPLIED if same else Outcome.EXISTS, row=_as(mutation, earlier), duplicate=True)
        return Answer(mutation.mutation_id, Outcome.APPLIED, row=_as(mutation, await self._table.insert(mutation.values, created_at)))

    async def _edit(self, mutation: Mutation, before: ServerRow) -> Answer:
        changed = {name: value for name, value in mutation.values.items() if before.patch()[name] != value}
        row = await self._table.update(before.server_id, changed) if changed else before
        if row is None:
            return await self._gone(mutation)
        return Answer(mutation.mutation_id, Outcome.APPLIED, before=before, row=_as(mutation, row))

    async def _delete(self, mutation: Mutation, before: ServerRow) -> Answer:
        if not await self._table.delete(before.server_id):
            return await self._gone(mutation)
        return Answer(mutation.mutation_id, Outcome.APPLIED, before=before)

    async def _gone(self, mutation: Mutation) -> Answer:
        """The todo is not there: to be believed only of a session that has not ended, from which row-level security hides every row."""
        await self._table.who()
        return Answer(mutation.mutation_id, Outcome.GONE)

    async def _read(self, server_id: int) -> ServerRow | None:
        rows = await self._table.rows(server_id - 1, 1) if server_id else []
        return next((row for row in rows if row.server_id == server_id), None)


def _as(mutation: Mutation, row: ServerRow) -> ServerRow:
    """The row under the key that the device has for it."""
    return row._replace(client_id=mutation.client_id)
