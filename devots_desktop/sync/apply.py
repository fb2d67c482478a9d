"""Carries out in the cache what plan.py decides. Each function is one transaction, on the thread that owns the cache."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from devots_desktop.domain.changes import Via
from devots_desktop.domain.digest import row_hash
from devots_desktop.domain.mutation import Answer, Mutation, Page
from devots_desktop.domain.todo import UNVERSIONED, ServerRow
from devots_desktop.store import journal, known, lists, missing, naming, outbox, parking, replica, rows
from devots_desktop.store.cache import Cache
from devots_desktop.sync import plain, plan
from devots_desktop.sync.plan import Case, Decision, Local

RELOAD_ABOVE = 2_000
"""More staged rows than this are applied in slices, and told to the screens as "read the list again"."""
SLICE = 1_000
"""Staged rows that are applied in one transaction where there are many: a user's edit waits for one slice at the most."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What the end of a complete list would take off the screen.

    Attributes:
        gone: todos that the list did not bring and that have no edits of this device.
        shown: how many todos are on the screen and not asked about yet.
        empty: the list brought nothing at all.
    """

    gone: frozenset[str]
    shown: int
    empty: bool


def take(cache: Cache, most: int) -> list[Mutation]:
    """Freeze the oldest mutations of the outbox and answer them for sending."""
    with cache.transaction() as db:
        return [naming.addressed(db, mutation) for mutation in outbox.take(db, most)]


def waiting(cache: Cache) -> tuple[int, int]:
    """How many mutations wait in the outbox, and how many are parked."""
    with cache.reading() as db:
        return lists.waiting(db)


def cursor(cache: Cache) -> replica.Cursor:
    """How far the cache follows the server."""
    with cache.reading() as db:
        return replica.cursor(db)


def note_epoch(cache: Cache, epoch: str) -> None:
    """Remember to which history the versions belong that answers will tell, before anything is sent and any page is stored.

    Should a plain server be another one at the next start, what was sent is looked up.
    """
    with cache.transaction() as db:
        replica.set_cursor(db, replace(replica.cursor(db), epoch=epoch))


def acknowledge(cache: Cache, batch: Sequence[Mutation], answers: Sequence[Answer]) -> int:
    """Settle the mutations that a push was answered for.

    Returns:
        how many of them need nobody any more; the others are parked.
    """
    settled = 0
    by_id = {mutation.mutation_id: mutation for mutation in batch}
    with cache.transaction() as db:
        replica.note_contact(db, cache.clock())
        for answer in answers:
            mutation = by_id[answer.mutation_id]
            local = _local(db, mutation.client_id, without=mutation.mutation_id)
            decision = plan.answered(local, mutation, plain.stamped_answer(local, answer))
            if decision.case is Case.PARK:
                parking.park(db, mutation.mutation_id, decision.park, cache.clock(), without=decision.overwritten)
            elif not outbox.remove(db, mutation.mutation_id):
                continue
            else:
                settled += 1
            _carry_out(db, mutation.client_id, decision, Via.PUSH, cache.clock())
        missing.found(db, {mutation.client_id for mutation in batch})
        journal.trim(db)
    return settled


def receive(cache: Cache, page: Page, via: Via) -> int:
    """Apply a pull that has one page, and move the cursor, in one transaction.

    Returns:
        how many rows were news.
    """
    with cache.transaction(durable=False) as db:
        news = _apply(db, page.rows, via, cache.clock())
        replica.set_cursor(db, replica.Cursor(since=page.horizon, epoch=page.epoch))
        replica.note_contact(db, cache.clock())
        journal.trim(db)
    return news


def receive_first(cache: Cache, page: Page, cursor: replica.Cursor) -> tuple[int, replica.Cursor]:
    """Apply a page of a full pull at once, and store with it how far the pull has come, so that a crash resumes there.

    Returns:
        how many rows were news, and how far it has come.
    """
    with cache.transaction(durable=False) as db:
        found = _named(db, page)
        news = _apply(db, found, Via.PULL, cache.clock(), tell=False)
        horizon = cursor.horizon if cursor.after else page.horizon
        reached = replica.Cursor(epoch=page.epoch, horizon=horizon, after=page.end or cursor.after)
        replica.set_cursor(db, reached)
        replica.note_contact(db, cache.clock())
        if news:
            journal.write_reload(db, cache.clock())
        journal.trim(db)
    return news, reached


def swept(cache: Cache, seen: Collection[str] | None = None) -> Sweep:
    """What the end of a complete list would take off the screen.

    Args:
        seen: the todos that the list brought; None for a full pull, whose rows tell.
    """
    with cache.reading() as db:
        shown = db.execute("SELECT (SELECT count(*) FROM todo) - (SELECT count(*) FROM missing)").fetchone()[0]
        empty = replica.cursor(db).after is None if seen is None else not seen
        return Sweep(frozenset(replica.unseen(db, seen)), shown, empty=empty)


def end_list(cache: Cache, seen: Collection[str] | None = None, *, ask: bool) -> None:
    """End a complete list: what it did not bring and has no edits of this device goes. A full pull's cursor starts at its first page's horizon.

    Args:
        seen: as in `swept`.
        ask: leave what would go on the screen, and ask the user.
    """
    with cache.transaction() as db:
        missing.found(db, seen or ())
        gone = replica.unseen(db, seen)
        if ask:
            missing.note(db, gone, cache.clock())
        for client_id in () if ask else gone:
            replica.remove(db, client_id, Via.PULL, cache.clock())
        # Kept for its edits. Were they taken back, nobody would hear any more that the server has not got it.
        for client_id, row_version in replica.unseen_below(db, seen):
            replica.bury(db, client_id, row_version + 1)
        if seen is None:
            first = replica.cursor(db)
            replica.set_cursor(db, replica.Cursor(since=first.horizon, epoch=first.epoch))
        journal.trim(db)


def stage(cache: Cache, page: Page) -> set[str]:
    """Keep a page of a longer pull aside: none of it is shown before its last page has come. Of a plain server's page, only what is news.

    Returns:
        the todos that the page brought.
    """
    with cache.transaction(durable=False) as db:
        found = _named(db, page)
        known = rows.known(db, [row.client_id for row in found]) if page.plain else {}
        replica.stage(db, [row for row in found if not _is_known(row, known.get(row.client_id))])
        replica.note_contact(db, cache.clock())
    return {row.client_id for row in found}


def drop_stage(cache: Cache) -> None:
    """Forget the pages of a pull that broke off: the next one starts at the same cursor."""
    with cache.transaction(durable=False) as db:
        db.execute("DELETE FROM staging")


def apply_staged(cache: Cache, cursor: replica.Cursor, via: Via, most: int) -> tuple[int, bool]:
    """Apply staged rows: all where there are at most so many, else a slice. The cursor moves with the last ones.

    Returns:
        how many rows were news, and whether staged rows are left.
    """
    with cache.transaction(durable=False) as db:
        left = replica.count_staged(db)
        more = left > most
        now = replica.staged(db, SLICE if more else left)
        news = _apply(db, now, via, cache.clock(), tell=not more)
        replica.unstage(db, now)
        if more:
            journal.write_reload(db, cache.clock())
        else:
            replica.set_cursor(db, cursor)
        journal.trim(db)
    return news, more


def restart(cache: Cache) -> None:
    """The server's history is another one: forget the cursor and all versions, keep what is shown and what waits."""
    with cache.transaction() as db:
        _restart(db)


def rename(cache: Cache) -> None:
    """The server keeps keys and versions now: give each todo the key that its staged row has, and begin anew. What waits goes along."""
    with cache.transaction() as db:
        naming.rename(db, naming.pairs(db, replica.staged(db, -1)))
        _restart(db)
        journal.write_reload(db, cache.clock())


def contradicts(cache: Cache, page: Page, would: Sweep) -> bool:
    """Whether a page brings todos that were said to be gone; after an empty list, any: that may have hidden some that this device does not know."""
    with cache.transaction(durable=False) as db:
        return any((would.empty or row.client_id in would.gone) and not row.deleted for row in _named(db, page))


def mend(cache: Cache, differing: Mapping[str, int | None], server: Mapping[str, ServerRow]) -> int:
    """Take the server's rows for those that a comparison found to differ. Neither outbox nor cursor is touched.

    Args:
        differing: client_ids, each with the hash that the cache's row had then; None where it had none. A row that has changed since is left alone.
        server: what the server has of these, tombstones among them.

    Returns:
        about how many of them the user is asked now, because the server does not have them and no tombstone says why.
    """
    asked: list[str] = []
    with cache.transaction() as db:
        now = known.some(db, differing, row_hash)
        for client_id in (each for each, before in differing.items() if now.get(each) == before):
            decision = plan.repaired(_local(db, client_id), server.get(client_id))
            if decision.case is Case.ASK:
                asked.append(client_id)
                continue
            if decision.bury == plan.UNKNOWN:
                replica.unbury(db, client_id)
            _carry_out(db, client_id, decision, Via.PULL, cache.clock())
        missing.note(db, asked, cache.clock())
        journal.trim(db)
    return len(asked)


def _restart(db: sqlite3.Connection) -> None:
    replica.forget_versions(db)
    replica.set_cursor(db, replica.Cursor())


def _named(db: sqlite3.Connection, page: Page) -> Sequence[ServerRow]:
    return naming.named(db, page.rows) if page.plain else page.rows


def _apply(db: sqlite3.Connection, page: Sequence[ServerRow], via: Via, at: int, *, tell: bool = True) -> int:
    """Decide about each row and carry it out, in order.

    Returns:
        how many rows were news.
    """
    touched, news = replica.touched(db), 0
    for part in _each_todo_once(page):
        ids = [row.client_id for row in part]
        known, buried = rows.known(db, ids), replica.tombstones(db, ids)
        fresh: list[ServerRow] = []
        for row in part:
            client_id = row.client_id
            old, grave = known.get(client_id), buried.get(client_id, plan.UNKNOWN)
            if client_id not in touched and not row.deleted:
                # Nearly all of a page: decided by the version alone, and written together.
                came = row if row.row_version != UNVERSIONED else plain.stamped(_untouched(old, grave), row)
                if plan.is_news(came, plan.UNKNOWN if old is None else old.row_version, grave):
                    fresh.append(came)
                continue
            local = _local(db, client_id) if client_id in touched else _untouched(old, grave)
            decision = plan.incoming(local, plain.stamped(local, row))
            if decision.case is not Case.OLD_NEWS:
                news += 1
                _carry_out(db, client_id, decision, via, at, tell=tell)
        replica.show_all(db, fresh, known, via, at, tell=tell)
        news += len(fresh)
        missing.found(db, set(ids))
    return news


def _is_known(row: ServerRow, known: rows.Row | None) -> bool:
    return known is not None and known.row_version > plan.UNKNOWN and row._replace(row_version=known.row_version) == known.server()


def _each_todo_once(page: Sequence[ServerRow]) -> Iterator[Sequence[ServerRow]]:
    """The page in parts of which none has a todo twice: a tombstone may come with the row that was made anew above it."""
    start, seen = 0, set[str]()
    for place, row in enumerate(page):
        if row.client_id in seen:
            yield page[start:place]
            start, seen = place, set()
        seen.add(row.client_id)
    yield page[start:]


def _untouched(row: rows.Row | None, buried: int) -> Local:
    if row is None:
        return Local(buried=buried)
    return Local(row.row_version, buried, row.server())


def _carry_out(db: sqlite3.Connection, client_id: str, decision: Decision, via: Via, at: int, *, tell: bool = True) -> None:
    if decision.bury > plan.UNKNOWN:
        replica.bury(db, client_id, decision.bury)
    for lost in decision.lost:
        replica.add_lost(db, client_id, lost.field, lost.lost, lost.won, at)
    if decision.case is Case.KEEP:
        return
    if decision.base is not None:
        rows.put_base(db, decision.base)
    else:
        replica.drop_base(db, client_id)
    if decision.show is not None:
        replica.show(db, decision.show, via, at, tell=tell)
    else:
        replica.remove(db, client_id, via, at, tell=tell)
    if decision.lost or decision.case is Case.PARK:
        journal.write_mark(db, client_id, at)


def _local(db: sqlite3.Connection, client_id: str, *, without: str = "") -> Local:
    """What the cache has of a todo, leaving out the mutation that is being answered."""
    row, base = rows.row(db, client_id), rows.base(db, client_id)
    shown = row.server() if row else None
    known = base or shown
    pending = tuple(mutation for mutation in outbox.pending(db, client_id) if mutation.mutation_id != without)
    return Local(
        row_version=known.row_version if known else plan.UNKNOWN,
        shown=shown,
        base=base,
        pending=pending,
        parked=parking.of_todo(db, client_id),
        buried=replica.buried(db, client_id),
    )
