"""The reference of a start: an empty window of PySide6. Prints CLOCK_MONOTONIC and CPU nanoseconds at its first paintEvent, and ends."""

import sys
import time

from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow


class Empty(QMainWindow):
    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        sys.stdout.write(f"{time.monotonic_ns()} {time.process_time_ns()}\n")
        sys.stdout.flush()
        QApplication.quit()


if __name__ == "__main__":
    app = QApplication(sys.argv[:1])
    window = Empty()
    window.resize(900, 640)
    window.show()
    app.exec()
