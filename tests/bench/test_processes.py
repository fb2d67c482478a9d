"""What the measurements read of other processes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.bench import processes
from tests.window.program import end_with_parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="read from Linux's /proc")

BUSY_S = 0.3
KEPT_MIB = 40
_BUSY = f"""
import sys, time
while time.process_time() < {BUSY_S}: pass
kept = b"x" * ({KEPT_MIB} << 20)
print("done", flush=True)
sys.stdin.read()
"""
_PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_BUSY!r}])"


@contextmanager
def _done(code: str) -> Iterator[int]:
    """A process whose work is done, and that waits."""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=end_with_parent) as process:  # noqa: PLW1509
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid


def test_what_a_program_started_counts_with_it() -> None:
    with _done(_PARENT) as pid:
        assert len(processes.tree(pid)) == 2
        assert processes.cpu(pid) >= BUSY_S
        assert processes.resident(pid) > KEPT_MIB


def test_a_process_that_waits_is_at_rest_and_one_that_is_gone_uses_nothing() -> None:
    with _done(_BUSY) as pid:
        assert processes.rest(pid, within=30) is not None
    assert (processes.cpu(pid), processes.resident(pid)) == (0, 0)
