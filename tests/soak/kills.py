"""SIGKILL at random moments: what was confirmed is there, once; what was begun is there whole or not at all."""

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devots_desktop.services.account import now
from devots_desktop.store.cache import Cache
from tests.soak.stage import Content, Kind, close, content, delivered, waiting

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Kills:
    """The figures. `begun_kept`: kills between a change's commit and its confirmation."""

    kills: int = 0
    operations: int = 0
    lost: int = 0
    begun_kept: int = 0
    begun_gone: int = 0
    notices: list[str] = field(default_factory=list)


def run(folder: Path, *, syncs: bool, operations: int, kills: int, seed: int) -> Kills:
    """Kill a working program so often that about as many operations are done, and look after each kill."""
    figures, kind, chance, known = Kills(), Kind(syncs), random.Random(seed), Content()
    while figures.operations < operations or figures.kills < kills:
        # After the last kill the rest is done in peace.
        patience = chance.randint(1, max(1, 2 * operations // kills - 1)) if figures.kills < kills else 10**9
        last = figures.operations + patience + 1_000 if figures.kills < kills else operations
        begun = _work(folder, figures, known, last, chance, patience, syncs=syncs, seed=seed)
        opened = kind.open(folder)
        figures.notices += [str(each) for each in opened.notices.all()]
        there = content(opened.lists)
        possible = [known] + ([_applied(known, begun, there)] if begun else [])
        if there not in possible:
            figures.lost += 1
            raise AssertionError(f"after kill {figures.kills}: {_difference(known, there)}, begun {begun}")
        if begun:
            figures.begun_kept += there != known
            figures.begun_gone += there == known
            figures.operations += 1
        known = there
        if syncs:
            _compare_outbox(opened.cache.path, folder, known)
        close(opened)
    return figures


def _work(
    folder: Path, figures: Kills, known: Content, last: int, chance: random.Random, patience: int, *, syncs: bool, seed: int
) -> dict[str, Any] | None:
    """Let the program work until it has confirmed `patience` operations, then kill it; the operation that was begun and not confirmed."""
    numbers = [str(seed), str(figures.operations), str(last)]
    command = [sys.executable, "-m", "tests.soak.working", str(folder), "syncs" if syncs else "alone", *numbers]
    begun: dict[str, Any] | None = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            begun = _take(said, begun, known, figures)
            patience -= said["op"] == "done"
            if patience <= 0:
                patience = 10**9
                # Somewhere in the next operations, wherever that is.
                time.sleep(chance.uniform(0, 0.03))
                process.kill()
    figures.kills += process.returncode == -signal.SIGKILL
    return begun


def _take(said: dict[str, Any], begun: dict[str, Any] | None, known: Content, figures: Kills) -> dict[str, Any] | None:
    if said["op"] == "opened":
        figures.notices += said["notices"]
    if said["op"] in ("opened", "end"):
        return begun
    if said["op"] != "done":
        return said
    assert begun is not None
    assert begun["number"] == said["number"]
    known.update(_applied(known, begun | {"id": said["id"]}, {}))
    if begun["op"] == "delete":
        del known[said["id"]]
    figures.operations += 1
    return None


def _applied(known: Content, op: dict[str, Any], there: Content) -> Content:
    """The todos after an operation. The id of an add that was not confirmed can only be seen."""
    after = dict(known)
    match op["op"]:
        case "add":
            [client_id] = [op["id"]] if "id" in op else list(there.keys() - known.keys())[:1] or [""]
            after[client_id] = (op["text"], False)
        case "edit":
            after[op["id"]] = (op["text"], after[op["id"]][1])
        case "mark":
            after[op["id"]] = (after[op["id"]][0], op["completed"])
        case "delete":
            after.pop(op["id"]) if there else None
    return after


def _compare_outbox(path: Path, folder: Path, known: Content) -> None:
    """Sent to a server that knows nothing, the outbox makes the same list. It is read from a copy, because reading it freezes it."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, place)
        with Cache(Path(place) / path.name, syncs=True, clock=now) as copy:
            sent = delivered(waiting(copy))
    assert sent == known, _difference(known, sent)


def _difference(expected: Content, found: Content) -> str:
    missing = {key: value for key, value in expected.items() if found.get(key) != value}
    more = {key: value for key, value in found.items() if expected.get(key) != value}
    return f"expected {missing}, found {more}"
