"""The face without a window: runs one command and answers with an exit code.

0 done, 1 refused or failed, 2 wrong usage; 130, as shells have it, where it was interrupted before it was done. What is imported here is what
`devots list` waits for, so that everything that only some commands need is imported by them.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from devots_desktop.cli.arguments import parse
from devots_desktop.cli.output import NotAnswered, Output, explain, message
from devots_desktop.domain.errors import DevotsError

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def run(argv: Sequence[str]) -> int:
    """Run the command in `argv`, which has no program name in front.

    Returns:
        the exit code. Nothing is raised but what is a bug.
    """
    _take_any_text()
    try:
        return _run(parse(argv))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except DevotsError as error:
        explain(error)
        return FAILED
    except NotAnswered as error:
        _drop_output()
        if error.reader_gone:
            return DONE  # Who reads has seen enough; what was to be done was done before it was told.
        message(f"Not written: The answer could not be written ({error.reason}). What was asked for is done; `devots list` shows it.")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: Namespace) -> int:
    output = Output(as_json=arguments.json)
    match arguments.command:
        case None:
            message("devots: a command is missing; devots --help shows them.")
            return WRONG_USAGE
        case "accounts":
            from devots_desktop.cli import accounts

            accounts.run(arguments, output)
        case "db":
            from devots_desktop.cli import database

            return database.run(arguments, output)
        case "doctor":
            from devots_desktop.cli import doctor

            return doctor.run(arguments, output)
        case "completion":
            from devots_desktop.cli import completion

            completion.run(arguments, output)
        case "sync" | "watch":
            from devots_desktop.cli import following

            return following.run(arguments, output)
        case _:
            from devots_desktop.cli import todos

            todos.run(arguments, output)
    return DONE


def _take_any_text() -> None:
    """Show what an encoding lacks as a question mark instead of failing."""
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)


def _drop_output() -> None:
    """Send what is left in standard output's buffer to nowhere: Python would try to write it once more at its end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        return
