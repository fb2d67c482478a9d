"""64 random bytes at a random place of the database file: nothing wrong is shown or sent, and what is lost is told."""

import random
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

from devots_desktop.domain.errors import CacheDamaged
from devots_desktop.domain.mutation import Mutation
from devots_desktop.services import care
from devots_desktop.services.account import OpenAccount, now
from devots_desktop.store import backup, edits
from devots_desktop.store.cache import Cache
from tests.soak.stage import Content, Kind, close, content, one_edit, repeatable, waiting
from tests.unit.building import ticking

BYTES = 64
REBUILDS_MOST = 1
NEW = "a new one"


def run(folder: Path, *, damages: int, syncs: bool, todos: int, seed: int) -> Counter[str]:
    """Damage so many copies of a list, and use each. Raises AssertionError for a wrong row, a wrong change, or damage that comes back."""
    chance, figures, kind = random.Random(seed), Counter[str](), Kind(syncs)
    with repeatable(chance):
        known, sent = _make(kind.file(folder / "origin"), chance, todos, syncs=syncs)
        for _ in range(damages):
            place = folder / "damaged"
            shutil.copytree(folder / "origin", place)
            at = _damage(kind.file(place), chance)
            try:
                _use(kind, place, known, sent, figures)
            except AssertionError as error:
                error.add_note(f"damage {figures['damages'] + 1} of seed {seed}, at {at}")
                raise
            shutil.rmtree(place)
    return figures


def _damage(file: Path, chance: random.Random) -> int:
    """Overwrite some bytes; where they begin."""
    content = bytearray(file.read_bytes())
    at = chance.randrange(len(content) - BYTES)
    content[at : at + BYTES] = chance.randbytes(BYTES)
    file.write_bytes(content)
    return at


def _make(path: Path, chance: random.Random, todos: int, *, syncs: bool) -> tuple[Content, list[Mutation]]:
    known: Content = {}
    with closing(Cache(path, syncs=syncs, clock=ticking())) as cache:
        for number in range(todos * 2):
            one_edit(cache, chance, known, number)
        if not syncs:
            backup.daily(cache.db, path, now())
        return known, waiting(cache)


def _use(kind: Kind, place: Path, known: Content, sent: list[Mutation], figures: Counter[str]) -> None:
    """A day with a damaged list: it is opened, read and worked on, and looked through in the background."""
    notices: list[str] = []
    by_id = {mutation.mutation_id: mutation for mutation in sent}
    shown: Content = {}
    outbox: list[Mutation] = []
    for step in ("read", "work", "look through", "read again"):
        for attempt in range(REBUILDS_MOST + 2):
            assert attempt <= REBUILDS_MOST, f"damage comes back: {notices}"
            try:
                opened = kind.open(place)
            except CacheDamaged as error:
                raise AssertionError("not rebuilt") from error
            notices += map(str, opened.notices.all())
            try:
                shown, outbox = _step(step, opened)
                break
            except CacheDamaged:
                figures["found by " + step] += 1
            finally:
                close(opened)
        # One that was added just before the damage was found may stay.
        wrong = {key: value for key, value in shown.items() if known.get(key) != value and value != (NEW, False)}
        assert not wrong, f"shown and wrong: {wrong}"
        forged = [each for each in outbox if by_id.get(each.mutation_id) != each and not _is_own(each)]
        assert not forged, f"changes that nobody made: {forged}, after {step}, told {notices}"
    missing, unsent = known.keys() - shown.keys(), by_id.keys() - {each.mutation_id for each in outbox}
    figures["damages"] += 1
    figures["rebuilt"] += bool(notices)
    figures["todos lost"] += len(missing)
    figures["changes lost"] += len(unsent)
    figures["damages that lost a todo"] += bool(missing)
    figures["damages that lost a change"] += bool(unsent)
    figures["lost without a word"] += bool((missing or unsent) and not notices)


def _is_own(mutation: Mutation) -> bool:
    """Whether it is of the work that is done here. Where an index is damaged the delete does not find the create, and is sent behind it."""
    return NEW in (mutation.values.get("text"), mutation.base.get("text"))


def _step(step: str, opened: OpenAccount) -> tuple[Content, list[Mutation]]:
    if step == "look through":
        care.check(opened.cache.path)
    if step == "work":
        edits.delete(opened.cache, edits.add(opened.cache, NEW))
        opened.cache.news()
    return content(opened.lists), waiting(opened.cache)
