"""What a program and the processes that it started use: CPU and memory, from Linux's /proc."""

import contextlib
import itertools
import time
from pathlib import Path

REST_S = 1.0
REST_CPU_S = 0.02
"""A program is at rest when it takes less CPU than this in so long."""
_LOOK_S = 0.01


def tree(pid: int) -> list[int]:
    """A process and those that it started."""
    found = [pid]
    for each in found:
        for task in _tasks(each):
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def cpu(pid: int) -> float:
    """Seconds of CPU that a process and those that it started have used."""
    used = 0
    for task in itertools.chain.from_iterable(map(_tasks, tree(pid))):
        with contextlib.suppress(OSError):
            used += int((task / "schedstat").read_text().split()[0])
    return used / 1e9


def resident(pid: int) -> float:
    """MiB of memory that a process and those that it started have in use; what they share counts for each."""
    return sum(map(_resident, tree(pid))) / 1024


def peak(pid: int) -> float:
    """MiB of memory that a process alone has had in use at the most, since it began or `forget_peak`."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def forget_peak(pid: int) -> None:
    """Begin `peak` anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def rest(pid: int, within: float) -> float | None:
    """Wait until a program is at rest; answer since when, in time.monotonic() seconds, or None where it was not within so many seconds."""
    ends = time.monotonic() + within
    looks = [(time.monotonic(), cpu(pid))]
    while time.monotonic() < ends:
        time.sleep(_LOOK_S)
        now, used = time.monotonic(), cpu(pid)
        looks = [*(look for look in looks if used - look[1] < REST_CPU_S), (now, used)]
        if now - looks[0][0] >= REST_S:
            return looks[0][0]
    return None


def _tasks(pid: int) -> list[Path]:
    with contextlib.suppress(OSError):
        return list(Path(f"/proc/{pid}/task").iterdir())
    return []


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))
    return 0
