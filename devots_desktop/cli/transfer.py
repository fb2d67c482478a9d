"""The commands export and import."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from devots_desktop.cli.output import NotAnswered, Output, plain
from devots_desktop.domain.errors import FileUnusable
from devots_desktop.services import transfer
from devots_desktop.services.transfer import Format
from devots_desktop.store.edits import Brought, Imported
from devots_desktop.store.files import sync_folder
from devots_desktop.store.lists import Lists

STANDARD = "-"
_SUFFIXES = {".csv": Format.CSV, ".txt": Format.TODOTXT}


def export(lists: Lists, arguments: Namespace, output: Output) -> None:
    """Write all todos of the account to a file, or to standard output. Raises FileUnusable."""
    form = arguments.format or _SUFFIXES.get(Path(arguments.file).suffix.lower(), Format.JSON)
    parts = transfer.written(lists.each(), Format(form))
    if arguments.file == STANDARD:
        _to_standard_output(parts)
        return
    _to_file(Path(arguments.file), parts)
    count = lists.counts().all
    if output.as_json:
        output.value({"file": arguments.file, "todos": count})
    else:
        output.line(f"{count:,} {'todo' if count == 1 else 'todos'} written to {plain(arguments.file)}.")


def read(file: str) -> list[Brought]:
    """The todos of a file, or of standard input. Raises FileUnusable."""
    name = "Standard input" if file == STANDARD else plain(file)
    try:
        content = sys.stdin.buffer.read() if file == STANDARD else Path(file).read_bytes()
    except OSError as error:
        raise FileUnusable("File not readable", f"{name} cannot be read: {error.strerror}.", "Name another file.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileUnusable("File not understood", f"Line {line} of {name} is no UTF-8 text.", "Nothing was imported.") from None
    return transfer.read(text, name)


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


def _to_file(path: Path, parts: Iterable[str]) -> None:
    """Put the file there whole, or leave what was there; only this user may read it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(path.absolute().parent)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise FileUnusable(
            "File not written", f"{plain(str(path))} cannot be written: {error.strerror}.", "Name another file or folder."
        ) from error
