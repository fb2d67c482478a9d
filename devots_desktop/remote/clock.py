"""How far this computer's clock is from a server's."""

from devots_desktop.domain.finding import Finding, Level

CLOCK = "clock"
MOST_S = 60.0
"""Seconds that this computer's clock may be off before it is worth a word."""


def told(off: float) -> Finding:
    """What it means that this computer's clock is ahead of the server's by so many seconds, or behind it where that is negative."""
    if abs(off) <= MOST_S:
        return Finding(CLOCK, Level.OK, "This computer's clock and the server's agree.")
    return Finding(
        CLOCK,
        Level.WARNING,
        f"This computer's clock is {span(abs(off))} {'ahead of' if off > 0 else 'behind'} the server's. No change is lost by that, but times look wrong.",
        "Let the system set its clock by itself.",
    )


def span(seconds: float) -> str:
    """A length of time in words, rounded to what matters."""
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds"
