"""What is typed in the check: a seeded mix of changes, in small bursts as a person types them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

CHANGES = 200
ROWS_MOST = 8
"""Only rows on screen are painted: the list stays shorter than the smallest window."""
_BURSTS = (1, 1, 1, 2, 3)
_WORDS = [
    "buy",
    "call",
    "fix",
    "water",
    "read",
    "send",
    "pay",
    "plan",
    "oat",
    "milk",
    "plumber",
    "bicycle",
    "tulips",
    "letter",
    "invoice",
    "rent",
    "garden",
]


@dataclass(frozen=True, slots=True)
class Shown:
    """A todo as it is to be seen."""

    client_id: str
    text: str
    completed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One change to type.

    Attributes:
        do: add, edit, toggle or delete.
        todo: as it is afterwards; of a delete, as it was; of an add, without client_id.
    """

    number: int
    do: str
    todo: Shown

    def command(self) -> dict[str, object]:
        """For tests/demo/driver.py."""
        return {"number": self.number, "do": self.do, "id": self.todo.client_id, "text": self.todo.text}


class Script:
    """Deals out bursts of steps on the todos that are there; within a burst each todo is changed once."""

    def __init__(self, seed: int, count: int = CHANGES) -> None:
        self._random = random.Random(seed)
        self._count = count

    def bursts(self, there: dict[str, Shown]) -> Iterator[list[Step]]:
        """Bursts until all steps are dealt out. Whoever types them keeps `there` current: the todos by client_id."""
        number = 0
        while number < self._count:
            size = min(self._random.choice(_BURSTS), self._count - number)
            free = sorted(there.values(), key=lambda todo: todo.text)
            self._random.shuffle(free)
            adds = 0
            burst = []
            for _ in range(size):
                number += 1
                step = self._step(number, free, ROWS_MOST - len(there) - adds)
                adds += step.do == "add"
                burst.append(step)
            yield burst

    def _step(self, number: int, free: list[Shown], room: int) -> Step:
        kinds = (["add"] * 3 if room > 0 else []) + (["edit", "toggle", "toggle", "delete", "delete"] if free else [])
        do = self._random.choice(kinds or ["add"])
        if do == "add":
            return Step(number, do, Shown("", self._text(number)))
        todo = free.pop()
        if do == "edit":
            return Step(number, do, replace(todo, text=self._text(number)))
        return Step(number, do, replace(todo, completed=not todo.completed) if do == "toggle" else todo)

    def _text(self, number: int) -> str:
        return " ".join([*self._random.sample(_WORDS, self._random.randint(2, 5)), str(number)])


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 (nearest rank) and the greatest, rounded to a hundredth."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": 0.0, "p95": 0.0, "max": 0.0}
    at = {name: ordered[max(0, -(-len(ordered) * percent // 100) - 1)] for name, percent in (("p50", 50), ("p95", 95), ("max", 100))}
    return {name: round(value, 2) for name, value in at.items()}
