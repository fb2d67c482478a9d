"""`make shots`: a picture of every screen and state, light and dark, at 1x and 2x, and all of them on one sheet, in build/shots."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QPixmap

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "shots"
_WIDTH, _GAP = 720, 16
_KINDS = ("light-1x", "dark-1x", "light-2x", "dark-2x")


def _sheet(folder: Path) -> Path:
    """A row for each screen: both schemes at 1x, then at 2x."""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPixmap

    app = QGuiApplication(["sheet"])
    names = sorted(path.name.removesuffix("-light-1x.png") for path in folder.glob("*-light-1x.png"))
    rows = [[QPixmap(str(folder / f"{name}-{kind}.png")) for kind in _KINDS] for name in names]
    drawn = [[_fitted(picture, row[0].width(), Qt.TransformationMode.SmoothTransformation) for picture in row] for row in rows]
    height = sum(row[0].height() + 2 * _GAP + 12 for row in drawn)
    sheet = QPixmap(len(_KINDS) * (_WIDTH + _GAP) + _GAP, height + _GAP)
    sheet.fill(QColor("#8a9490"))
    painter = QPainter(sheet)
    top = _GAP
    for name, row in zip(names, drawn, strict=True):
        for column, (kind, picture) in enumerate(zip(_KINDS, row, strict=True)):
            left = _GAP + column * (_WIDTH + _GAP)
            painter.drawText(left, top + 10, f"{name}  {kind}")
            painter.drawPixmap(left, top + _GAP, picture)
        top += row[0].height() + 2 * _GAP + 12
    painter.end()
    path = folder / "sheet.png"
    sheet.save(str(path))
    del app
    return path


def _fitted(picture: "QPixmap", width: int, mode: "Qt.TransformationMode") -> "QPixmap":
    """As large as the screen at 1x is, but no wider than a column."""
    return picture.scaledToWidth(min(width, _WIDTH), mode)


def _screen(scale: int) -> Path:
    """A file that gives the offscreen platform a screen as large as a usual one."""
    path = FOLDER / f"screen-{scale}x.json"
    screen = {
        "name": "usual",
        "x": 0,
        "y": 0,
        "width": 1600 * scale,
        "height": 1000 * scale,
        "logicalDpi": 96,
        "logicalBaseDpi": 96,
        "dpr": 1,
    }
    path.write_text(json.dumps({"synchronousWindowSystemEvents": False, "windowFrameMargins": False, "screens": [screen]}))
    return path


def main(wanted: list[str]) -> int:
    """Render in two processes, then lay out the sheet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for scale in (1, 2):
        environment = os.environ | {"QT_QPA_PLATFORM": f"offscreen:configfile={_screen(scale)}", "QT_SCALE_FACTOR": str(scale)}
        command = [sys.executable, "-m", "tests.shots.render", str(FOLDER), f"{scale}x", *wanted]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=300)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    print(_sheet(FOLDER))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
