"""Profiles filled for a measurement."""

import contextlib
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devots_desktop.services.account import now
from devots_desktop.store import edits, rows, search
from devots_desktop.store.cache import Cache
from devots_desktop.store.migration import scripts
from devots_desktop.store.profile import Profile
from tests.window.program import ROOT

TODOS = 10_000
_WORDS = ["buy", "call", "fix", "water", "read", "send", "pay", "plan", "oat", "milk", "plumber", "bicycle", "tulips", "letter", "invoice"]


def filled(folder: Path, count: int = TODOS) -> Path:
    """A profile whose account "This computer" has so many todos of 4 to 9 words."""
    profile = Profile(folder)
    cache = Cache(profile.cache_path(profile.current()), syncs=False, clock=now)
    chance = random.Random(7)
    # The measurement is not about this: a disk that may lose it all saves a minute.
    with cache.transaction(durable=False) as db:
        db.executemany(
            "INSERT INTO todo (client_id, text, completed, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            [_row(chance, number) for number in range(count)],
        )
        rows.stamp(db)
    edits.add(cache, "The newest")
    cache.close()
    return folder


def indexed(folder: Path, count: int) -> Path:
    """The same, with all texts indexed for the search: what a list is a while after it was filled."""
    profile = Profile(filled(folder, count))
    with contextlib.closing(Cache(profile.cache_path(profile.current()), syncs=False, clock=now)) as cache:
        while search.index(cache, most=10_000):
            pass
    return folder


def texts(count: int) -> Iterator[str]:
    """Texts such as the todos have."""
    chance = random.Random(7)
    return (_text(chance) for _ in range(count))


def _text(chance: random.Random) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randint(4, 9)))


def kept(count: int) -> Path:
    """A filled profile that stays in build/ for the next measurement: a million todos take a minute or two to write."""
    form = len(scripts())
    folder = ROOT / "build" / "bench" / f"{count}-todos-form-{form}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            filled(Path(made) / "profile", count).rename(folder)
    return folder


def _row(chance: random.Random, number: int) -> tuple[str, str, int, int, int]:
    at = 1_700_000_000_000_000 + number * 1_000_000
    text = _text(chance)
    client_id = f"{chance.getrandbits(32):08x}-0000-4000-8000-{number:012x}"
    return client_id, text, int(chance.random() < 0.3), at, at
