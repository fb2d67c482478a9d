"""Deliberate bugs, each of which the simulation has to catch: the proof that it can fail. Each is switched on by a patch and lives nowhere in the product."""

import asyncio
import contextlib
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from devots_desktop.domain.changes import Via
from devots_desktop.domain.errors import BatchRefused, SignedOut, Unreachable
from devots_desktop.domain.mutation import Answer, Kind, Mutation, Outcome, Page
from devots_desktop.domain.todo import ServerRow
from devots_desktop.remote.memory import MemoryRemote, MemoryServer, MemoryTable
from devots_desktop.remote.memory.server import Transaction
from devots_desktop.store import changing, naming, outbox, parking, queueing, replica
from devots_desktop.store.cache import Cache
from devots_desktop.store.rows import Row
from devots_desktop.sync import apply, plan
from devots_desktop.sync.engine import Engine
from devots_desktop.sync.exchange import FIRST_ROWS, Exchange
from devots_desktop.sync.plan import Case, Decision, Local
from tests.sim.seeds import live

MOST = 2_000
"""Seeds within which each bug has to be caught."""

Mutant = Callable[[], AbstractContextManager[object]]


def _wrapped(owner: object, name: str, around: Callable[..., Any]) -> AbstractContextManager[object]:
    """Put `around(original, *arguments)` in the place of a function."""
    original = getattr(owner, name)
    return mock.patch.object(owner, name, lambda *args, **kwargs: around(original, *args, **kwargs))


# The cursor and the pull -----------------------------------------------------------------------------------------------------


def cursor_saved_early() -> AbstractContextManager[object]:
    def stage(original: Callable[..., set[str]], cache: Cache, page: Page) -> set[str]:
        found = original(cache, page)
        with cache.transaction() as db:
            if replica.cursor(db).since is not None:
                replica.set_cursor(db, replica.Cursor(since=page.horizon, epoch=page.epoch))
        return found

    return _wrapped(apply, "stage", stage)


def cursor_of_the_newest_row() -> AbstractContextManager[object]:
    """As one on a timestamp or a sequence: it passes what a slow transaction commits late."""

    def pull(original: Callable[..., Page], server: MemoryServer, *args: Any) -> Page:
        page = original(server, *args)
        newest = max((row.row_version for row in server._rows.values()), default=0)
        return replace(page, horizon=max(page.horizon, newest + 1))

    return _wrapped(MemoryServer, "pull", pull)


def volatile_pull() -> AbstractContextManager[object]:
    """Rows from one snapshot, the horizon from a later one."""

    async def pull(original: Callable[..., Any], remote: MemoryRemote, since: int, after: object, limit: int) -> Page:
        page: Page = await original(remote, since, after, limit)
        await asyncio.sleep(0.5)
        later: Page = await original(remote, since, after, limit)
        return replace(page, horizon=later.horizon)

    return _wrapped(MemoryRemote, "pull", pull)


def horizon_of_the_last_page() -> AbstractContextManager[object]:
    last: dict[int, int] = {}

    async def page(original: Callable[..., Any], exchange: Exchange, *args: Any) -> Page:
        found: Page = await original(exchange, *args)
        last[id(exchange._cache)] = found.horizon
        return found

    def apply_staged(original: Callable[..., Any], cache: Cache, cursor: replica.Cursor, via: Via, most: int) -> object:
        return original(cache, replace(cursor, since=last[id(cache)]), via, most)

    return _both(_wrapped(Exchange, "_page", page), _wrapped(apply, "apply_staged", apply_staged))


def staged_pages_applied_as_they_come() -> AbstractContextManager[object]:
    def stage(original: Callable[..., set[str]], cache: Cache, page: Page) -> set[str]:
        with cache.transaction(durable=False) as db:
            apply._apply(db, page.rows, Via.PULL, cache.clock())
        return original(cache, page)

    return _wrapped(apply, "stage", stage)


def epoch_not_looked_at() -> AbstractContextManager[object]:
    async def page(original: Callable[..., Any], exchange: Exchange, *args: Any) -> Page:
        found: Page = await original(exchange, *args)
        return replace(found, epoch="always")

    return _wrapped(Exchange, "_page", page)


def page_of_another_user_stored() -> AbstractContextManager[object]:
    async def page(exchange: Exchange, since: int, after: Any) -> Page:
        page: Page = await exchange._remote.pull(since, after, FIRST_ROWS)
        return page

    return mock.patch.object(Exchange, "_page", page)


def tombstones_dropped() -> AbstractContextManager[object]:
    def incoming(original: Callable[..., Decision], local: Local, row: ServerRow) -> Decision:
        return Decision(Case.OLD_NEWS) if row.deleted else original(local, row)

    return _wrapped(plan, "incoming", incoming)


def guard_missing() -> AbstractContextManager[object]:
    async def look_again(_: Exchange, would: object) -> None:
        return None

    return mock.patch.object(Exchange, "_look_again", look_again)


def sweep_of_rows_with_edits() -> AbstractContextManager[object]:
    def unseen(db: sqlite3.Connection, brought: Any) -> list[str]:
        return [client_id for (client_id,) in db.execute("SELECT client_id FROM todo") if client_id not in brought]

    return mock.patch.object(replica, "unseen", unseen)


# The push and the outbox -----------------------------------------------------------------------------------------------------


def retry_without_mutation_id() -> AbstractContextManager[object]:
    def mutate(original: Callable[..., Answer], transaction: Transaction, user_id: str, mutation: Mutation) -> Answer:
        answer = original(transaction, user_id, replace(mutation, mutation_id=str(uuid.uuid4())))
        return replace(answer, mutation_id=mutation.mutation_id)

    return _wrapped(Transaction, "mutate", mutate)


def settled_before_the_answer() -> AbstractContextManager[object]:
    def take(original: Callable[..., list[Mutation]], cache: Cache, most: int) -> list[Mutation]:
        taken = original(cache, most)
        with cache.transaction() as db:
            for mutation in taken:
                outbox.remove(db, mutation.mutation_id)
        return taken

    return _wrapped(apply, "take", take)


def acknowledged_before_commit() -> AbstractContextManager[object]:
    """The server answers, and then goes down with the transaction."""

    def push(original: Callable[..., list[Answer]], server: MemoryServer, user_id: str, mutations: Sequence[Mutation]) -> list[Answer]:
        if server._xid % 10:
            return original(server, user_id, mutations)
        with mock.patch.object(Transaction, "commit", Transaction.rollback):
            return original(server, user_id, mutations)

    return _wrapped(MemoryServer, "push", push)


def create_and_delete_folded_after_a_lost_answer() -> AbstractContextManager[object]:
    def delete(original: Callable[..., None], db: sqlite3.Connection, row: Row, at: int) -> None:
        pending = outbox.pending(db, row.client_id)
        if not any(mutation.kind is Kind.CREATE for mutation in pending):
            original(db, row, at)
            return
        for mutation in pending:
            outbox.remove(db, mutation.mutation_id)

    return _wrapped(queueing, "delete", delete)


def outbox_head_blocking() -> AbstractContextManager[object]:
    async def push(original: Callable[..., Any], exchange: Exchange) -> None:
        try:
            await original(_Unhalved(exchange))
        except BatchRefused as error:
            raise Unreachable(error.title, error.sentence, "") from error

    return _wrapped(Exchange, "push", push)


class _Unhalved:
    """An exchange whose refused batches are not halved."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._remote = self

    async def push(self, batch: Sequence[Mutation]) -> list[Answer]:
        try:
            return await self._exchange._remote.push(batch)
        except BatchRefused as error:
            raise Unreachable(error.title, error.sentence, "") from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exchange, name)


def lock_timeout_parked() -> AbstractContextManager[object]:
    async def push(original: Callable[..., Any], remote: MemoryRemote, mutations: Sequence[Mutation]) -> Any:
        try:
            return await original(remote, mutations)
        except Unreachable as error:
            if error.title != "Server busy":
                raise
            return [Answer(mutation.mutation_id, Outcome.REFUSED, reason=error.sentence) for mutation in mutations]

    return _wrapped(MemoryRemote, "push", push)


def zero_rows_taken_as_applied() -> AbstractContextManager[object]:
    def mutate(original: Callable[..., Answer], *args: Any) -> Answer:
        answer = original(*args)
        return replace(answer, outcome=Outcome.APPLIED) if answer.outcome is Outcome.GONE else answer

    return _wrapped(Transaction, "mutate", mutate)


def parked_sent_again_without_decision() -> AbstractContextManager[object]:
    async def begin(original: Callable[..., Any], exchange: Exchange) -> None:
        def unpark() -> None:
            with exchange._cache.transaction() as db:
                for parked in parking.everything(db):
                    parking.unpark(db, parked.mutation)
                    outbox.add(db, parked.mutation)

        await exchange._run(unpark)
        await original(exchange)

    return _wrapped(Exchange, "begin", begin)


def bare_transaction_id_as_version() -> AbstractContextManager[object]:
    def write(original: Callable[..., ServerRow], transaction: Transaction, user_id: str, row: ServerRow) -> ServerRow:
        return original(transaction, user_id, row._replace(row_version=transaction._xid))

    return _wrapped(Transaction, "_write", write)


def key_change_without_the_outbox() -> AbstractContextManager[object]:
    tables = {name: columns for name, columns in naming._TABLES.items() if name != "outbox"}
    return mock.patch.object(naming, "_TABLES", tables)


def create_sent_again_blindly() -> AbstractContextManager[object]:
    """To a plain server, whose answer was lost."""

    async def find(*_: object) -> list[ServerRow]:
        return []

    return mock.patch.object(MemoryTable, "find", find)


# Merge and store -------------------------------------------------------------------------------------------------------------


def echo_over_a_pending_edit() -> AbstractContextManager[object]:
    def settled(local: Local, row: ServerRow, decision: Decision) -> Decision:
        return decision._replace(show=row, base=row if local.touched else None)

    return mock.patch.object(plan, "_settled", settled)


def pull_over_a_pending_edit() -> AbstractContextManager[object]:
    def incoming(original: Callable[..., Decision], local: Local, row: ServerRow) -> Decision:
        decision = original(local, row)
        return decision._replace(show=row) if decision.case is Case.REBASE and not local.deleting else decision

    return _wrapped(plan, "incoming", incoming)


def conflict_not_recorded() -> AbstractContextManager[object]:
    return mock.patch.object(plan, "_lost_to", return_value=())


def delete_hides_what_it_took() -> AbstractContextManager[object]:
    return mock.patch.object(plan, "_lost_with", return_value=())


def transaction_split() -> AbstractContextManager[object]:
    """Each statement is stored by itself, so that a crash between two leaves half."""

    @contextmanager
    def transaction(cache: Cache, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        yield cache.db

    return mock.patch.object(Cache, "transaction", transaction)


def undo_under_a_new_id() -> AbstractContextManager[object]:
    def put_back(original: Callable[..., Any], cache: Cache, client_id: str, *args: Any) -> Any:
        return original(cache, str(uuid.uuid4()), *args)

    return _wrapped(changing, "put_back", put_back)


def delete_not_told_to_the_screen() -> AbstractContextManager[object]:
    def remove(original: Callable[..., None], *args: Any, tell: bool = True) -> None:
        original(*args, tell=False)

    return _wrapped(replica, "remove", remove)


def tombstones_kept_over_a_new_epoch() -> AbstractContextManager[object]:
    def forget(original: Callable[..., None], db: sqlite3.Connection) -> None:
        kept = db.execute("SELECT * FROM tombstone").fetchall()
        original(db)
        db.executemany("INSERT INTO tombstone VALUES (?, ?, ?)", kept)

    return _wrapped(replica, "forget_versions", forget)


def todo_kept_for_edits_that_were_taken_back() -> AbstractContextManager[object]:
    return mock.patch.object(replica, "unseen_below", return_value=[])


# The engine ------------------------------------------------------------------------------------------------------------------


def gives_up_when_signed_out() -> AbstractContextManager[object]:
    async def session(original: Callable[..., Any], engine: Engine) -> None:
        try:
            await original(engine)
        except SignedOut:
            await asyncio.Event().wait()

    return _wrapped(Engine, "_session", session)


def hints_taken_as_enough() -> AbstractContextManager[object]:
    """No pull but on a hint: one that is lost is never made up for."""

    async def tick(_: Engine) -> None:
        await asyncio.Event().wait()

    return mock.patch.object(Engine, "_tick", tick)


@contextmanager
def _both(*mutants: AbstractContextManager[object]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for mutant in mutants:
            stack.enter_context(mutant)
        yield


MUTANTS: dict[str, Mutant] = {
    function.__name__.replace("_", " "): function
    for function in (
        cursor_saved_early,
        cursor_of_the_newest_row,
        volatile_pull,
        horizon_of_the_last_page,
        staged_pages_applied_as_they_come,
        epoch_not_looked_at,
        page_of_another_user_stored,
        tombstones_dropped,
        guard_missing,
        sweep_of_rows_with_edits,
        retry_without_mutation_id,
        settled_before_the_answer,
        acknowledged_before_commit,
        create_and_delete_folded_after_a_lost_answer,
        outbox_head_blocking,
        lock_timeout_parked,
        zero_rows_taken_as_applied,
        parked_sent_again_without_decision,
        bare_transaction_id_as_version,
        key_change_without_the_outbox,
        create_sent_again_blindly,
        echo_over_a_pending_edit,
        pull_over_a_pending_edit,
        conflict_not_recorded,
        delete_hides_what_it_took,
        transaction_split,
        undo_under_a_new_id,
        delete_not_told_to_the_screen,
        tombstones_kept_over_a_new_epoch,
        todo_kept_for_edits_that_were_taken_back,
        gives_up_when_signed_out,
        hints_taken_as_enough,
    )
}


def caught(mutant: Mutant, seeds: range) -> tuple[int, str] | None:
    """The first of these seeds in which the bug breaks a promise, and which one; None where it is not caught."""
    with mutant():
        for seed in seeds:
            failure = live(seed).failure
            if failure:
                return seed, failure[0]
    return None
