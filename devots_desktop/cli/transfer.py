"""The commands export and import."""

import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from devots_desktop.cli.output import NotAnswered, Output, plain
from devots_desktop.services import transfer
from devots_desktop.services.transfer import Format
from devots_desktop.store.edits import Brought, Imported
from devots_desktop.store.lists import Lists

STANDARD = "-"


def export(lists: Lists, arguments: Namespace, output: Output) -> None:
    """Write all todos of the account to a file, or to standard output. Raises FileUnusable."""
    form = Format(arguments.format) if arguments.format else transfer.form_of(Path(arguments.file))
    parts = transfer.written(lists.each(), form)
    if arguments.file == STANDARD:
        _to_standard_output(parts)
        return
    transfer.save(Path(arguments.file), parts, plain(arguments.file))
    count = lists.counts().all
    if output.as_json:
        output.value({"file": arguments.file, "todos": count})
    else:
        output.line(f"{count:,} {'todo' if count == 1 else 'todos'} written to {plain(arguments.file)}.")


def read(file: str) -> list[Brought]:
    """The todos of a file, or of standard input. Raises FileUnusable."""
    if file == STANDARD:
        return transfer.load(sys.stdin.buffer.read, "Standard input")
    return transfer.load(Path(file).read_bytes, plain(file))


def show(imported: Imported, output: Output) -> None:
    """Say what an import did."""
    if output.as_json:
        output.value({"added": imported.added, "same": imported.same, "kept": imported.kept})
        return
    output.line(f"{imported.added:,} added, {imported.same:,} here already.")
    if imported.kept:
        output.line(f"{imported.kept:,} are here with another text or mark, and were left as they are.")


def _to_standard_output(parts: Iterable[str]) -> None:
    """As bytes: an encoding of the terminal could not hold everything, and Windows would change the ends of lines."""
    try:
        for part in parts:
            sys.stdout.buffer.write(part.encode("utf-8"))
        sys.stdout.buffer.flush()
    except OSError as error:
        raise NotAnswered(error) from error
