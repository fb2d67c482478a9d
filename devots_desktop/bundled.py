"""Where the files lie that travel with the program: the top-level folders `migrations` and `resources`.

A clone has them beside the package, an installed wheel inside it (`_bundled`, see force-include in pyproject.toml), and a frozen
program below the folder that PyInstaller names in `sys._MEIPASS`.
"""

import pathlib
import sys

_PACKAGE = pathlib.Path(__file__).resolve().parent


def bundled(*parts: str) -> pathlib.Path:
    """The path of a bundled file or folder, as in `bundled("migrations", "cache")`. FileNotFoundError when it is in none of the places."""
    frozen = getattr(sys, "_MEIPASS", None)
    places = [pathlib.Path(frozen)] if frozen else [_PACKAGE / "_bundled", _PACKAGE.parent]
    for place in places:
        path = place.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError("/".join(parts))
