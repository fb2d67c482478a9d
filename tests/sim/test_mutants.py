"""The deliberate bugs that most seeds meet are caught by one of the first."""

import pytest

from tests.sim.mutants import MUTANTS, caught

NEXT = 20
RARE = {
    "horizon of the last page",
    "create and delete folded after a lost answer",
    "bare transaction id as version",
    "todo kept for edits that were taken back",
    "hints taken as enough",
}
"""Few seeds meet these: `make sim ARGS=mutants` goes through as many as it takes."""


@pytest.mark.parametrize("name", sorted(MUTANTS.keys() - RARE))
def test_the_simulation_catches(name: str) -> None:
    assert caught(MUTANTS[name], range(NEXT))
