"""Make `dist/devots`, a folder that holds the program with its own Python and libraries: `make bundle`.

    dist/devots/
      devots                     the program: the window, and with arguments the command line
      _internal/                 Python, the libraries, and below it our resources and migrations
      share/                     desktop entry, metainfo and icons, in the layout of /usr/share
      LICENSE, THIRD_PARTY_NOTICES.txt, licences/

Nothing is made when nothing changed that goes in.
"""

import argparse
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import notices

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUNDLE = ROOT / "dist" / "devots"
WORK = ROOT / "build" / "bundle"
STAMP = WORK / "stamp"
ICON_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)


def fingerprint() -> str:
    """What a bundle is made of; another value means that it has to be made again."""
    folders = ("devots_desktop", "migrations", "resources", "packaging")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    single = [ROOT / name for name in ("main.py", "LICENSE", "requirements/run.txt", "requirements/bundle.txt")]
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted([*files, *single]):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the bundle that lies there is made of what lies here."""
    return STAMP.exists() and BUNDLE.is_dir() and STAMP.read_text() == fingerprint()


def make() -> None:
    """Make the bundle. A half-made one never lies at its place."""
    made_of = fingerprint()
    STAMP.unlink(missing_ok=True)
    fresh = WORK / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    places = ["--workpath", str(WORK), "--distpath", str(fresh)]
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *places, str(ROOT / "packaging/devots.spec")]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "1"}, check=True)
    folder = fresh / "devots"
    drop_debugging(folder / "_internal")
    lay_out_share(folder / "share")
    shutil.copy(ROOT / "LICENSE", folder)
    collected = json.loads((WORK / "devots" / "collected.json").read_text())
    for part in notices.write(notices.parts_of(collected, ROOT), folder):
        print(f"no licence text on this machine: {part.name}", file=sys.stderr)
    shutil.rmtree(BUNDLE, ignore_errors=True)
    BUNDLE.parent.mkdir(exist_ok=True)
    folder.rename(BUNDLE)
    STAMP.write_text(made_of)


def drop_debugging(internal: pathlib.Path) -> None:
    """Python's own libraries lose what only a debugger reads; those of wheels were rewritten for their new places and stay as they are."""
    libraries = [*internal.glob("libpython*.so*"), *internal.glob("python3*/lib-dynload/*.so")]
    subprocess.run(["strip", "--strip-debug", *map(str, libraries)], check=True)


def lay_out_share(share: pathlib.Path) -> None:
    """What a desktop wants to know about a program, where it looks for it (the Desktop Entry, AppStream and Icon Theme specifications)."""
    icon = ROOT / "resources" / "icons" / "devots.svg"
    files = {
        "applications/devots.desktop": ROOT / "resources" / "devots.desktop",
        "metainfo/devots.metainfo.xml": ROOT / "resources" / "devots.metainfo.xml",
        "icons/hicolor/scalable/apps/devots.svg": icon,
    }
    for place, source in files.items():
        (share / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, share / place)
    draw_icons(icon, share / "icons" / "hicolor")


def draw_icons(source: pathlib.Path, theme: pathlib.Path) -> None:
    """Draw the icon at the sizes that desktops without SVG ask for."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    app = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    for size in ICON_SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(0)
        painter = QPainter(image)
        QSvgRenderer(str(source), app).render(painter)
        painter.end()
        place = theme / f"{size}x{size}" / "apps" / "devots.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        image.save(str(place))


def size_mib(folder: pathlib.Path) -> float:
    return sum(path.lstat().st_size for path in folder.rglob("*")) / 2**20


def main() -> int:
    argparse.ArgumentParser(description="Make dist/devots, the program with its own Python and libraries.").parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_current():
            make()
    print(f"{BUNDLE.relative_to(ROOT)}: {size_mib(BUNDLE):.0f} MiB, start it with {BUNDLE.relative_to(ROOT)}/devots")
    return 0


if __name__ == "__main__":
    sys.exit(main())
