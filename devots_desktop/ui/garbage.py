"""Python's cyclic garbage is collected on the window's thread only.

Left to itself, the collector runs on whichever thread happens to allocate; where that is a worker and a Qt object is among the garbage, it is
destroyed on the wrong thread, and Qt may crash.
"""

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 5_000


class Garbage(QObject):
    """Takes the collector over, until `close`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation that is due, by Python's own thresholds."""
        if not gc.get_freeze_count():
            # What the start has made stays until the end; to look through it would hold a frame up, for nothing.
            gc.freeze()
            return
        due = [generation for generation, (count, most) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)) if count > most]
        if due:
            gc.collect(max(due))

    def close(self) -> None:
        """Give the collector back."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
