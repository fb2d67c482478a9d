"""Edits at any position of a list of 100,000: from the verb to the changed model, against a frame (16 ms) and a bare fsync on the same disk.

What is not in it is the painting of one row, which does not depend on the length of the list.
"""

import contextlib
import itertools
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from devots_desktop.services.account import now
from devots_desktop.store import edits, search, undo
from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import Lists, View
from devots_desktop.store.profile import Profile
from devots_desktop.ui.models.todo_list import TodoListModel
from tests.bench.prepared import filled
from tests.bench.report import ROUNDS, Row, percentile

TODOS = 100_000
FRAME_MS = 16.0
EACH = 60
"""Edits of each kind in a round."""

Verb = Callable[[Cache, str], object]
VERBS: dict[str, Verb] = {
    "toggle": lambda cache, client_id: edits.edit(cache, client_id, {"completed": True}),
    "edit": lambda cache, client_id: edits.edit(cache, client_id, {"text": f"Changed at {now()}"}),
    "add": lambda cache, _: edits.add(cache, "A new one"),
    "delete": edits.delete,
    "undo": lambda cache, _: undo.undo(cache),
}
"""What is measured. What is undone is a delete."""


def run() -> Iterator[Row]:
    """Every kind of edit, of todos drawn anew for each, with a server's outbox; a write and fsync of a page takes turns with them."""
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as name:
        profile = Profile(filled(Path(name) / "profile", TODOS))
        path = profile.cache_path(profile.current())
        cache, lists = Cache(path, syncs=True, clock=now), Lists(path)
        with contextlib.closing(cache), contextlib.closing(lists):
            while search.index(cache, most=5_000):
                pass
            model = TodoListModel(lists, View.ALL)
            ids = [client_id for (client_id,) in cache.db.execute("SELECT client_id FROM todo")]
            random.Random(5).shuffle(ids)
            fresh = iter(ids)
            for verb, do in VERBS.items():
                first = edits.delete if verb == "undo" else None
                pairs = [_round(cache, model, first, do, fresh, path.with_name("fsync")) for _ in range(ROUNDS)]
                ours, fsync = (statistics.median(column) for column in zip(*pairs, strict=True))
                yield Row.of(f"100k-{verb}", ours, FRAME_MS + fsync, goal=1.0)


def _round(cache: Cache, model: TodoListModel, first: Verb | None, do: Verb, fresh: Iterator[str], file: Path) -> tuple[float, float]:
    """The 95th percentiles of an edit until the model shows it, and of a bare fsync, milliseconds."""
    ours, bare = [], []
    with file.open("wb") as page:
        for client_id in itertools.islice(fresh, EACH):
            if first is not None:
                first(cache, client_id)
                model.apply(cache.news())
            started = time.perf_counter_ns()
            do(cache, client_id)
            model.apply(cache.news())
            ours.append((time.perf_counter_ns() - started) / 1e6)
            started = time.perf_counter_ns()
            page.write(bytes(4096))
            page.flush()
            os.fsync(page.fileno())
            bare.append((time.perf_counter_ns() - started) / 1e6)
    return percentile(ours, 95), percentile(bare, 95)
