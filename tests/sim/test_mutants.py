"""Each deliberate bug is caught: by the seed that `make sim ARGS=mutants` names, or one of the next few."""

import pytest

from tests.sim.mutants import MUTANTS, caught

NEXT = 80
FIRST = {
    "create and delete folded after a lost answer": 80,
    "nothing pulled when changes are told again": 110,
    "todo kept for edits that were taken back": 110,
}
"""Where to begin, for the bugs that few seeds meet."""


@pytest.mark.parametrize("name", MUTANTS)
def test_the_simulation_catches(name: str) -> None:
    first = FIRST.get(name, 0)
    assert caught(MUTANTS[name], range(first, first + NEXT))
