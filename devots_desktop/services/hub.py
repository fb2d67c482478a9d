"""The seam between what changes and who shows it: plain callbacks, called on the loop's thread."""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

_log = logging.getLogger(__name__)
Event = TypeVar("Event")


class Hub(Generic[Event]):
    """Tells every subscriber each event, in order. A subscriber that fails is logged and stops nobody."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Event], None]] = []

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call `callback` with each event from now on.

        Returns:
            a function that ends it; it may be called more than once.
        """
        self._subscribers.append(callback)

        def end() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return end

    def publish(self, event: Event) -> None:
        """Tell everybody."""
        for callback in tuple(self._subscribers):
            try:
                callback(event)
            except Exception:  # noqa: BLE001 (whatever it is, the others are told)
                _log.exception("A subscriber failed on %s", type(event).__name__)
