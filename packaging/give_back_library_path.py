"""Runs first in the frozen program: what it starts, a browser or a file manager, has to load the system's libraries instead of ours.

The starter puts our folder into LD_LIBRARY_PATH and keeps what was there in LD_LIBRARY_PATH_ORIG. The loader read the variable when the process
began, so this process still finds ours.
"""

import os

_before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
if _before is None:
    os.environ.pop("LD_LIBRARY_PATH", None)
else:
    os.environ["LD_LIBRARY_PATH"] = _before
