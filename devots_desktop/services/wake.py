"""How another process reaches the window of a profile: a local socket that takes one word.

Plain sockets, no Qt: the command line says "changed" after a write, a second start of the window says "show".
"""

import errno
import hashlib
import os
import socket
import stat
import sys
import tempfile
from pathlib import Path

CHANGED = "changed"
SHOW = "show"
_TIMEOUT_S = 0.5
_LONGEST = 103
"""Bytes of a Unix socket's path on macOS, the shortest of the platforms (sys/un.h)."""


def socket_address(folder: Path) -> str:
    """Where the window of the profile in `folder` listens: the path of a Unix socket, or the name of a Windows pipe.

    Not inside the profile: a socket's path has at most 107 characters, and the profile may lie on a file system without sockets.
    """
    name = "devots-" + hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:20]
    if sys.platform == "win32":
        return rf"\\.\pipe\{name}"
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    fits = runtime.is_absolute() and runtime.is_dir() and len(os.fsencode(runtime / name)) <= _LONGEST
    return str((runtime if fits else _private_temp()) / name)


def ping(folder: Path, word: str) -> bool:
    """Say a word to the window of a profile.

    Returns:
        whether a window was there.
    """
    try:
        address = socket_address(folder)
        if sys.platform == "win32":
            with Path(address).open("wb", buffering=0) as pipe:
                pipe.write(word.encode() + b"\n")
            return True
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_TIMEOUT_S)
            connection.connect(address)
            connection.sendall(word.encode() + b"\n")
        return True
    except OSError:
        return False


def _private_temp() -> Path:
    """A folder below the temporary one that only this user may enter: nobody else may pose as the window."""
    folder = Path(tempfile.gettempdir()) / f"devots-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(errno.EACCES, "Another user can enter it", str(folder))
    return folder
