"""What a measurement answers, and the table that people read."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROUNDS = 5
"""Medians of so many runs; ours and the reference take turns in each."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its reference.

    Attributes:
        ratio: ours / reference.
        goal: the greatest ratio that is good enough.
    """

    name: str
    ours: float
    reference: float
    unit: str
    ratio: float
    goal: float
    ok: bool

    @classmethod
    def of(cls, name: str, ours: float, reference: float, *, goal: float, unit: str = "ms") -> "Row":
        """Make a row. A reference of nothing is met by nothing alone."""
        ratio = ours / reference if reference else float(ours > 0)
        return cls(name, round(ours, 3), round(reference, 3), unit, round(ratio, 3), goal, ratio <= goal)


Bench = Callable[[], Iterable[Row]]


def percentile(values: Sequence[float], percent: int) -> float:
    """By nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def table(rows: Sequence[Row]) -> str:
    """The rows for a terminal."""
    head = ("name", "ours", "reference", "unit", "ratio", "goal", "")
    cells = [
        (row.name, f"{row.ours:.2f}", f"{row.reference:.2f}", row.unit, f"{row.ratio:.2f}", f"{row.goal:.2f}", "ok" if row.ok else "missed")
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at in {0, 3, 6} else cell.rjust(width) for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in (head, *cells)
    )


def write(rows: Sequence[Row], path: Path) -> None:
    """Save the rows as a list of JSON objects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
