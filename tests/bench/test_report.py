"""The figures' own arithmetic."""

import json
from pathlib import Path

from tests.bench.report import Row, percentile, table, write


def test_a_ratio_at_the_goal_is_good_enough_and_one_above_it_is_missed() -> None:
    assert Row.of("start", 15, 10, goal=1.5).ok
    assert not Row.of("start", 15.1, 10, goal=1.5).ok


def test_against_nothing_only_nothing_is_good_enough() -> None:
    assert Row.of("imports", 0, 0, goal=0.0).ok
    assert not Row.of("imports", 1, 0, goal=0.0).ok


def test_a_percentile_is_by_nearest_rank() -> None:
    assert percentile(range(100, 0, -1), 95) == 95
    assert percentile([7], 95) == 7


def test_a_saved_figure_has_the_fields_that_readers_know(tmp_path: Path) -> None:
    write([Row.of("start", 15.12345, 10, goal=1.5)], tmp_path / "build" / "bench.json")
    saved = {"name": "start", "ours": 15.123, "reference": 10, "unit": "ms", "ratio": 1.512, "goal": 1.5, "ok": False}
    assert json.loads((tmp_path / "build" / "bench.json").read_text()) == [saved]


def test_the_table_says_what_was_missed() -> None:
    lines = table([Row.of("start", 20, 10, goal=1.5), Row.of("edit", 1, 1, goal=2.0)]).splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["missed", "ok"]
    assert len({len(line) for line in lines}) == 1
