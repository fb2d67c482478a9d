"""The first window does not wait for the libraries of servers."""

from pathlib import Path

from tests.bench.first_paint import heavy_modules
from tests.bench.prepared import filled


def test_nothing_heavy_is_loaded_when_the_first_row_is_painted(tmp_path: Path) -> None:
    assert heavy_modules(filled(tmp_path / "profile", 10)) == []
