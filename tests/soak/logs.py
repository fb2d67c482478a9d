"""The write-ahead log torn or overwritten anywhere: the list is one that the user had, and nothing before the place is lost."""

import random
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

from devots_desktop.store.cache import Cache
from devots_desktop.store.lists import Lists
from tests.soak.stage import Content, content, delivered, one_edit, repeatable, waiting
from tests.unit.building import opened_cache, ticking

COMMITS = 20


def run(folder: Path, *, files: int, syncs: bool, seed: int) -> Counter[str]:
    """Damage so many copies of a log, and open each. Raises AssertionError where something confirmed before the place is missing or wrong."""
    chance, figures = random.Random(seed), Counter[str]()
    origin = folder / "origin"
    origin.mkdir()
    with repeatable(chance):
        states = _make(origin / "cache.sqlite3", chance, syncs=syncs)
    log = (origin / "cache.sqlite3-wal").read_bytes()
    for number in range(files):
        place = folder / f"torn-{number}"
        place.mkdir()
        shutil.copy(origin / "cache.sqlite3", place)
        damaged, at, what = _damaged(log, chance)
        (place / "cache.sqlite3-wal").write_bytes(damaged)
        _look(place / "cache.sqlite3", states, at, what, figures, syncs=syncs)
        shutil.rmtree(place)
    return figures


def _make(path: Path, chance: random.Random, *, syncs: bool) -> list[tuple[int, Content]]:
    """A list whose changes all lie in the log, as a killed process leaves it: after each commit the log's length and the todos."""
    known: Content = {}
    cache = Cache(path, syncs=syncs, clock=ticking())
    for number in range(40):
        one_edit(cache, chance, known, number)
    cache.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cache.db.execute("PRAGMA wal_autocheckpoint = 0")
    shutil.copy(path, path.with_name("base"))
    states = [(0, dict(known))]
    log = path.with_name(f"{path.name}-wal")
    for number in range(40, 40 + COMMITS):
        one_edit(cache, chance, known, number)
        states.append((log.stat().st_size, dict(known)))
    copy = log.read_bytes()
    cache.close()
    shutil.copy(path.with_name("base"), path)
    log.write_bytes(copy)
    return states


def _damaged(log: bytes, chance: random.Random) -> tuple[bytes, int, str]:
    """The log with something wrong, from where on, and what it was."""
    at = chance.randrange(len(log))
    length = chance.choice((1, 16, 512, 4096))
    match chance.choice(("cut", "cut", "flipped", "zeroed", "noise")):
        case "cut":
            return log[:at], at, "cut"
        case "flipped":
            return log[:at] + bytes((log[at] ^ 1 << chance.randrange(8),)) + log[at + 1 :], at, "overwritten"
        case "zeroed":
            return (log[:at] + bytes(length) + log[at + length :])[: len(log)], at, "overwritten"
        case _:
            return (log[:at] + chance.randbytes(length) + log[at + length :])[: len(log)], at, "overwritten"


def _look(path: Path, states: list[tuple[int, Content]], at: int, what: str, figures: Counter[str], *, syncs: bool) -> None:
    least = max(number for number, (length, _) in enumerate(states) if length <= at)
    cache, rescue = opened_cache(path, syncs=syncs, clock=ticking(9_000_000))
    with closing(cache), closing(Lists(path)) as lists:
        there = content(lists)
        reached = next((number for number, (_, known) in enumerate(states) if known == there and number >= least), None)
        whole = reached is not None
        assert whole or rescue is not None, f"{what} at {at}: no list that the user had, and no word about it"
        wrong = {key: value for key, value in there.items() if all(known.get(key) != value for _, known in states)}
        assert not wrong, f"{what} at {at}: {wrong}"
        if syncs and rescue is None:
            assert delivered(waiting(cache)) == there
    figures[what] += 1
    figures[f"{what}, rebuilt"] += rescue is not None
    figures[f"{what}, nothing lost"] += there == states[-1][1]
    figures[f"{what}, all before the place"] += whole
