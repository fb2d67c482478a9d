"""Seeded chance, in a stream for each actor, so that one thing less happening changes little of the others."""

import random
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from tests.sim.world import World


class Chance(random.Random):
    """Random numbers of one actor, and the faults that befall it."""

    def __new__(cls, world: "World", actor: str) -> Self:
        return super().__new__(cls)

    def __init__(self, world: "World", actor: str) -> None:
        super().__init__(f"{world.seed} {actor}")
        self._world = world

    def fault(self, kind: str, chance: float, *, silent: bool = False) -> bool:
        """Whether a fault happens now; it is counted and can be left out when a failure is shrunk.

        Args:
            silent: it is counted later, when it shows.
        """
        world = self._world
        return world.faulty and self.random() < chance * world.badness and world.strikes(kind, silent=silent)
