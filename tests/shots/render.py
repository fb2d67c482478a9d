"""Renders all scenes at one scale, in both schemes. A process of its own for each scale, as Qt reads QT_SCALE_FACTOR at its start."""

import sys
import tempfile
from pathlib import Path

from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication

from devots_desktop.ui import theme
from tests.shots.scenes import menu_scenes, scenes
from tests.shots.stage import Stage


def main(folder: Path, suffix: str, wanted: list[str]) -> None:
    """Write NAME-SCHEME-SUFFIX.png for each scene, or those whose name is wanted."""
    app = QApplication(["shots"])
    theme.apply(app)
    font = app.font()
    for name, scene in (*menu_scenes(), *scenes()):
        for scheme, colours in (("light", theme.LIGHT), ("dark", theme.DARK)):
            if wanted and name not in wanted:
                continue
            app.setFont(font)
            app.setPalette(theme.palette(colours))
            QCursor.setPos(1, 1)  # Over a margin: rows would light up below the pointer.
            with tempfile.TemporaryDirectory() as home:
                stage = Stage(Path(home))
                shown = scene(stage)
                shown.show()
                for _ in range(4):
                    app.processEvents()
                shown.grab().save(str(folder / f"{name}-{scheme}-{suffix}.png"))
                for each in filter(None, (shown, stage.shown)):
                    each.hide()
                    each.deleteLater()
                app.processEvents()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
