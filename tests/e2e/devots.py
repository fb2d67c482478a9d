"""Drives the real command line: each call is a process of its own, on a profile of the test's own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-W", "error", str(ROOT / "main.py")]
_PATIENCE_S = 40

Arguments = str | bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value of standard output."""
        assert self.out.endswith("\n")
        assert self.out.isascii()
        return json.loads(self.out)


def _environ() -> dict[str, str]:
    """The test's environment, without a setting that hides what is left in a buffer."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@dataclass(frozen=True, slots=True)
class Devots:
    """The command line on one profile."""

    profile: Path
    environ: dict[str, str] = field(default_factory=_environ)

    def __call__(
        self, *arguments: Arguments, code: int | None = 0, said: bool = True, stdin: str = "", environ: Mapping[str, str] | None = None
    ) -> Answer:
        """Run a command; its exit code is expected to be `code`. Whatever happens, nobody gets a traceback to see.

        Args:
            code: None for any.
            said: a failure is told on standard error. False where the answer itself tells it.
        """
        run = subprocess.run(
            [*PROGRAM, "--profile", str(self.profile), *arguments],
            input=stdin.encode(),
            capture_output=True,
            env=self.environ | dict(environ or {}),
            check=False,
            timeout=_PATIENCE_S,
        )
        answer = Answer(run.returncode, run.stdout.decode(), run.stderr.decode())
        assert "Traceback" not in answer.err, answer.err
        assert code in (None, answer.code), answer
        if code and said:
            assert answer.err
        return answer

    def json(self, *arguments: Arguments, **rest: Any) -> Any:
        """What a command answers as JSON."""
        return self(*arguments, "--json", **rest).json

    def add(self, text: str) -> str:
        """Add a todo; its id."""
        client_id: str = self.json("add", text)["id"]
        return client_id

    @contextmanager
    def follow(self, *arguments: str, **rest: Any) -> Iterator["subprocess.Popen[str]"]:
        """A command that goes on until it is ended. It has begun when it has said its first word on standard error."""
        command = [*PROGRAM, "--profile", str(self.profile), *arguments]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **rest}
        with subprocess.Popen(command, text=True, env=self.environ, **pipes) as process:
            try:
                assert process.stderr is not None
                assert process.stderr.readline()
                yield process
            finally:
                process.kill()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Exit code and what was still unread of both outputs, once the process has ended by itself."""
    out, err = process.communicate(timeout=_PATIENCE_S)
    return process.returncode, out, err
