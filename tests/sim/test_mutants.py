"""Each deliberate bug is caught: by the seed that `make sim ARGS=mutants` names, or one of the next few."""

import pytest

from tests.sim.mutants import MUTANTS, caught

NEXT = 80
FIRST = {
    "cursor saved early": 1,
    "horizon of the last page": 37,
    "staged pages applied as they come": 1,
    "create and delete folded after a lost answer": 44,
    "lock timeout parked": 3,
    "bare transaction id as version": 44,
    "key change without the outbox": 1,
    "create sent again blindly": 1,
    "plain server sent many at once": 1,
    "conflict not recorded": 3,
    "transaction split": 8,
    "todo kept for edits that were taken back": 16,
    "hints taken as enough": 4,
}
"""Where to begin, for the bugs that few seeds meet."""


@pytest.mark.parametrize("name", MUTANTS)
def test_the_simulation_catches(name: str) -> None:
    first = FIRST.get(name, 0)
    assert caught(MUTANTS[name], range(first, first + NEXT))
