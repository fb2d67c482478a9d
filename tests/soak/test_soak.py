"""The short form of `make soak`."""

from pathlib import Path

import pytest

from tests.soak import damages, kills, logs

SEED = 5


@pytest.mark.parametrize("syncs", [False, True], ids=["this computer", "with an outbox"])
def test_a_program_that_is_killed_loses_nothing_that_it_confirmed(tmp_path: Path, *, syncs: bool) -> None:
    figures = kills.run(tmp_path, syncs=syncs, operations=40, kills=3, seed=SEED)
    assert (figures.kills, figures.lost, figures.notices) == (3, 0, [])
    assert figures.operations >= 40


@pytest.mark.parametrize("syncs", [False, True], ids=["this computer", "with an outbox"])
def test_a_torn_log_leaves_a_list_that_the_user_had(tmp_path: Path, *, syncs: bool) -> None:
    figures = logs.run(tmp_path, files=14, syncs=syncs, seed=SEED)
    assert figures["overwritten, nothing lost"] == figures["overwritten"] > 2
    assert figures["cut, all before the place"] == figures["cut"] > 2


@pytest.mark.parametrize("syncs", [False, True], ids=["this computer", "with an outbox"])
def test_of_a_damaged_file_nothing_wrong_is_shown_or_sent(tmp_path: Path, *, syncs: bool) -> None:
    figures = damages.run(tmp_path, damages=12, syncs=syncs, todos=150, seed=SEED)
    assert figures["rebuilt"] > 3
    assert figures["lost without a word"] == 0
    assert syncs or figures["todos lost"] == 0  # It had a backup.
