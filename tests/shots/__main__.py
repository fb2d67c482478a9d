"""`make shots`: a picture of every screen and state, light and dark, at 1x and 2x, and all of them on one sheet, in build/shots."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "shots"
_WIDTH, _ACROSS, _GAP = 480, 4, 16


def _sheet(folder: Path) -> Path:
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPixmap

    app = QGuiApplication(["sheet"])
    pictures = sorted(folder.glob("*-1x.png"))
    drawn = [QPixmap(str(path)).scaledToWidth(_WIDTH, Qt.TransformationMode.SmoothTransformation) for path in pictures]
    rows = [drawn[at : at + _ACROSS] for at in range(0, len(drawn), _ACROSS)]
    height = sum(max(picture.height() for picture in row) + 2 * _GAP + 12 for row in rows)
    sheet = QPixmap(_ACROSS * (_WIDTH + _GAP) + _GAP, height + _GAP)
    sheet.fill(QColor("#8a9490"))
    painter = QPainter(sheet)
    top = _GAP
    names = iter(path.stem for path in pictures)
    for row in rows:
        for column, picture in enumerate(row):
            left = _GAP + column * (_WIDTH + _GAP)
            painter.drawText(left, top + 10, next(names))
            painter.drawPixmap(left, top + _GAP, picture)
        top += max(picture.height() for picture in row) + 2 * _GAP + 12
    painter.end()
    path = folder / "sheet.png"
    sheet.save(str(path))
    del app
    return path


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
