"""The mark beside a cache that says: something in it was found damaged. Whoever opens it next sets it aside and rebuilds it (recovery.py).

Damage is found by whoever reads, also by a thread or a process that cannot rebuild. The mark outlives all of them.
"""

from contextlib import suppress
from pathlib import Path


def mark_of(path: Path) -> Path:
    """Where the mark of a cache lies. Empty: damage was found. Else it is recovery's own note of how far it is."""
    return path.with_name(f"{path.name}.damaged")


def mark(path: Path) -> None:
    """Remember that damage was found; where that cannot be written, it will be found again."""
    with suppress(OSError):
        mark_of(path).touch(mode=0o600)


def marked(path: Path) -> bool:
    """Whether damage was found and the cache not rebuilt since."""
    return mark_of(path).exists()
