"""The outbox: order, freezing, and damage that SQLite itself does not notice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.errors import CacheDamaged, CacheUnusable
from devots_desktop.domain.mutation import Kind
from devots_desktop.store import edits, outbox
from devots_desktop.store.cache import Cache
from devots_desktop.sync import apply
from tests.unit.building import make_cache, mutation, queue


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = make_cache(tmp_path)
    yield made
    made.close()


def sent(cache: Cache) -> list[int]:
    return [flag for (flag,) in cache.db.execute("SELECT sent FROM outbox ORDER BY seq")]


def test_mutations_come_out_as_they_went_in(cache: Cache) -> None:
    wide = mutation(Kind.CREATE, base={}, text="Käse \U0001f9c0 \u202e \x1f", completed=False)
    with cache.transaction() as db:
        outbox.add(db, wide)
    assert apply.take(cache, 50) == [wide]


def test_the_oldest_come_first_and_only_they_are_frozen(cache: Cache) -> None:
    added = [edits.add(cache, f"todo {number}") for number in range(5)]
    assert [each.client_id for each in apply.take(cache, 3)] == added[:3]
    assert sent(cache) == [1, 1, 1, 0, 0]


def test_a_frozen_mutation_cannot_be_replaced(cache: Cache) -> None:
    edits.add(cache, "bread")
    [frozen] = apply.take(cache, 1)
    other = frozen.__class__(frozen.mutation_id, frozen.client_id, frozen.kind, {"text": "other"}, {}, 1)
    for refused in (mutation(text="other"), other):
        with pytest.raises(CacheDamaged), cache.transaction() as db:
            outbox.replace(db, refused)
    assert queue(cache) == [frozen]


def test_it_survives_closing(cache: Cache, tmp_path: Path) -> None:
    edits.add(cache, "bread")
    before = queue(cache)
    cache.close()
    again = make_cache(tmp_path)
    assert queue(again) == before
    again.close()


@pytest.mark.parametrize(
    ("column", "damaged"),
    [
        ("payload", "replace(payload, 'bread', 'brxad')"),
        ("payload", "replace(payload, 'false', 'true')"),
        ("kind", "'edit'"),
        ("client_id", "'22222222-2222-4222-8222-222222222222'"),
        ("mutation_id", "'other'"),
        ("made_at", "made_at + 1"),
        ("checksum", "'0' || substr(checksum, 2) || 'x'"),
    ],
)
def test_a_damaged_mutation_is_noticed_and_nothing_is_sent(cache: Cache, column: str, damaged: str) -> None:
    edits.add(cache, "milk")
    edits.add(cache, "bread")
    cache.db.execute(f"UPDATE outbox SET {column} = {damaged} WHERE payload LIKE '%bread%'")
    with pytest.raises(CacheUnusable) as caught:
        apply.take(cache, 50)
    assert caught.value.title == "List damaged"
    assert "not sent" in caught.value.sentence
    assert sent(cache) == [0, 0]
