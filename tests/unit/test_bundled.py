import pathlib
import sys

import pytest

from devots_desktop.bundled import bundled

ROOT = pathlib.Path(__file__).parents[2]


def test_a_clone_has_them_at_its_top() -> None:
    assert bundled("migrations") == ROOT / "migrations"


def test_a_frozen_program_has_them_where_pyinstaller_unpacked_it(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "migrations" / "cache").mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert bundled("migrations", "cache") == tmp_path / "migrations" / "cache"


def test_a_file_that_does_not_travel_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="migrations/none"):
        bundled("migrations", "none")
