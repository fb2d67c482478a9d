"""Taking todos out of the program and in again: JSON both ways without loss, CSV and todo.txt for other programs to read."""

import csv
import io
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from devots_desktop.domain.errors import FileUnusable, InvalidText
from devots_desktop.domain.text import clean_text, one_line
from devots_desktop.domain.times import from_iso, to_iso
from devots_desktop.domain.todo import Todo
from devots_desktop.store.edits import Brought
from devots_desktop.store.files import sync_folder

FORMAT = "devots-todos"
VERSION = 1
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection")."""


class Format(StrEnum):
    """What todos can be written as."""

    JSON = "json"
    CSV = "csv"
    TODOTXT = "todotxt"


def written(todos: Iterable[Todo], form: Format) -> Iterator[str]:
    """The todos as a file's text, a part at a time."""
    return {Format.JSON: _json, Format.CSV: _csv, Format.TODOTXT: _todotxt}[form](todos)


def form_of(path: Path) -> Format:
    """The form that a file's name asks for."""
    return {".csv": Format.CSV, ".txt": Format.TODOTXT}.get(path.suffix.lower(), Format.JSON)


def save(path: Path, parts: Iterable[str], name: str) -> None:
    """Put a file there whole, or leave what was there; only this user may read it.

    Args:
        name: the file's, for errors.

    Raises:
        FileUnusable: it cannot be written.
    """
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
        raise FileUnusable("File not written", f"{name} cannot be written: {error.strerror}.", "Name another file or folder.") from error


def load(content: Callable[[], bytes], name: str) -> list[Brought]:
    """The todos of a file. Raises as `read` does, also where the file cannot be read.

    Args:
        content: reads it.
        name: the file's, for errors.
    """
    try:
        found = content()
    except OSError as error:
        raise FileUnusable("File not readable", f"{name} cannot be read: {error.strerror}.", "Name another file.") from error
    try:
        text = found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        raise FileUnusable("File not understood", f"Line {line} of {name} is no UTF-8 text.", "Nothing was imported.") from None
    return read(text, name)


def read(text: str, name: str) -> list[Brought]:
    """The todos of a JSON export, or of `devots list --json`.

    Args:
        name: the file's, for errors.

    Raises:
        FileUnusable: the text is not that; it says where. Nothing of such a file is imported.
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise _unusable(f"Line {error.lineno}, column {error.colno} of {name} is no JSON.") from None
    except RecursionError:
        raise _unusable(f"{name} is nested too deeply.") from None
    if isinstance(found, dict) and found.get("format") == FORMAT:
        if found.get("version") != VERSION:
            raise FileUnusable(
                "Newer file", f"{name} was written by a newer version of Devots Desktop.", "Install the newer version, then import it."
            )
        found = found.get("todos")
    if not isinstance(found, list):
        raise _unusable(f"{name} holds no list of todos.")
    todos = [_todo(entry, f"Todo {number} of {name}") for number, entry in enumerate(found, start=1)]
    _refuse_doubles(todos, name)
    return todos


def _todo(entry: object, where: str) -> Brought:
    if not isinstance(entry, dict):
        raise _unusable(f"{where} is no object.")
    client_id, text, completed = entry.get("id"), entry.get("text"), entry.get("completed")
    if not isinstance(client_id, str) or not _is_id(client_id):
        raise _unusable(f"{where} has no id that is a UUID in lower case.")
    if not isinstance(text, str):
        raise _unusable(f"{where} has no text.")
    if not isinstance(completed, bool):
        raise _unusable(f"{where} says neither true nor false for “completed”.")
    try:
        clean_text(text)
    except InvalidText as error:
        raise _unusable(f"{where} cannot be a todo. {error.sentence}") from None
    return Brought(client_id, text, completed, _time(entry, "created_at", where), _time(entry, "updated_at", where))


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _time(entry: dict[str, Any], name: str, where: str) -> int:
    try:
        return from_iso(entry[name])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _unusable(f"{where} has no time in ISO 8601 for “{name}”.") from None


def _refuse_doubles(todos: list[Brought], name: str) -> None:
    seen: dict[str, int] = {}
    for number, todo in enumerate(todos, start=1):
        if todo.client_id in seen:
            raise _unusable(f"Todos {seen[todo.client_id]} and {number} of {name} have the same id.")
        seen[todo.client_id] = number


def _unusable(sentence: str) -> FileUnusable:
    return FileUnusable("File not understood", sentence, "Nothing was imported. Take a file that `devots export` wrote.")


def _json(todos: Iterable[Todo]) -> Iterator[str]:
    yield f'{{"format": "{FORMAT}", "version": {VERSION}, "todos": ['
    before = "\n"
    for todo in todos:
        entry = {"id": todo.client_id, "text": todo.text, "completed": todo.completed}
        times = {"created_at": to_iso(todo.created_at), "updated_at": to_iso(todo.updated_at)}
        yield f"{before}{json.dumps(entry | times, ensure_ascii=False)}"
        before = ",\n"
    yield "\n]}\n"


def _csv(todos: Iterable[Todo]) -> Iterator[str]:
    """RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets do not show."""
    yield _line(["id", "text", "completed", "created_at", "updated_at"])
    for todo in todos:
        text = f"'{todo.text}" if todo.text.startswith(_FORMULAS) else todo.text
        yield _line([todo.client_id, text, str(todo.completed).lower(), to_iso(todo.created_at), to_iso(todo.updated_at)])


def _line(values: list[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow(values)
    return line.getvalue()


def _todotxt(todos: Iterable[Todo]) -> Iterator[str]:
    """The format of todotxt.org: a mark and its day, the day of creation, and the text on one line. Days are those of this computer's time zone."""
    for todo in todos:
        done = f"x {_day(todo.updated_at)} " if todo.completed else ""
        yield f"{done}{_day(todo.created_at)} {one_line(todo.text)}\n"


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1e6).astimezone():%Y-%m-%d}"
