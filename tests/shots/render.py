"""Renders all scenes at one scale, in both schemes. A process of its own for each scale, as Qt reads QT_SCALE_FACTOR at its start."""

import sys
import tempfile
from pathlib import Path

from PySide6.QtWidgets import QApplication

from devots_desktop.ui import theme
from tests.shots.scenes import Stage, scenes


def main(folder: Path, suffix: str, wanted: list[str]) -> None:
    """Write NAME-SCHEME-SUFFIX.png for each scene, or those whose name is wanted."""
    app = QApplication(["shots"])
    theme.apply(app)
    font = app.font()
    for name, scene in scenes():
        for scheme, colours in (("light", theme.LIGHT), ("dark", theme.DARK)):
            if wanted and name not in wanted:
                continue
            app.setFont(font)
            app.setPalette(theme.palette(colours))
            with tempfile.TemporaryDirectory() as home:
                shown = scene(Stage(Path(home)))
                shown.show()
                for _ in range(4):
                    app.processEvents()
                shown.grab().save(str(folder / f"{name}-{scheme}-{suffix}.png"))
                shown.hide()
                shown.deleteLater()
                app.processEvents()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
