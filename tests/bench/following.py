"""Following a server: the first download, a week away and 10,000 changes at once, beside the same rows in a bare SQLite table; a few changes of a long list.

Ours is the whole account without a window: the connection and its checks, PostgreSQL, the engine, the cache with its checksums, journal and search index.
"""

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from devots_desktop.remote.base import Position, Remote
from devots_desktop.sync.exchange import FIRST_ROWS
from tests.bench.report import ROUNDS, Row
from tests.bench.served import Served, bare, device, served, upsert
from tests.servers.proxy import Proxy

TODOS = 100_000
CHANGES = 10_000
TRANSACTIONS = 100
"""In which a week's changes were made."""
MILLION = 1_000_000
ROUND_TRIPS = 2
CATCH_UP_KIB = 20.0
PAGING_GOAL = 2.0
PAGES = 4 * ROUNDS
FIRST_SYNC_GOAL = 1.5
"""Against reading the rows with psycopg and writing them with executemany."""
FIRST_ROWS_GOAL = 3.0
"""Against the round trip of one page."""
WEEK_GOAL, BURST_GOAL = 1 / 0.5, 1 / 0.4
"""At least half, and two fifths, of the rate of the bare upsert."""


def run_first() -> Iterator[Row]:
    """The first download, until the account is live, and until its first rows can be shown."""
    with served(TODOS) as on:
        rounds = [(*_first_sync(on), _read_and_written(on), _page(on)) for _ in range(ROUNDS)]
    whole, rows, plain, page = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row.of("first-sync", whole, plain, goal=FIRST_SYNC_GOAL)
    yield Row.of("first-rows", rows, page, goal=FIRST_ROWS_GOAL)


def run_week() -> Iterator[Row]:
    """A device that has the list opens it and has caught up, until it is live."""
    with served(TODOS) as on, _kept(on) as folder:
        rounds = [_week(on, folder) for _ in range(ROUNDS)]
    ours, plain = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row.of("week-away", ours, plain, goal=WEEK_GOAL)


def run_burst() -> Iterator[Row]:
    """A device that is live, from the commit elsewhere until the last change was told."""
    with served(TODOS) as on, _kept(on) as folder:
        rounds = asyncio.run(_bursts(on, folder))
    ours, plain = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row.of("burst", ours, plain, goal=BURST_GOAL)


def run_catch_up() -> Iterator[Row]:
    """Ten changes among a million todos: what goes over the wire until a device that is live has them."""
    with (
        served(MILLION) as on,
        Proxy(on.managed.database.server.port) as proxy,
        tempfile.TemporaryDirectory(prefix="devots-bench-") as folder,
    ):
        trips, passed = asyncio.run(_caught_up(on, proxy, Path(folder)))
    yield Row.of("catch-up", trips, ROUND_TRIPS, goal=1.0, unit="round trips")
    yield Row.of("catch-up-bytes", passed / 1024, CATCH_UP_KIB, goal=1.0, unit="KiB")


def run_paging() -> Iterator[Row]:
    """The last page of a list whose rows all have version 0, as a migration leaves them, beside the first one."""
    with served(TODOS, migrated=True) as on:
        rounds = asyncio.run(_pages(on))
    last, first = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row.of("paging", last, first, goal=PAGING_GOAL)


async def _caught_up(on: Served, proxy: Proxy, folder: Path) -> tuple[float, float]:
    """Medians of the round trips and bytes, what LISTEN says among them."""
    rounds = []
    # A device that has a cursor and no list costs the server the same, and saves minutes.
    async with device(on, folder, port=proxy.port, behind=False) as ours:
        await ours.live()
        for _ in range(ROUNDS):
            before = proxy.round_trips, proxy.passed
            _, last, _ = await asyncio.to_thread(on.change, 10)
            await ours.has(last)
            rounds.append((proxy.round_trips - before[0], proxy.passed - before[1]))
    trips, passed = (statistics.median(column) for column in zip(*rounds, strict=True))
    return trips, passed


async def _pages(on: Served) -> list[tuple[float, float]]:
    """Milliseconds of the last and of the first full page."""
    remote, end = on.remote(), on.position(TODOS - FIRST_ROWS)
    try:
        return [(await _asked(remote, end), await _asked(remote, None)) for _ in range(PAGES)]
    finally:
        await remote.close()


async def _asked(remote: Remote, after: Position | None) -> float:
    started = time.perf_counter()
    page = await remote.pull(0, after, FIRST_ROWS)
    assert len(page.rows) == FIRST_ROWS
    return _since(started)


def _first_sync(on: Served) -> tuple[float, float]:
    """Milliseconds until the account is live, and until its first rows are told."""

    async def follow(folder: Path) -> tuple[float, float]:
        async with device(on, folder) as ours:
            await ours.told()
            first = _since(ours.started)
            await ours.live()
            return _since(ours.started), first

    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder:
        return asyncio.run(follow(Path(folder)))


def _read_and_written(on: Served) -> float:
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder, bare(Path(folder) / "bare.sqlite3") as db:
        started = time.perf_counter()
        upsert(db, on.read())
        return _since(started)


def _page(on: Served) -> float:
    """The round trip of the first page, of a connection that is open."""

    async def ask() -> float:
        remote = on.remote()
        await remote.pull(0, None, 1)
        taken = await _asked(remote, None)
        await remote.close()
        return taken

    return asyncio.run(ask())


@contextlib.contextmanager
def _kept(on: Served) -> Iterator[Path]:
    """A folder with a device that has the list, and the bare table with it too."""

    async def fill(folder: Path) -> None:
        async with device(on, folder) as ours:
            await ours.live()

    with tempfile.TemporaryDirectory(prefix="devots-bench-") as name:
        folder = Path(name)
        asyncio.run(fill(folder))
        with bare(folder / "bare.sqlite3") as db:
            upsert(db, on.read())
        yield folder


def _week(on: Served, folder: Path) -> tuple[float, float]:
    """Milliseconds of ours and of the bare upsert."""

    async def follow() -> float:
        async with device(on, folder) as ours:
            await ours.live()
            return _since(ours.started)

    rows, _, _ = on.change(CHANGES, transactions=TRANSACTIONS)
    with bare(folder / "bare.sqlite3") as db:
        started = time.perf_counter()
        upsert(db, rows)
        plain = _since(started)
    return asyncio.run(follow()), plain


async def _bursts(on: Served, folder: Path) -> list[tuple[float, float]]:
    rounds = []
    with bare(folder / "bare.sqlite3") as db:
        async with device(on, folder) as ours:
            await ours.live()
            for _ in range(ROUNDS):
                rows, last, committed = await asyncio.to_thread(on.change, CHANGES)
                await ours.has(last)
                taken = _since(committed)
                started = time.perf_counter()
                upsert(db, rows)
                rounds.append((taken, _since(started)))
    return rounds


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
