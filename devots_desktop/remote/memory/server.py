"""A server in memory that behaves as the managed PostgreSQL does: same versions, same horizon, same answers; and, before its upgrade, as a plain one.

It is one of the backends of the contract suite and the server of the simulation. Transactions are real in two respects: what one writes is stamped when
it is written and seen when it is committed, so that a slow one can be overtaken (sync.md, "The gapless cursor"); and who wants to write a row that
another one has written waits in vain, as with a lock_timeout.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from devots_desktop.domain.digest import Digest, Hashes, Range, row_hash
from devots_desktop.domain.errors import BatchRefused, Unreachable
from devots_desktop.domain.mutation import Answer, Kind, Mutation, Outcome, Page
from devots_desktop.domain.todo import Patch, ServerRow, derived_id

REFUSED = "The server's rules do not allow this todo."

Key = tuple[str, str]
"""(user_id, client_id)."""


@dataclass
class MemoryServer:
    """Everybody's todos.

    Attributes:
        clock: the server's time, microseconds since 1970 UTC.
        sessions: user_id by token; take one away to sign somebody out.
        up: False makes every request fail as an unreachable server does.
        forbidden: texts that a rule of the server's owner refuses, as a CHECK on the table would.
        managed: whether our migrations have run; change it by `upgrade` and `downgrade`.
    """

    clock: Callable[[], int]
    sessions: dict[str, str] = field(default_factory=dict)
    up: bool = True
    forbidden: Callable[[str], bool] = lambda _: False
    managed: bool = True
    epoch: int = 1
    _xid: int = 100
    _serial: int = 0
    _running: set[int] = field(default_factory=set)
    _locks: dict[Key, int] = field(default_factory=dict)
    _rows: dict[Key, ServerRow] = field(default_factory=dict)
    _answers: dict[Key, Answer] = field(default_factory=dict)
    _listeners: list[tuple[str, Callable[[], None]]] = field(default_factory=list)

    def begin(self) -> "Transaction":
        """Start a transaction."""
        self._xid += 1
        self._running.add(self._xid)
        return Transaction(self, self._xid)

    def push(self, user_id: str, mutations: Sequence[Mutation]) -> list[Answer]:
        """Apply mutations, each once, in one transaction.

        Raises:
            BatchRefused: more than 50, or a NUL in one of them, which PostgreSQL's jsonb refuses for all (22P05).
            Unreachable: a transaction that still runs has written one of the rows.
        """
        if len(mutations) > 50 or any("\0" in str(value) for mutation in mutations for value in mutation.values.values()):
            raise BatchRefused("Not accepted", "The server refused the change as a whole.", "Edit it and try again.")
        transaction = self.begin()
        try:
            answers = [transaction.mutate(user_id, mutation) for mutation in mutations]
        except Unreachable:
            transaction.rollback()
            raise
        transaction.commit()
        return answers

    def pull(self, user_id: str, since: int, after: tuple[int, str] | None, limit: int) -> Page:
        """A page of rows and tombstones, with the horizon: the oldest transaction that still runs, or the next one to come."""
        start = after or (since - 1, "g")
        found = sorted(
            (row for (owner, _), row in self._rows.items() if owner == user_id and (row.row_version, row.client_id) > start),
            key=lambda row: (row.row_version, row.client_id),
        )
        horizon = min(self._running, default=self._xid + 1)
        return Page(user_id, horizon, str(self.epoch), tuple(found[:limit]), len(found) > limit)

    def digest(self, user_id: str, ranges: Sequence[Range], most: int) -> Digest:
        """Count and hash of one person's rows in ranges of client_ids."""
        hashes = Hashes({client_id: row_hash(row) for client_id, row in self.todos(user_id).items()})
        return Digest(user_id, str(self.epoch), tuple(hashes.summary(part, most) for part in ranges))

    def fetch(self, user_id: str, client_ids: Sequence[str]) -> Page:
        """The rows and tombstones of these ids."""
        found = (self._rows.get((user_id, client_id)) for client_id in client_ids)
        return Page(user_id, min(self._running, default=self._xid + 1), str(self.epoch), tuple(row for row in found if row is not None))

    def upgrade(self) -> None:
        """Run our migrations: every row gets the key that is derived from its serial number, and version 0."""
        rows = {(user_id, derived_id(row.server_id)): row for (user_id, _), row in self._rows.items() if not row.deleted}
        self._rows = {(user_id, key): row._replace(client_id=key, row_version=0) for (user_id, key), row in rows.items()}
        self._answers.clear()
        self.managed = True
        self.epoch += 1

    def downgrade(self) -> None:
        """Take our migrations back: versions, tombstones and answers are gone, rows stay."""
        self._rows = {key: row for key, row in self._rows.items() if not row.deleted}
        self._answers.clear()
        self.managed = False

    def truncate(self) -> None:
        """Forget all rows, tombstones too, as TRUNCATE or a restored dump does: a new epoch."""
        self._rows.clear()
        self.epoch += 1

    def row(self, user_id: str, client_id: str) -> ServerRow | None:
        """The row as it is committed; a tombstone is none."""
        row = self._rows.get((user_id, client_id))
        return None if row is None or row.deleted else row

    def todos(self, user_id: str) -> dict[str, ServerRow]:
        """One person's rows as they are committed, by client_id."""
        return {client_id: row for (owner, client_id), row in self._rows.items() if owner == user_id and not row.deleted}

    def listen(self, user_id: str, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` after each commit that touched this person's todos.

        Returns:
            a function that ends it.
        """
        entry = (user_id, changed)
        self._listeners.append(entry)
        return lambda: self._listeners.remove(entry)

    def committed(self, xid: int, written: dict[Key, ServerRow], answers: dict[Key, Answer]) -> None:
        """Make a transaction's writes visible; called by the transaction."""
        self._end(xid)
        self._rows.update(written)
        self._answers.update(answers)
        users = {user_id for user_id, _ in written}
        for user_id, changed in tuple(self._listeners):
            if user_id in users:
                changed()

    def rolled_back(self, xid: int) -> None:
        """Forget a transaction; called by the transaction."""
        self._end(xid)

    def lock(self, xid: int, key: Key) -> None:
        """Take a row for a transaction until its end.

        Raises:
            Unreachable: another one has it.
        """
        if self._locks.setdefault(key, xid) != xid:
            raise Unreachable("Server busy", "Another transaction works on this todo.", "It is tried again by itself.")

    def answer(self, key: Key) -> Answer | None:
        """What was answered to a mutation."""
        return self._answers.get(key)

    def stored(self, key: Key) -> ServerRow | None:
        """The committed row or tombstone."""
        return self._rows.get(key)

    def _end(self, xid: int) -> None:
        self._running.discard(xid)
        self._locks = {key: owner for key, owner in self._locks.items() if owner != xid}

    def next_serial(self) -> int:
        """A new server id; they are given when written, so that commits may come in another order."""
        self._serial += 1
        return self._serial


class Transaction:
    """Writes that are stamped now and seen after `commit`."""

    def __init__(self, server: MemoryServer, xid: int) -> None:
        self._server = server
        self._xid = xid
        self._written: dict[Key, ServerRow] = {}
        self._answers: dict[Key, Answer] = {}

    def commit(self) -> None:
        """Make the writes visible and tell the listeners."""
        self._server.committed(self._xid, self._written, self._answers)

    def rollback(self) -> None:
        """Forget the writes."""
        self._server.rolled_back(self._xid)

    def add(self, user_id: str, client_id: str, text: str, *, completed: bool = False, created_at: int | None = None) -> ServerRow:
        """Insert a todo."""
        at, old = self._server.clock(), self._stored((user_id, client_id))
        version = max(self._xid, old.row_version + 1 if old else 0)
        # The trigger of the managed server; a plain one takes the time that it is given.
        made = at if created_at is None else min(created_at, at) if self._server.managed else created_at
        return self._write(user_id, ServerRow(client_id, self._server.next_serial(), text, completed, made, at, version))

    def edit(self, user_id: str, client_id: str, patch: Patch) -> ServerRow | None:
        """Update a todo; None where there is none."""
        old = self._live(user_id, client_id)
        if old is None:
            return None
        fields = old.patch() | patch
        new = old._replace(text=str(fields["text"]), completed=bool(fields["completed"]), updated_at=self._server.clock())
        return self._write(user_id, new._replace(row_version=max(self._xid, old.row_version + 1)))

    def delete(self, user_id: str, client_id: str) -> ServerRow | None:
        """Delete a todo and leave its tombstone; None where there is none."""
        old = self._live(user_id, client_id)
        if old is not None:
            self._write(user_id, old._replace(deleted=True, row_version=max(self._xid, old.row_version + 1)))
        return old

    def mutate(self, user_id: str, mutation: Mutation) -> Answer:
        """Apply a mutation, or repeat the answer that it had."""
        key = (user_id, mutation.mutation_id)
        self._server.lock(self._xid, (user_id, mutation.client_id))
        earlier = self._answers.get(key) or self._server.answer(key)
        if earlier is not None:
            return replace(earlier, duplicate=True, row=self._live(user_id, mutation.client_id))
        if self._server.forbidden(str(mutation.values.get("text", ""))) and not self._moot(user_id, mutation):
            return Answer(mutation.mutation_id, Outcome.REFUSED, reason=REFUSED)
        answer = self._apply(user_id, mutation)
        self._answers[key] = replace(answer, row=None)
        return answer

    def _apply(self, user_id: str, mutation: Mutation) -> Answer:
        before = self._live(user_id, mutation.client_id)
        if mutation.kind is Kind.CREATE:
            if before is not None:
                return Answer(mutation.mutation_id, Outcome.EXISTS, row=before)
            values = mutation.values
            row = self.add(
                user_id,
                mutation.client_id,
                str(values["text"]),
                completed=bool(values.get("completed", False)),
                created_at=mutation.created_at,
            )
            return Answer(mutation.mutation_id, Outcome.APPLIED, row=row)
        if before is None:
            return Answer(mutation.mutation_id, Outcome.GONE)
        if mutation.kind is Kind.DELETE:
            self.delete(user_id, mutation.client_id)
            return Answer(mutation.mutation_id, Outcome.APPLIED, before=before)
        return Answer(mutation.mutation_id, Outcome.APPLIED, before=before, row=self.edit(user_id, mutation.client_id, mutation.values))

    def _moot(self, user_id: str, mutation: Mutation) -> bool:
        """Whether nothing would be written, so that no rule is asked."""
        return (self._live(user_id, mutation.client_id) is not None) == (mutation.kind is Kind.CREATE)

    def _write(self, user_id: str, row: ServerRow) -> ServerRow:
        self._server.lock(self._xid, (user_id, row.client_id))
        self._written[(user_id, row.client_id)] = row
        return row

    def _stored(self, key: Key) -> ServerRow | None:
        return self._written.get(key) or self._server.stored(key)

    def _live(self, user_id: str, client_id: str) -> ServerRow | None:
        row = self._stored((user_id, client_id))
        return None if row is None or row.deleted else row
