"""Small things about files: private ones, and names that survive a power cut."""

import os
import re
import sys
from pathlib import Path


def make_private(path: Path) -> None:
    """Make an empty file that only this user may read. SQLite would make one that others may read too.

    Raises:
        OSError: it is there already, or cannot be made.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def sync_file(path: Path) -> None:
    """Wait until the disk has a file's content. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder: what was renamed or deleted there. Windows needs no such call and has none. Raises OSError."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ncpfs",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "davfs",
    "9p",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.davfs2",
}
"""File systems of other computers, as Linux names them. Their shared memory is not shared, which SQLite's write-ahead log needs (sqlite.org/wal.html)."""
_MOUNTS = Path("/proc/self/mountinfo")


def is_network(path: Path) -> bool:
    """Whether a file lies on another computer, as far as that can be told: by Linux's table of mounts, on Windows by a name that begins with a server."""
    folder = path.parent.resolve()
    if sys.platform == "win32":
        return str(folder).startswith("\\\\")
    try:
        mounts = [line.split() for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return False
    # proc(5): the fifth field is the mount point, with spaces as \040; the type follows a field with a single hyphen.
    points = {_unescaped(fields[4]): fields[fields.index("-", 6) + 1] for fields in mounts}
    above = next(each for each in (folder, *folder.parents) if str(each) in points or each == each.parent)
    return points.get(str(above), "") in _NETWORK


def _unescaped(point: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point)
