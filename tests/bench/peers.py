"""Beside QTodoTxt2, todo-snake and GTG with the same 1,000 and 10,000 todos: from the start to a window that is usable, and memory.

Usable is when a window of at least 300 x 200 is in the window manager's list and the program has come to rest: its processes take less than a fiftieth
of a core for a second (tests/bench/processes.py). Memory is the resident memory of its processes then. Every program has a home and a session bus of its own; all
share an X server with openbox and take turns. The first start of each is not counted; it makes the picture in build/peers that shows whether the
todos are there. The whole table, as Markdown, is in build/peers/table.md.
"""

import compileall
import contextlib
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from devots_desktop.store.lists import Lists, View
from devots_desktop.store.profile import Profile
from tests.bench.peer_programs import FOLDER, PEERS, NotInstalled, Program, home_environment
from tests.bench.prepared import indexed
from tests.bench.processes import resident, rest, tree
from tests.bench.report import Row
from tests.window.display import Display, missing_programs
from tests.window.program import ROOT, end_with_parent

COUNTS = (1_000, 10_000)
ROUNDS = 5
GOAL = 0.25
"""Of our start beside each of theirs at 10,000 todos. The other figures are there to be read: their goal is not to be worse."""
PATIENCE_S = 60.0
_LOOK_S = 0.01
_LEAST = (300, 200)
_NEEDED = ("openbox", "xprop", "dbus-daemon")


@dataclass(frozen=True, slots=True)
class Start:
    """One start.

    Attributes:
        mapped, settled: seconds after it.
        memory: MiB.
    """

    mapped: float
    settled: float
    memory: float


Results = dict[tuple[str, int], list[Start]]


def run() -> Iterator[Row]:
    """All that this machine can have, in turns."""
    missing = [*missing_programs(), *(name for name in _NEEDED if shutil.which(name) is None)]
    if missing:
        sys.stderr.write(f"peers not measured: {' and '.join(missing)} missing\n")
        return
    versions = dict(_installed())
    programs = [_ours(), *(peer for peer in PEERS if peer.name in versions)]
    compileall.compile_dir(ROOT / "devots_desktop", quiet=2)
    with tempfile.TemporaryDirectory(prefix="devots-bench-") as folder, Display() as display, _openbox(display):
        results = _measured(Path(folder), programs, display)
    _write(results, versions)
    yield from _rows(results, list(versions))


def _ours() -> Program:
    def command(home: Path) -> Sequence[str | Path]:
        return [sys.executable, ROOT / "main.py", "--profile", home / "profile"]

    return Program("Devots Desktop", lambda: "", lambda home, todos: None, command)


def _installed() -> Iterator[tuple[str, str]]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for peer in PEERS:
        try:
            yield peer.name, peer.install()
        except NotInstalled as reason:
            sys.stderr.write(f"{peer.name} not measured: {reason}\n")


def _measured(folder: Path, programs: Sequence[Program], display: Display) -> Results:
    results: Results = {}
    for count in COUNTS:
        homes = {program.name: _home(folder, program, count) for program in programs}
        rounds = list(programs)
        for number, program in itertools.product(range(ROUNDS + 1), programs):
            if program not in rounds:
                continue
            picture = None if number else FOLDER / f"{program.name}-{count}.png"
            start = _start(program, homes[program.name], display, picture)
            if start is None:
                rounds.remove(program)
                sys.stderr.write(f"{program.name} with {count:,} todos was not usable within {PATIENCE_S:g} s\n")
            elif number:
                results.setdefault((program.name, count), []).append(start)
    return results


def _home(folder: Path, program: Program, count: int) -> Path:
    """A home with the todos: ours as a profile, from which the others get theirs."""
    profile = folder / f"Devots Desktop-{count}" / "profile"
    if not profile.exists():
        indexed(profile, count)
    home = folder / f"{program.name}-{count}"
    home.mkdir(exist_ok=True)
    (home / "run").mkdir(mode=0o700)
    with Lists(Profile(profile).cache_path(Profile(profile).current())) as lists:
        keys = lists.keys(View.ALL)
        program.fill(home, [lists.todos([key])[key] for key in keys])
    return home


# One start


def _start(program: Program, home: Path, display: Display, picture: Path | None) -> Start | None:
    """Start a program, wait for it, end it; None where it is not usable in time."""
    with _session_bus() as bus, _window_list(display) as windows:
        environ = home_environment(home, display.environment(), bus)
        began = time.monotonic()
        with _running(program.command(home), environ) as process:
            mapped = _mapped(windows, display, began)
            if mapped is None:
                return None
            settled = rest(process.pid, PATIENCE_S - mapped)
            if settled is None:
                return None
            if picture is not None:
                display.screenshot(picture)
            return Start(mapped, max(mapped, settled - began), resident(process.pid))


@contextlib.contextmanager
def _running(command: Sequence[str | Path], environ: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A program whose processes all end with the block."""
    process = subprocess.Popen(
        command,
        env=environ,
        cwd=environ["HOME"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=end_with_parent,  # noqa: PLW1509 (one system call, no lock)
    )
    try:
        yield process
    finally:
        for pid in tree(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        process.wait()


def _mapped(windows: "subprocess.Popen[str]", display: Display, began: float) -> float | None:
    """Seconds until a window that is large enough is in the list."""
    assert windows.stdout is not None
    os.set_blocking(windows.stdout.fileno(), False)
    while time.monotonic() - began < PATIENCE_S:
        line = windows.stdout.readline()
        at = time.monotonic() - began
        for window in line.partition("#")[2].split(","):
            if window.strip() and _is_large(display, window.strip()):
                return at
        if not line:
            time.sleep(_LOOK_S)
    return None


def _is_large(display: Display, window: str) -> bool:
    size = display.size_of(window)
    return size[0] >= _LEAST[0] and size[1] >= _LEAST[1]


# What they share


@contextlib.contextmanager
def _openbox(display: Display) -> Iterator[None]:
    with subprocess.Popen(["openbox"], env=display.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield
        process.terminate()


@contextlib.contextmanager
def _session_bus() -> Iterator[str]:
    command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@contextlib.contextmanager
def _window_list(display: Display) -> Iterator["subprocess.Popen[str]"]:
    """Tells the list of windows at each change, a line each."""
    command = ["xprop", "-root", "-spy", "_NET_CLIENT_LIST"]
    with subprocess.Popen(command, env=display.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # The list as it is.
        yield process
        process.terminate()


# The answers


def _rows(results: Results, peers: Sequence[str]) -> Iterator[Row]:
    for count in COUNTS:
        ours = _median(results["Devots Desktop", count])
        theirs = {peer: _median(results[peer, count]) for peer in peers if (peer, count) in results}
        size = f"{count // 1000}k"
        for peer, its in theirs.items():
            yield Row.of(f"{size}-start beside {peer}", 1e3 * ours.settled, 1e3 * its.settled, goal=GOAL if count == COUNTS[-1] else 1.0)
            yield Row.of(f"{size}-memory beside {peer}", ours.memory, its.memory, goal=1.0, unit="MiB")


def _median(starts: Sequence[Start]) -> Start:
    """Of each figure the median."""
    mapped, settled, memory = (statistics.median(column) for column in zip(*map(astuple, starts), strict=True))
    return Start(mapped, settled, memory)


def _write(results: Results, versions: Mapping[str, str]) -> None:
    lines = ["| Program | Todos | Window, s | Usable, s | Memory, MiB | Starts |", "|---|---|---|---|---|---|"]
    for name, count in itertools.product(("Devots Desktop", *versions), COUNTS):
        starts = results.get((name, count), [])
        version = versions.get(name, "")
        lines.append(f"| {name} {version} | {count:,} | {_figures(starts)} |")
    (FOLDER / "table.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _figures(starts: Sequence[Start]) -> str:
    if not starts:
        return f"not within {PATIENCE_S:g} | | | 1"
    middle = _median(starts)
    return f"{middle.mapped:.2f} | {middle.settled:.2f} | {middle.memory:.0f} | {len(starts)}"
