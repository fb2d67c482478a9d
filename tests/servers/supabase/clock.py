"""The stand-in's clock, which a test sets forward instead of waiting."""

import time
from datetime import UTC, datetime


class Clock:
    """Seconds since 1970, as the wall clock tells them, and what was added."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Let that much time have passed for the server."""
        self.ahead += seconds

    def now(self) -> datetime:
        """In UTC."""
        return datetime.fromtimestamp(self(), UTC)
