"""What the lock files in `requirements/` pin."""

import pathlib
import re

FOLDER = pathlib.Path(__file__).parents[1] / "requirements"


def pins(lock: str) -> dict[str, str]:
    """Package -> version, as the lock of this name has them. Names are in lower case, as uv writes them."""
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^ ;\\]+)", (FOLDER / f"{lock}.txt").read_text(), re.MULTILINE))
